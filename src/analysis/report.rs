//! A report folder being filled: the rows while they are delivered, the small tables and the summary after them.

use super::{Folder, Rows};
use crate::case::{Case, Facts, Judged};
use crate::input;
use crate::report::columns::{COLUMNS, select};
use crate::report::text::Written;
use crate::report::{Column, Format, Sink, TABLES, TableWriter, json};
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
    formats: Vec<&'static Format>,
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
        Ok(Self { folder, formats: wanted.formats.clone(), tables, rows: 0 })
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
        for table in TABLES.iter().filter(|table| table.always || table.rows(&case.facts) > 0) {
            // The files read are in the summary as well: programs need no further form of them.
            for format in self.formats.iter().filter(|format| format.name == "csv" || !table.always) {
                let since = Instant::now();
                let name = format!("{}.{}", table.name, format.extension);
                table.print(&case.facts, "all", &mut |fields| (format.open)(create(&self.folder, &name)?, fields))?;
                names.push((name, Some(table.rows(&case.facts) as u64), since.elapsed()));
            }
        }
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
