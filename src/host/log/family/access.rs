//! Servers that tell of each client, with its port.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, ends};

pub const FAMILY: Family = Family {
    name: "access",
    needles: &[" connected", "onnection from ", "connect from ", "request /", "ccepted connection"],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    message.framed.then_some(())?;
    let peer = ends::all(text).into_iter().find(|end| end.address.port.number().is_some())?;
    let before = text.get(..peer.at)?.trim_end_matches(['[', '(', '/', '"', ' ']);
    let word = before.rsplit(' ').next()?;
    let bad = crate::host::log::errno::find(text).is_some()
        || ["closed", "refused", "failed", "lost"].iter().any(|word| text.contains(word));
    if bad {
        return None;
    }
    let event = match word {
        "from" if text.contains("request ") => Event::Request,
        "from" if text.contains("onnection") || text.contains("connect") => Event::Accepted,
        "client" | "Client" | "peer" if text.contains(" connected") => Event::Accepted,
        "to" if text.contains("onnected to") => return Some(Said::new(Event::Connected).toward(Some(peer.address))),
        _ => return None,
    };
    Some(Said::new(event).from(Some(peer.address)))
}
