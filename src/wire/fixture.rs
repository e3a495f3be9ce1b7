//! Frames for this room's tests.

use super::{Keys, Packet, Segment, Why, decode, tunnels};
use crate::capture::{Frame, LinkType};
use crate::time::Timestamp;

pub const KEYS: Keys = Keys([1, 2, 3, 4]);

/// A whole frame of link type `link`.
pub fn frame(link: u32, bytes: &[u8]) -> Frame<'_> {
    Frame {
        number: 7,
        time: Timestamp(5),
        link: LinkType(link),
        interface: 3,
        wire_len: bytes.len() as u32,
        bytes,
        offset: 100,
        not_a_packet: false,
        remark: None,
    }
}

/// Bytes written as hexadecimal digits, spaces between them as one likes.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// 192.0.2.1:40000 > 198.51.100.2:443, sequence number 0x01020304, ACK, 5 bytes of payload, from the IP header on.
pub fn ipv4() -> Vec<u8> {
    hex("4500 002d 1234 4000 4006 0000 c0000201 c6336402
         9c40 01bb 01020304 0a0b0c0d 5010 2000 0000 0000 68656c6c6f")
}

/// The same between 2001:db8::1 and 2001:db8::2.
pub fn ipv6() -> Vec<u8> {
    hex("60000000 0019 0640 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002
         9c40 01bb 01020304 0a0b0c0d 5010 2000 0000 0000 68656c6c6f")
}

/// Header bytes before a packet.
pub fn before(header: &str, packet: &[u8]) -> Vec<u8> {
    [&hex(header), packet].concat()
}

/// Two Ethernet addresses.
pub const MACS: &str = "020000000001 020000000002";

/// An IPv4 header that carries a protocol, long enough for what the tests put behind it.
pub fn ip(protocol: u8) -> String {
    format!("4500 2000 0000 0000 40 {protocol:02x} 0000 cb007101 cb007102")
}

/// An IPv4 header that carries GRE.
pub const IP_47: &str = "4500 2000 0000 0000 40 2f 0000 cb007101 cb007102";

/// IPv4 and UDP headers to a port.
pub fn udp(port: u16) -> String {
    format!("{} d431 {port:04x} 1fec 0000", ip(17))
}

/// Names and identifiers of the tunnels of a frame, outermost first.
pub fn tunnels_of(link: u32, bytes: &[u8]) -> Vec<(&'static str, Option<u32>)> {
    tunnels(LinkType(link), bytes).into_iter().map(|tunnel| (tunnel.name, tunnel.identifier)).collect()
}

/// The segment in a frame.
#[track_caller]
pub fn segment(link: u32, bytes: &[u8]) -> Segment {
    match decode(&frame(link, bytes), &KEYS) {
        Packet::Segment(segment, _) => segment,
        other => panic!("no segment: {other:?}"),
    }
}

/// Why a frame holds no segment.
#[track_caller]
pub fn why(link: u32, bytes: &[u8]) -> Why {
    let packet = decode(&frame(link, bytes), &KEYS);
    packet.why().unwrap_or_else(|| panic!("decoded: {packet:?}"))
}

/// Asserts that `header` before the fixture packets of both IP versions is understood and leads to the segment.
#[track_caller]
pub fn leads_to_ip(link: u32, header_v4: &str, header_v6: &str) {
    for (header, packet) in [(header_v4, ipv4()), (header_v6, ipv6())] {
        let bytes = before(header, &packet);
        let found = segment(link, &bytes);
        assert_eq!((found.seq.0, found.len), (0x0102_0304, 5));
        assert_eq!(usize::from(found.ip_at), bytes.len() - packet.len());
    }
}
