//! Syslog as RFC 5424 frames it: `<6>1 2026-11-20T20:04:54.070250+00:00 host program pid message-id [data] message`.

use super::{Frame, Framed, When};
use crate::time::calendar::Written;

pub static FRAME: Frame = Frame { name: "rfc5424", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    // RFC 6587 puts the length of the message before it where messages follow each other on a stream.
    let counted =
        text.split_once(" <").filter(|(count, _)| count.len() < 6 && count.bytes().all(|b| b.is_ascii_digit()));
    let text = counted.and_then(|(count, _)| text.get(count.len() + 1..)).unwrap_or(text);
    let (priority, rest) = text.strip_prefix('<')?.split_once(">1 ")?;
    (priority.len() <= 3 && priority.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    let mut words = rest.splitn(6, ' ');
    let mut field = || words.next().map(|word| Some(word).filter(|word| *word != "-"));
    let (time, host, program, pid, _id) = (field()?, field()?, field()?, field()?, field()?);
    Some(Framed {
        when: time.and_then(Written::read).map(When::Written),
        host,
        program,
        pid: pid.and_then(|pid| pid.parse().ok()),
        message: without_data(words.next()?).into(),
    })
}

/// `-` or `[id name="value"][..]` before the message; a bracket within a value ends nothing.
fn without_data(text: &str) -> &str {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    while let Some(inner) = rest.strip_prefix('[') {
        let (mut quoted, mut escaped) = (false, false);
        let end = inner.find(|letter| {
            let was_escaped = escaped;
            escaped = letter == '\\' && !was_escaped;
            quoted ^= letter == '"' && !was_escaped;
            letter == ']' && !quoted && !was_escaped
        });
        let Some(after) = end.and_then(|end| inner.get(end + 1..)) else { break };
        rest = after;
    }
    rest.trim_start().trim_start_matches('\u{feff}')
}
