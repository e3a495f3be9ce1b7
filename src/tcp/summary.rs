//! A connection as plain data: every fact that a row or a rule may use, and the few numbers that tracking needs.
//!
//! Facts are kept by side and say what was seen, never what it means; `outcome` and `judgement` read them once the
//! whole input is known. While tracking, the sides are provisional (the first speaker is the client), and
//! [`Summary::swap_sides`] turns them round without a trace.

pub use super::facts::Facts;
pub use super::moment::Moment;
pub use super::pattern::Pattern;
pub use super::reset::{Fit, Reset, ResetKind, ResetOrigin, ResetPhase};
use super::rtt::Rtt;
use super::state::{State, Teardown, shown};
use super::translate::Letters;
use super::words::{choices, words};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::{Address, FlowHash, IcmpKind, PackedAddress, Way};
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

/// One side of a connection: what it sent, and what became of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Half {
    /// Initial sequence number, of a SYN or SYN-ACK or inferred from the acknowledgement of an unseen one.
    pub iss: Option<Seq>,
    /// SYN_SENT, SYN_RECEIVED or ESTABLISHED, once known.
    pub opening: Option<State>,
    pub teardown: Teardown,
    /// SND.NXT as far as seen: the number after the last one sent.
    pub snd_nxt: Option<Seq>,
    /// SND.UNA: the highest acknowledgement by the peer.
    pub snd_una: Option<Seq>,
    /// RCV.NXT as its own acknowledgements prove it.
    pub rcv_nxt: Option<Seq>,
    /// Sequence number of its FIN.
    pub fin_seq: Option<Seq>,
    /// Its SYN was acknowledged by a segment that is no RST.
    pub syn_acked: bool,
    /// SYN-ACKs sent again after an acknowledgement of them, with nothing else sent since.
    pub synack_repeats: u32,
    /// The last window it announced, scaled; RSTs do not announce.
    pub window: u32,
    /// Since when that window has been zero.
    pub zero_window_since: Moment,
    /// It probed the peer's closed window since that closed.
    pub probed: bool,
    /// Repeats of payload, keep-alives and probes since the peer was last heard.
    pub silent_repeats: u32,
    /// It sent new payload after acknowledging the peer's FIN.
    pub payload_after_fin_received: bool,
    /// What it had acknowledged when it first sent its FIN.
    pub acked_by_fin: Option<Seq>,
    /// It sent its FIN again.
    pub fin_resent: bool,
    /// It sent new payload since its acknowledgement number last advanced.
    pub payload_since_advance: bool,
    /// It sent its FIN again after this was acknowledged.
    pub fin_resent_after_ack: bool,
    /// How much its acknowledgement number advanced last.
    pub last_ack_advance: u32,
    /// That advance came with or before its own FIN.
    pub advanced_before_fin: bool,
    /// Its acknowledgement number advanced at all.
    pub ack_advanced: bool,
    /// A segment with ACK and without SYN and RST was sent.
    pub acked_plainly: Moment,

    pub packets: u32,
    /// Payload by sequence number, each byte once, bytes never seen but acknowledged included.
    pub bytes: u64,
    /// Payload carried, retransmissions included.
    pub carried: u64,
    pub wire_bytes: u64,
    /// Payload acknowledged by the peer but never seen: a gap in the capture.
    pub gap_bytes: u64,
    pub syns: u32,
    /// SYNs without ACK, copies by the network or the capture aside.
    pub tries: u32,
    pub synacks: u32,
    pub fins: u32,
    pub rsts: u32,
    pub retransmissions_timeout: u32,
    pub retransmissions_fast: u32,
    pub retransmissions_spurious: u32,
    pub most_repeats: u32,
    pub keep_alives: u32,
    pub window_probes: u32,
    pub reordered: u32,
    pub duplicates_network: u32,
    pub duplicates_capture: u32,
    pub duplicate_acks: u32,
    pub zero_windows: u32,
    /// Time its window was zero, ended episodes only.
    pub zero_window_time: Span,
    pub min_window: Option<u32>,
    pub window_scale: Option<u8>,
    pub mss: Option<u16>,
    pub sack_permitted: bool,
    pub timestamps: bool,
    pub ttl_min: u8,
    pub ttl_max: u8,
    pub rtt: Rtt,

    pub first: Moment,
    pub last: Moment,
    pub first_data: Moment,
    pub last_data: Moment,
    /// Its first payload was acknowledged.
    pub first_data_acked: Moment,
    /// Its payload was last acknowledged.
    pub last_data_acked: Moment,
    /// Its oldest payload still unacknowledged was first sent then.
    pub unacked_since: Moment,
    pub fin: Moment,
    pub fin_frame: u64,
    /// It acknowledged the peer's FIN.
    pub fin_received: Moment,
    /// It last sent something that asks for an acknowledgement and has had none.
    pub awaiting: Moment,
}

words!(Half {
    iss: Option<Seq>,
    opening: Option<State>,
    teardown: Teardown,
    snd_nxt: Option<Seq>,
    snd_una: Option<Seq>,
    rcv_nxt: Option<Seq>,
    fin_seq: Option<Seq>,
    syn_acked: bool,
    synack_repeats: u32,
    window: u32,
    zero_window_since: Moment,
    probed: bool,
    silent_repeats: u32,
    payload_after_fin_received: bool,
    acked_by_fin: Option<Seq>,
    fin_resent: bool,
    payload_since_advance: bool,
    fin_resent_after_ack: bool,
    last_ack_advance: u32,
    advanced_before_fin: bool,
    ack_advanced: bool,
    acked_plainly: Moment,
    packets: u32,
    bytes: u64,
    carried: u64,
    wire_bytes: u64,
    gap_bytes: u64,
    syns: u32,
    tries: u32,
    synacks: u32,
    fins: u32,
    rsts: u32,
    retransmissions_timeout: u32,
    retransmissions_fast: u32,
    retransmissions_spurious: u32,
    most_repeats: u32,
    keep_alives: u32,
    window_probes: u32,
    reordered: u32,
    duplicates_network: u32,
    duplicates_capture: u32,
    duplicate_acks: u32,
    zero_windows: u32,
    zero_window_time: Span,
    min_window: Option<u32>,
    window_scale: Option<u8>,
    mss: Option<u16>,
    sack_permitted: bool,
    timestamps: bool,
    ttl_min: u8,
    ttl_max: u8,
    rtt: Rtt,
    first: Moment,
    last: Moment,
    first_data: Moment,
    last_data: Moment,
    first_data_acked: Moment,
    last_data_acked: Moment,
    unacked_since: Moment,
    fin: Moment,
    fin_frame: u64,
    fin_received: Moment,
    awaiting: Moment,
});

/// How the client was told from the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum RoleBasis {
    Syn,
    Synack,
    Listener,
    Port,
    #[default]
    First,
}

choices!(RoleBasis { Syn, Synack, Listener, Port, First });

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

/// Numbers of what stands beside a connection and is the same for many, each of a list of its lane; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// The name that it called its server by.
    pub name: u32,
    /// The tunnels that its first packet came through.
    pub tunnels: u32,
    /// What was written beside one of its packets.
    pub remark: u32,
}

words!(Aside { name: u32, tunnels: u32, remark: u32 });

/// A connection, finished or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Encoded apart.
    #[serde(skip)]
    pub flow: FlowHash,
    /// Sender and receiver of the first frame.
    pub ends: [PackedAddress; 2],
    /// The way of the client's segments.
    pub client_way: Way,
    /// Observation point, and the number of the file in its chain that holds the first frame.
    pub point: u32,
    pub file: u32,
    pub last_file: u32,
    /// Where the first frame's bytes begin in that file, and its innermost IP header in these.
    pub first_offset: u64,
    pub ip_at: u16,
    pub vlan: u16,
    pub interface: u16,
    /// Which way the first frame went.
    pub first_way: Way,
    pub first_frame: u64,
    pub last_frame: u64,
    /// Sequence number of the first segment.
    pub first_seq: Seq,
    pub first: Timestamp,
    pub last: Timestamp,
    pub syn: Moment,
    pub synack: Moment,
    /// Both sides know of the connection (OUTCOMES 1.4), or, without SYN, it is live.
    pub established: Moment,
    /// Last ACK of the handshake by the client before the server's first own segment.
    pub handshake_ack: Moment,
    /// The states last changed.
    pub state_changed: Moment,
    pub refusals: u32,
    pub idle_max: Span,
    pub facts: Facts,
    pub sides: [Half; 2],
    pub reset: Option<Reset>,
    pub icmp: Option<Icmp>,
    pub role_basis: RoleBasis,
    pub previous: Option<Link>,
    pub next: Option<Link>,
    /// What stands beside it.
    pub aside: Aside,
    pub pattern: Pattern,
    /// For the columns of other tools.
    pub letters: Letters,
}

words!(Summary {
    flow: FlowHash,
    ends: [PackedAddress; 2],
    client_way: Way,
    point: u32,
    file: u32,
    last_file: u32,
    first_offset: u64,
    ip_at: u16,
    vlan: u16,
    interface: u16,
    first_way: Way,
    first_frame: u64,
    last_frame: u64,
    first_seq: Seq,
    first: Timestamp,
    last: Timestamp,
    syn: Moment,
    synack: Moment,
    established: Moment,
    handshake_ack: Moment,
    state_changed: Moment,
    refusals: u32,
    idle_max: Span,
    facts: Facts,
    sides: [Half; 2],
    reset: Option<Reset>,
    icmp: Option<Icmp>,
    role_basis: RoleBasis,
    previous: Option<Link>,
    next: Option<Link>,
    aside: Aside,
    pattern: Pattern,
    letters: Letters,
});

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
