//! A table as a list for people: a line a cell, a paragraph a row, so that a row of many columns is read without turning the
//! head. What is absent has no line.

use super::aligned::shown;
use super::columns::Field;
use super::slices::Slices;
use super::{Cells, Format, RowWriter, Sink};
use std::io;

pub(super) const FORMAT: Format = Format { name: "list", extension: "txt", wide: false, open };

struct List {
    /// Each column's name, filled up to the length of the longest.
    names: Vec<Vec<u8>>,
    slices: Slices,
    /// A row was written: the next one begins with an empty line.
    begun: bool,
}

fn open(sink: Sink, fields: Vec<Field>) -> io::Result<Box<dyn RowWriter>> {
    let longest = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    let names = fields.iter().map(|field| format!("{:longest$}  ", field.name).into_bytes()).collect();
    Ok(Box::new(List { names, slices: Slices::new(sink), begun: false }))
}

impl RowWriter for List {
    fn batch(&mut self, cells: &dyn Cells) -> io::Result<()> {
        let (names, begun) = (&self.names, self.begun);
        self.begun |= cells.rows() > 0;
        self.slices.write(cells, |row, out| {
            if begun || row > 0 {
                out.push(b'\n');
            }
            for (column, name) in names.iter().enumerate() {
                let text = shown(&cells.cell(row, column), cells.zone());
                if !text.is_empty() {
                    out.extend_from_slice(name);
                    out.extend_from_slice(text.as_bytes());
                    out.push(b'\n');
                }
            }
        })
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.slices.finish()
    }
}
