//! `synfin show TABLE PATH...`: one table to standard output.

use super::Exit;
use super::analyze::{opened, terminal_width, track};
use super::args::{Printing, Show, Table};
use super::timings;
use std::io::{BufWriter, IsTerminal};
use std::time::Instant;
use synfin::analysis::{Rows, Tracking};
use synfin::case::{Facts, Judged};
use synfin::report::columns::{COLUMNS, Column, INPUTS, LISTENERS, SOCKETS, choose, inputs, listeners, sockets};
use synfin::report::{self, Sink, TableWriter};

pub fn run(args: &Show) -> anyhow::Result<Exit> {
    let printing = &args.printing;
    match args.table {
        Table::Connections => connections(printing),
        Table::Inputs => print(printing, INPUTS, inputs, tracked),
        Table::Sockets => show_sockets(printing),
        Table::Listeners => print(printing, LISTENERS, listeners, of_dumps),
    }
}

/// `synfin sockets PATH...`
pub fn show_sockets(args: &Printing) -> anyhow::Result<Exit> {
    print(args, SOCKETS, sockets, of_dumps)
}

fn connections(args: &Printing) -> anyhow::Result<Exit> {
    let since = Instant::now();
    let columns = choose(COLUMNS, &args.columns).map_err(anyhow::Error::msg)?;
    let options = args.run.options(60);
    let Some(tracking) = track(&args.paths, &options)? else { return Ok(Exit::Failed) };
    let mut rows = Printed(open(args, columns)?);
    let case = tracking.deliver(&mut rows)?;
    rows.0.finish()?;
    if args.run.timings {
        timings::print(&options, &case.facts, case.tally.connections, &[], since.elapsed());
    }
    Ok(exit(case.unread.is_empty()))
}

/// Prints a table whose rows the facts give.
fn print<R: Sync>(
    args: &Printing,
    table: &'static [Column<R>],
    rows: fn(&Facts) -> Vec<R>,
    read: fn(&Printing) -> anyhow::Result<Option<Tracking>>,
) -> anyhow::Result<Exit> {
    let since = Instant::now();
    let columns = choose(table, &args.columns).map_err(anyhow::Error::msg)?;
    let Some(tracking) = read(args)? else { return Ok(Exit::Failed) };
    let mut writer = open(args, columns)?;
    writer.batch(&rows(tracking.facts()), tracking.facts())?;
    writer.finish()?;
    if args.run.timings {
        timings::print(&args.run.options(60), tracking.facts(), 0, &[], since.elapsed());
    }
    Ok(exit(tracking.all_read()))
}

fn tracked(args: &Printing) -> anyhow::Result<Option<Tracking>> {
    track(&args.paths, &args.run.options(60))
}

/// What dumps say needs no capture, however large: captures among the paths are left alone.
fn of_dumps(args: &Printing) -> anyhow::Result<Option<Tracking>> {
    let options = args.run.options(60);
    opened(&args.paths, &options, |plan| plan.without_captures())
}

fn exit(all_read: bool) -> Exit {
    if all_read { Exit::Analysed } else { Exit::SomeUnread }
}

/// Aligned on a terminal, CSV in a pipe, or as asked.
fn open<R: Sync>(args: &Printing, columns: Vec<&'static Column<R>>) -> anyhow::Result<TableWriter<R>> {
    let out: Sink = Box::new(BufWriter::new(std::io::stdout()));
    let format = args.format.as_deref().and_then(report::format);
    if format.is_none() && std::io::stdout().is_terminal() {
        return Ok(TableWriter::aligned(columns, out, terminal_width()));
    }
    let csv = || report::format("csv").ok_or_else(|| anyhow::anyhow!("the csv format is not built in"));
    let format = format.map_or_else(csv, Ok)?;
    Ok(TableWriter::open(format, columns, out)?)
}

struct Printed(TableWriter<Judged>);

impl Rows for Printed {
    fn batch(&mut self, rows: &[Judged], facts: &Facts) -> std::io::Result<()> {
        self.0.batch(rows, facts)
    }
}
