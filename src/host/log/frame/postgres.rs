//! PostgreSQL's log: `2026-11-21 03:04:34.125 UTC [11044] user@database FATAL:  message`, by whatever prefix is set. The message keeps what
//! follows the time, because a prefix may name the client.

use super::prefix::date;
use super::{Frame, Framed, When};

pub static FRAME: Frame = Frame { name: "postgres", read, certain: true };

/// Each is followed by a colon and two spaces.
const LEVELS: [&str; 9] =
    ["LOG:  ", "FATAL:  ", "ERROR:  ", "WARNING:  ", "PANIC:  ", "DETAIL:  ", "HINT:  ", "STATEMENT:  ", "NOTICE:  "];

fn read(text: &str) -> Option<Framed<'_>> {
    let at = LEVELS.iter().filter_map(|level| text.find(level)).min().filter(|&at| at < 200)?;
    let (written, rest) = date(text.get(..at)?)?;
    // What stands between is set by the administrator; a sentence it is not.
    (!rest.contains(['"']) && !rest.contains(": ")).then_some(())?;
    let message = text.get(at - rest.trim_start().len()..)?;
    let numbers = rest.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    // `[11044]`, `[11044-3]`, `11044`: the first number after the time.
    let pid = numbers.into_iter().next().and_then(|digits| digits.parse().ok());
    let when = Some(When::Written(written));
    Some(Framed { when, host: None, program: Some("postgres"), pid, message: message.into() })
}
