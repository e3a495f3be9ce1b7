//! A connection as plain data: every fact that a row or a rule may use, and the few numbers that tracking needs.
//!
//! Facts are kept by side and say what was seen, never what it means; `outcome` and `judgement` read them once the
//! whole input is known. While tracking, the sides are provisional (the first speaker is the client), and
//! [`Summary::swap_sides`] turns them round without a trace.

use super::Place;
pub use super::facts::Facts;
pub use super::half::Half;
pub use super::moment::Moment;
pub use super::pattern::Pattern;
pub use super::reset::{Fit, Reset, ResetKind, ResetOrigin, ResetPhase};
use super::state::{State, shown};
use super::translate::Letters;
use super::words::{choices, words};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::{Address, Flags, FlowHash, IcmpKind, Marks, PackedAddress, Segment, Way};
use serde::{Deserialize, Serialize};
use std::ops::{Index, IndexMut};

/// The two ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// How the client was told from the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RoleBasis {
    Syn,
    Synack,
    Listener,
    Port,
    #[default]
    First,
}

choices!(RoleBasis: [RoleBasis::Syn, RoleBasis::Synack, RoleBasis::Listener, RoleBasis::Port, RoleBasis::First]);

impl RoleBasis {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Synack => "synack",
            Self::Listener => "listener",
            Self::Port => "port",
            Self::First => "first",
        }
    }
}

/// An ICMP error that quoted a segment of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Icmp {
    pub kind: IcmpKind,
    pub frame: u64,
    pub time: Timestamp,
    /// It quoted the client's SYN, and its type says that this was not delivered.
    pub rejects_syn: bool,
    /// TTL or hop limit of what it quoted; 0 where a text does not tell what is quoted.
    pub quoted_ttl: u8,
}

/// What connects a connection with the one before or after it on the same flow: the parts of that one's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub seq: Seq,
    pub time: Timestamp,
}

words! {
    /// Numbers of what stands beside a connection and is the same for many, each of a list of its lane; 0 is none.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Aside {
        /// The name that it called its server by.
        pub name: u32,
        /// The tunnels that its first packet came through.
        pub tunnels: u32,
        /// What was written beside one of its packets.
        pub remark: u32,
    }
}

words! {
    /// A connection, finished or not, in the order of memory.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    #[repr(C)]
    pub struct Summary {
        // What every segment reads or moves stands in the first cache lines, and in the first ones of each side.
        /// Encoded apart.
        pub flow: FlowHash,
        pub last: Timestamp,
        pub idle_max: Span,
        pub last_frame: u64,
        pub pattern: Pattern,
        /// Number of the file in the point's chain that holds the last frame.
        pub last_file: u32,
        pub facts: Facts,
        /// The way of the client's segments.
        pub client_way: Way,
        /// For the columns of other tools.
        pub letters: Letters,
        /// Sender and receiver of the first frame.
        pub ends: [PackedAddress; 2],
        /// Observation point.
        pub point: u32,
        /// Number of the file in the point's chain that holds the first frame.
        pub file: u32,
        /// Sequence number of the first segment.
        pub first_seq: Seq,
        pub sides: [Half; 2],

        // The rest.
        /// Where the first frame's bytes begin in its file.
        pub first_offset: u64,
        pub first_frame: u64,
        pub first: Timestamp,
        pub syn: Moment,
        pub synack: Moment,
        /// Both sides know of the connection (OUTCOMES 1.4), or, without SYN, it is live.
        pub established: Moment,
        /// Last ACK of the handshake by the client before the server's first own segment.
        pub handshake_ack: Moment,
        /// The states last changed.
        pub state_changed: Moment,
        pub reset: Option<Reset>,
        pub icmp: Option<Icmp>,
        pub previous: Option<Link>,
        pub next: Option<Link>,
        pub refusals: u32,
        /// What stands beside the connection.
        pub aside: Aside,
        // In one word: what is seldom said comes last.
        /// Which way the first frame went.
        pub first_way: Way,
        pub role_basis: RoleBasis,
        /// Where the innermost IP header of the first frame begins in its bytes.
        pub ip_at: u16,
        pub vlan: u16,
        pub interface: u16,
    }
}

impl Index<Side> for Summary {
    type Output = Half;
    fn index(&self, side: Side) -> &Half {
        match side {
            Side::Client => &self.sides[0],
            Side::Server => &self.sides[1],
        }
    }
}

impl IndexMut<Side> for Summary {
    fn index_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.sides[0],
            Side::Server => &mut self.sides[1],
        }
    }
}

impl Summary {
    /// By which those before and after it on the flow know it: with the addresses, its id.
    pub fn link(&self) -> Link {
        Link { seq: self.first_seq, time: self.first }
    }

    /// Notes where and when this summary, of which nothing is known yet, begins.
    pub(super) fn begin(&mut self, segment: &Segment, place: Place) {
        let synack = segment.flags.has(Flags::SYN.with(Flags::ACK)) && !segment.flags.any(Flags::RST);
        let frame = place.frames_before + u64::from(segment.frame);
        if segment.marks.has(Marks::V6) {
            self.facts.set(Facts::V6);
        }
        self.flow = segment.flow;
        self.client_way = if synack { segment.way.back() } else { segment.way };
        self.first_way = segment.way;
        (self.point, self.file, self.last_file) = (place.point, place.file, place.file);
        (self.first_offset, self.ip_at) = (segment.offset, segment.ip_at);
        (self.vlan, self.interface) = (segment.vlan, segment.interface);
        (self.first_frame, self.last_frame) = (frame, frame);
        self.first_seq = segment.seq;
        (self.first, self.last) = (segment.time, segment.time);
        self.state_changed = Moment::at(segment.time);
    }

    /// The state of `side` without regard to resets.
    pub fn shown(&self, side: Side) -> Option<State> {
        shown(self.opening(side), self[side].teardown)
    }

    /// How far `side` has come in opening: a server that stalls is still where its SYN-ACK left it.
    pub fn opening(&self, side: Side) -> Option<State> {
        if side == Side::Server && self.accept_stalls() { Some(State::SynReceived) } else { self[side].opening }
    }

    /// The server repeats its SYN-ACK after an acknowledgement of it and says nothing else: its accept queue is full and
    /// it drops the third ACK of the handshake (`tcp_check_req`, Linux). One repeat may mean a lost ACK or
    /// TCP_DEFER_ACCEPT, unless payload waits: a server that had let the client in would acknowledge that.
    pub fn accept_stalls(&self) -> bool {
        let repeats = self[Side::Server].synack_repeats;
        repeats >= 2 || repeats == 1 && self[Side::Client].unacknowledged() > 0
    }

    pub fn has(&self, fact: Facts) -> bool {
        self.facts.has(fact)
    }

    /// Only one side was ever captured: that side.
    pub fn one_sided(&self) -> Option<Side> {
        match (self.sides[0].packets, self.sides[1].packets) {
            (_, 0) => Some(Side::Client),
            (0, _) => Some(Side::Server),
            _ => None,
        }
    }

    /// Address of a side.
    pub fn address(&self, side: Side) -> Address {
        let [sender, receiver] = self.ends;
        if self.side_of(self.first_way) == side { sender.into() } else { receiver.into() }
    }

    /// Which side sends the segments that go this way.
    pub fn side_of(&self, way: Way) -> Side {
        if way == self.client_way { Side::Client } else { Side::Server }
    }

    /// Turns client into server and back: roles are settled when the whole capture is known.
    pub fn swap_sides(&mut self) {
        self.client_way = self.client_way.back();
        self.sides.swap(0, 1);
        if let Some(reset) = &mut self.reset {
            reset.swap_sides();
        }
    }
}
