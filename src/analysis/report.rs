//! A report folder being filled: the rows while they are delivered, the small tables and the summary after them.

use super::{Folder, Rows, Tracking};
use crate::case::{Case, Facts, Judged};
use crate::input;
use crate::report::columns::{COLUMNS, select};
use crate::report::text::Written;
use crate::report::{Column, Format, Sink, TABLES, TableWriter, Turn, json};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// Nanoseconds, summed over the threads.
    spent: AtomicU64,
}

/// The open files of a report.
pub struct Report {
    folder: Folder,
    formats: Vec<&'static Format>,
    tables: Vec<Table>,
    rows: AtomicU64,
    pool: Arc<rayon::ThreadPool>,
}

/// Name, rows and time of one file written.
type Named = (String, Option<u64>, Duration);

impl Report {
    /// Of what was tracked, on the same threads.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn open(folder: Folder, wanted: &Wanted, tracking: &Tracking) -> io::Result<Self> {
        let mut tables = Vec::new();
        for format in &wanted.formats {
            let name = format!("connections.{}", format.extension);
            let columns = if format.wide { select(COLUMNS, true) } else { wanted.columns.clone() };
            let writer = TableWriter::open(format, columns, create(&folder, &name)?)?;
            tables.push(Table { name, writer, spent: AtomicU64::new(0) });
        }
        Ok(Self {
            folder,
            formats: wanted.formats.clone(),
            tables,
            rows: AtomicU64::new(0),
            pool: Arc::clone(&tracking.pool),
        })
    }

    /// Writes what follows the rows, and puts the folder in its place.
    ///
    /// # Errors
    /// When a file cannot be written or the folder cannot be moved; the old report is then still there.
    pub fn finish(self, case: &Case) -> io::Result<Vec<Written>> {
        let Self { folder, formats, tables, rows, pool } = self;
        let rest = || rayon::join(|| finish(tables, rows.into_inner()), || write_rest(case, &folder, &formats));
        let (mut names, rest) = match pool.install(rest) {
            (Ok(names), Ok(rest)) => (names, rest),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        names.extend(rest);
        let written = names.into_iter().map(|(name, rows, spent)| Written {
            bytes: folder.path().join(&name).metadata().map_or(0, |metadata| metadata.len()),
            path: folder.target().join(&name).display().to_string(),
            rows,
            spent,
        });
        let written = written.collect();
        folder.publish()?;
        Ok(written)
    }
}

/// Ends the tables of connections, of so many rows.
fn finish(tables: Vec<Table>, rows: u64) -> io::Result<Vec<Named>> {
    let finish = |Table { name, writer, spent }: Table| {
        let since = Instant::now();
        writer.finish()?;
        Ok((name, Some(rows), Duration::from_nanos(spent.into_inner()) + since.elapsed()))
    };
    tables.into_par_iter().map(finish).collect()
}

/// The small tables and the summary, side by side: some are not so small.
fn write_rest(case: &Case, folder: &Folder, formats: &[&'static Format]) -> io::Result<Vec<Named>> {
    let tables = TABLES.iter().filter(|table| table.always || table.rows(&case.facts) > 0);
    // The files read are in the summary as well: programs need no further form of them.
    let formats_of = |always: bool| formats.iter().filter(move |format| format.name == "csv" || !always);
    let files: Vec<_> = tables.flat_map(|table| formats_of(table.always).map(move |format| (table, format))).collect();
    let write = |(table, format): (&crate::report::Table, &&'static Format)| {
        let since = Instant::now();
        let name = format!("{}.{}", table.name, format.extension);
        table.print(&case.facts, "all", &mut |fields| (format.open)(create(folder, &name)?, fields))?;
        Ok((name, Some(table.rows(&case.facts) as u64), since.elapsed()))
    };
    let mut names = files.into_par_iter().map(write).collect::<io::Result<Vec<_>>>()?;
    let since = Instant::now();
    let mut document = create(folder, input::REPORT_FILE)?;
    json::write(case, &mut document)?;
    document.flush()?;
    names.push((input::REPORT_FILE.to_owned(), None, since.elapsed()));
    Ok(names)
}

impl Rows for Report {
    fn part<'w>(&'w self, rows: &[Judged], facts: &Facts) -> Turn<'w> {
        let count = rows.len() as u64;
        let part = |table: &'w Table| table.timed(|| (table, table.writer.part(rows, facts)));
        let parts: Vec<_> = self.tables.iter().map(part).collect();
        Box::new(move || {
            self.rows.fetch_add(count, Ordering::Relaxed);
            parts.into_iter().try_for_each(|(table, turn)| table.timed(turn))
        })
    }

    fn settle(&self) -> io::Result<()> {
        self.tables.iter().try_for_each(|table| table.timed(|| table.writer.settle()))
    }
}

impl Table {
    /// Books the time of some work on the table.
    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        let done = work();
        let spent = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.spent.fetch_add(spent, Ordering::Relaxed);
        done
    }
}

fn create(folder: &Folder, name: &str) -> io::Result<Sink> {
    let path = folder.path().join(name);
    let file =
        File::create(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 18, file)))
}
