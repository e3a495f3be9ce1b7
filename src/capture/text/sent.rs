//! What was sent, for errors that do not print what they are about: that is found by where it went.

use super::Unsettled;
use super::packet::{Error, Tcp};
use crate::time::{SECOND, Span, Timestamp};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// Packets that are remembered of a host: more than routers answer at once.
const KEPT: usize = 256;

/// The longest time to an error in common use: a router asks three times a second apart for an address before it gives up.
const ANSWERED: Span = Span(10 * SECOND);

/// Sender and receiver; port 0 where there is none.
type Ends = (SocketAddr, SocketAddr);

/// A packet that an error may be about; of TCP with its segment.
type Waiting = (Timestamp, Ends, Option<Tcp>);

#[derive(Default)]
pub(super) struct Sent {
    /// The last packets of each host that nothing came back for, in order.
    hosts: HashMap<IpAddr, VecDeque<Waiting>>,
    /// Errors that may be about several flows, by whom they went to and what they say, with the time and place of each.
    open: HashMap<(Unsettled, u8, u8), Vec<(Timestamp, usize)>>,
    unsettled: BTreeSet<Unsettled>,
    /// Type and code of the errors about a flow that are settled: what rejects it does so alike each time.
    rejected: HashMap<Ends, (u8, u8)>,
    /// The last flow between two hosts, as its last segment went.
    flows: HashMap<(IpAddr, IpAddr), Ends>,
}

impl Sent {
    pub fn note(&mut self, tcp: &Tcp, time: Timestamp) {
        self.flows.insert((tcp.from.ip(), tcp.to.ip()), (tcp.from, tcp.to));
        self.keep((tcp.from, tcp.to), time, Some(tcp));
    }

    /// A packet of another protocol, which an error may be about just as well.
    pub fn note_other(&mut self, ends: Ends, time: Timestamp) {
        // No error is ever about these (RFC 1122 3.2.2).
        let to_many = match ends.1.ip() {
            IpAddr::V4(to) => to.is_multicast() || to.octets()[3] == 255,
            IpAddr::V6(to) => to.is_multicast(),
        };
        if !to_many {
            self.keep(ends, time, None);
        }
    }

    fn keep(&mut self, (from, to): Ends, time: Timestamp, tcp: Option<&Tcp>) {
        // What takes no room in the sequence is not waited for.
        if tcp.is_none_or(|tcp| tcp.room() > 0) {
            let sent = self.hosts.entry(from.ip()).or_default();
            if sent.len() == KEPT {
                sent.pop_front();
            }
            sent.push_back((time, (from, to), tcp.cloned()));
        }
        // An answer shows that what went before was not rejected.
        if let Some(theirs) = self.hosts.get_mut(&to.ip()) {
            theirs.retain(|(_, ends, _)| *ends != (to, from));
        }
    }

    /// Sender and receiver of a segment from one host to another, of the flow last seen between them.
    pub fn between(&self, from: IpAddr, to: IpAddr) -> Option<Ends> {
        let back = || self.flows.get(&(to, from)).map(|(theirs, mine)| (*mine, *theirs));
        self.flows.get(&(from, to)).copied().or_else(back)
    }

    /// Takes the error of packet `index`, which says the address or port that its cause was sent to, or neither. Gives the
    /// errors whose causes are known now: where the packets that fit are of one flow, the last of them; else all of them,
    /// once there are as many errors. No blame is better than a wrong one.
    pub fn settle(
        &mut self,
        (index, now): (usize, Timestamp),
        error: &Error,
        (to, port): (Option<IpAddr>, Option<u16>),
    ) -> Vec<(usize, Tcp)> {
        let (kind, rejected) = ((error.kind, error.code), &self.rejected);
        let Some(sent) = self.hosts.get_mut(&error.to) else { return Vec::new() };
        let fits = |(time, ends, tcp): &Waiting| {
            to.is_none_or(|to| ends.1.ip() == to)
                && port.is_none_or(|port| ends.1.port() == port && tcp.is_some())
                && now.since(*time) <= ANSWERED
                && rejected.get(ends).is_none_or(|before| *before == kind)
        };
        let places = sent.iter().enumerate().filter(|(_, packet)| fits(packet));
        let fitting: Vec<(usize, Ends)> = places.map(|(place, packet)| (place, packet.1)).collect();
        let Some(&last) = fitting.last() else { return Vec::new() };
        let (errors, causes) = if fitting.iter().all(|(_, ends)| *ends == last.1) {
            (vec![(now, index)], vec![last])
        } else {
            let open = self.open.entry(((error.to, to, port), error.kind, error.code)).or_default();
            if open.last().is_some_and(|(time, _)| now.since(*time) > ANSWERED) {
                open.clear();
                self.unsettled.insert((error.to, to, port));
            }
            open.push((now, index));
            if fitting.len() != open.len() {
                return Vec::new();
            }
            (std::mem::take(open), fitting)
        };
        let mut settled = Vec::new();
        // From the end on, so that places stay what they are.
        for ((_, index), (place, ends)) in errors.into_iter().zip(causes).rev() {
            let tcp = sent.remove(place).and_then(|(.., tcp)| tcp);
            self.rejected.insert(ends, kind);
            settled.extend(tcp.map(|tcp| (index, tcp)));
        }
        settled
    }

    /// The errors of which the text does not say what they are about.
    pub fn unsettled(mut self) -> BTreeSet<Unsettled> {
        let open = self.open.iter().filter(|(_, errors)| !errors.is_empty());
        self.unsettled.extend(open.map(|((unsettled, ..), _)| *unsettled));
        self.unsettled
    }
}
