//! `journalctl -o verbose`: a line with the time and the cursor, and the fields of the entry indented below it.

use super::super::clock::{Clock, When};
use super::super::context::Peers;
use super::super::frame::dated;
use super::{Entry, is_name};
use crate::host::{Format, Found, Lines};

pub const FORMAT: Format = Format { name: "journal-verbose", sniff, parse };

/// What stands before a field.
const INDENT: &str = "    ";

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    ahead.next().is_some_and(|line| head(line.text).is_some()) && field(ahead.text()).is_some()
}

/// `Fri 2026-11-20 20:04:54.070250 UTC [s=..;i=..;b=..]`
fn head(text: &str) -> Option<When> {
    let (time, cursor) = text.split_once(" [s=")?;
    (cursor.ends_with(']') && cursor.contains(";i=")).then_some(())?;
    let (written, rest) = dated(time)?;
    rest.trim().is_empty().then_some(When::Written(written))
}

/// `    _HOSTNAME=web01`
fn field(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(INDENT)?.split_once('=').filter(|(name, _)| is_name(name))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let (mut clock, mut peers) = (Clock::new(lines.time), Peers::default());
    while let Some(when) = lines.peek().and_then(|line| head(line.text)) {
        lines.next();
        let mut entry = Entry::default();
        while let Some(line) = lines.peek().filter(|line| line.text.starts_with(INDENT)) {
            lines.next();
            let Some((name, value)) = field(line.text) else {
                found.odd.add(line.number, "not a field of an entry");
                continue;
            };
            entry.set(name, whole(value, name.len() + 1, lines), line.number);
        }
        entry.keep(Some(when), &mut clock, &mut peers, lines, found);
    }
}

/// A value of several lines goes on below its first letter.
fn whole<'a>(value: &'a str, name: usize, lines: &mut Lines<'a>) -> std::borrow::Cow<'a, str> {
    let blank = INDENT.len() + name;
    let goes_on = |text: &'a str| text.get(blank..).filter(|_| text.bytes().take(blank).all(|byte| byte == b' '));
    let more: Vec<&str> = lines.taking(|line| goes_on(line.text)).collect();
    if more.is_empty() { value.into() } else { [&[value], &more[..]].concat().join("\n").into() }
}
