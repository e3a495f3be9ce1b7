//! The kernel's ring buffer in all forms in which `dmesg` prints it.

use super::prefix::{date, names, seconds};
use super::{Frame, Framed, When};
use crate::time::calendar::Written;

pub static FRAME: Frame = Frame { name: "dmesg", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let text = undecorated(text);
    let (when, message) = iso(text).or_else(|| bracketed(text))?;
    let message = message.trim_start();
    // A journal names host and program between.
    let (host, program, pid, message) = match names(message) {
        Some((Some(host), program, pid, message)) if pid.is_some() || program == "kernel" => {
            (Some(host), program, pid, message)
        }
        _ => (None, "kernel", None, message),
    };
    Some(Framed { when: Some(when), host, program: Some(program), pid, message: message.into() })
}

/// `kern  :info  : [...`, `<6>[...`
fn undecorated(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').filter(|(level, _)| level.len() <= 3).map_or(text, |(_, rest)| rest);
    }
    let facility = text.split_once(": ").map(|(facility, _)| facility);
    let is_facility = |facility: &&str| {
        facility.len() < 20 && facility.contains(':') && facility.starts_with(|c: char| c.is_ascii_lowercase())
    };
    facility
        .filter(is_facility)
        .and_then(|facility| text.get(facility.len()..))
        .map_or(text, |rest| rest.trim_start_matches([' ', ':']))
}

/// `2026-11-20T20:04:54,614437+00:00 `
fn iso(text: &str) -> Option<(When, &str)> {
    let head = text.as_bytes().first_chunk::<20>()?;
    (head[10] == b'T' && head[19] == b',').then_some(())?;
    let (written, rest) = date(text)?;
    Some((When::Written(written), rest))
}

fn bracketed(text: &str) -> Option<(When, &str)> {
    let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
    let inner = alone(inner);
    let when = later(inner).or_else(|| seconds(inner)).or_else(|| minute(inner)).or_else(|| spelled(inner))?;
    // `[  T123]`: the thread or processor that wrote.
    let thread = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_thread = |inner: &str| inner.trim().starts_with(['T', 'C']) && inner.len() < 12 && !inner.contains(':');
    let rest = thread.filter(|(inner, _)| is_thread(inner)).map_or(rest, |(_, rest)| rest);
    rest.starts_with(' ').then_some((when, rest))
}

/// Without what `dmesg -d` and `journalctl -o short-delta` put behind the time: `1199.614437 <    0.002360>`.
fn alone(inner: &str) -> &str {
    let (time, passed) = inner.split_once('<').unwrap_or((inner, ">"));
    if passed.trim_end().ends_with('>') { time.trim_end() } else { inner }
}

/// `  +0.231317`
fn later(inner: &str) -> Option<When> {
    match seconds(inner.trim().strip_prefix('+')?)? {
        When::Uptime(span) => Some(When::Later(span)),
        _ => None,
    }
}

/// `Nov20 20:04`
fn minute(inner: &str) -> Option<When> {
    let (day, clock) = inner.split_once(' ').filter(|_| inner.len() <= 12)?;
    let (month, day) = day.split_at_checked(3)?;
    Some(When::Written(Written::read(&format!("{month} {day} {clock}"))?))
}

/// `Fri Nov 20 20:04:54 2026`
fn spelled(inner: &str) -> Option<When> {
    (inner.len() == 24 && inner.starts_with(|letter: char| letter.is_ascii_uppercase())).then_some(())?;
    Some(When::Written(Written::read(inner)?))
}
