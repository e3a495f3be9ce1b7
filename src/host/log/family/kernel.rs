//! What kernels say of their sockets: SYN cookies, tables and queues without room.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Direction, Event, ends};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "kernel",
    needles: &[
        "SYN flooding on port",
        "table full",
        "too many orphaned sockets",
        "out of memory -- consider tuning",
        "Out of socket memory",
        "time wait bucket table overflow",
        "file-max limit",
        "isten queue overflow",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    // Without a frame, only what begins as the kernel begins it.
    const BEGIN: [&str; 6] = ["TCP: ", "nf_conntrack: ", "ip_conntrack: ", "Possible SYN", "VFS: ", "sonewconn: "];
    (message.framed || BEGIN.iter().any(|begin| text.starts_with(begin))).then_some(())?;
    let has = |words: &str| text.contains(words);
    let said = if let Some(rest) = message.after("SYN flooding on port ") {
        Said { direction: Some(Direction::In), ..Said::new(Event::SynFlooding).at(port(rest)) }
    } else if has("table full") {
        let tracks = has("conntrack") && has("dropping packet");
        tracks.then(|| Said::new(Event::ConntrackFull))?
    } else if has("too many orphaned sockets") {
        Said::new(Event::Orphans)
    } else if has("out of memory -- consider tuning tcp_mem") || has("Out of socket memory") {
        Said::new(Event::TcpMemory)
    } else if has("time wait bucket table overflow") {
        Said::new(Event::TimeWaitFull)
    } else if has("isten queue overflow") {
        let local = ends::first(text);
        Said { direction: Some(Direction::In), ..Said::new(Event::QueueOverflow).at(local) }
    } else {
        has("VFS: file-max limit").then(|| Said::new(Event::TooManyFiles))?
    };
    Some(if message.framed { said } else { said.by("kernel") })
}

/// `0.0.0.0:8000.`, `[::]:8080.`, `80.`: only newer kernels tell the address.
fn port(rest: &str) -> Option<SocketAddress> {
    let word = rest.split(' ').next()?.trim_end_matches('.');
    match word.parse() {
        Ok(port) => Some(ends::any_with(port)),
        Err(_) => SocketAddress::with_colon(word).filter(|address| matches!(address.port, Port::Number(_))),
    }
}
