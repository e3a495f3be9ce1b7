//! What the programs of both hosts, and the firewalls between, wrote of a connection.

use crate::case::join::{JoinedLine, LineLink};
use crate::case::{Facts as Known, Judged};
use crate::report::human::counted;
use crate::time::Timestamp;
use std::borrow::Cow;

/// Lines that are told; the others are counted.
const MOST: usize = 8;

/// Letters of a message.
const LONGEST: usize = 240;

/// One text a line of a log.
pub(super) fn lines(row: &Judged, known: &Known) -> Vec<String> {
    let all = known.joins.lines.of(row);
    let mut lines: Vec<String> = all.filter_map(|(joined, link)| line(known, joined, link)).collect();
    let left = lines.len().saturating_sub(MOST) as u64;
    lines.truncate(MOST);
    if left > 0 {
        lines.push(format!("and {}", counted(left, "more line")));
    }
    lines
}

/// `client, 20:04:19, python (812): Connection refused, app.log:7`
fn line(known: &Known, joined: &JoinedLine, link: &LineLink) -> Option<String> {
    let (dump, _, line) = known.dumps.log_line(joined.place)?;
    let side = link.side.map(|side| Cow::Borrowed(side.name()));
    let offset = joined.offset.map(|(offset, _)| offset);
    let own = line.time.map(|time| time.time.plus(offset.unwrap_or_default()));
    // What counts from the boot has a time once the boot has.
    let time = own.or_else(|| Some(Timestamp(line.uptime?.0).plus(offset?)));
    let time = time.map(|time| Cow::Owned(time.time_of_day(known.zone)));
    let program = line.program.as_deref().map(|program| {
        let pid = line.pid.map_or_else(String::new, |pid| format!(" ({pid})"));
        Cow::Owned(format!("{program}{pid}"))
    });
    let who: Vec<_> = [side, time, program].into_iter().flatten().collect();
    let mut message: String = line.message.chars().take(LONGEST).collect();
    if message.len() < line.message.len() {
        message += " ...";
    }
    Some(format!("{}: {message}, {}:{}", who.join(", "), dump.path, line.line))
}
