//! A table as aligned text for a terminal: the columns that have something to say, as many as fit.
//!
//! The first rows decide which columns are shown and how wide they are; later rows follow, so that a table of any length
//! streams.

use super::columns::Field;
use super::terminal::{safe, width};
use super::{Cells, Kind, RowWriter, Sink, Value};
use std::io;

/// Rows that decide the layout.
const SAMPLE: usize = 512;
const GAP: &[u8] = b"  ";

struct Aligned {
    sink: Sink,
    fields: Vec<Field>,
    width: usize,
    sample: Vec<Vec<String>>,
    /// Set once the sample is complete: number and width of each column shown.
    layout: Option<Vec<(usize, usize)>>,
    /// Columns with values for which there was no room.
    hidden: usize,
}

pub(super) fn open(sink: Sink, fields: Vec<Field>, width: usize) -> Box<dyn RowWriter> {
    Box::new(Aligned { sink, fields, width, sample: Vec::new(), layout: None, hidden: 0 })
}

impl RowWriter for Aligned {
    fn batch(&mut self, cells: &dyn Cells) -> io::Result<()> {
        for row in 0..cells.rows() {
            let texts = (0..self.fields.len()).map(|column| shown(&cells.cell(row, column))).collect();
            if self.layout.is_some() {
                self.line(&texts)?;
                continue;
            }
            self.sample.push(texts);
            if self.sample.len() == SAMPLE {
                self.begin()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.layout.is_none() {
            self.begin()?;
        }
        if self.hidden > 0 {
            let columns = if self.hidden == 1 { "column" } else { "columns" };
            writeln!(self.sink, "({} more {columns}: --columns NAME,... chooses, --format csv has all)", self.hidden)?;
        }
        self.sink.flush()
    }
}

impl Aligned {
    /// Prints the head and the rows of the sample.
    fn begin(&mut self) -> io::Result<()> {
        let sample = std::mem::take(&mut self.sample);
        let filled = |column: &usize| sample.is_empty() || sample.iter().any(|row| !row[*column].is_empty());
        let filled: Vec<usize> = (0..self.fields.len()).filter(filled).collect();
        let mut layout = Vec::new();
        let mut used = 0;
        for &column in &filled {
            let cells = sample.iter().map(|row| width(&row[column]));
            let widest = cells.chain([self.fields[column].name.len()]).max().unwrap_or(0);
            let needed = widest + if layout.is_empty() { 0 } else { GAP.len() };
            if used + needed > self.width && !layout.is_empty() {
                break;
            }
            used += needed;
            layout.push((column, widest));
        }
        self.hidden = filled.len() - layout.len();
        self.layout = Some(layout);
        let head = self.fields.iter().map(|field| field.name.to_owned()).collect();
        self.line(&head)?;
        sample.iter().try_for_each(|row| self.line(row))
    }

    fn line(&mut self, texts: &Vec<String>) -> io::Result<()> {
        let mut out = Vec::new();
        for (place, &(column, widest)) in self.layout.iter().flatten().enumerate() {
            if place > 0 {
                out.extend_from_slice(GAP);
            }
            let text = &texts[column];
            let fill = widest.saturating_sub(width(text));
            let right = is_right(self.fields[column].kind);
            if right {
                out.resize(out.len() + fill, b' ');
            }
            out.extend_from_slice(text.as_bytes());
            if !right {
                out.resize(out.len() + fill, b' ');
            }
        }
        out.truncate(out.trim_ascii_end().len());
        out.push(b'\n');
        self.sink.write_all(&out)
    }
}

/// Numbers stand at the right of their column.
fn is_right(kind: Kind) -> bool {
    matches!(kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::Seconds)
}

/// To the microsecond: finer places only widen the table.
fn shown(value: &Value<'_>) -> String {
    let mut text = safe(&value.print()).into_owned();
    match value {
        Value::Time(_) => {
            text.truncate(26);
            text = text.replace('T', " ");
        }
        Value::Seconds(_) => {
            let end = text.find('.').map_or(text.len(), |point| text.len().min(point + 7));
            text.truncate(end);
        }
        _ => {}
    }
    text
}
