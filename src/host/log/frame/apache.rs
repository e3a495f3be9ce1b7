//! Apache's error log: `[Fri Nov 20 20:04:19.123456 2026] [proxy:error] [pid 123:tid 456] message`.

use super::{Frame, Framed, When};
use crate::time::calendar::Written;

pub static FRAME: Frame = Frame { name: "apache", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let (time, rest) = text.strip_prefix('[')?.split_once("] [")?;
    (time.len() >= 24 && time.starts_with(|letter: char| letter.is_ascii_uppercase())).then_some(())?;
    let written = Written::read(time)?;
    let (_module, mut rest) = rest.split_once("] ")?;
    let mut pid = None;
    if let Some((inner, message)) = rest.strip_prefix("[pid ").and_then(|rest| rest.split_once("] ")) {
        pid = inner.split(':').next().and_then(|pid| pid.parse().ok());
        rest = message;
    }
    let when = Some(When::Written(written));
    Some(Framed { when, host: None, program: Some("httpd"), pid, message: rest.into() })
}
