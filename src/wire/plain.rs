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

/// Gives the segment of a frame of this shape to `take`, with what few have: where it is built it need not be moved, which would
/// wait for each of its parts.
#[inline(always)]
pub fn decode_plain<T>(frame: &Frame<'_>, keys: &Keys, take: impl FnOnce(Segment, Option<&Rare>) -> T) -> Option<T> {
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
    let mut rare = None;
    let header = tcp::Header::plain(fixed, options, ip.payload_len, &mut rare)?;
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
    let segment = tcp::segment(frame, &ip, (source, destination), 0, &header, Marks::default(), keys)?;
    Some(take(segment, rare.as_ref()))
}
