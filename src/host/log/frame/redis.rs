//! Redis's log: `4029:M 21 Nov 2026 02:59:11.696 * message`, `4029:signal-handler (1795229957) message`.

use super::prefix::date;
use super::{Frame, Framed, When};
use crate::time::Timestamp;

pub static FRAME: Frame = Frame { name: "redis", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    text.starts_with(|letter: char| letter.is_ascii_digit()).then_some(())?;
    let (pid, rest) = text.split_once(':')?;
    let (role, rest) = rest.split_once(' ')?;
    let (when, message) = match role {
        "M" | "S" | "C" | "X" => {
            let (written, rest) = date(rest)?;
            let (_, message) = rest.trim_start().split_once(' ')?;
            (When::Written(written), message)
        }
        "signal-handler" => {
            let (seconds, message) = rest.strip_prefix('(')?.split_once(") ")?;
            (When::Exact(Timestamp::from_parts(seconds.parse().ok()?, 0)), message)
        }
        _ => return None,
    };
    let pid = Some(pid.parse().ok()?);
    Some(Framed { when: Some(when), host: None, program: Some("redis"), pid, message: message.into() })
}
