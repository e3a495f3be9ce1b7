//! Frames become packets, one at a time. Never fails: what cannot be decoded has a name ([`Why`]) and is counted.

pub mod flow;
mod icmp;
mod ip;
mod link;
mod tcp;

pub use flow::{Address, FlowHash, FlowKey, Keys, Way};
pub use tcp::Rare;

use crate::capture::Frame;
use crate::seq::Seq;
use crate::time::Timestamp;

/// What one frame turned out to be.
#[derive(Clone, Copy, Debug)]
pub enum Packet {
    /// TCP, with its rarer parts beside where it has any.
    Segment(Segment, Option<Rare>),
    IcmpError(IcmpError),
    Other(Why),
}

/// A TCP segment as a compact record. Addresses and payload stay in the file and are read from there when needed.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Identity of the flow under this run's random key, equal for both directions.
    pub flow: FlowHash,
    pub time: Timestamp,
    /// Where the frame's bytes begin in the file.
    pub offset: u64,
    /// Frame number within its chunk; `analysis` adds the frames before.
    pub frame: u32,
    pub seq: Seq,
    pub ack: Seq,
    /// Payload length by the IP header, in bytes; the capture may hold less.
    pub len: u32,
    /// Length of the frame on the wire.
    pub wire_len: u32,
    /// TSval and TSecr (RFC 7323); meaningful with [`Marks::TIMESTAMPS`].
    pub ts_value: u32,
    pub ts_echo: u32,
    /// The window field, unscaled.
    pub window: u16,
    pub ip_id: u16,
    pub flags: Flags,
    /// Where the innermost IP header begins within the frame.
    pub ip_at: u16,
    pub interface: u16,
    /// Outermost VLAN identifier, 0 without a tag.
    pub vlan: u16,
    /// TTL or hop limit.
    pub ttl: u8,
    pub marks: Marks,
    /// From the lower of the two addresses to the higher, or back.
    pub way: Way,
}

/// TCP header flags (RFC 9293 3.1, RFC 3168, RFC 9768).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    pub const FIN: Self = Self(0x001);
    pub const SYN: Self = Self(0x002);
    pub const RST: Self = Self(0x004);
    pub const PSH: Self = Self(0x008);
    pub const ACK: Self = Self(0x010);
    pub const URG: Self = Self(0x020);
    pub const ECE: Self = Self(0x040);
    pub const CWR: Self = Self(0x080);
    pub const AE: Self = Self(0x100);

    /// All of `flags` are set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Any of `flags` is set.
    pub const fn any(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

/// Facts of one segment that fit a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u8);

impl Marks {
    /// The timestamps option is present.
    pub const TIMESTAMPS: Self = Self(0x01);
    /// A [`Rare`] stands beside the segment.
    pub const RARE: Self = Self(0x02);
    /// The snap length cut the TCP header: options are incomplete.
    pub const HEADER_CUT: Self = Self(0x04);
    /// The IP header says length 0 (segmentation offload): the length was taken from the frame.
    pub const LENGTH_FROM_FRAME: Self = Self(0x08);
    /// IPv6.
    pub const V6: Self = Self(0x10);
    /// IPv4 "don't fragment" (always meant by IPv6).
    pub const DONT_FRAGMENT: Self = Self(0x20);
    /// The IP length goes beyond the frame's length on the wire: one of the two is not true.
    pub const LENGTH_PAST_FRAME: Self = Self(0x40);

    pub const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    #[must_use]
    pub const fn with(self, mark: Self) -> Self {
        Self(self.0 | mark.0)
    }
}

/// An ICMP or ICMPv6 error that quotes a TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct IcmpError {
    /// The flow of the quoted segment.
    pub flow: FlowHash,
    /// The way the quoted segment went.
    pub way: Way,
    pub time: Timestamp,
    pub frame: u32,
    /// Where the frame's bytes begin in the file.
    pub offset: u64,
    /// Where the IP header of the quoted segment begins within the frame.
    pub ip_at: u16,
    pub kind: IcmpKind,
    /// Sequence number of the quoted segment: RFC 792 quotes the first eight bytes.
    pub seq: Seq,
}

/// Type and code, and whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IcmpKind {
    pub v6: bool,
    pub kind: u8,
    pub code: u8,
}

/// What a frame was that is no TCP segment, or why it could not be decoded. [`Why::name`] is what `inputs` counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// Numbered by Wireshark, but no packet.
    NotAPacket,
    /// No decoder for this link type.
    LinkType(u32),
    /// No decoder for this EtherType.
    EtherType(u16),
    /// An IEEE 802.3 length field: LLC follows.
    Llc,
    /// Another IP protocol, by number.
    IpProtocol(u8),
    Arp,
    /// An ICMP message that is no error about TCP.
    Icmp,
    /// A fragment of an IP packet that carries TCP.
    Fragment,
    /// A header is not all there, by the snap length or damage.
    Short(Layer),
    /// A header contradicts itself.
    Malformed(Layer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    Link,
    Ip,
    Tcp,
    Icmp,
}

/// Decodes one frame. Pure and total: equal frames and keys give equal packets.
pub fn decode(frame: &Frame<'_>, keys: &Keys) -> Packet {
    if frame.not_a_packet {
        return Packet::Other(Why::NotAPacket);
    }
    link::decode(frame, keys)
}
