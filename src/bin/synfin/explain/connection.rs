//! One connection: found among those of the captures, and told as a ladder or as a packet script.

use super::inputs;
use crate::Exit;
use crate::analyze::{style, track};
use crate::args::Explain;
use std::io::{self, BufWriter, Write};
use synfin::analysis::{Found, Key, Tracking};
use synfin::case::{Facts, Judged};
use synfin::report::human;
use synfin::report::ladder::{Folded, Ladder, story};
use synfin::report::terminal::{Paint, Style, Track, grid};
use synfin::report::ticket::Ticket;
use synfin::time::{Span, Timestamp};

/// Connections listed where a key means several.
const LISTED: usize = 20;

pub fn run(args: &Explain, key: &Key) -> anyhow::Result<Exit> {
    let mut options = args.run.options(&args.select, args.select.selection()?, args.stuck_after);
    let mut paths = args.paths.clone();
    if paths.is_empty() && options.points.is_empty() {
        let captures = inputs::of_report(&args.report, options.zone)?;
        (paths, options.points) = (captures.paths, captures.points);
    }
    let Some(mut tracking) = track(&paths, &options)? else { return Ok(Exit::Failed) };
    let found = tracking.find(key, LISTED)?;
    match found.rows.as_slice() {
        [] => anyhow::bail!("{}", found.nothing),
        [row] => tell(args, &mut tracking, row)?,
        _ => {
            list(&found, tracking.facts(), style(&args.run))?;
            let total = human::count(found.total);
            anyhow::bail!("`{}` means {total} connections: give more of an id, both ends, or FILE:FRAME", args.key);
        }
    }
    Ok(if tracking.all_read() { Exit::Analysed } else { Exit::SomeUnread })
}

fn tell(args: &Explain, tracking: &mut Tracking, row: &Judged) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let stuck_after = Span::from_seconds(i64::from(args.stuck_after));
    if args.script {
        script(tracking, row, &mut out)?;
    } else if args.all {
        let facts = tracking.facts().clone();
        let seen = tracking.revisit(row, &mut |_| Ok(()))?;
        let mut ladder = Ladder::new(row, &facts, &seen, stuck_after, style(&args.run));
        out.write_all(ladder.head().as_bytes())?;
        let mut text = String::new();
        tracking.revisit(row, &mut |step| {
            text.clear();
            ladder.step(&step, &mut text);
            out.write_all(text.as_bytes())
        })?;
        text.clear();
        ladder.end(&mut text);
        out.write_all(text.as_bytes())?;
    } else {
        let mut folded = Folded::default();
        let seen = tracking.revisit(row, &mut |step| {
            folded.add(step);
            Ok(())
        })?;
        let text = story(row, tracking.facts(), &folded, &seen, stuck_after, style(&args.run));
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

/// The first pass finds the earliest time and the initial numbers, which the head of a script states.
fn script(tracking: &mut Tracking, row: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let mut first: Option<Timestamp> = None;
    let seen = tracking.revisit(row, &mut |step| {
        // Time 0 stands where the container gives none.
        let earlier = step.time != Timestamp(0) && first.is_none_or(|first| step.time < first);
        first = if earlier { Some(step.time) } else { first };
        Ok(())
    })?;
    let ticket = Ticket::new(row, first.unwrap_or(row.summary.first), seen.bases());
    out.write_all(ticket.head(row, tracking.facts()).as_bytes())?;
    tracking.revisit(row, &mut |step| out.write_all(ticket.line(&step).as_bytes()))?;
    out.write_all(ticket.end(row, tracking.facts()).as_bytes())
}

/// Several connections, aligned.
fn list(found: &Found, facts: &Facts, style: Style) -> io::Result<()> {
    let zone = facts.zone;
    let times: Vec<String> = found.rows.iter().map(|row| row.summary.first.date_and_time(zone)).collect();
    let day = |time: &String| time.chars().take(10).collect::<String>();
    // A day that all have in common is said once.
    let common = times.first().map(day).filter(|first| times.iter().all(|time| day(time) == *first));
    let time = common.clone().unwrap_or_else(|| "time".to_owned());
    let heads = ["id", "client", "server", "outcome", "first frame", &time];
    let mut rows = vec![heads.map(|head| (Paint::Dim, head.to_owned())).to_vec()];
    rows.extend(found.rows.iter().map(|row| {
        let place = row.first_place(facts).map(|(path, frame)| format!("{}:{frame}", last_part(path)));
        let first = row.summary.first;
        let time = if common.is_some() { first.time_of_day(zone) } else { first.date_and_time(zone) };
        let cells = [
            format!("{:016x}", row.id()),
            human::address(row.client),
            human::address(row.server),
            row.outcome.name().to_owned(),
            place.unwrap_or_default(),
            format!("{time} {}", zone.name_at(first)),
        ];
        cells.map(|cell| (Paint::Plain, cell)).to_vec()
    }));
    let tracks = [Track::LEFT, Track::LEFT, Track::LEFT, Track::LEFT, Track::CUT, Track::LEFT];
    let mut text = String::new();
    grid(rows, &tracks, style).iter().for_each(|line| line.print(&mut text, style));
    let more = found.total - found.rows.len() as u64;
    if more > 0 {
        text.push_str(&format!("and {} more\n", human::count(more)));
    }
    io::stdout().lock().write_all(text.as_bytes())
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
