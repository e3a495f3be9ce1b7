//! Rows as lines of text, formatted on all threads and written in their order.

use super::{Cells, Sink};
use rayon::prelude::*;
use std::io;

/// Rows that one task formats.
const ROWS: usize = 256;
/// Tasks whose text is held at once: what bounds memory, whatever the size of a batch.
const TASKS: usize = 256;

pub(super) struct Slices {
    sink: Sink,
    buffers: Vec<Vec<u8>>,
}

impl Slices {
    pub fn new(sink: Sink) -> Self {
        Self { sink, buffers: Vec::new() }
    }

    /// `line` appends the text of one row.
    pub fn write(&mut self, cells: &dyn Cells, line: impl Fn(usize, &mut Vec<u8>) + Sync) -> io::Result<()> {
        for start in (0..cells.rows()).step_by(ROWS * TASKS) {
            let rows = (cells.rows() - start).min(ROWS * TASKS);
            let tasks = rows.div_ceil(ROWS);
            self.buffers.resize_with(tasks.max(self.buffers.len()), Vec::new);
            self.buffers[..tasks].par_iter_mut().enumerate().for_each(|(task, buffer)| {
                buffer.clear();
                let from = start + task * ROWS;
                (from..(from + ROWS).min(start + rows)).for_each(|row| line(row, buffer));
            });
            self.buffers[..tasks].iter().try_for_each(|buffer| self.sink.write_all(buffer))?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
