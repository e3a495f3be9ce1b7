//! `synfin show TABLE PATH...`: one table to standard output.

use super::Exit;
use super::analyze::{opened, terminal_width, track};
use super::args::{Printing, Show};
use super::timings;
use std::io::{self, BufWriter, IsTerminal};
use std::time::Instant;
use synfin::analysis::{Plan, Rows};
use synfin::case::{Facts, Judged};
use synfin::report::columns::{COLUMNS, choose, of_connections};
use synfin::report::{self, Field, Row, RowWriter, Sink, Table, TableWriter, Turn, aligned};

/// Tables that a terminal shows as a list, as capinfos does: their rows are few and long.
const LISTED: [&str; 1] = ["inputs"];
/// Shows in no table.
const STUCK_AFTER: u32 = 60;

pub fn run(args: &Show) -> anyhow::Result<Exit> {
    match report::table(&args.table) {
        Some(table) => small(&args.printing, table),
        None => connections(&args.printing),
    }
}

/// `synfin sockets PATH...`
pub fn sockets(args: &Printing) -> anyhow::Result<Exit> {
    report::table("sockets").map_or(Ok(Exit::Failed), |table| small(args, table))
}

fn small(args: &Printing, table: &Table) -> anyhow::Result<Exit> {
    let since = Instant::now();
    let options = args.run.options(&args.select, args.select.packets()?, STUCK_AFTER);
    table.check(&args.columns).map_err(anyhow::Error::msg)?;
    let fields: Vec<Field> = (table.fields)().into_iter().map(|(field, _)| field).collect();
    let condition = args.select.rows(&fields)?;
    let takes = |row: &Row<'_>| condition.as_ref().is_none_or(|condition| condition.takes(row));
    // What dumps say needs no capture: those among the paths, however large, are left alone.
    let part = if table.of_dumps { Plan::without_captures } else { |plan| plan };
    let Some(tracking) = opened(&args.paths, &options, part)? else { return Ok(Exit::Failed) };
    table.print_those(tracking.facts(), &args.columns, &takes, &mut |fields| {
        writer(args, LISTED.contains(&table.name), fields)
    })?;
    if table.rows(tracking.facts()) == 0 {
        elsewhere(table, tracking.facts());
    }
    if args.run.timings {
        timings::print(&options, tracking.facts(), 0, &[], since.elapsed());
    }
    Ok(exit(tracking.all_read()))
}

/// Nobody shall take an empty table for empty dumps: says which tables have what they tell.
fn elsewhere(empty: &Table, facts: &Facts) {
    let told = report::TABLES.iter().filter(|table| table.name != "inputs" && table.rows(facts) > 0);
    let names: Vec<_> = told.map(|table| format!("`synfin show {}`", table.name)).collect();
    if !names.is_empty() {
        eprintln!("synfin: no row in {}; what was read is in {}", empty.name, names.join(", "));
    }
}

fn connections(args: &Printing) -> anyhow::Result<Exit> {
    let since = Instant::now();
    let options = args.run.options(&args.select, args.select.selection()?, STUCK_AFTER);
    choose(COLUMNS, &args.columns).map_err(anyhow::Error::msg)?;
    let Some(tracking) = track(&args.paths, &options)? else { return Ok(Exit::Failed) };
    let columns = of_connections(&args.columns, tracking.facts()).map_err(anyhow::Error::msg)?;
    let fields = columns.iter().map(|column| column.field()).collect();
    let rows = Printed(TableWriter::with(columns, writer(args, false, fields)?));
    let (case, remains) = tracking.deliver(&rows)?;
    rows.0.finish()?;
    if args.run.timings {
        timings::print(&options, &case.facts, case.tally.connections, &[], since.elapsed());
    }
    let exit = exit(case.all_read());
    // As in `analyze`.
    std::mem::forget((case, remains));
    Ok(exit)
}

fn exit(all_read: bool) -> Exit {
    if all_read { Exit::Analysed } else { Exit::SomeUnread }
}

/// As asked, else on a terminal aligned (`listed`: as a list), and CSV in a pipe.
fn writer(args: &Printing, listed: bool, fields: Vec<Field>) -> io::Result<Box<dyn RowWriter>> {
    let out: Sink = Box::new(BufWriter::new(io::stdout()));
    let name = match args.format.as_deref() {
        Some(asked) => asked,
        None if !io::stdout().is_terminal() => "csv",
        None if listed => "list",
        None => return Ok(aligned::open(out, fields, terminal_width())),
    };
    let format = report::format(name).ok_or_else(|| io::Error::other(format!("the format {name} is not built in")))?;
    (format.open)(out, fields)
}

struct Printed(TableWriter<Judged>);

impl Rows for Printed {
    fn part<'w>(&'w self, rows: &[Judged], facts: &Facts) -> Turn<'w> {
        self.0.part(rows, facts)
    }

    fn settle(&self) -> io::Result<()> {
        self.0.settle()
    }
}
