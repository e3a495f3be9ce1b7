//! Programs of any kind that could not connect, and name the end but no error.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends};

pub const FAMILY: Family = Family {
    name: "dialled",
    needles: &[
        "ailed to connect to ",
        "nable to connect to ",
        "annot connect to ",
        "ould not connect to ",
        "could not be established. Broker",
        "Connection is not available, request timed out",
        "was already in use.",
    ],
    read,
};

/// What stands before the end.
const BEFORE: [&str; 5] =
    ["connect to host ", "connect to server ", "connect to node ", "connect to ", "Connection to node "];

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    message.framed.then_some(())?;
    let text = message.text;
    // A pool of connections that are all in use.
    if text.contains("Connection is not available, request timed out") {
        return Some(Said::new(Event::LimitReached).toward(None));
    }
    if let Some((before, _)) = text.split_once(" was already in use.") {
        let port = before.rsplit_once("Port ")?.1.parse().ok()?;
        return context::error_named("EADDRINUSE").map(|said| said.at(Some(ends::any_with(port))));
    }
    let said = context::error_or(text, Event::ConnectFailed);
    let end = BEFORE.iter().find_map(|words| {
        let rest = message.after(words)?;
        ends::first(rest).or_else(|| ends::named(rest)).filter(|end| end.port.number().is_some())
    });
    // Kafka numbers its brokers, and does not always know where they are.
    let is_broker = text.contains("could not be established. Broker");
    (end.is_some() || is_broker).then(|| said.toward(end))
}
