//! The shapes that nearly all frames have: Ethernet without tags or with one, what Linux captures on all interfaces at once, or
//! no link header; IPv4 without options or IPv6 without extension headers; and a whole TCP header without urgent data. Read in a
//! straight line, without a step for each header.
//!
//! A shorter way to what [`decode`](super::decode) gives: builds with debug assertions go both ways and compare.

use super::ip::{self, Fragment, Ip};
use super::link::{ethernet, raw, sll, sll2};
use super::{Address, Flags, Keys, Marks, Rare, Segment, tcp};
use crate::capture::Frame;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;

/// The segment of a frame of these shapes behind Ethernet without tags; what few have goes into `rare`, which is `None` before. In
/// line: where the segment is built it need not be moved, which would wait for each of its parts.
#[inline(always)]
pub fn decode_plain(frame: &Frame<'_>, keys: &Keys, rare: &mut Option<Rare>) -> Option<Segment> {
    if frame.link.0 != ethernet::LINKTYPE {
        return None;
    }
    packet(frame, (ETHERNET, half(frame.bytes, 12)?, 0), keys, rare)
}

/// The same behind the other link headers. Apart: a place that either may stand in costs the first some registers.
pub fn decode_plain_other(frame: &Frame<'_>, keys: &Keys, rare: &mut Option<Rare>) -> Option<Segment> {
    let half = |at: usize| half(frame.bytes, at);
    let network = match frame.link.0 {
        ethernet::LINKTYPE if ethernet::is_tag(half(12)?) => (ETHERNET + 4, half(16)?, half(14)? & 0x0fff),
        sll::LINKTYPE => (16, half(14)?, 0),
        sll2::LINKTYPE => (20, half(0)?, 0),
        raw::LINKTYPE if frame.bytes.first()? >> 4 == 6 => (0, ip::ETHERTYPE_V6, 0),
        raw::LINKTYPE => (0, ip::ETHERTYPE_V4, 0),
        _ => return None,
    };
    packet(frame, network, keys, rare)
}

#[inline(always)]
fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|half| u16::from_be_bytes(*half))
}

/// The segment of a packet whose IP header begins at `at`, has this EtherType, and has this VLAN identifier before it, 0 without
/// a tag.
#[inline(always)]
fn packet(
    frame: &Frame<'_>,
    (at, number, vlan): (usize, u16, u16),
    keys: &Keys,
    rare: &mut Option<Rare>,
) -> Option<Segment> {
    let head = frame.bytes.get(at..)?.first_chunk::<IPV4>()?;
    let half = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let (payload_at, payload_len, id, ttl, marks) = match number {
        ip::ETHERTYPE_V4 if head[0] == 0x45 && head[9] == ip::TCP && half(6) & 0x3fff == 0 => {
            let dont = if half(6) & 0x4000 == 0 { Marks::default() } else { Marks::DONT_FRAGMENT };
            (at + IPV4, usize::from(half(2)).checked_sub(IPV4)?, half(4), head[8], dont)
        }
        ip::ETHERTYPE_V6 if head[0] >> 4 == 6 && head[6] == ip::TCP => {
            let marks = Marks::V6.with(Marks::DONT_FRAGMENT);
            (at + IPV6, usize::from(half(4)), 0, head[7], marks)
        }
        _ => return None,
    };
    let end = frame.bytes.len().max(frame.wire_len as usize);
    if payload_len == 0 || payload_at + payload_len > end {
        return None;
    }
    let (protocol, fragment) = (ip::TCP, Fragment::No);
    let ip = Ip { at, payload_at, payload_len, id, ttl, protocol, fragment, marks };
    let captured = ip.payload(frame.bytes);
    let (fixed, options) = captured.split_first_chunk::<TCP>()?;
    let options = options.get(..(usize::from(fixed[12] >> 4) * 4).checked_sub(TCP)?)?;
    let header = tcp::Header::plain(fixed, options, ip.payload_len, rare)?;
    if header.flags.any(Flags::URG) {
        return None;
    }
    let port = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let (source, destination) = if marks.has(Marks::V6) {
        let both = frame.bytes.get(at + 8..)?.first_chunk::<32>()?;
        let (source, destination) = both.split_first_chunk::<16>()?;
        (Address::v6(*source, port(0)), Address::v6(*destination.first_chunk()?, port(2)))
    } else {
        let v4 = |at: usize| [head[at], head[at + 1], head[at + 2], head[at + 3]];
        (Address::v4(v4(12), port(0)), Address::v4(v4(16), port(2)))
    };
    tcp::segment(frame, &ip, (source, destination), vlan, &header, Marks::default(), keys)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{KEYS, MACS, frame, hex, ipv4, ipv6};
    use super::super::{Packet, decode};
    use super::*;
    use proptest::prelude::*;

    const SYN: &str = "0204 05b4 0402 080a 00000007 00000000 0103 0307";

    /// Link types, and what stands before the packet: the EtherType in place of `TYPE`.
    fn links() -> [(u32, String); 5] {
        [
            (1, format!("{MACS} TYPE")),
            (1, format!("{MACS} 8100 2064 TYPE")),
            (113, "0000 0001 0006 0200 0000 0001 0000 TYPE".to_owned()),
            (276, "TYPE 0000 00000002 0001 00 06 0200 0000 0001 0000".to_owned()),
            (101, String::new()),
        ]
    }

    /// A frame with the fixture's packet, which has these options and flags.
    fn framed(link: &str, v6: bool, options: &[u8], flags: u8) -> Vec<u8> {
        let (kind, mut packet, at) = if v6 { ("86dd", ipv6(), IPV6) } else { ("0800", ipv4(), IPV4) };
        packet[if v6 { 5 } else { 3 }] += options.len() as u8;
        packet[at + 12] = ((TCP + options.len()) as u8) << 2;
        packet[at + 13] = flags;
        let (headers, payload) = packet.split_at(at + TCP);
        [&hex(&link.replace("TYPE", kind)), headers, options, payload].concat()
    }

    /// What the straight line gives, if anything; it is what the whole way gives.
    fn plain(link: u32, bytes: &[u8], wire_len: u32) -> Option<(Segment, Option<Rare>)> {
        let frame = Frame { wire_len, ..frame(link, bytes) };
        let mut rare = None;
        let plain = decode_plain(&frame, &KEYS, &mut rare).or_else(|| {
            rare = None;
            decode_plain_other(&frame, &KEYS, &mut rare)
        });
        let plain = (plain?, rare);
        assert!(matches!(decode(&frame, &KEYS), Packet::Segment(segment, rare) if (segment, rare) == plain));
        Some(plain)
    }

    #[test]
    fn syns_and_sack_blocks_go_the_straight_way_and_what_is_cut_or_urgent_does_not() {
        for ((link, header), v6) in links().into_iter().flat_map(|link| [(link.clone(), false), (link, true)]) {
            let framed = |options: &[u8], flags| framed(&header, v6, options, flags);
            let syn = framed(&hex(SYN), 0x02);
            let (segment, rare) = plain(link, &syn, syn.len() as u32).expect("a whole header");
            let rare = rare.expect("options");
            assert_eq!(
                (rare.mss, rare.window_scale, rare.sack_permitted, segment.ts_value),
                (Some(1460), Some(7), true, 7)
            );
            assert_eq!(segment.vlan, if header.contains("8100") { 100 } else { 0 });
            let sack = framed(&hex("0101 050a 00000001 00000002"), 0x10);
            assert_eq!(plain(link, &sack, 999).and_then(|(_, rare)| rare).map(|rare| rare.sack_count), Some(1));
            assert!(plain(link, &framed(&[], 0x18), 999).is_some_and(|(_, rare)| rare.is_none()));
            assert!(plain(link, &syn[..syn.len() - 10], syn.len() as u32).is_none(), "options that are cut");
            assert!(plain(link, &framed(&[], 0x30), 999).is_none(), "urgent");
        }
    }

    proptest! {
        #[test]
        fn whatever_goes_the_straight_way_is_what_the_whole_way_gives(
            kind in 0..5usize,
            v6: bool,
            options in prop::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..11),
            flags: u8,
            damage in prop::collection::vec((0..120usize, any::<u8>()), 0..3),
            cut in 0..140usize,
            missing in 0..40u32,
        ) {
            let (link, header) = &links()[kind];
            let mut bytes = framed(header, v6, &options.repeat(4), flags);
            let wire_len = (bytes.len() as u32).saturating_sub(missing / 2);
            for (at, byte) in damage {
                bytes.get_mut(at).into_iter().for_each(|place| *place = byte);
            }
            bytes.truncate(cut);
            plain(*link, &bytes, wire_len);
        }
    }
}
