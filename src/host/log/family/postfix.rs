//! Postfix: clients that went away, and those whose password was wrong.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, ends};

pub const FAMILY: Family = Family {
    name: "postfix",
    needles: &["lost connection after ", "timeout after ", " authentication failed: "],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    message.program.filter(|program| program.starts_with("postfix/")).map(|_| ())?;
    let text = message.text;
    let event = if text.starts_with("lost connection after ") {
        Event::Closed
    } else if text.starts_with("timeout after ") {
        Event::TimedOut
    } else {
        text.contains(": SASL ").then_some(Event::LoginFailed)?
    };
    let client = ends::all(text).into_iter().map(|end| end.address).next();
    client.is_some().then(|| Said::new(event).from(client))
}
