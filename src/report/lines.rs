//! Rows as lines of text, formatted on any thread and written in their order.

use super::{Cells, Sink, Turn};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub(super) struct Lines {
    sink: Mutex<Sink>,
    /// Bytes of the last part, which the next will hardly exceed.
    usual: AtomicUsize,
}

impl Lines {
    pub fn new(sink: Sink) -> Self {
        Self { sink: Mutex::new(sink), usual: AtomicUsize::new(0) }
    }

    /// `line` appends the text of one row.
    pub fn part<'w>(&'w self, cells: &dyn Cells, line: impl FnMut(usize, &mut Vec<u8>)) -> Turn<'w> {
        let text = self.text(cells, line);
        Box::new(move || self.write(&text))
    }

    /// The text of some rows.
    pub fn text(&self, cells: &dyn Cells, mut line: impl FnMut(usize, &mut Vec<u8>)) -> Vec<u8> {
        let usual = self.usual.load(Ordering::Relaxed);
        let mut text = Vec::with_capacity(usual + usual / 8);
        (0..cells.rows()).for_each(|row| line(row, &mut text));
        self.usual.store(text.len(), Ordering::Relaxed);
        text
    }

    pub fn write(&self, text: &[u8]) -> io::Result<()> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).write_all(text)
    }

    pub fn finish(self) -> io::Result<()> {
        self.sink.into_inner().unwrap_or_else(PoisonError::into_inner).flush()
    }
}
