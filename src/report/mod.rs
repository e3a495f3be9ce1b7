//! The case and its rows become bytes: tables in several formats, `summary.json`, and the summary for the terminal.
//!
//! A table is a slice of [`Column`]s, each with its name, type, unit, meaning and getter; a [`Format`] writes the cells
//! of any table and knows nothing of connections. Writers stream: rows come in batches, in their final order, and are
//! formatted on all threads of the rayon pool that the caller runs in. Nothing here opens a file.

pub mod aligned;
pub mod columns;
mod community_id;
mod csv;
pub mod human;
pub mod json;
mod jsonl;
pub mod ladder;
mod list;
#[cfg(feature = "parquet")]
mod parquet;
pub mod tables;
pub mod terminal;
pub mod text;
pub mod ticket;
mod slices;
mod value;

pub use self::csv::{guarded, unguarded};
pub use columns::{Column, Field};
pub use tables::{Row, TABLES, Table, table};
pub use value::{Kind, Value};

use crate::case::Facts;
use crate::time::Zone;
use std::io::{self, Write};
use std::ops::Range;

/// Where a writer's bytes go.
pub type Sink = Box<dyn Write + Send>;

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
pub trait RowWriter: Send {
    /// Writes the next rows, or keeps them until enough have come.
    ///
    /// # Errors
    /// When the sink does not take them.
    fn batch(&mut self, cells: &dyn Cells) -> io::Result<()>;

    /// Writes what is left and whatever ends the file.
    ///
    /// # Errors
    /// When the sink does not take it.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Some rows of a table, as cells of the columns that a writer was opened with.
pub trait Cells: Sync {
    fn rows(&self) -> usize;
    fn cell(&self, row: usize, column: usize) -> Value<'_>;
    /// Gives the cells of one column to `each`, row by row.
    fn column(&self, column: usize, rows: Range<usize>, each: &mut dyn FnMut(Value<'_>));
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

    /// # Errors
    /// When the sink does not take the rows.
    pub fn batch(&mut self, rows: &[R], facts: &Facts) -> io::Result<()> {
        self.writer.batch(&Batch::new(&self.columns, rows, facts))
    }

    /// # Errors
    /// When the sink does not take the rest.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finish()
    }
}

struct Batch<'a, R: 'static> {
    columns: &'a [&'static Column<R>],
    rows: &'a [R],
    facts: &'a Facts,
    /// Where no input says when anything was, nothing is known of moments and of how long something took.
    tells_time: bool,
}

impl<'a, R> Batch<'a, R> {
    fn new(columns: &'a [&'static Column<R>], rows: &'a [R], facts: &'a Facts) -> Self {
        Self { columns, rows, facts, tells_time: facts.tell_time() }
    }

    fn getter(&self, column: usize) -> for<'v> fn(&'v R, &'v Facts) -> Value<'v> {
        let column = self.columns[column];
        let is_unknown = !self.tells_time && matches!(column.kind, Kind::Time | Kind::Seconds);
        if is_unknown { |_, _| Value::Null } else { column.get }
    }
}

impl<R: Sync> Cells for Batch<'_, R> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn cell(&self, row: usize, column: usize) -> Value<'_> {
        self.getter(column)(&self.rows[row], self.facts)
    }

    fn column(&self, column: usize, rows: Range<usize>, each: &mut dyn FnMut(Value<'_>)) {
        let get = self.getter(column);
        self.rows[rows].iter().for_each(|row| each(get(row, self.facts)));
    }

    fn zone(&self) -> Zone {
        self.facts.zone
    }
}
