//! `synfin show TABLE PATH...`: one table to standard output.

use super::Exit;
use super::analyze::{terminal_width, track};
use super::args::{Show, Table, wrong};
use super::{condition, timings};
use std::io::{BufWriter, IsTerminal};
use std::time::Instant;
use synfin::analysis::Rows;
use synfin::case::{Facts, Judged};
use synfin::report::columns::{COLUMNS, Column, INPUTS, choose, inputs};
use synfin::report::{self, Sink, TableWriter};

/// Shows in no table.
const STUCK_AFTER: u32 = 60;

pub fn run(args: &Show) -> anyhow::Result<Exit> {
    let since = Instant::now();
    match args.table {
        Table::Connections => {
            let options = args.run.options(&args.select, args.select.selection()?, STUCK_AFTER);
            let columns = choose(COLUMNS, &args.columns).map_err(anyhow::Error::msg)?;
            let Some(tracking) = track(&args.paths, &options)? else { return Ok(Exit::Failed) };
            let mut rows = Printed(open(args, columns)?);
            let case = tracking.deliver(&mut rows)?;
            rows.0.finish()?;
            if args.run.timings {
                timings::print(&options, &case.facts, case.tally.connections, &[], since.elapsed());
            }
            Ok(exit(case.unread.is_empty()))
        }
        Table::Inputs => {
            let options = args.run.options(&args.select, args.select.packets()?, STUCK_AFTER);
            let taken =
                |words: &String| condition::read(words, INPUTS, options.zone).map_err(|error| wrong("where", &error));
            let taken = args.select.condition.as_ref().map(taken).transpose()?;
            let columns = choose(INPUTS, &args.columns).map_err(anyhow::Error::msg)?;
            let Some(tracking) = track(&args.paths, &options)? else { return Ok(Exit::Failed) };
            let mut table = open(args, columns)?;
            let (mut rows, facts) = (inputs(tracking.facts()), tracking.facts());
            rows.retain(|row| taken.as_ref().is_none_or(|taken| taken(row, facts)));
            table.batch(&rows, facts)?;
            table.finish()?;
            if args.run.timings {
                timings::print(&options, tracking.facts(), 0, &[], since.elapsed());
            }
            Ok(exit(tracking.all_read()))
        }
    }
}

fn exit(all_read: bool) -> Exit {
    if all_read { Exit::Analysed } else { Exit::SomeUnread }
}

/// Aligned on a terminal, CSV in a pipe, or as asked.
fn open<R: Sync>(args: &Show, columns: Vec<&'static Column<R>>) -> anyhow::Result<TableWriter<R>> {
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
