//! Columns of `log_lines` for the connection that a line tells of, and of `connections` for the lines that tell of it.

use super::socket_join::{BASES, PLACED};
use super::{Column, Value};
use crate::case::dump::Place;
use crate::case::join::{JoinedLine, LineLink, Placed};
use crate::case::{Facts, Judged};
use crate::host::{Event, LogLine};

pub(super) const JOINED: &[Column<Place>] = &[
    core!(
        "connection_id",
        Kind::Text,
        "",
        "Connection of the captures that the line tells of: the only one that fits its ends, its time and what it says.",
        |place, facts| link(place, facts).map_or(Value::Null, |link| Value::Id(link.id)),
    ),
    core!(
        "side",
        Kind::Enum(&["client", "server"]),
        "",
        "Whose host wrote the line; absent of one between, such as a firewall.",
        |place, facts| Value::name(link(place, facts).and_then(|link| link.side).map(|side| side.name())),
    ),
    more!(
        "joined_by",
        Kind::Enum(&BASES),
        "",
        "What joins line and connection: flow, both ends; part, one end or the client's address and the port that the program listens at.",
        |place, facts| Value::name(link(place, facts).map(|link| link.by.name())),
    ),
    more!(
        "connections_that_fit",
        Kind::U32,
        "",
        "How many connections of a capture fit by ends, time and outcome. Of several, the only one of that flow or very moment is joined.",
        |place, facts| Value::number(joined(place, facts).filter(|_| !facts.points.is_empty()).map(|line| line.fits)),
    ),
    more!(
        "placed",
        Kind::Enum(&PLACED),
        "",
        "How the log's clock was placed on the capture's: stated (its own time, which fits), aligned (that, moved by the difference of the clocks), contents (counted from a start that its lines show), or unplaced where nothing tells.",
        |place, facts| {
            let placed = |line: &JoinedLine| line.placed.map_or("unplaced", Placed::name);
            Value::name(joined(place, facts).filter(|_| !facts.points.is_empty()).map(placed))
        },
    ),
    more!(
        "clock_offset_s",
        Kind::Seconds,
        "s",
        "The capture's clock less the log's, as its lines or the dumps of the same host show it.",
        |place, facts| Value::difference(joined(place, facts).and_then(|line| Some(line.offset?.0))),
    ),
    more!("clock_offset_uncertainty_s", Kind::Seconds, "s", "How far that may be wrong.", |place, facts| {
        Value::seconds(joined(place, facts).and_then(|line| Some(line.offset?.1)))
    }),
];

fn joined<'a>(place: &Place, facts: &'a Facts) -> Option<&'a JoinedLine> {
    facts.joins.lines.line(*place)
}

fn link<'a>(place: &Place, facts: &'a Facts) -> Option<&'a LineLink> {
    joined(place, facts)?.links.first()
}

/// The columns of `connections` for the log lines about them.
pub(super) const LOGGED: &[Column<Judged>] = &[
    more!("log_lines", Kind::U32, "", "Lines of logs that tell of this connection.", |row, facts| {
        let count = facts.joins.lines.of(row).count();
        if count == 0 { Value::Null } else { Value::Number(count as u64) }
    }),
    more!(
        "log_event",
        Kind::Enum(Event::NAMES),
        "",
        "What one of them says: the first that names an error, else the last.",
        |row, facts| Value::name(telling(row, facts).map(|(_, line)| line.event.name())),
    ),
    more!("log_line", Kind::Text, "", "Where that line stands: path and line.", |row, facts| {
        let shown = |(path, line): (&str, &LogLine)| Value::text(format!("{path}:{}", line.line));
        telling(row, facts).map_or(Value::Null, shown)
    }),
];

/// The line about a connection that tells most, and the path of its log.
fn telling<'a>(row: &Judged, facts: &'a Facts) -> Option<(&'a str, &'a LogLine)> {
    let lines = || facts.joins.lines.of(row).filter_map(|(joined, _)| facts.dumps.log_line(joined.place));
    let (dump, _, line) = lines().find(|(_, _, line)| line.errno.is_some()).or_else(|| lines().last())?;
    Some((&dump.path, line))
}
