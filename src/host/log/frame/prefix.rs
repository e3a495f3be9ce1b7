//! Times and names at the beginning of a line.

use super::super::When;
use crate::time::calendar::Written;
use crate::time::{Span, Timestamp};

/// A date with a time of day at the beginning, and what follows it. Both a space and a `T` may stand between them.
pub fn date(text: &str) -> Option<(Written, &str)> {
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric()).then_some(())?;
    let mut ends = word_ends(text);
    let (mut end, mut written) = (0..4).find_map(|_| {
        let end = ends.next()?;
        Some((end, Written::read(text.get(..end)?)?))
    })?;
    // What goes on with AM or PM, a zone or the year.
    while let Some((longer, more)) = ends.next().and_then(|end| Some((end, Written::read(text.get(..end)?)?))) {
        let last = text.get(end..longer).unwrap_or_default().trim();
        let is_half = ["AM", "PM", "am", "pm"].contains(&last);
        let tells_zone = more.offset.is_some() && written.offset.is_none();
        let tells_year = more.year.is_some() && written.year.is_none();
        if !(is_half || tells_zone || tells_year) {
            break;
        }
        (end, written) = (longer, more);
    }
    Some((written, text.get(end..)?))
}

/// Places where the words of the beginning end.
fn word_ends(text: &str) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = rest.find(|letter: char| letter != ' ')?;
        let word = rest.get(start..)?;
        at += start + word.find(' ').unwrap_or(word.len());
        Some(at)
    })
}

/// `host ident[12]: message` or `ident[12]: message`.
pub fn names(text: &str) -> Option<(Option<&str>, &str, Option<u32>, &str)> {
    let text = text.trim_start();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    if let Some((program, pid)) = ident(first) {
        return Some((None, program, pid, rest.trim_start()));
    }
    let (second, message) = rest.split_once(' ').unwrap_or((rest, ""));
    let (program, pid) = ident(second)?;
    is_host(first).then_some((Some(first), program, pid, message.trim_start()))
}

/// `sshd[12]:`, `kernel:`
fn ident(word: &str) -> Option<(&str, Option<u32>)> {
    let word = word.strip_suffix(':')?;
    let (program, pid) = match word.split_once('[') {
        Some((program, pid)) => (program, Some(pid.strip_suffix(']')?.parse().ok()?)),
        None => (word, None),
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./()@\\".contains(letter);
    (!program.is_empty() && program.len() < 64 && program.chars().all(plain) && !is_level(program))
        .then_some((program, pid))
}

pub fn is_host(word: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    !word.is_empty() && word.len() < 254 && word.chars().all(plain) && !is_level(word)
}

/// How bad a line is, in any program's word.
pub fn is_level(word: &str) -> bool {
    const LEVELS: [&str; 22] = [
        "trace",
        "debug",
        "info",
        "information",
        "notice",
        "warn",
        "warning",
        "error",
        "err",
        "crit",
        "critical",
        "alert",
        "emerg",
        "emergency",
        "fatal",
        "panic",
        "severe",
        "fine",
        "finer",
        "config",
        "log",
        "note",
    ];
    let word = word.trim_matches(['[', ']', ':', '(', ')', '<', '>']);
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// `1199.614437`: seconds, of the boot or of 1970.
pub fn seconds(text: &str) -> Option<When> {
    let (whole, fraction) = text.trim().split_once('.')?;
    let whole: i64 = whole.bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse().ok())??;
    let digits = fraction.get(..9).unwrap_or(fraction);
    let is_number = (1..=9).contains(&digits.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let nanoseconds: i64 = is_number.then(|| format!("{digits:0<9}"))?.parse().ok()?;
    let time = Timestamp::from_parts(whole, nanoseconds);
    Some(if whole < 1_000_000_000 { When::Uptime(Span(time.0)) } else { When::Exact(time) })
}
