//! Servers that begin to listen, and those that take no more.

use super::{Family, Message, Peers, Said};
use crate::host::SocketAddress;
use crate::host::log::{Event, ends};

pub const FAMILY: Family = Family {
    name: "connection",
    needles: &[
        "istening",
        "Serving HTTP on ",
        "started on port",
        "no longer accepting",
        "onnection limit",
        "oo many connections",
        "aximum number of connections",
        "max_connections",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text.trim_end();
    if let Some(rest) = text.strip_prefix("Serving HTTP on ") {
        return Some(Said::new(Event::Listening).at(ends::first(rest)));
    }
    message.framed.then_some(())?;
    if let Some(local) = listener(text) {
        return Some(Said::new(Event::Listening).at(local));
    }
    let limit = text.contains("no longer accepting")
        || text.contains("oo many connections")
        || text.contains("onnection limit") && (text.contains("reached") || text.contains("exceeded"))
        || text.contains("aximum number of connections") && (text.contains("reached") || text.contains("exceeded"));
    let client = ends::first(text);
    limit.then(|| match client {
        Some(client) => Said::new(Event::LimitReached).from(Some(client)),
        None => Said::new(Event::LimitReached),
    })
}

/// `listening`, `listening on 8000`, `Listening on 0.0.0.0:80`, `listening at http://10.0.0.1:80`; not Unix sockets, not "not".
fn listener(text: &str) -> Option<Option<SocketAddress>> {
    let at = text.find("istening").or_else(|| text.find("started on port"))?;
    let before = text.get(..at)?.to_lowercase();
    (!["not ", "stop", "no longer "].iter().any(|word| before.contains(word))).then_some(())?;
    let rest = text.get(at..)?;
    let whole = matches!(text.trim_end_matches('.'), "listening" | "Listening");
    let local = ends::first(rest).or_else(|| {
        let numbers = rest.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let after = rest.strip_prefix("istening on ").or_else(|| rest.split_once("port").map(|(_, rest)| rest))?;
        let is_port = after
            .trim_start_matches(['(', 's', ')', ':', ' ', '*'])
            .starts_with(|letter: char| letter.is_ascii_digit());
        is_port.then(|| numbers.into_iter().next()?.parse().ok().map(ends::any_with))?
    });
    (whole || local.as_ref().is_some_and(|local| local.port.number().is_some())).then_some(local)
}
