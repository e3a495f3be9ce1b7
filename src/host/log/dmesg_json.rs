//! `dmesg --json`: one object with a list of messages, a line a field (util-linux, lib/jsonwrt.c).

use super::clock::{Clock, When};
use super::context::Peers;
use super::frame::{self, Framed};
use super::read;
use crate::host::{Format, Found, Lines};

pub const FORMAT: Format = Format { name: "dmesg-json", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    ahead.next().is_some_and(|line| line.text == "{") && ahead.text().trim_start().starts_with("\"dmesg\": [")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let (mut clock, mut peers) = (Clock::new(lines.time), Peers::default());
    lines.next();
    lines.next();
    let mut when = None;
    while let Some(line) = lines.peek() {
        let text = line.text.trim();
        let field = text.strip_prefix('"').and_then(|text| text.split_once("\": "));
        // The bracket that closes all stands alone at the beginning of its line.
        if field.is_none() && (line.text == "}" || !matches!(text, "{" | "}" | "}," | "},{" | "]" | "")) {
            if line.text == "}" {
                lines.next();
            }
            return;
        }
        lines.next();
        match field {
            Some(("time", value)) => when = time(value.trim_end_matches(',')),
            Some(("msg", value)) => {
                let Ok(message) = serde_json::from_str::<String>(value.trim_end_matches(',')) else {
                    found.odd.add(line.number, "not a text of JSON");
                    continue;
                };
                let framed = Framed { when, program: Some("kernel"), message: message.into(), ..Framed::default() };
                read::message(line.number, &framed, &mut clock, &mut peers, lines, found);
            }
            _ => {}
        }
    }
}

/// Seconds since the boot, or a date in quotes.
fn time(value: &str) -> Option<When> {
    let value = value.trim().trim_matches('"');
    frame::seconds(value).or_else(|| {
        let (written, rest) = frame::dated(value)?;
        rest.trim().is_empty().then_some(When::Written(written))
    })
}
