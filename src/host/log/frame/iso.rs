//! Syslog files with an exact time, and the other forms of `journalctl`: `short-iso`, `short-full`, `short-unix`.

use super::prefix::{date, names, seconds};
use super::{Frame, Framed, When};

pub static FRAME: Frame = Frame { name: "syslog-iso", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let (when, rest) = unix(text).or_else(|| full(text)).or_else(|| iso(text))?;
    let (host, program, pid, message) = names(rest)?;
    Some(Framed { when: Some(when), host, program: Some(of_unit(program)), pid, message: message.into() })
}

/// `with-unit` names the unit for the program.
fn of_unit(unit: &str) -> &str {
    match unit {
        "init.scope" => "systemd",
        // Debian's name for the server.
        "ssh.service" => "sshd",
        _ => unit.strip_suffix(".service").unwrap_or(unit),
    }
}

/// `2026-11-20T20:04:54.070250+00:00 `; with a space for the `T`, only what names its process is no application's own.
fn iso(text: &str) -> Option<(When, &str)> {
    let head = text.as_bytes().first_chunk::<19>()?;
    (head[4] == b'-' && head[13] == b':').then_some(())?;
    let (written, rest) = date(text)?;
    let spaced = head[10] == b' ';
    (!spaced || names(rest)?.2.is_some()).then_some((When::Written(written), rest))
}

/// `Fri 2026-11-20 20:04:54 UTC `
fn full(text: &str) -> Option<(When, &str)> {
    let head = text.as_bytes().first_chunk::<23>()?;
    (head[0].is_ascii_uppercase() && head[3] == b' ' && head[8] == b'-' && head[14] == b' ').then_some(())?;
    let (written, rest) = date(text)?;
    Some((When::Written(written), rest))
}

/// `1795205094.070250 `
fn unix(text: &str) -> Option<(When, &str)> {
    text.starts_with(|letter: char| letter.is_ascii_digit()).then_some(())?;
    let (word, rest) = text.split_once(' ')?;
    (word.len() == 17).then_some(())?;
    match seconds(word)? {
        when @ When::Exact(_) => Some((when, rest)),
        _ => None,
    }
}
