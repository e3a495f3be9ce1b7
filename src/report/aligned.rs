//! A table as aligned text for a terminal: the columns that have something to say, as many as fit.
//!
//! The first rows decide which columns are shown and how wide they are; later rows follow, so that a table of any length
//! streams.

use super::columns::Field;
use super::terminal::{Style, cut_middle, safe, width};
use super::{Cells, Kind, RowWriter, Sink, Turn, Value};
use crate::time::Zone;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Rows that decide the layout.
const SAMPLE: usize = 512;
const GAP: &[u8] = b"  ";

struct Aligned {
    columns: usize,
    table: Mutex<Table>,
}

struct Table {
    sink: Sink,
    fields: Vec<Field>,
    width: usize,
    sample: Vec<Vec<String>>,
    /// Set once the sample is complete: number and width of each column shown.
    layout: Option<Vec<(usize, usize)>>,
    /// Columns with values for which there was no room.
    hidden: usize,
}

/// Opens a table for people, `width` terminal columns wide.
pub fn open(sink: Sink, fields: Vec<Field>, width: usize) -> Box<dyn RowWriter> {
    let columns = fields.len();
    let table = Table { sink, fields, width, sample: Vec::new(), layout: None, hidden: 0 };
    Box::new(Aligned { columns, table: Mutex::new(table) })
}

impl RowWriter for Aligned {
    fn part<'w>(&'w self, cells: &dyn Cells) -> Turn<'w> {
        let text = |row, column| shown(&cells.cell(row, column), cells.zone());
        let row = |row| (0..self.columns).map(|column| text(row, column)).collect();
        let rows: Vec<Vec<String>> = (0..cells.rows()).map(row).collect();
        Box::new(move || {
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            rows.into_iter().try_for_each(|texts| table.take(texts))
        })
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.table.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
    }
}

impl Table {
    fn take(&mut self, texts: Vec<String>) -> io::Result<()> {
        if self.layout.is_some() {
            return self.line(&texts);
        }
        self.sample.push(texts);
        if self.sample.len() == SAMPLE { self.begin() } else { Ok(()) }
    }

    fn finish(mut self) -> io::Result<()> {
        if self.layout.is_none() {
            self.begin()?;
        }
        if self.hidden > 0 {
            let columns = if self.hidden == 1 { "column" } else { "columns" };
            writeln!(self.sink, "({} more {columns}: --columns NAME,... chooses, --format csv has all)", self.hidden)?;
        }
        self.sink.flush()
    }

    /// Prints the head and the rows of the sample.
    fn begin(&mut self) -> io::Result<()> {
        let sample = std::mem::take(&mut self.sample);
        let filled = |column: &usize| sample.is_empty() || sample.iter().any(|row| !row[*column].is_empty());
        let filled: Vec<usize> = (0..self.fields.len()).filter(filled).collect();
        let mut layout = Vec::new();
        let mut used = 0;
        for &column in &filled {
            let cells = sample.iter().map(|row| width(&row[column]).min(self.longest(column)));
            let [above, below] = head(self.fields[column].name);
            let widest = cells.chain([above.len(), below.len()]).max().unwrap_or(0);
            let needed = widest + if layout.is_empty() { 0 } else { GAP.len() };
            if used + needed > self.width && !layout.is_empty() {
                break;
            }
            used += needed;
            layout.push((column, widest));
        }
        self.hidden = filled.len() - layout.len();
        self.layout = Some(layout);
        for line in 0..2 {
            let names: Vec<_> = self.fields.iter().map(|field| head(field.name)[line].to_owned()).collect();
            self.line(&names)?;
        }
        sample.iter().try_for_each(|row| self.line(row))
    }

    fn style(&self) -> Style {
        Style { width: self.width, colour: false, unicode: true }
    }

    /// Columns that a cell may take: long text may not crowd out everything else.
    fn longest(&self, column: usize) -> usize {
        if self.fields[column].kind == Kind::Text { (self.width / 3).max(24) } else { usize::MAX }
    }

    fn line(&mut self, texts: &[String]) -> io::Result<()> {
        let mut out = Vec::new();
        for (place, &(column, widest)) in self.layout.iter().flatten().enumerate() {
            if place > 0 {
                out.extend_from_slice(GAP);
            }
            let text = cut_middle(&texts[column], widest.max(self.longest(column)), self.style());
            let fill = widest.saturating_sub(width(&text));
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

/// A name on two lines, parted where both are short; a short name stands on the lower one.
fn head(name: &str) -> [&str; 2] {
    let parts = name.match_indices('_').map(|(at, _)| [&name[..at], &name[at + 1..]]);
    parts.min_by_key(|[above, below]| above.len().max(below.len())).unwrap_or(["", name])
}

/// Numbers stand at the right of their column.
fn is_right(kind: Kind) -> bool {
    matches!(kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 | Kind::Seconds | Kind::Decimal)
}

/// To the microsecond: finer places only widen the table.
pub(super) fn shown(value: &Value<'_>, zone: Zone) -> String {
    if let Value::Time(time) = value {
        return format!("{} {}", time.to_the_microsecond(zone), zone.name_at(*time));
    }
    let mut text = safe(&value.print()).into_owned();
    if let Value::Seconds(_) = value {
        let end = text.find('.').map_or(text.len(), |point| text.len().min(point + 7));
        text.truncate(end);
    }
    text
}
