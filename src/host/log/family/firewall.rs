//! Lines of a Linux packet filter's LOG target: the whole tuple of one packet.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Direction, Event};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family { name: "firewall", needles: &["PROTO=TCP", "PROTO=6 "], read };

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    (message.framed || text.len() < 600 && text.contains(" DST=") && text.contains(" LEN=")).then_some(())?;
    // Shorewall puts no space between its prefix and the first field.
    let field = |name: &str| {
        let rest = text.match_indices(name).find_map(|(at, _)| {
            let apart = !text.get(..at)?.ends_with(|letter: char| letter.is_ascii_alphanumeric());
            apart.then_some(text.get(at + name.len()..)?)
        });
        rest.and_then(|rest| rest.split(' ').next())
    };
    matches!(field("PROTO=")?, "TCP" | "6").then_some(())?;
    let end = |address: &str, port: &str| {
        let port = Port::Number(field(port)?.parse().ok()?);
        let address = SocketAddress::of(field(address)?, port);
        address.host.ip().map(|_| address)
    };
    let (source, destination) = (end("SRC=", "SPT=")?, end("DST=", "DPT=")?);
    let [from, to] = ["IN=", "OUT="].map(|name| field(name).filter(|interface| !interface.is_empty()));
    let (direction, local, remote) = match (from, to) {
        (Some(_), None) => (Direction::In, destination, source),
        (None, Some(_)) => (Direction::Out, source, destination),
        (Some(_), Some(_)) | (None, None) => (Direction::Forward, source, destination),
    };
    let prefix = text.split_once("IN=").map_or("", |(prefix, _)| prefix);
    let said = Said::new(Event::Firewall).about(prefix.trim().trim_end_matches(':'));
    Some(Said { direction: Some(direction), local: Some(local), remote: Some(remote), ..said })
}
