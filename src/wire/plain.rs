//! The shape that nearly all frames have: Ethernet without tags, IPv4 without options or IPv6 without extension headers, and
//! a whole TCP header without urgent data. Read in a straight line, without a step for each header.
//!
//! A shorter way to what [`decode`](super::decode) gives: builds with debug assertions go both ways and compare.

use super::ip::{self, Fragment, Ip};
use super::link::ethernet;
use super::{Address, Flags, Keys, Marks, Rare, Segment, tcp};
use crate::capture::Frame;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const IPV6_SOURCE: usize = ETHERNET + 8;
const TCP: usize = 20;

/// The segment of a frame of this shape; what few have goes into `rare`, which is `None` before. In line: where the segment is
/// built it need not be moved, which would wait for each of its parts.
#[inline(always)]
pub fn decode_plain(frame: &Frame<'_>, keys: &Keys, rare: &mut Option<Rare>) -> Option<Segment> {
    if frame.link.0 != ethernet::LINKTYPE {
        return None;
    }
    let head = frame.bytes.first_chunk::<{ ETHERNET + IPV4 }>()?;
    let half = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let (payload_at, payload_len, id, ttl, marks) = match half(12) {
        ip::ETHERTYPE_V4 if head[14] == 0x45 && head[23] == ip::TCP && half(20) & 0x3fff == 0 => {
            let dont = if half(20) & 0x4000 == 0 { Marks::default() } else { Marks::DONT_FRAGMENT };
            (ETHERNET + IPV4, usize::from(half(16)).checked_sub(IPV4)?, half(18), head[22], dont)
        }
        ip::ETHERTYPE_V6 if head[14] >> 4 == 6 && head[20] == ip::TCP => {
            let marks = Marks::V6.with(Marks::DONT_FRAGMENT);
            (ETHERNET + IPV6, usize::from(half(18)), 0, head[21], marks)
        }
        _ => return None,
    };
    let end = frame.bytes.len().max(frame.wire_len as usize);
    if payload_len == 0 || payload_at + payload_len > end {
        return None;
    }
    let (at, protocol, fragment) = (ETHERNET, ip::TCP, Fragment::No);
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
        let both = frame.bytes.get(IPV6_SOURCE..)?.first_chunk::<32>()?;
        let (source, destination) = both.split_first_chunk::<16>()?;
        (Address::v6(*source, port(0)), Address::v6(*destination.first_chunk()?, port(2)))
    } else {
        let v4 = |at: usize| [head[at], head[at + 1], head[at + 2], head[at + 3]];
        (Address::v4(v4(26), port(0)), Address::v4(v4(30), port(2)))
    };
    tcp::segment(frame, &ip, (source, destination), 0, &header, Marks::default(), keys)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{KEYS, MACS, frame, hex, ipv4, ipv6};
    use super::super::{Packet, decode};
    use super::*;
    use proptest::prelude::*;

    const SYN: &str = "0204 05b4 0402 080a 00000007 00000000 0103 0307";

    /// An Ethernet frame with the fixture's packet, which has these options and flags.
    fn ethernet(v6: bool, options: &[u8], flags: u8) -> Vec<u8> {
        let (kind, packet, at) = if v6 { ("86dd", ipv6(), IPV6) } else { ("0800", ipv4(), IPV4) };
        let mut bytes = [&hex(&format!("{MACS} {kind}")), &packet[..at + TCP], options].concat();
        bytes.extend_from_slice(&packet[at + TCP..]);
        bytes[ETHERNET + if v6 { 5 } else { 3 }] += options.len() as u8;
        bytes[ETHERNET + at + 12] = ((TCP + options.len()) as u8) << 2;
        bytes[ETHERNET + at + 13] = flags;
        bytes
    }

    /// What the straight line gives, if anything; it is what the whole way gives.
    fn plain(bytes: &[u8], wire_len: u32) -> Option<(Segment, Option<Rare>)> {
        let frame = Frame { wire_len, ..frame(ethernet::LINKTYPE, bytes) };
        let mut rare = None;
        let plain = (decode_plain(&frame, &KEYS, &mut rare)?, rare);
        assert!(matches!(decode(&frame, &KEYS), Packet::Segment(segment, rare) if (segment, rare) == plain));
        Some(plain)
    }

    #[test]
    fn syns_and_sack_blocks_go_the_straight_way_and_what_is_cut_or_urgent_does_not() {
        for v6 in [false, true] {
            let syn = ethernet(v6, &hex(SYN), 0x02);
            let (segment, rare) = plain(&syn, syn.len() as u32).expect("a whole header");
            let rare = rare.expect("options");
            assert_eq!(
                (rare.mss, rare.window_scale, rare.sack_permitted, segment.ts_value),
                (Some(1460), Some(7), true, 7)
            );
            let sack = ethernet(v6, &hex("0101 050a 00000001 00000002"), 0x10);
            assert_eq!(plain(&sack, 999).and_then(|(_, rare)| rare).map(|rare| rare.sack_count), Some(1));
            assert!(plain(&ethernet(v6, &[], 0x18), 999).is_some_and(|(_, rare)| rare.is_none()));
            assert!(plain(&syn[..syn.len() - 10], syn.len() as u32).is_none(), "options that are cut");
            assert!(plain(&ethernet(v6, &[], 0x30), 999).is_none(), "urgent");
        }
    }

    proptest! {
        #[test]
        fn whatever_goes_the_straight_way_is_what_the_whole_way_gives(
            v6: bool,
            options in prop::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..11),
            flags: u8,
            damage in prop::collection::vec((0..120usize, any::<u8>()), 0..3),
            cut in 0..140usize,
            missing in 0..40u32,
        ) {
            let mut bytes = ethernet(v6, &options.repeat(4), flags);
            let wire_len = (bytes.len() as u32).saturating_sub(missing / 2);
            for (at, byte) in damage {
                bytes.get_mut(at).into_iter().for_each(|place| *place = byte);
            }
            bytes.truncate(cut);
            plain(&bytes, wire_len);
        }
    }
}
