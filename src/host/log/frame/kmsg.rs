//! `/dev/kmsg`: `6,388,1199614437,-;message`.

use super::{Frame, Framed, When};
use crate::time::Span;

pub static FRAME: Frame = Frame { name: "kmsg", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    text.starts_with(|letter: char| letter.is_ascii_digit()).then_some(())?;
    let (head, message) = text.split_once(';')?;
    let mut parts = head.split(',');
    let _: u32 = parts.next()?.parse().ok()?;
    let _: u64 = parts.next()?.parse().ok()?;
    let micros: i64 = parts.next()?.parse().ok().filter(|&micros| micros >= 0)?;
    parts.next()?;
    let when = When::Uptime(Span::from_micros(micros));
    Some(Framed { when: Some(when), program: Some("kernel"), message: message.into(), ..Framed::default() })
}
