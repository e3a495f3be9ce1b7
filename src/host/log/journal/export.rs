//! `journalctl -o export`: a field a line, an empty line between entries. A value that is no plain line stands below its
//! name, with its length in eight bytes before it (systemd's Journal Export Formats).

use super::super::clock::Clock;
use super::super::context::Peers;
use super::{Entry, is_name};
use crate::host::{Format, Found, Lines};

pub const FORMAT: Format = Format { name: "journal-export", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    let is_field = |line: &str, name: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
    ahead.next().is_some_and(|line| is_field(line.text, "__CURSOR")) && is_field(ahead.text(), "__REALTIME_TIMESTAMP")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let (mut clock, mut peers) = (Clock::new(lines.time), Peers::default());
    while sniff(lines) {
        let mut entry = Entry::default();
        while let Some(line) = lines.peek().filter(|line| !line.text.is_empty()) {
            if let Some((name, value)) = line.text.split_once('=').filter(|(name, _)| is_name(name)) {
                lines.next();
                entry.set(name, value, line.number);
            } else if is_name(line.text) {
                lines.next();
                let value = counted(lines);
                // The first line holds the length too.
                entry.set(line.text, value, line.number + 1);
            } else {
                found.odd.add(line.number, "not a field of an entry");
                lines.next();
            }
        }
        lines.skip_blank();
        entry.keep(None, &mut clock, &mut peers, lines, found);
    }
}

/// Bytes of the length.
const LENGTH: usize = 8;

/// Takes a value with its length before it. Where the length is not to be believed (it is no text, and decoding may have
/// changed it), the value goes to the next line that is a field or empty.
fn counted<'a>(lines: &mut Lines<'a>) -> &'a str {
    let rest = lines.rest();
    let start = rest.char_indices().nth(LENGTH).map_or(rest.len(), |(at, _)| at);
    let bytes = rest.get(..start).unwrap_or_default().chars().map(|letter| u8::try_from(u32::from(letter)).ok());
    let length = bytes.rev().try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add(byte?.into()));
    let told = length.and_then(|length| start.checked_add(length)).filter(|&end| rest.get(end..=end) == Some("\n"));
    let end = told.unwrap_or_else(|| {
        let mut ahead = lines.clone();
        let is_end = |text: &str| text.is_empty() || is_name(text.split('=').next().unwrap_or_default());
        ahead.next();
        while ahead.peek().is_some_and(|line| !is_end(line.text)) {
            ahead.next();
        }
        (rest.len() - ahead.rest().len()).saturating_sub(1)
    });
    lines.skip_bytes(end + 1);
    rest.get(start.min(end)..end).unwrap_or_default()
}
