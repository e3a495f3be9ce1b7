//! A report folder being filled: the rows while they are delivered, the small tables and the summary after them.

use super::{Folder, Rows};
use crate::case::{Case, Facts, Judged};
use crate::input;
use crate::report::columns::{COLUMNS, INPUTS, LISTENERS, SOCKETS, inputs, listeners, select, sockets};
use crate::report::text::Written;
use crate::report::{Column, Format, Sink, TableWriter, format, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

/// What to write into a report folder.
#[derive(Clone)]
pub struct Wanted {
    /// Formats of the table of connections.
    pub formats: Vec<&'static Format>,
    /// Columns of formats that are not written in full anyway.
    pub columns: Vec<&'static Column<Judged>>,
}

/// A table of connections being written.
struct Table {
    name: String,
    writer: TableWriter<Judged>,
    spent: Duration,
}

/// The open files of a report.
pub struct Report {
    folder: Folder,
    tables: Vec<Table>,
    rows: u64,
}

impl Report {
    /// # Errors
    /// When a file cannot be created.
    pub fn open(folder: Folder, wanted: &Wanted) -> io::Result<Self> {
        let mut tables = Vec::new();
        for format in &wanted.formats {
            let name = format!("connections.{}", format.extension);
            let columns = if format.wide { select(COLUMNS, true) } else { wanted.columns.clone() };
            let writer = TableWriter::open(format, columns, create(&folder, &name)?)?;
            tables.push(Table { name, writer, spent: Duration::ZERO });
        }
        Ok(Self { folder, tables, rows: 0 })
    }

    /// Writes what follows the rows, and puts the folder in its place.
    ///
    /// # Errors
    /// When a file cannot be written or the folder cannot be moved; the old report is then still there.
    pub fn finish(self, case: &Case) -> io::Result<Vec<Written>> {
        let mut names = Vec::new();
        for Table { name, writer, spent } in self.tables {
            let since = Instant::now();
            writer.finish()?;
            names.push((name, Some(self.rows), spent + since.elapsed()));
        }
        let Case { facts, .. } = case;
        let tables = [
            small(&self.folder, "inputs", INPUTS, &inputs(facts), facts, &["csv"])?,
            small(&self.folder, "sockets", SOCKETS, &sockets(facts), facts, &DUMPS)?,
            small(&self.folder, "listeners", LISTENERS, &listeners(facts), facts, &DUMPS)?,
        ];
        names.extend(tables.into_iter().flatten());
        let since = Instant::now();
        let mut document = create(&self.folder, input::REPORT_FILE)?;
        json::write(case, &mut document)?;
        document.flush()?;
        names.push((input::REPORT_FILE.to_owned(), None, since.elapsed()));
        let written = names.into_iter().map(|(name, rows, spent)| Written {
            bytes: self.folder.path().join(&name).metadata().map_or(0, |metadata| metadata.len()),
            path: self.folder.target().join(&name).display().to_string(),
            rows,
            spent,
        });
        let written = written.collect();
        self.folder.publish()?;
        Ok(written)
    }
}

/// Formats of the tables that come from dumps.
const DUMPS: [&str; 2] = ["csv", "parquet"];

/// Name, rows and time of a file that was written.
type Entry = (String, Option<u64>, Duration);

/// Writes a table whose rows are at hand, in each of these formats; no file if it has no rows.
fn small<R: Sync>(
    folder: &Folder,
    name: &str,
    columns: &'static [Column<R>],
    rows: &[R],
    facts: &Facts,
    formats: &[&str],
) -> io::Result<Vec<Entry>> {
    let mut written = Vec::new();
    for format in formats.iter().filter(|_| !rows.is_empty()).filter_map(|name| format(name)) {
        let since = Instant::now();
        let file = format!("{name}.{}", format.extension);
        let mut writer = TableWriter::open(format, select(columns, true), create(folder, &file)?)?;
        writer.batch(rows, facts)?;
        writer.finish()?;
        written.push((file, Some(rows.len() as u64), since.elapsed()));
    }
    Ok(written)
}

impl Rows for Report {
    fn batch(&mut self, rows: &[Judged], facts: &Facts) -> io::Result<()> {
        self.rows += rows.len() as u64;
        self.tables.iter_mut().try_for_each(|table| {
            let since = Instant::now();
            let result = table.writer.batch(rows, facts);
            table.spent += since.elapsed();
            result
        })
    }
}

fn create(folder: &Folder, name: &str) -> io::Result<Sink> {
    let path = folder.path().join(name);
    let file =
        File::create(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 18, file)))
}
