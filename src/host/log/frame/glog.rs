//! The frame of Google's logging libraries and of Kubernetes: `E1120 20:04:54.070250   12 server.go:123] message`.

use super::{Frame, Framed, When};
use crate::time::calendar::Written;

pub static FRAME: Frame = Frame { name: "glog", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let head = text.as_bytes().first_chunk::<6>()?;
    let is_date = head[1..5].iter().all(u8::is_ascii_digit) && head[5] == b' ';
    (is_date && b"IWEF".contains(&head[0])).then_some(())?;
    let (clock, rest) = text.get(6..)?.split_once(' ')?;
    let (_place, message) = rest.split_once("] ")?;
    let clock = Written::read(clock)?;
    let number = |from: usize| text.get(from..from + 2).and_then(|digits| digits.parse().ok());
    let written = Written { month: number(1), day: number(3), ..clock };
    Some(Framed { when: Some(When::Written(written)), message: message.into(), ..Framed::default() })
}
