//! What the dumps say of the hosts: sockets by state, and listeners whose queue was full.

use super::{Section, cell, table};
use crate::case::listeners::{self, Full, LimitFrom};
use crate::case::snapshots::{self, Snapshot};
use crate::case::{Case, Facts};
use crate::host::SocketState;
use crate::report::human::{count, counted};
use crate::report::terminal::{Line, Paint, Style, Track, cut_middle, grid, safe, wrap};
use crate::time::Zone;

/// States named of one host; the rest is added up.
const STATES: usize = 6;
/// Listeners looked at; fewer are printed if there is no room.
const LISTENERS: usize = 8;

/// The largest snapshot of each host.
pub(super) fn sockets(case: &Case, style: Style) -> Option<Section> {
    let largest = snapshots::largest(&case.facts.dumps);
    if largest.is_empty() {
        return None;
    }
    let head = Line::of(Paint::Bold, "SOCKETS").with(Paint::Plain, " by state, in the largest snapshot of each host");
    let entries: Vec<_> = largest.iter().map(|snapshot| wrap(&line(snapshot, &case.facts, style), 4, style)).collect();
    let rest = |left_out| format!("and {}: see host, state in sockets", counted(left_out, "other host"));
    Some(Section { head: vec![head], least: 2.min(entries.len()), entries, beyond: 0, rest: Box::new(rest) })
}

/// `  web1 20:04:19 UTC: 450 sockets: 431 CLOSE_WAIT, 12 ESTABLISHED, 7 LISTEN (web1/ss-tan.txt:2)`
fn line(snapshot: &Snapshot<'_>, facts: &Facts, style: Style) -> String {
    let named = |state: Option<SocketState>| state.map_or("without a state", SocketState::name);
    let states = snapshot.states.iter().take(STATES);
    let mut states: Vec<_> = states.map(|&(state, sockets)| format!("{} {}", count(sockets), named(state))).collect();
    let others: u64 = snapshot.states.iter().skip(STATES).map(|(_, sockets)| sockets).sum();
    if others > 0 {
        states.push(format!("{} others", count(others)));
    }
    let host = snapshot.host.map(|host| format!("{} ", safe(host))).unwrap_or_default();
    let time = snapshot.block.stamp().map(|stamp| moment(stamp.time, facts.zone)).unwrap_or_default();
    let lead = [host, time].concat();
    let lead = if lead.is_empty() { lead } else { format!("{}: ", lead.trim_end()) };
    let place = place(snapshot.path, snapshot.block.first_line, style);
    format!("  {lead}{}: {} ({place})", counted(snapshot.sockets(), "socket"), states.join(", "))
}

fn moment(time: crate::time::Timestamp, zone: Zone) -> String {
    format!("{} {}", time.date_and_time(zone), zone.name_at(time))
}

/// `web1/ss-tan.txt:2`
fn place(path: &str, line: u32, style: Style) -> String {
    format!("{}:{line}", cut_middle(&safe(path), style.columns() / 3, style))
}

/// Listeners whose queue was full in a snapshot, the fullest first.
pub(super) fn queues(case: &Case, style: Style) -> Option<Section> {
    let full = listeners::full(&case.facts.dumps);
    if full.is_empty() {
        return None;
    }
    let heads = ["QUEUES that were full: what came then was dropped", "waiting", "limit", "set by", "full in", ""];
    let mut rows: Vec<Vec<_>> = vec![heads.map(|head| cell(Paint::Dim, head)).into()];
    rows[0][0].0 = Paint::Bold;
    rows.extend(full.iter().take(LISTENERS).map(|full| row(full, style)));
    let tracks = [
        Track::CUT,
        Track::RIGHT,
        Track::RIGHT,
        Track::LEFT.or_drop(2),
        Track::LEFT.or_drop(3),
        Track::LEFT.or_drop(1),
    ];
    let rest = |left_out| format!("and {}: see queue_full in listeners", counted(left_out, "other"));
    Some(table(grid(rows, &tracks, style), 3, full.len().saturating_sub(LISTENERS) as u64, Box::new(rest)))
}

fn row(full: &Full<'_>, style: Style) -> Vec<(Paint, String)> {
    let host = full.block.host.as_deref().map(|host| format!("{} ", safe(host))).unwrap_or_default();
    let program = full.socket.program().map(|program| format!(" {}", safe(program))).unwrap_or_default();
    let name = format!("  {host}{}{program}", safe(&full.socket.local.to_string()));
    vec![
        cell(Paint::Plain, name),
        cell(Paint::Red, count(full.queue.length.into())),
        cell(Paint::Plain, count(full.queue.limit.into())),
        cell(Paint::Plain, full.limit_from.map_or("", LimitFrom::name)),
        cell(Paint::Plain, format!("{} of {}", count(full.times), counted(full.snapshots, "snapshot"))),
        cell(Paint::Dim, place(full.path, full.socket.line, style)),
    ]
}
