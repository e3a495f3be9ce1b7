//! The case and its rows become bytes: tables in several formats, `summary.json`, and the summary for the terminal.
//!
//! A table is a slice of [`Column`]s, each with its name, type, unit, meaning and getter; a [`Format`] writes the cells
//! of any table and knows nothing of connections. Writers stream: rows are formatted in parts, on any thread, and appended
//! in their final order. Nothing here opens a file.

pub mod aligned;
pub mod columns;
mod community_id;
mod csv;
pub mod human;
pub mod json;
mod jsonl;
pub mod ladder;
mod lines;
mod list;
#[cfg(feature = "parquet")]
mod parquet;
pub mod tables;
pub mod terminal;
pub mod text;
pub mod ticket;
mod value;
#[cfg(feature = "parquet")]
pub mod values;

pub use self::csv::{guarded, unguarded};
pub use columns::{Column, Field};
pub use tables::{Row, TABLES, Table, table};
pub use value::{Kind, Value};
#[cfg(feature = "parquet")]
pub use values::Values;

use crate::case::Facts;
use crate::time::Zone;
use rayon::prelude::*;
use std::io::{self, Write};

/// Where a writer's bytes go.
pub type Sink = Box<dyn Write + Send>;

/// What is to be done with some rows once it is their turn; an error when the sink does not take them.
pub type Turn<'w> = Box<dyn FnOnce() -> io::Result<()> + Send + 'w>;

/// Rows formatted at once: few enough that they and their text stay in a processor's own cache.
pub const PART: usize = 256;
/// Parts of a small table that wait for their turn at most.
const PARTS: usize = 64;

/// One way to write a table: `--format` offers these.
pub struct Format {
    pub name: &'static str,
    /// Of the file, without the dot.
    pub extension: &'static str,
    /// All columns of a table go in unless the user chooses; otherwise the core ones.
    pub wide: bool,
    pub open: fn(Sink, Vec<Field>) -> io::Result<Box<dyn RowWriter>>,
}

/// The registry: one format, one line.
pub static FORMATS: &[Format] = &[
    csv::FORMAT,
    jsonl::FORMAT,
    list::FORMAT,
    #[cfg(feature = "parquet")]
    parquet::FORMAT,
];

/// The format of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// A table on its way into a file. The one trait of the room, because a writer has state.
pub trait RowWriter: Send + Sync {
    /// Formats some rows, on any thread. What it gives is to be called in the order of the rows, one after another, and
    /// appends them.
    fn part<'w>(&'w self, cells: &dyn Cells) -> Turn<'w>;

    /// Does what turns have left to be done, on any thread and in any order.
    ///
    /// # Errors
    /// When the sink does not take it.
    fn settle(&self) -> io::Result<()> {
        Ok(())
    }

    /// Writes what is left and whatever ends the file.
    ///
    /// # Errors
    /// When the sink does not take it.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Appends a text as a format wants it.
pub type Quote = fn(&mut Vec<u8>, &str);

/// Some rows of a table, as cells of the columns that a writer was opened with.
pub trait Cells: Sync {
    fn rows(&self) -> usize;
    fn cell(&self, row: usize, column: usize) -> Value<'_>;
    /// Appends all cells of a row as text with `between` between them; `quote` appends those that are texts.
    fn write_row(&self, row: usize, between: u8, quote: Quote, out: &mut Vec<u8>);
    /// All cells of one column; nothing if it is one that has nothing to say of what was read.
    #[cfg(feature = "parquet")]
    fn column(&self, column: usize) -> Option<Values>;
    /// Where times are printed for, in formats that write them as text.
    fn zone(&self) -> Zone;
}

/// A table of rows `R` being written in some format.
pub struct TableWriter<R: 'static> {
    columns: Vec<&'static Column<R>>,
    writer: Box<dyn RowWriter>,
}

impl<R: Sync> TableWriter<R> {
    /// # Errors
    /// When the sink does not take the head of the file.
    pub fn open(format: &Format, columns: Vec<&'static Column<R>>, sink: Sink) -> io::Result<Self> {
        let writer = (format.open)(sink, columns.iter().map(|column| column.field()).collect())?;
        Ok(Self { columns, writer })
    }

    /// With a writer that was opened for these columns.
    pub fn with(columns: Vec<&'static Column<R>>, writer: Box<dyn RowWriter>) -> Self {
        Self { columns, writer }
    }

    /// A table for people, `width` terminal columns wide.
    pub fn aligned(columns: Vec<&'static Column<R>>, sink: Sink, width: usize) -> Self {
        let writer = aligned::open(sink, columns.iter().map(|column| column.field()).collect(), width);
        Self { columns, writer }
    }

    /// As [`RowWriter::part`].
    pub fn part<'w>(&'w self, rows: &[R], facts: &Facts) -> Turn<'w> {
        self.writer.part(&Batch::new(&self.columns, rows, facts))
    }

    /// As [`RowWriter::settle`].
    ///
    /// # Errors
    /// When the sink does not take the rows.
    pub fn settle(&self) -> io::Result<()> {
        self.writer.settle()
    }

    /// Writes the next rows, on all threads of the pool at hand.
    ///
    /// # Errors
    /// When the sink does not take the rows.
    pub fn batch(&self, rows: &[R], facts: &Facts) -> io::Result<()> {
        for rows in rows.chunks(PART * PARTS) {
            let parts: Vec<Turn<'_>> = rows.par_chunks(PART).map(|rows| self.part(rows, facts)).collect();
            parts.into_iter().try_for_each(|turn| turn())?;
            self.settle()?;
        }
        Ok(())
    }

    /// # Errors
    /// When the sink does not take the rest.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finish()
    }
}

struct Batch<'a, R: 'static> {
    /// Those of which nothing that was read fills any cell are absent.
    columns: Vec<Option<&'static Column<R>>>,
    rows: &'a [R],
    facts: &'a Facts,
}

impl<'a, R> Batch<'a, R> {
    fn new(columns: &'a [&'static Column<R>], rows: &'a [R], facts: &'a Facts) -> Self {
        // Where no input says when anything was, nothing is known of moments and of how long something took.
        let (tells_time, has_dumps) = (facts.tell_time(), !facts.dumps.0.is_empty());
        let is_known = |column: &Column<R>| {
            (tells_time || !matches!(column.kind, Kind::Time | Kind::Seconds)) && (has_dumps || !column.of_dumps)
        };
        let columns = columns.iter().map(|column| Some(*column).filter(|column| is_known(column))).collect();
        Self { columns, rows, facts }
    }
}

impl<R: Sync> Cells for Batch<'_, R> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn cell(&self, row: usize, column: usize) -> Value<'_> {
        self.columns[column].map_or(Value::Null, |column| (column.get)(&self.rows[row], self.facts))
    }

    fn write_row(&self, row: usize, between: u8, quote: Quote, out: &mut Vec<u8>) {
        let (row, zone) = (&self.rows[row], self.facts.zone);
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(between);
            }
            if let Some(column) = column {
                (column.write)(row, self.facts, zone, quote, out);
            }
        }
    }

    #[cfg(feature = "parquet")]
    fn column(&self, column: usize) -> Option<Values> {
        self.columns[column].map(|column| (column.all)(self.rows, self.facts))
    }

    fn zone(&self) -> Zone {
        self.facts.zone
    }
}
