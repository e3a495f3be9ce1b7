//! What was sent, for errors that do not print what they are about: the segment that is meant is found by where it went.

use super::packet::{Error, Tcp};
use crate::time::{SECOND, Span, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// Segments that are remembered of a host: more than routers answer at once.
const KEPT: usize = 64;

/// Segments sent together are answered in their order; those that came before were answered or never will be.
const TOGETHER: Span = Span(SECOND / 20);

/// Type and code of an error.
type Kind = (u8, u8);

#[derive(Default)]
pub(super) struct Sent {
    /// The last segments of each host that no error was about, in order.
    hosts: HashMap<IpAddr, VecDeque<(Timestamp, Tcp)>>,
    /// The last flow between two hosts, as its last segment went.
    flows: HashMap<(IpAddr, IpAddr), (SocketAddr, SocketAddr)>,
    /// What errors were about, by the ends of the segment.
    answered: HashMap<(SocketAddr, SocketAddr), Kind>,
}

impl Sent {
    pub fn note(&mut self, tcp: &Tcp, time: Timestamp) {
        let sent = self.hosts.entry(tcp.from.ip()).or_default();
        if sent.len() == KEPT {
            sent.pop_front();
        }
        sent.push_back((time, tcp.clone()));
        self.flows.insert((tcp.from.ip(), tcp.to.ip()), (tcp.from, tcp.to));
        // An answer shows that what went before was not rejected.
        if let Some(theirs) = self.hosts.get_mut(&tcp.to.ip()) {
            theirs.retain(|(_, segment)| (segment.from, segment.to) != (tcp.to, tcp.from));
        }
    }

    /// Sender and receiver of a segment from one host to another, of the flow last seen between them.
    pub fn between(&self, from: IpAddr, to: IpAddr) -> Option<(SocketAddr, SocketAddr)> {
        let back = || self.flows.get(&(to, from)).map(|(theirs, mine)| (*mine, *theirs));
        self.flows.get(&(from, to)).copied().or_else(back)
    }

    /// The segment of `host` that an error of this kind is about: the last that fits, but of those sent together with it
    /// one of a flow that got the same before. Where the error does not say where the segment went, it must have been sent
    /// just before, or be of the only flow that waits: no blame is better than a wrong one.
    pub fn meant(&mut self, error: &Error, now: Timestamp, to: Option<IpAddr>, port: Option<u16>) -> Option<Tcp> {
        let (answered, kind) = (&self.answered, (error.kind, error.code));
        let sent = self.hosts.get_mut(&error.to)?;
        let before = |tcp: &Tcp| answered.get(&(tcp.from, tcp.to));
        let fits = |tcp: &Tcp| {
            to.is_none_or(|to| tcp.to.ip() == to)
                && port.is_none_or(|port| tcp.to.port() == port)
                && before(tcp).is_none_or(|before| *before == kind)
        };
        let last = sent.iter().rposition(|(_, tcp)| fits(tcp))?;
        let (time, tcp) = sent.get(last)?;
        let ends = (tcp.from, tcp.to);
        let alone = || sent.iter().all(|(_, other)| (other.from, other.to) == ends);
        if to.is_none() && now.since(*time) > TOGETHER && !alone() {
            return None;
        }
        let time = *time;
        let is_again = |(at, tcp): &(Timestamp, Tcp)| fits(tcp) && before(tcp).is_some() && time.since(*at) <= TOGETHER;
        let (_, meant) = sent.remove(sent.iter().position(is_again).unwrap_or(last))?;
        self.answered.insert((meant.from, meant.to), kind);
        Some(meant)
    }
}
