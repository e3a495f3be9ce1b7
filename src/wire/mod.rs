//! Frames become packets, one at a time. Never fails: what cannot be decoded has a name ([`Why`]) and is counted.
//!
//! `layers` goes from the link type down to the innermost IP header, by the registries [`LINKS`] and [`TUNNELS`]; `tcp` and
//! `icmp` read what that header carries. Lengths come from IP headers, never from how much was captured, so that
//! Ethernet padding, frame check sequences and the snap length change nothing.

mod arp;
pub mod dns;
pub mod flow;
mod fragment;
mod headers;
mod icmp;
mod ip;
mod layers;
mod link;
pub mod name;
mod plain;
mod strip;
mod tcp;
mod tunnel;
mod why;

#[cfg(test)]
mod fixture;

pub use arp::{Arp, ArpKind};
pub use dns::Dns;
pub use flow::{Address, FlowHash, FlowKey, Keys, PackedAddress, Way};
pub use fragment::{Fragment, FragmentCounts, Reassembler, Whole};
pub use headers::{Headers, Network, NetworkKind, headers, headers_of_whole};
pub use link::{LINKS, Link};
pub use name::NameFrom;
pub use plain::{decode_plain, decode_plain_other};
pub use tcp::Rare;
pub use tunnel::{TUNNELS, Tunnel};
pub use why::{Layer, Why};

use crate::capture::{Frame, LinkType};
use crate::seq::Seq;
use crate::time::Timestamp;
use layers::Found;
use std::net::IpAddr;

/// What one frame turned out to be.
#[derive(Clone, Debug)]
pub enum Packet {
    /// TCP, with its rarer parts beside where it has any.
    Segment(Segment, Option<Rare>),
    IcmpError(IcmpError),
    /// A piece of an IP packet, for a [`Reassembler`].
    Fragment(Fragment),
    /// ARP, or IPv6's neighbour discovery.
    Arp(Arp),
    /// A datagram of DNS; what segments carry of it, [`dns::in_segment`] tells.
    Dns(Box<Dns>),
    Other(Why),
}

impl Packet {
    /// What it is called where it is counted; `None` of what belongs to a connection.
    pub fn why(&self) -> Option<Why> {
        Some(match self {
            Self::Segment(..) | Self::IcmpError(_) => return None,
            Self::Fragment(fragment) => Why::Fragment(fragment.protocol),
            Self::Arp(arp) if arp.address.is_ipv4() => Why::EtherType(layers::ETHERTYPE_ARP),
            Self::Arp(_) => Why::Kind("neighbour discovery"),
            Self::Dns(dns) if dns.transport == dns::Transport::Multicast => Why::Kind("multicast dns"),
            Self::Dns(_) => Why::Kind("dns"),
            Self::Other(why) => *why,
        })
    }
}

/// A TCP segment as a compact record. Addresses and payload stay in the file and are read from there when needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The window field, unscaled; not known, and 0, with [`Marks::WINDOW_CUT`].
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
    /// The lane of the flow, 0..[`flow::LANES`].
    pub lane: u8,
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
pub struct Marks(pub u16);

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
    /// The snap length cut the header before its window field.
    pub const WINDOW_CUT: Self = Self(0x80);
    /// The packet was carried by a tunnel: [`tunnels`] says by which.
    pub const TUNNEL: Self = Self(0x100);
    /// To or from port 53, with payload: [`dns::in_segment`] reads it.
    pub const DNS: Self = Self(0x200);
    /// Put together from fragments: offsets count in [`Whole::bytes`], not in the file.
    pub const ASSEMBLED: Self = Self(0x400);
    /// The payload begins like one that names its receiver: [`name::name`] reads it.
    pub const NAMED: Self = Self(0x800);

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
    /// The lane of the quoted flow.
    pub lane: u8,
    pub time: Timestamp,
    pub frame: u32,
    /// Where the frame's bytes begin in the file.
    pub offset: u64,
    /// Where the IP header of the quoted segment begins within the frame.
    pub ip_at: u16,
    pub kind: IcmpKind,
    /// Sequence number of the quoted segment: RFC 792 quotes the first eight bytes.
    pub seq: Seq,
    /// TTL or hop limit of the quoted segment; 0 where a text does not tell what is quoted.
    pub ttl: u8,
}

/// Type and code, and whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IcmpKind {
    pub v6: bool,
    pub kind: u8,
    pub code: u8,
}

/// Decodes one frame. Pure and total: equal frames and keys give equal packets.
pub fn decode(frame: &Frame<'_>, keys: &Keys) -> Packet {
    if frame.not_a_packet {
        return Packet::Other(Why::NotAPacket);
    }
    let (mut marks, mut tunnel) = (Marks::default(), None);
    let mut entered = |entered: layers::Entered| (marks, tunnel) = (Marks::TUNNEL, entered.identifier);
    match layers::innermost(frame.bytes, frame.link, frame.wire_len, &mut entered) {
        Ok(Found::Ip(found)) if found.ip.fragment != ip::Fragment::No => fragment::read(frame, &found, marks, tunnel),
        Ok(Found::Ip(found)) if found.ip.protocol == ip::TCP => tcp::decode(frame, &found, marks, keys),
        Ok(Found::Ip(found)) if found.ip.protocol == ip::UDP => dns::decode(frame, &found.ip),
        Ok(Found::Ip(found)) => icmp::decode(frame, found.ip, keys),
        Ok(Found::Arp(at)) => arp::read(frame, at),
        Err(why) => Packet::Other(why),
    }
}

/// The name of a link type, for people: `ethernet`, or of one that is not decoded its number and what it is registered as.
pub fn link_name(linktype: u32) -> String {
    let known = LINKS.iter().find(|link| link.linktype == linktype);
    known.map_or_else(|| Why::LinkType(linktype).name().into_owned(), |link| link.name.to_owned())
}

/// One tunnel that a packet went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Passage {
    /// As [`Tunnel::name`].
    pub name: &'static str,
    /// What the tunnel calls the network or session inside: VNI, key, TEID, outermost label.
    pub identifier: Option<u32>,
    /// Sender and receiver of the packet that carries it, unless a frame does.
    pub outer: Option<(IpAddr, IpAddr)>,
}

/// The tunnels of a frame with [`Marks::TUNNEL`], outermost first.
pub fn tunnels(link: LinkType, bytes: &[u8]) -> Vec<Passage> {
    let mut passages = Vec::new();
    // Whatever lies inside, what was entered on the way is known.
    let _inner = layers::innermost(bytes, link, 0, &mut |entered| {
        let ip = |address| Address { ip: address, port: 0 }.ip();
        let ends = entered.outer.and_then(|outer| outer.addresses(bytes));
        let outer = ends.map(|(source, destination)| (ip(source), ip(destination)));
        passages.push(Passage { name: entered.tunnel.name, identifier: entered.identifier, outer });
    });
    passages
}

/// The tunnels of a frame of one of these link types, whose innermost IP header begins at `ip_at`.
pub fn tunnels_to(ip_at: u16, links: &[LinkType], bytes: &[u8]) -> Vec<Passage> {
    let leads_there = |link: &&LinkType| {
        let found = layers::innermost(bytes, **link, 0, &mut |_| ());
        matches!(found, Ok(Found::Ip(found)) if found.ip.at == usize::from(ip_at))
    };
    links.iter().find(leads_there).map_or_else(Vec::new, |link| tunnels(*link, bytes))
}

/// Who sent the innermost packet of a frame: of an ICMP error, the host that reports it.
pub fn sender(frame: &Frame<'_>) -> Option<IpAddr> {
    let found = layers::innermost(frame.bytes, frame.link, frame.wire_len, &mut |_| ()).ok()?;
    let Found::Ip(found) = found else { return None };
    let (ip, _) = found.ip.addresses(frame.bytes)?;
    Some(Address { ip, port: 0 }.ip())
}

/// Source and destination of the TCP segment whose innermost IP header begins at `ip_at` of a frame's bytes: what
/// [`Segment::ip_at`] and [`IcmpError::ip_at`] point to. `None` where there are no ports.
pub fn addresses(bytes: &[u8], ip_at: u16) -> Option<(Address, Address)> {
    let ip = ip::read(bytes, usize::from(ip_at), bytes.len()).ok()?;
    if ip.fragment == ip::Fragment::Later {
        return None;
    }
    ip.ends(bytes)
}

/// Source and destination of a TCP segment as [`addresses`] gives them, and what was captured of its payload.
pub fn payload(bytes: &[u8], ip_at: u16) -> Option<((Address, Address), &[u8])> {
    let ip = ip::read(bytes, usize::from(ip_at), bytes.len()).ok()?;
    if ip.fragment == ip::Fragment::Later {
        return None;
    }
    let segment = ip.payload(bytes);
    let header = usize::from(segment.get(12)? >> 4) * 4;
    Some((ip.ends(bytes)?, segment.get(header..)?))
}

/// Puts an offset within a frame into the record's field.
fn position(at: usize) -> Result<u16, Why> {
    u16::try_from(at).map_err(|_| Why::TooDeep)
}

#[cfg(test)]
mod tests {
    use super::fixture::{KEYS, frame, ipv4, segment};
    use super::*;
    use etherparse::PacketBuilder;
    use proptest::prelude::*;

    /// Half of them known, so that random input gets past the link header.
    fn any_link() -> impl Strategy<Value = u32> {
        prop_oneof![(0..LINKS.len()).prop_map(|index| LINKS[index].linktype), any::<u32>()]
    }

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(link in any_link(), bytes in prop::collection::vec(any::<u8>(), 0..200), more: u32) {
            let frame = Frame { wire_len: more, ..frame(link, &bytes) };
            decode(&frame, &KEYS);
            addresses(&bytes, more as u16);
        }

        #[test]
        fn a_good_frame_cut_and_changed_anywhere_still_decodes_to_something(
            link in any_link(), at in 0usize..60, value: u8, cut in 0usize..60,
        ) {
            let mut bytes = [vec![0; 12], vec![8, 0], ipv4()].concat();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(cut);
            decode(&frame(link, &bytes), &KEYS);
        }

        #[test]
        fn what_a_builder_wrote_is_read_back(
            v6: bool, source: [u8; 16], destination: [u8; 16], ports: (u16, u16), seq: u32, ack: u32, window: u16, ttl: u8,
            payload in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let start = PacketBuilder::ethernet2([1; 6], [2; 6]).single_vlan(77u16.try_into().unwrap());
            let four = |octets: [u8; 16]| [octets[0], octets[1], octets[2], octets[3]];
            let network = if v6 { start.ipv6(source, destination, ttl) } else { start.ipv4(four(source), four(destination), ttl) };
            let builder = network.tcp(ports.0, ports.1, seq, window).ack(ack).psh();
            let mut bytes = Vec::new();
            builder.write(&mut bytes, &payload).unwrap();
            let got = segment(1, &bytes);
            prop_assert_eq!((got.seq.0, got.ack.0, got.window, got.ttl, got.vlan), (seq, ack, window, ttl, 77));
            prop_assert_eq!((got.len as usize, got.flags), (payload.len(), Flags::ACK.with(Flags::PSH)));
            prop_assert_eq!((got.frame, got.time.0, got.offset, got.interface), (7, 5, 100, 3));
            prop_assert_eq!(got.marks.has(Marks::V6), v6);
            let address = |octets, port| if v6 { Address::v6(octets, port) } else { Address::v4(four(octets), port) };
            let ends = (address(source, ports.0), address(destination, ports.1));
            prop_assert_eq!(addresses(&bytes, got.ip_at), Some(ends));
            let (key, way) = FlowKey::new(ends.0, ends.1);
            prop_assert_eq!((got.flow, got.lane, got.way), (key.hash(&KEYS), key.lane(), way));
        }
    }

    #[test]
    fn numbered_blocks_that_are_no_packets_are_named() {
        let block = Frame { not_a_packet: true, ..frame(1, &[]) };
        assert!(matches!(decode(&block, &KEYS), Packet::Other(Why::NotAPacket)));
    }

    #[test]
    fn tunnels_are_named_from_the_outside_in_with_their_ends() {
        use super::fixture::{IP_47, MACS, before, udp};
        let header =
            format!("{IP_47} 2000 6558 00000007 {MACS} 8100 0005 0800 {} 08000000 00000900 {MACS} 0800", udp(4789));
        let bytes = before(&header, &ipv4());
        let inner = segment(101, &bytes);
        assert!(inner.marks.has(Marks::TUNNEL) && !segment(101, &ipv4()).marks.has(Marks::TUNNEL));
        assert_eq!((inner.vlan, inner.flow), (5, segment(101, &ipv4()).flow));
        let ends = Some(("203.0.113.1".parse().unwrap(), "203.0.113.2".parse().unwrap()));
        let passage = |name, identifier| Passage { name, identifier: Some(identifier), outer: ends };
        assert_eq!(tunnels(LinkType(101), &bytes), [passage("gre", 7), passage("vxlan", 9)]);
    }

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<Segment>() <= 80);
    }
}
