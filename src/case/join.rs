//! Which socket is which connection: the sockets of the dumps joined with the captures by flow, host and time.
//!
//! Before the first row is delivered all connections go by once, and those whose flow a socket has are kept
//! ([`Index::wants`], [`Joiner::add`]). Then each snapshot is placed on the clock of each capture ([`clock`]), each socket takes the
//! connection that was there at that time, and what both say is held against each other. Flows are found by hash, so that
//! the work grows with sockets and connections and not with their product; without sockets nothing is done at all.

mod candidate;
mod clock;
mod during;
mod index;
mod lines;
mod opened;
mod part;
mod peers;
mod settle;
mod translated;
mod whole;

pub use candidate::{as_socket, socket_state};
pub use clock::{Offset, Placed, Placement};
pub use during::During;
pub use index::Index;
pub use lines::{JoinedLine, LineIndex, LineJoiner, LineLink, Lines};
pub use peers::Peer;

use super::dump::{Dumps, Place};
use super::{Judged, Point};
use crate::tcp::{Side, State};
use candidate::Candidate;
use opened::Seen;
use std::collections::HashMap;
use std::sync::Arc;
use translated::Translations;
use whole::Whole;

/// Connections of one flow, or one key of incomplete sockets, that are looked at: the first ones. A flow that is used
/// more often than that within a capture is no use to a socket.
const MOST: usize = 256;

/// What the sockets of the dumps are to the connections of the captures.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    /// Sockets that have a peer, in the order of files and lines.
    sockets: Vec<Joined>,
    /// Places among them, with the side, of each connection that has any; in the order of time.
    connections: HashMap<(u32, u64), Vec<(Side, u32)>>,
    /// Placements of each snapshot, by dump and block.
    placements: HashMap<(u32, u32), Vec<Placement>>,
    /// Snapshots that list all sockets of their host, by the addresses that these have there.
    whole: Whole,
    translations: Arc<Translations>,
    /// What the lines of logs are to them.
    pub lines: Lines,
}

/// A socket, and what it was joined with.
#[derive(Clone, Debug)]
pub struct Joined {
    pub place: Place,
    /// The connections that it is, at most one of each observation point, and at most one more that has other addresses there
    /// because a firewall translates them. Those of its own addresses come first, of these the ones that agree.
    pub links: Box<[Link]>,
    /// The socket at the other end.
    pub peer: Option<Peer>,
    /// Its snapshot was taken while a capture ran that has packets between its addresses, but none of this flow.
    pub without_packets: bool,
}

/// A socket is a side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub point: u32,
    pub first_frame: u64,
    pub id: u64,
    pub side: Side,
    pub by: JoinedBy,
    /// The state that the packets show at the time of the snapshot.
    pub wire: Option<State>,
    pub disagreement: Option<Disagreement>,
}

/// What a socket and a connection have in common, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JoinedBy {
    /// Both addresses and ports.
    Flow,
    /// What the dump leaves of them, which fits one connection only.
    Part,
    /// Both addresses and ports as a firewall translates them.
    Translation,
}

impl JoinedBy {
    pub const ALL: [Self; 3] = [Self::Flow, Self::Part, Self::Translation];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Part => "part",
            Self::Translation => "translation",
        }
    }
}

/// How the kernel's word differs from the packets'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// The kernel has a socket, and a RST had ended the connection on the wire.
    ResetOnWire,
    /// The kernel has a socket in another state than closing in good order left on the wire: there both sides had closed.
    ClosedOnWire,
    /// Another state than the packets show.
    OtherState,
}

impl Disagreement {
    pub const ALL: [Self; 3] = [Self::ResetOnWire, Self::ClosedOnWire, Self::OtherState];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ResetOnWire => "reset_on_wire",
            Self::ClosedOnWire => "closed_on_wire",
            Self::OtherState => "other_state",
        }
    }
}

impl Joins {
    /// What the socket at a place was joined with; `None` if it has no peer.
    pub fn socket(&self, place: Place) -> Option<&Joined> {
        let at = self.sockets.binary_search_by_key(&place, |joined| joined.place).ok()?;
        self.sockets.get(at)
    }

    /// The sockets of a connection's side, in the order of time.
    pub fn of(&self, row: &Judged, side: Side) -> impl DoubleEndedIterator<Item = (&Joined, &Link)> {
        let key = (row.summary.point, row.summary.first_frame);
        let all = if self.connections.is_empty() { None } else { self.connections.get(&key) };
        all.map_or(&[][..], Vec::as_slice).iter().filter(move |(of, _)| *of == side).filter_map(move |(_, socket)| {
            let joined = self.sockets.get(*socket as usize)?;
            joined.links.iter().find(|link| (link.point, link.first_frame) == key).map(|link| (joined, link))
        })
    }

    /// When a snapshot was taken on the clock of an observation point.
    pub fn placement(&self, place: Place, point: u32) -> Option<&Placement> {
        self.placements.get(&(place.dump, place.block))?.iter().find(|placement| placement.point == point)
    }

    /// When a snapshot was taken, on the clock of the first observation point that tells.
    pub fn placed(&self, place: Place) -> Option<&Placement> {
        self.placements.get(&(place.dump, place.block))?.first()
    }

    /// A snapshot that lists all sockets of a side's host and has none for this connection, which was open then as the packets
    /// show it. What a firewall translates is no connection of the host that has the address.
    pub fn without_socket(&self, row: &Judged, side: Side) -> Option<(u32, u32)> {
        self.whole.without(self, row, side).filter(|_| !self.translations.is_elsewhere(row, side))
    }

    /// All sockets that have a peer.
    pub fn sockets(&self) -> &[Joined] {
        &self.sockets
    }
}

/// From the first frame of an observation point to the last.
fn ran(points: &[Point], point: u32) -> Option<During> {
    let point = points.get(point as usize)?;
    Some(During::new(point.first?, point.last?))
}

/// Gathers the connections that sockets may be.
#[derive(Debug)]
pub struct Joiner<'a> {
    index: &'a Index,
    candidates: Vec<Candidate>,
    /// Candidates of each flow and of each key of incomplete sockets, by their numbers in the index.
    of_flow: Vec<Vec<u32>>,
    of_part: Vec<Vec<u32>>,
    /// What counters may have counted.
    seen: Seen,
}

impl<'a> Joiner<'a> {
    pub fn new(index: &'a Index) -> Self {
        let of_flow = vec![Vec::new(); index.of_flow.len()];
        let of_part = vec![Vec::new(); index.of_part.len()];
        Self { index, candidates: Vec::new(), of_flow, of_part, seen: Seen::default() }
    }

    /// Takes a connection that is wanted, in the order of rows.
    pub fn add(&mut self, row: &Judged) {
        self.seen.note(&self.index.opened, &row.summary);
        let flow = self.index.flow(row.client, row.server);
        let lists = flow.and_then(|flow| self.of_flow.get_mut(flow as usize)).into_iter();
        let number = u32::try_from(self.candidates.len()).unwrap_or(u32::MAX);
        let mut is_used = false;
        let mut take = |list: &mut Vec<u32>| {
            if list.len() < MOST {
                list.push(number);
                is_used = true;
            }
        };
        lists.for_each(&mut take);
        for part in self.index.parts(row.client, row.server) {
            if let Some(list) = self.of_part.get_mut(part as usize) {
                take(list);
            }
        }
        if is_used {
            self.candidates.push(Candidate::new(row));
        }
    }

    /// Joins all sockets, once every connection has gone by.
    pub fn finish(self, dumps: &Dumps, points: &[Point]) -> Joins {
        settle::settle(&self, dumps, points)
    }
}
