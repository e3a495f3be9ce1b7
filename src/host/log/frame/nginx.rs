//! nginx's error log: `2026/11/20 20:11:12 [error] 13655#13655: *1 message`, and `nginx: [emerg] message` on a terminal.

use super::prefix::date;
use super::{Frame, Framed, When};

pub static FRAME: Frame = Frame { name: "nginx", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let framed = Framed { program: Some("nginx"), ..Framed::default() };
    if let Some(rest) = text.strip_prefix("nginx: [") {
        let (_, message) = rest.split_once("] ")?;
        return Some(Framed { message: message.into(), ..framed });
    }
    (text.as_bytes().get(4) == Some(&b'/')).then_some(())?;
    let (written, rest) = date(text)?;
    let (_, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
    let (process, rest) = rest.split_once("#")?;
    let (_, message) = rest.split_once(": ")?;
    let connection = message.strip_prefix('*').and_then(|rest| rest.split_once(' '));
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let message = connection.filter(|(number, _)| is_number(number)).map_or(message, |(_, message)| message);
    let when = Some(When::Written(written));
    Some(Framed { when, pid: Some(process.parse().ok()?), message: message.into(), ..framed })
}
