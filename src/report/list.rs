//! A table as a list for people: a line a cell, a paragraph a row, so that a row of many columns is read without turning the
//! head. What is absent has no line.

use super::aligned::shown;
use super::columns::Field;
use super::lines::Lines;
use super::{Cells, Format, RowWriter, Sink, Turn};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const FORMAT: Format = Format { name: "list", extension: "txt", wide: false, open };

struct List {
    /// Each column's name, filled up to the length of the longest.
    names: Vec<Vec<u8>>,
    lines: Lines,
    /// A row was written: the next one begins with an empty line.
    begun: AtomicBool,
}

fn open(sink: Sink, fields: Vec<Field>) -> io::Result<Box<dyn RowWriter>> {
    let longest = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    let names = fields.iter().map(|field| format!("{:longest$}  ", field.name).into_bytes()).collect();
    Ok(Box::new(List { names, lines: Lines::new(sink), begun: AtomicBool::new(false) }))
}

impl RowWriter for List {
    fn part<'w>(&'w self, cells: &dyn Cells) -> Turn<'w> {
        let text = self.lines.text(cells, |row, out| {
            out.push(b'\n');
            for (column, name) in self.names.iter().enumerate() {
                let text = shown(&cells.cell(row, column), cells.zone());
                if !text.is_empty() {
                    out.extend_from_slice(name);
                    out.extend_from_slice(text.as_bytes());
                    out.push(b'\n');
                }
            }
        });
        Box::new(move || {
            let from = usize::from(!text.is_empty() && !self.begun.swap(true, Ordering::Relaxed));
            self.lines.write(text.get(from..).unwrap_or_default())
        })
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.lines.finish()
    }
}
