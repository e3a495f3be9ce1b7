//! `synfin PATH...`: the main job.

use super::args::{Analyze, Run, When};
use super::progress::Progress;
use super::{Exit, args, timings};
use anyhow::Context;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use synfin::analysis::{self, Folder, Options, Plan, Report, Rows, Tracking, Wanted};
use synfin::case::{Facts, Judged};
use synfin::report::columns::{COLUMNS, choose, of_connections};
use synfin::report::terminal::Style;
use synfin::report::{self, Turn, text};

/// Formats that every report has.
const ALWAYS: [&str; 2] = ["csv", "parquet"];

pub fn run(args: &Analyze) -> anyhow::Result<Exit> {
    let since = Instant::now();
    let options = args.run.options(&args.select, args.select.selection()?, args.output.stuck_after);
    let wanted = wanted(&args.output)?;
    // Where nothing can be written, that is said before the work.
    let folder = match &wanted {
        Some(_) => Some(Folder::claim(&args.output.output, args.output.force).map_err(anyhow::Error::msg)?),
        None => None,
    };
    let Some(tracking) = track(&args.paths, &options)? else { return Ok(Exit::Failed) };
    let (case, remains, written) = match (folder, wanted) {
        (Some(folder), Some(mut wanted)) => {
            let target = folder.target().to_owned();
            let failed = || format!("{}: the report could not be written", target.display());
            wanted.columns = of_connections(&args.output.columns, tracking.facts()).map_err(anyhow::Error::msg)?;
            let report = Report::open(folder, &wanted, &tracking).with_context(failed)?;
            let (case, remains) = tracking.deliver(&report).with_context(failed)?;
            let written = report.finish(&case).with_context(failed)?;
            (case, remains, written)
        }
        _ => {
            let (case, remains) = tracking.deliver(&Nobody)?;
            (case, remains, Vec::new())
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text::summary(&case, &written, style(&args.run)).as_bytes())?;
    out.flush()?;
    if args.run.timings {
        timings::print(&options, &case.facts, case.tally.connections, &written, since.elapsed());
    }
    let exit = if case.all_read() { Exit::Analysed } else { Exit::SomeUnread };
    // The process ends: giving back its memory piece by piece would be a part of the time that somebody waits.
    std::mem::forget((case, remains));
    Ok(exit)
}

/// Opens and tracks the inputs under a progress bar. What cannot be read is said on standard error; `None` if that is all.
pub fn track(paths: &[PathBuf], options: &Options) -> anyhow::Result<Option<Tracking>> {
    opened(paths, options, |plan| plan)
}

/// The same of what `part` leaves of the plan.
pub fn opened(paths: &[PathBuf], options: &Options, part: fn(Plan) -> Plan) -> anyhow::Result<Option<Tracking>> {
    let plan = part(analysis::plan(paths, options));
    for error in &plan.unread {
        eprintln!("synfin: {}", report::terminal::safe(&error.to_string()));
    }
    if plan.is_empty() {
        if plan.unread.is_empty() {
            eprintln!("synfin: nothing to read: nothing of a known kind in the folders named");
        }
        return Ok(None);
    }
    let is_void = options.selection.is_void(plan.span_for(&options.selection));
    anyhow::ensure!(!is_void, "in these inputs --since lies after --until: no packet is between them");
    let done = Arc::default();
    let progress = Progress::start(plan.bytes, Arc::clone(&done));
    let tracking = analysis::track(plan, options, &done);
    progress.finish();
    let tracking = tracking.context("no room for what does not fit into memory: see --memory, or set TMPDIR")?;
    for (path, damage) in tracking.facts().damaged() {
        eprintln!("synfin: {}", report::terminal::safe(&format!("{path}: {damage}")));
    }
    for file in tracking.facts().cut_short() {
        let how: Vec<_> = text::ended(&file.end).into_iter().chain(file.note.clone()).collect();
        eprintln!("synfin: {}", report::terminal::safe(&format!("{}: {}", file.path, how.join("; "))));
    }
    Ok(Some(tracking))
}

fn wanted(output: &args::Output) -> anyhow::Result<Option<Wanted>> {
    if output.format.iter().any(|name| name == "none") {
        anyhow::ensure!(output.format.len() == 1, "--format none stands alone: it means that no file is written");
        return Ok(None);
    }
    let names =
        ALWAYS.into_iter().chain(output.format.iter().map(String::as_str).filter(|name| !ALWAYS.contains(name)));
    let formats = names.filter_map(report::format).collect();
    let columns = choose(COLUMNS, &output.columns).map_err(anyhow::Error::msg)?;
    Ok(Some(Wanted { formats, columns }))
}

/// What the terminal at standard output can do; 100 columns without colour where there is none.
pub fn style(run: &Run) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let colour = match run.color {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            terminal && std::env::var_os("NO_COLOR").is_none() && std::env::var("TERM").as_deref() != Ok("dumb")
        }
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    let unicode = locale.is_none_or(|value| !matches!(value.as_str(), "C" | "POSIX"));
    Style { width: if terminal { terminal_width() } else { 100 }, colour, unicode }
}

/// Columns of the terminal, at most 160: longer lines are hard to read.
pub fn terminal_width() -> usize {
    let (_, columns) = console::Term::stdout().size();
    usize::from(columns).clamp(40, 160)
}

/// Takes rows and keeps none.
struct Nobody;

impl Rows for Nobody {
    fn part<'w>(&'w self, _: &[Judged], _: &Facts) -> Turn<'w> {
        Box::new(|| Ok(()))
    }
}
