//! Syslog as RFC 3164 describes it and files keep it, also `journalctl`'s short form.

use super::prefix::{date, names};
use super::{Frame, Framed, When};

pub static FRAME: Frame = Frame { name: "syslog", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let text = without_priority(text);
    // `Nov 20 20:04:54`: everything else is turned away by a glance.
    let head = text.as_bytes().first_chunk::<15>()?;
    (head[0].is_ascii_uppercase() && head[3] == b' ' && head[6] == b' ').then_some(())?;
    let (written, rest) = date(text)?;
    let framed = Framed { when: Some(When::Written(written)), ..Framed::default() };
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
    match names(rest) {
        Some((host, program, pid, message)) => {
            let message = if program == "kernel" { without_uptime(message) } else { message };
            Some(Framed { host, program: Some(program), pid, message: message.into(), ..framed })
        }
        None => {
            let (host, message) = rest.split_once(' ')?;
            super::prefix::is_host(host).then(|| Framed { host: Some(host), message: message.into(), ..framed })
        }
    }
}

/// `<6>` of the wire.
fn without_priority(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('<') else { return text };
    let digits = inner.bytes().take(3).take_while(u8::is_ascii_digit).count();
    inner.get(digits..).and_then(|rest| rest.strip_prefix('>')).filter(|_| digits > 0).unwrap_or(text)
}

/// The messages of a recording of datagrams, which nothing but their priorities parts; any other line is one message.
pub fn datagrams(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        (!rest.is_empty()).then_some(())?;
        let is_start = |at: &usize| {
            rest.get(*at..).is_some_and(|rest| without_priority(rest).len() < rest.len() && read(rest).is_some())
        };
        let starts =
            rest.starts_with('<').then(|| rest.match_indices('<').map(|(at, _)| at).skip(1).find(is_start)).flatten();
        let (message, after) = rest.split_at_checked(starts.unwrap_or(rest.len()))?;
        rest = after;
        Some(message)
    })
}

/// Some kernels' lines carry the uptime too.
fn without_uptime(message: &str) -> &str {
    let inner = message.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    inner.filter(|(inner, _)| super::prefix::seconds(inner).is_some()).map_or(message, |(_, rest)| rest)
}
