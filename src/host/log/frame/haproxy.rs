//! HAProxy's own lines: of a session, `10.77.1.2:42284 [20/Nov/2026:20:11:17.039] ..`, and of itself, `[WARNING]  (13654) : ..`.

use super::{Frame, Framed, When};
use crate::time::calendar::Written;

pub static FRAME: Frame = Frame { name: "haproxy", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    match text.as_bytes().first()? {
        b'[' => own(text),
        _ => session(text),
    }
}

fn own(text: &str) -> Option<Framed<'_>> {
    const LEVELS: [&str; 4] = ["[WARNING]", "[ALERT]", "[NOTICE]", "[EMERG]"];
    let rest = LEVELS.iter().find_map(|level| text.strip_prefix(level))?;
    let (before, rest) = rest.split_once('(')?;
    let (pid, message) = rest.split_once(") : ")?;
    let is_day = |before: &str| before.trim().chars().all(|letter| letter.is_ascii_digit() || letter == '/');
    let pid = Some(pid.parse().ok()?);
    is_day(before).then(|| Framed { program: Some("haproxy"), pid, message: message.into(), ..Framed::default() })
}

/// The message keeps the whole line: the client's end stands before the time.
fn session(text: &str) -> Option<Framed<'_>> {
    let (client, rest) = text.split_once(" [")?;
    let (time, _) = rest.split_once("] ")?;
    client.rsplit_once(':')?.1.parse::<u16>().ok()?;
    let when = Some(When::Written(accepted(time)?));
    Some(Framed { when, program: Some("haproxy"), message: text.into(), ..Framed::default() })
}

/// `20/Nov/2026:20:11:17.039`
pub fn accepted(time: &str) -> Option<Written> {
    let (date, clock) = time.split_once(':')?;
    let clock = clock.split(' ').next()?;
    (date.len() == 11).then(|| Written::read(&format!("{} {clock}", date.replace('/', "-"))))?
}
