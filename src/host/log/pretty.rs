//! JSON objects over several lines, one after the other or in a list: `journalctl -o json-pretty`, and what `jq` makes of
//! logs that have one object a line.

use super::clock::Clock;
use super::context::Peers;
use super::frame::{self, Framed};
use super::read;
use crate::host::{Format, Found, Lines};

pub const FORMAT: Format = Format { name: "json-pretty", sniff, parse };

/// An object that goes on longer is none.
const LONGEST: usize = 1 << 16;

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    if ahead.text().trim() == "[" {
        ahead.next();
    }
    object(&mut ahead).is_some()
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let (mut clock, mut peers) = (Clock::new(lines.time), Peers::default());
    if lines.text().trim() == "[" {
        lines.next();
    }
    while let Some((line, framed)) = object(lines) {
        read::message(line, &framed, &mut clock, &mut peers, lines, found);
    }
    if lines.text().trim() == "]" {
        lines.next();
    }
}

/// Takes an object that has a message and a time, with the line that its message stands in.
fn object<'a>(lines: &mut Lines<'a>) -> Option<(u32, Framed<'a>)> {
    let (first, rest) = (lines.number(), lines.rest());
    let mut ahead = lines.clone();
    let begin = ahead.next()?.text;
    let indent = begin.strip_suffix('{').filter(|indent| indent.trim().is_empty())?;
    let is_end = |text: &str| text.strip_prefix(indent).is_some_and(|text| matches!(text, "}" | "},"));
    loop {
        let line = ahead.next()?;
        if is_end(line.text) {
            break;
        }
        if rest.len() - ahead.rest().len() > LONGEST || line.text == begin {
            return None;
        }
    }
    let text = rest.get(..rest.len() - ahead.rest().len())?.trim().trim_end_matches(',');
    let framed = frame::json(text)?;
    let is_message = |line: &str| frame::is_message(line.trim_start());
    let line = text.lines().position(is_message).and_then(|place| u32::try_from(place).ok()).unwrap_or(0);
    *lines = ahead;
    Some((first.saturating_add(line), framed))
}
