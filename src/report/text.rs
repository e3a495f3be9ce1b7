//! The summary for the terminal: what came in, how the connections ended, where it hurts, what to know, what was written.
//!
//! At most 40 lines, never wider than the terminal; every number is one of `summary.json`, of a table's row, or a count of a
//! table's rows. Where the lines do not suffice, the longest sections are shortened and say what they leave out.

mod hosts;
mod notes;

use super::human::{address, bytes, count, counted, duration, period, share};
use super::terminal::{Line, Paint, Style, Track, cut_middle, flow, grid, safe, wrap};
use crate::case::{Case, Dumps, Facts, Joins, Point, Service, Stuck, Timeline};
use crate::host::Block;
use crate::tcp::{Outcome, Verdict};
use crate::time::{SECOND, Timestamp, Zone};

pub use notes::ended;

/// Lines of the whole summary.
const MOST_LINES: usize = 40;
/// Services looked at; fewer are printed if there is no room.
const SERVICES: usize = 8;
/// The order in which verdicts hurt.
const VERDICTS: [Verdict; 5] = [Verdict::Failed, Verdict::Reset, Verdict::Unfinished, Verdict::Ok, Verdict::Noise];

/// A file of the report, as the summary names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: String,
    /// Rows of a table; `None` for a document.
    pub rows: Option<u64>,
    pub bytes: u64,
    /// Time that its writer took.
    pub spent: std::time::Duration,
}

/// A part of the summary: its head, then entries of one or more lines.
struct Section {
    head: Vec<Line>,
    entries: Vec<Vec<Line>>,
    /// Entries that stay if at all possible, however long the other sections are.
    least: usize,
    /// Entries that were not even made.
    beyond: u64,
    /// What stands in place of that many entries left out at the end.
    rest: Box<dyn Fn(u64) -> String>,
}

impl Section {
    /// Entries left out where that many are shown.
    fn left_out(&self, shown: usize) -> u64 {
        (self.entries.len() - shown) as u64 + self.beyond
    }

    fn lines(&self, shown: usize) -> usize {
        let rest = usize::from(self.left_out(shown) > 0);
        self.head.len() + self.entries[..shown].iter().map(Vec::len).sum::<usize>() + rest
    }
}

/// The summary of a case; `written` are the files that the report consists of.
pub fn summary(case: &Case, written: &[Written], style: Style) -> String {
    let head = headline(case, style);
    let sections = [
        ends(case, style),
        services(case, style),
        stuck(case, style),
        hosts::queues(case, style),
        hosts::sockets(case, style),
        notes::notes(case, style),
        files(written, style),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let shown = allot(&sections, MOST_LINES.saturating_sub(head.len()));
    let mut out = String::new();
    head.iter().for_each(|line| line.print(&mut out, style));
    for (section, shown) in sections.iter().zip(shown) {
        out.push('\n');
        let entries = section.entries[..shown].iter().flatten();
        section.head.iter().chain(entries).for_each(|line| line.print(&mut out, style));
        let left_out = section.left_out(shown);
        if left_out > 0 {
            let rest = (section.rest)(left_out);
            Line::of(Paint::Dim, &format!("  {rest}")).print(&mut out, style);
        }
    }
    out
}

/// How many entries of each section are shown: entries of the longest section go first, down to the least number; only
/// where that does not suffice, more go.
fn allot(sections: &[Section], most: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = sections.iter().map(|section| section.entries.len()).collect();
    let total = |shown: &[usize]| -> usize {
        sections.iter().zip(shown).map(|(section, &shown)| 1 + section.lines(shown)).sum()
    };
    for floor in [usize::MAX, 1, 0] {
        while total(&shown) > most {
            let can_give = (0..sections.len()).filter(|&at| shown[at] > sections[at].least.min(floor));
            let Some(longest) = can_give.max_by_key(|&at| sections[at].lines(shown[at])) else { break };
            shown[longest] -= 1;
        }
    }
    shown
}

/// How much the dumps say, by kind; that there are no sockets is said only where there is nothing else either.
fn said(dumps: &Dumps) -> String {
    let blocks = || dumps.0.iter().flat_map(|dump| &dump.document.blocks);
    let count = |items: fn(&Block) -> usize| blocks().map(|block| items(block) as u64).sum::<u64>();
    let kinds = [
        ("socket", count(|block| block.found.sockets.len())),
        ("tracked connection", count(|block| block.found.tracked.len())),
        ("state count", count(|block| block.found.state_counts.len())),
        ("counter", count(|block| block.found.counters.len())),
        ("setting", count(|block| block.found.settings.len())),
        ("firewall rule", count(|block| block.found.rules.len())),
        ("log line", count(|block| block.found.log_lines.len())),
    ];
    let present: Vec<_> = kinds.iter().filter(|(_, number)| *number > 0).collect();
    let shown = if present.is_empty() { kinds.iter().take(1).collect() } else { present };
    shown.iter().map(|(kind, number)| counted(*number, kind)).collect::<Vec<_>>().join(", ")
}

/// How many sockets and log lines were joined with connections, if any.
fn joined(joins: &Joins) -> String {
    let sockets = joins.sockets().iter().filter(|joined| !joined.links.is_empty()).count() as u64;
    let kinds = [(sockets, "socket"), (joins.lines.joined() as u64, "log line")];
    let told: Vec<_> = kinds.iter().filter(|(joined, _)| *joined > 0).collect();
    let told: Vec<_> = told.iter().map(|(joined, kind)| counted(*joined, kind)).collect();
    if told.is_empty() { String::new() } else { format!("; {} joined", told.join(" and ")) }
}

fn headline(case: &Case, style: Style) -> Vec<Line> {
    let files = case.facts.points.iter().flat_map(|point| &point.files);
    let (captures, frames) = files.fold((0, 0), |(captures, frames), file| (captures + 1, frames + file.frames));
    let dumps = case.facts.dumps.0.len() as u64;
    let (hosts, more) = case.tally.hosts();
    let title = Line::of(Paint::Bold, "synfin ");
    if captures + dumps == 0 {
        return vec![title.with(Paint::Plain, " no input could be read")];
    }
    let mut pieces = vec![format!("{},", counted(captures + dumps, "input"))];
    if case.facts.points.len() > 1 {
        pieces.push(format!("{},", counted(case.facts.points.len() as u64, "observation point")));
    }
    if dumps > 0 {
        pieces.push(format!(
            "{} of hosts ({}),",
            counted(dumps, "dump"),
            said(&case.facts.dumps) + &joined(&case.facts.joins)
        ));
    }
    pieces.push(format!("{},", counted(frames, "frame")));
    let comma = if case.facts.span().is_some() { "," } else { "" };
    pieces.push(format!("{}{}{comma}", if more { "over " } else { "" }, counted(hosts as u64, "host")));
    if let Some((first, last)) = case.facts.span() {
        pieces.push(period(first, last, case.facts.zone));
        pieces.push(format!("({})", duration(last.since(first))));
    }
    let pieces = pieces.iter().map(|piece| Line::of(Paint::Plain, piece));
    let mut lines = flow(std::iter::once(title).chain(pieces).collect(), 8, style);
    lines.extend(flow(verdicts(case), 8, style));
    lines.extend(selection(case, style));
    lines
}

/// What was asked for, if that is not all: how many frames and rows it left.
fn selection(case: &Case, style: Style) -> Vec<Line> {
    let Facts { selected, zone, points, .. } = &case.facts;
    let cut = |words: &str| cut_middle(&safe(words), style.columns().saturating_sub(30), style);
    let moment =
        |word: &str, time: Timestamp| format!("{word} {} {}", time.to_the_microsecond(*zone), zone.name_at(time));
    let frames = [
        selected.since.map(|time| moment("since", time)),
        selected.until.map(|time| moment("until", time)),
        selected.filter.as_deref().map(|words| format!("that fit `{}`", cut(words))),
    ];
    let frames: Vec<String> = frames.into_iter().flatten().collect();
    let mut texts = Vec::new();
    if !frames.is_empty() {
        let (all, left_out) = points
            .iter()
            .flat_map(|point| &point.files)
            .fold((0, 0), |(all, left_out), file| (all + file.frames, left_out + file.left_out));
        texts.push(format!("only frames {}: {} of {}", frames.join(", "), count(all - left_out), count(all)));
    }
    if let Some(words) = &selected.condition {
        let left_out = counted(selected.rows_left_out, "connection");
        texts.push(format!("only rows where `{}`: {left_out} left out", cut(words)));
    }
    texts.iter().flat_map(|text| wrap(&format!("        {text}"), 8, style)).collect()
}

/// How many connections, and, where several points captured some, that one may be among them twice.
fn seen(case: &Case, lead: &str) -> Vec<Line> {
    let all = counted(case.tally.connections, "connection");
    let has_tcp = |point: &&Point| point.files.iter().any(|file| file.tcp_segments > 0);
    let points = case.facts.points.iter().filter(has_tcp).count() as u64;
    let twice = match points {
        0 | 1 => return vec![Line::of(Paint::Bold, &format!("{lead}{all}:"))],
        2 => "(one captured at both counts twice):",
        _ => "(one captured at several counts at each):",
    };
    vec![Line::of(Paint::Bold, &format!("{lead}{all} seen at {} points", count(points))), Line::of(Paint::Plain, twice)]
}

/// `318 connections: 41 failed (12.9 %), 70 ok (22.0 %)`
fn verdicts(case: &Case) -> Vec<Line> {
    let all = case.tally.connections;
    let lead = "        ";
    if all == 0 {
        return vec![Line::of(Paint::Bold, &format!("{lead}no TCP connection"))];
    }
    let mut pieces = seen(case, lead);
    let occurred: Vec<_> = VERDICTS
        .map(|verdict| (verdict, case.tally.of_verdict(verdict)))
        .into_iter()
        .filter(|&(verdict, number)| number > 0 || verdict == Verdict::Failed)
        .collect();
    for (index, &(verdict, number)) in occurred.iter().enumerate() {
        let text = format!("{} {} ({})", count(number), verdict.name(), share(number, all));
        let paint = if number > 0 { Paint::of(verdict) } else { Paint::Plain };
        let comma = if index + 1 < occurred.len() { "," } else { "" };
        pieces.push(Line::of(paint, &text).with(Paint::Plain, comma));
    }
    pieces
}

fn cell(paint: Paint, text: impl Into<String>) -> (Paint, String) {
    (paint, text.into())
}

/// How the connections ended: by verdict, then by number.
fn ends(case: &Case, style: Style) -> Option<Section> {
    let timeline = &case.tally.timeline;
    let mut outcomes: Vec<(Outcome, u64)> = Outcome::ALL
        .map(|outcome| (outcome, timeline.total(outcome)))
        .into_iter()
        .filter(|&(_, number)| number > 0)
        .collect();
    if outcomes.is_empty() {
        return None;
    }
    let rank = |outcome: Outcome| VERDICTS.iter().position(|&verdict| verdict == outcome.verdict());
    outcomes.sort_by_key(|&(outcome, number)| (rank(outcome), std::cmp::Reverse(number)));
    let mut rows = vec![vec![
        cell(Paint::Bold, "ENDS"),
        cell(Paint::Dim, ""),
        cell(Paint::Dim, "count"),
        cell(Paint::Dim, "share"),
        cell(Paint::Dim, scale(timeline, case.facts.zone)),
        cell(Paint::Plain, ""),
    ]];
    rows.extend(outcomes.iter().map(|&(outcome, number)| {
        vec![
            cell(Paint::of(outcome.verdict()), format!("  {}", outcome.verdict().name())),
            cell(Paint::Plain, outcome.name()),
            cell(Paint::Plain, count(number)),
            cell(Paint::Plain, share(number, case.tally.connections)),
            cell(Paint::Plain, spark(timeline.buckets(outcome), style)),
            cell(Paint::Dim, outcome.meaning()),
        ]
    }));
    let tracks = [Track::LEFT, Track::LEFT, Track::RIGHT, Track::RIGHT, Track::LEFT.or_drop(1), Track::LEFT.or_drop(2)];
    let rest = move |left_out: u64| {
        let connections = outcomes.iter().rev().take(left_out as usize).map(|(_, number)| number).sum();
        format!("and {}: {}", counted(left_out, "other outcome"), counted(connections, "connection"))
    };
    Some(table(grid(rows, &tracks, style), 8, 0, Box::new(rest)))
}

/// A section whose head is the first line of a grid.
fn table(lines: Vec<Line>, least: usize, beyond: u64, rest: Box<dyn Fn(u64) -> String>) -> Section {
    let mut lines = lines.into_iter();
    let head = lines.next().into_iter().collect();
    let entries: Vec<_> = lines.map(|line| vec![line]).collect();
    Section { head, least: least.min(entries.len()), entries, beyond, rest }
}

/// The ends of the spark lines: times with their zone, or days where there are several.
fn scale(timeline: &Timeline, zone: Zone) -> String {
    let (first, last) = timeline.span();
    let day = |time: Timestamp| time.date_and_time(zone).get(..10).unwrap_or_default().to_owned();
    let (from, to) = if day(first) == day(last) {
        (first.time_of_day(zone), format!("{} {}", last.time_of_day(zone), zone.name_at(last)))
    } else {
        (day(first), day(last))
    };
    let between = crate::case::timeline::BUCKETS.saturating_sub(from.len() + to.len());
    format!("{from}{}{to}", " ".repeat(between))
}

/// Numbers over time, each against the highest of the row.
fn spark(buckets: &[u64], style: Style) -> String {
    let levels: [char; 8] = if style.unicode {
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        ['.', ':', '-', '=', '+', '*', '#', '@']
    };
    let highest = u128::from(buckets.iter().copied().max().unwrap_or(0));
    let level = |number: u64| match u128::from(number) {
        0 => ' ',
        number => levels[((number * 8).div_ceil(highest) as usize).clamp(1, 8) - 1],
    };
    buckets.iter().map(|&number| level(number)).collect()
}

/// The services with most trouble.
fn services(case: &Case, style: Style) -> Option<Section> {
    let worst = case.tally.services.worst(usize::MAX);
    if worst.is_empty() {
        return None;
    }
    let heads = ["SERVICES with trouble, worst first", "tried", "failed", "reset", "unfinished", "failed share"];
    let mut rows: Vec<Vec<_>> = vec![heads.map(|head| cell(Paint::Dim, head)).into()];
    rows[0][0].0 = Paint::Bold;
    rows.extend(worst.iter().take(SERVICES).map(|&(server, service)| service_row(address(server), service)));
    let tracks = [Track::CUT, Track::RIGHT, Track::RIGHT, Track::RIGHT, Track::RIGHT, Track::RIGHT.or_drop(1)];
    let rest = |left_out| format!("and {}: see server_address, server_port in connections", counted(left_out, "other"));
    Some(table(grid(rows, &tracks, style), 3, worst.len().saturating_sub(SERVICES) as u64, Box::new(rest)))
}

fn service_row(name: String, service: Service) -> Vec<(Paint, String)> {
    let number = |number: u64, paint| cell(if number > 0 { paint } else { Paint::Dim }, count(number));
    vec![
        cell(Paint::Plain, format!("  {name}")),
        cell(Paint::Plain, count(service.attempts)),
        number(service.failed, Paint::Red),
        number(service.reset, Paint::Yellow),
        number(service.unfinished, Paint::Yellow),
        cell(Paint::Plain, share(service.failed, service.attempts)),
    ]
}

/// Who waits in what, since when.
fn stuck(case: &Case, style: Style) -> Option<Section> {
    let (listed, total) = (&case.tally.stuck, case.tally.stuck_total);
    if listed.is_empty() {
        return None;
    }
    let after = count(case.tally.stuck_after().0.max(0).unsigned_abs() / SECOND.unsigned_abs());
    let title = format!("{} for {after} s or more, the longest:", counted(total, "connection"));
    let rows = listed.iter().map(|stuck| stuck_row(stuck, case.facts.zone)).collect();
    let tracks = [
        Track::RIGHT,
        Track::LEFT.or_drop(2),
        Track::CUT,
        Track::LEFT,
        Track::CUT,
        Track::LEFT.or_drop(1),
        Track::LEFT.or_drop(3),
        Track::LEFT.or_drop(4),
    ];
    let head = Line::of(Paint::Bold, "STUCK ").with(Paint::Plain, &title);
    let entries: Vec<_> = grid(rows, &tracks, style).into_iter().map(|line| vec![line]).collect();
    let beyond = total.saturating_sub(listed.len() as u64);
    let rest = |left_out| format!("and {} more: see state_age_s in connections", count(left_out));
    Some(Section { head: vec![head], least: 3.min(entries.len()), entries, beyond, rest: Box::new(rest) })
}

fn stuck_row(stuck: &Stuck, zone: Zone) -> Vec<(Paint, String)> {
    let ends = [stuck.client, stuck.server];
    let (waiting, peer) = (ends[stuck.side as usize], ends[stuck.side.peer() as usize]);
    vec![
        cell(Paint::Plain, format!("  {}", duration(stuck.age))),
        cell(Paint::Dim, format!("since {} {}", stuck.since.time_of_day(zone), zone.name_at(stuck.since))),
        cell(Paint::Plain, format!("{} {}", stuck.side.name(), address(waiting))),
        cell(Paint::Yellow, stuck.state.name()),
        cell(Paint::Plain, address(peer)),
        cell(Paint::Dim, stuck.peer_state.map_or("", |state| state.name())),
        cell(Paint::Dim, format!("frame {}", count(stuck.first_frame))),
        cell(Paint::Dim, format!("{:016x}", stuck.id)),
    ]
}

/// What was written where.
fn files(written: &[Written], style: Style) -> Option<Section> {
    if written.is_empty() {
        return None;
    }
    let rows = written.iter().map(|file| {
        vec![
            cell(Paint::Plain, format!("  {}", file.path)),
            cell(Paint::Plain, file.rows.map_or_else(String::new, |rows| counted(rows, "row"))),
            cell(Paint::Plain, bytes(file.bytes)),
        ]
    });
    let lines = grid(rows.collect(), &[Track::CUT, Track::RIGHT, Track::RIGHT], style);
    let entries: Vec<_> = lines.into_iter().map(|line| vec![line]).collect();
    let rest = |left_out| format!("and {} in the same folder", counted(left_out, "file"));
    let head = vec![Line::of(Paint::Bold, "FILES")];
    Some(Section { head, least: 3.min(entries.len()), entries, beyond: 0, rest: Box::new(rest) })
}
