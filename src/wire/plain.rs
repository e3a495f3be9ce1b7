//! The shape that nearly all frames have: Ethernet without tags, IPv4 without options or IPv6 without extension headers, and
//! a whole TCP header without options but timestamps. Read in a straight line, without a step for each header.
//!
//! A shorter way to what [`decode`](super::decode) gives: builds with debug assertions go both ways and compare.

use super::ip::{self, Fragment, Ip};
use super::link::ethernet;
use super::{Flags, Keys, Marks, Segment, tcp};
use crate::capture::Frame;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const STAMPS: usize = 12;

/// The segment of a frame of this shape.
#[inline]
pub fn decode_plain(frame: &Frame<'_>, keys: &Keys) -> Option<Segment> {
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
    let stamps = match fixed[12] >> 4 {
        5 => None,
        8 => match options.first_chunk::<STAMPS>()? {
            [1, 1, 8, 10, stamps @ ..] => Some(stamps),
            _ => return None,
        },
        _ => return None,
    };
    let header = tcp::Header::plain(fixed, stamps, ip.payload_len)?;
    if header.flags.any(Flags::SYN.with(Flags::URG)) {
        return None;
    }
    tcp::segment(frame, &ip, 0, &header, Marks::default(), keys)
}
