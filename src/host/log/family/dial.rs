//! Go: the call, the network and the ends, then the error.

use super::{Family, Message, Peers, Said};
use crate::host::SocketAddress;
use crate::host::log::{Event, context, ends};

pub const FAMILY: Family = Family {
    name: "dial",
    needles: &[
        "dial tcp",
        "read tcp ",
        "write tcp ",
        "accept tcp ",
        "listen tcp ",
        "i/o timeout",
        "Client.Timeout",
        "TLS handshake timeout",
        "rejected connection from ",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let otherwise =
        if text.contains("i/o timeout") || text.contains("deadline exceeded") || text.contains("handshake timeout") {
            Event::TimedOut
        } else if text.contains("EOF") || text.contains("closed network connection") {
            Event::Closed
        } else {
            Event::ConnectFailed
        };
    let said = context::error_or(text, otherwise);
    if let Some(rest) = message.after("rejected connection from ") {
        return message.framed.then(|| context::error_or(rest, Event::Closed).from(ends::first(rest)));
    }
    // `dial tcp: lookup web on 10.0.0.53:53: ..`: of the name server nothing is said.
    if let Some(rest) = message.after("dial tcp: lookup ") {
        return Some(said.toward(ends::named(rest)));
    }
    if let Some(rest) = message.after("dial tcp").and_then(|rest| rest.get(1..)) {
        // `dial tcp4 10.0.0.1:80: ..`
        let rest = rest.trim_start_matches(|letter: char| letter == ' ' || letter == '4' && rest.starts_with('4'));
        let remote = ends::named(rest);
        // A sentence about such messages names no port.
        let is_whole = message.framed || remote.as_ref().is_some_and(|end| end.port.number().is_some());
        return is_whole.then(|| said.toward(remote));
    }
    for call in ["read tcp ", "write tcp "] {
        if let Some(rest) = message.after(call) {
            let mut ends = ends::all(rest).into_iter().map(|end| end.address);
            let (local, remote) = (ends.next(), ends.next());
            return Some(Said { local, remote, ..said });
        }
    }
    for call in ["accept tcp ", "listen tcp "] {
        if let Some(rest) = message.after(call) {
            let local = rest.split(": ").next().and_then(SocketAddress::with_colon);
            return said.errno.map(|_| said.at(local));
        }
    }
    (message.framed && otherwise == Event::TimedOut).then(|| said.toward(ends::first(text)))
}
