//! A connection to be: its packets, and what went wrong with them on the way.

use crate::fate::Fate;
use crate::{Ends, Side};

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// TCP options of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    None,
    /// MSS, SACK permitted, timestamps, window scale.
    Syn,
    Timestamps,
    /// MSS alone.
    Mss,
}

impl Extra {
    pub fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Syn => 20,
            Self::Timestamps => 12,
            Self::Mss => 4,
        }
    }
}

/// A packet to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    /// Nanoseconds.
    pub time: u64,
    pub seq: u32,
    pub ack: u32,
    /// Where its payload stands in what a connection could say.
    pub payload_at: u32,
    pub len: u16,
    pub ip_id: u16,
    pub flags: u8,
    pub side: Side,
    pub extra: Extra,
    /// Length of the message that begins here; 0 elsewhere.
    pub message: u32,
}

/// What went wrong on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mishaps {
    pub retransmissions: u32,
    pub duplicates: u32,
    pub reordered: u32,
    /// Sent, but missed by the capture.
    pub uncaptured: u32,
}

/// A connection with all its packets, in the order of time.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub id: u64,
    pub ends: Ends,
    pub fate: Fate,
    pub packets: Vec<Packet>,
    pub mishaps: Mishaps,
    /// Bytes of payload said by each side, without repeats.
    pub stream: [u64; 2],
    pub interface: u8,
    /// On ends that an earlier connection had.
    pub reused: bool,
}

impl Flow {
    /// A connection of these packets, to which nothing went wrong.
    pub fn of(id: u64, ends: Ends, fate: Fate, packets: Vec<Packet>, stream: [u64; 2]) -> Self {
        let interface = (id % 3) as u8;
        Self { id, ends, fate, packets, mishaps: Mishaps::default(), stream, interface, reused: false }
    }

    /// One SYN.
    pub fn syn(id: u64, ends: Ends, time: u64, seq: u32) -> Self {
        let syn = Packet { time, seq, ip_id: id as u16, flags: SYN, extra: Extra::Mss, ..Packet::BLANK };
        Self::of(id, ends, Fate::Flood, vec![syn], [0; 2])
    }
}

impl Packet {
    /// Nothing said, at no time.
    pub const BLANK: Self = Self {
        time: 0,
        seq: 0,
        ack: 0,
        payload_at: 0,
        len: 0,
        ip_id: 0,
        flags: 0,
        side: Side::Client,
        extra: Extra::None,
        message: 0,
    };
}
