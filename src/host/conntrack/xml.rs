//! `conntrack -o xml`: a flow an element, with a part for each direction and one for what they share.

use super::{Partial, Tracked, state};
use crate::host::{Found, Lines};

pub(super) fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    let first = ahead.next().map_or("", |line| line.text.trim_start());
    let mut second = || ahead.next().map_or("", |line| line.text.trim_start());
    let begins = |text: &str| text.starts_with("<conntrack>") || text.starts_with("<flow");
    begins(first) || first.starts_with("<?xml") && (begins(second()) || first.contains("<conntrack>"))
}

pub(super) fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let (mut open, mut text, mut first) = (true, String::new(), lines.number());
    while let Some(line) = lines.peek().filter(|line| open && line.text.trim_start().starts_with('<')) {
        lines.next();
        // A flow may be written over several lines.
        if text.is_empty() {
            first = line.number;
        }
        text.push_str(line.text);
        open = !line.text.contains("</conntrack>");
        if !line.text.contains("</flow>") && open && text.len() < LONGEST {
            continue;
        }
        for flow in text.split("<flow").skip(1) {
            match tracked(first, flow) {
                Some(tracked) => found.tracked.push(tracked),
                None if flow.contains("protoname=\"tcp\"") => found.odd.add(first, "a flow without addresses"),
                None => found.other_rows += 1,
            }
        }
        text.clear();
    }
}

/// No flow is longer.
const LONGEST: usize = 1 << 16;

fn tracked(line: u32, flow: &str) -> Option<Tracked> {
    let part = |direction: &str| {
        let start = flow.split(direction).nth(1)?;
        start.split("</meta>").next()
    };
    let tuple = |part: &str| {
        let mut tuple = Partial::default();
        for key in ["src", "dst", "sport", "dport", "packets", "bytes"] {
            tuple.set(key, value(part, key).unwrap_or_default());
        }
        tuple.whole()
    };
    let (original, reply) = (part("direction=\"original\"")?, part("direction=\"reply\""));
    if !original.contains("protoname=\"tcp\"") && !original.contains("protonum=\"6\"") {
        return None;
    }
    let shared = part("direction=\"independent\"").unwrap_or_default();
    Some(Tracked {
        line,
        state: value(shared, "state").and_then(state),
        left_s: value(shared, "timeout").and_then(|left| left.parse().ok()),
        original: tuple(original)?,
        reply: reply.and_then(tuple),
        unreplied: shared.contains("<unreplied/>"),
        assured: shared.contains("<assured/>"),
    })
}

/// What stands between the tags of this name.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    text.get(start..)?.split('<').next()
}
