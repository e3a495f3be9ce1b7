//! The frame of any other program: a date and time near the beginning, maybe in brackets or after a level.

use super::prefix::{date, is_level};
use super::{Frame, Framed, When};

pub static FRAME: Frame = Frame { name: "application", read, certain: false };

fn read(text: &str) -> Option<Framed<'_>> {
    let start = undecorated(text);
    let enclosed = closed(start).and_then(|(inner, rest)| {
        let (written, left) = date(inner)?;
        left.trim().is_empty().then_some((written, rest))
    });
    let (written, rest) = enclosed.or_else(|| date(start))?;
    // A time of day alone is a frame only with a fraction and a level or thread after it.
    if written.day.is_none() {
        let fraction = written.clock.is_some_and(|(.., nanoseconds)| nanoseconds > 0);
        let next = rest.split_whitespace().next()?;
        (fraction && (next.starts_with('[') || is_level(next))).then_some(())?;
    }
    let message = without_stream(rest.trim_start_matches([' ', ',', ':', '|', '-', '\t', '"', ']', '*'])).trim_start();
    let when = Some(When::Written(written));
    (!message.is_empty()).then(|| Framed { when, message: message.into(), ..Framed::default() })
}

/// Without level and thread, and what names the time: `ERROR [main] 2026-..`, `time="2026-.."`, `ts=2026-..`.
fn undecorated(text: &str) -> &str {
    for label in ["time=\"", "time=", "ts=\"", "ts=", "timestamp="] {
        if let Some(rest) = text.strip_prefix(label) {
            return rest;
        }
    }
    let mut rest = text;
    if let Some((word, after)) = rest.split_once(' ').filter(|(word, _)| is_level(word)) {
        rest = after.trim_start().trim_start_matches(word);
        let thread = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "));
        if let Some((_, after)) = thread.filter(|(_, after)| date(after.trim_start()).is_some()) {
            rest = after.trim_start();
        }
    }
    rest
}

/// `[2026-11-20 20:04:19,123] `, `"2026-11-20 20:04:19" `
fn closed(text: &str) -> Option<(&str, &str)> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    bracketed.or_else(|| {
        let (inner, rest) = text.split_once('"')?;
        (inner.len() < 40 && inner.starts_with(|letter: char| letter.is_ascii_digit())).then_some((inner, rest))
    })
}

/// `stderr F `: what container runtimes put between.
fn without_stream(message: &str) -> &str {
    let rest = ["stdout ", "stderr "].iter().find_map(|stream| message.strip_prefix(stream));
    rest.and_then(|rest| rest.strip_prefix("F ").or_else(|| rest.strip_prefix("P "))).unwrap_or(message)
}
