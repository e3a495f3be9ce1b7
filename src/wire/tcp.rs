//! TCP headers: the twenty fixed bytes and all options.
//!
//! Read by hand: the snap length often cuts a header in its options, where `etherparse::TcpSlice` gives nothing,
//! and its option iterator ends at the first option it does not know (MPTCP, Fast Open), hiding those after it.

use super::dns;
use super::flow::FlowKey;
use super::ip::Ip;
use super::layers::Innermost;
use super::why::{Layer, Why};
use super::{Address, Flags, Keys, Marks, Packet, Segment, name, position};
use crate::capture::Frame;
use crate::seq::Seq;

/// The fixed part of the header (RFC 9293 3.1).
const FIXED: usize = 20;
/// Up to and with the flags: less than that says nothing about a connection.
const LEAST: usize = 14;
/// Up to and with the window.
const WITH_WINDOW: usize = 16;
/// No window is larger (RFC 7323 2.3), so no segment with its header is.
const LARGEST: usize = 1 << 30;

/// Parts of a segment that few have: options of SYNs, SACK blocks, the urgent pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    /// Maximum segment size (RFC 9293 3.7.1), bytes.
    pub mss: Option<u16>,
    /// Window scale shift (RFC 7323 2.3): what was sent, but at most 14, as receivers take it.
    pub window_scale: Option<u8>,
    pub sack_permitted: bool,
    /// SACK blocks (RFC 2018), in order; a first block at or below the acknowledgement number is a D-SACK (RFC 2883).
    pub sack: [(Seq, Seq); 4],
    pub sack_count: u8,
    /// TCP Fast Open option (RFC 7413) was present.
    pub fast_open: bool,
    /// MPTCP option (RFC 8684) was present.
    pub mptcp: bool,
    /// MD5 (RFC 2385) or TCP-AO (RFC 5925) signature was present.
    pub signed: bool,
    pub urgent: Option<u16>,
}

impl Rare {
    pub fn sack_blocks(&self) -> &[(Seq, Seq)] {
        self.sack.get(..usize::from(self.sack_count)).unwrap_or(&self.sack)
    }
}

/// Decodes the TCP segment that `found` carries, and adds `marks`.
#[inline]
pub(super) fn decode(frame: &Frame<'_>, found: &Innermost, marks: Marks, keys: &Keys) -> Packet {
    let ip = &found.ip;
    let captured = ip.payload(frame.bytes);
    let mut rare = None;
    let header = match header(captured, ip.payload_len, ip.marks, &mut rare) {
        Ok(header) => header,
        Err(why) => return Packet::Other(why),
    };
    if position(ip.at).is_err() {
        return Packet::Other(Why::TooDeep);
    }
    let ends = ip.ends(frame.bytes);
    match ends.and_then(|ends| segment(frame, ip, ends, found.vlan, &header, marks, keys)) {
        Some(segment) => Packet::Segment(segment, rare),
        None => Packet::Other(Why::Short(Layer::Tcp)),
    }
}

/// The record of a segment with this header, which `ip` carries from one end to the other; `None` where it lies too deep.
#[inline(always)]
pub(super) fn segment(
    frame: &Frame<'_>,
    ip: &Ip,
    (source, destination): (Address, Address),
    vlan: u16,
    header: &Header,
    marks: Marks,
    keys: &Keys,
) -> Option<Segment> {
    let (key, way) = FlowKey::new(source, destination);
    let captured = ip.payload(frame.bytes);
    let marks =
        if header.payload_len == 0 { marks } else { marks.with(of_payload(header, captured, source, destination)) };
    Some(Segment {
        flow: key.hash(keys),
        time: frame.time,
        offset: frame.offset,
        frame: frame.number as u32,
        seq: header.seq,
        ack: header.ack,
        len: header.payload_len,
        wire_len: frame.wire_len,
        ts_value: header.ts_value,
        ts_echo: header.ts_echo,
        window: header.window,
        ip_id: ip.id,
        flags: header.flags,
        ip_at: position(ip.at).ok()?,
        interface: frame.interface,
        vlan,
        ttl: ip.ttl,
        marks: header.marks.with(ip.marks).with(marks),
        way,
        lane: key.lane(),
    })
}

/// What the first bytes of a payload promise to those who look further.
#[inline]
fn of_payload(header: &Header, captured: &[u8], source: Address, destination: Address) -> Marks {
    let payload = captured.get(header.length..).unwrap_or_default();
    let named = if name::may_name(payload) { Marks::NAMED } else { Marks::default() };
    if dns::is_port(source.port, destination.port) { named.with(Marks::DNS) } else { named }
}

/// What a TCP header says.
pub(super) struct Header {
    /// Of itself, options included.
    length: usize,
    seq: Seq,
    ack: Seq,
    payload_len: u32,
    ts_value: u32,
    ts_echo: u32,
    window: u16,
    pub flags: Flags,
    marks: Marks,
}

/// Reads the header at the start of a packet that was `length` bytes long on the wire.
#[inline]
fn header(captured: &[u8], length: usize, ip: Marks, rare: &mut Option<Rare>) -> Result<Header, Why> {
    if !(FIXED..=LARGEST).contains(&length) {
        return Err(Why::Malformed(Layer::Tcp));
    }
    let (fixed, mut marks) = fixed_part(captured)?;
    let header_len = usize::from(fixed[12] >> 4) * 4;
    if header_len < FIXED || header_len > length {
        return Err(Why::Malformed(Layer::Tcp));
    }
    let flags = Flags(u16::from_be_bytes([fixed[12] & 1, fixed[13]]));
    // A SYN as long as its IP header says and its frame does not hold lost its options when the file was anonymised.
    let shortened = flags.has(Flags::SYN) && ip.has(Marks::LENGTH_PAST_FRAME);
    let length = if shortened { captured.len().clamp(header_len, length) } else { length };
    let captured_options = captured.get(FIXED..).unwrap_or_default();
    let options = captured_options.get(..header_len - FIXED).unwrap_or_else(|| {
        marks = marks.with(Marks::HEADER_CUT);
        captured_options
    });
    let stamps = stamps(options, rare);
    if flags.has(Flags::URG) && captured.len() >= FIXED {
        rare.get_or_insert_default().urgent = Some(u16::from_be_bytes([fixed[18], fixed[19]]));
    }
    marks = if rare.is_some() { marks.with(Marks::RARE) } else { marks };
    Ok(Header::new(&fixed, flags, header_len, length, stamps, marks))
}

impl Header {
    #[inline(always)]
    fn new(
        fixed: &[u8; FIXED],
        flags: Flags,
        header_len: usize,
        length: usize,
        stamps: Option<&[u8; 8]>,
        marks: Marks,
    ) -> Self {
        let (ts_value, ts_echo) = stamps.map_or((0, 0), |&[a, b, c, d, e, f, g, h]| {
            (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
        });
        let marks = if stamps.is_some() { marks.with(Marks::TIMESTAMPS) } else { marks };
        Self {
            length: header_len,
            seq: Seq(u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]])),
            ack: Seq(u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]])),
            payload_len: (length - header_len) as u32,
            ts_value,
            ts_echo,
            window: u16::from_be_bytes([fixed[14], fixed[15]]),
            flags,
            marks,
        }
    }

    /// A whole header with all of its options, of a packet that was `length` bytes long; what few have goes into `rare`.
    #[inline(always)]
    pub(super) fn plain(fixed: &[u8; FIXED], options: &[u8], length: usize, rare: &mut Option<Rare>) -> Option<Self> {
        let header_len = FIXED + options.len();
        let flags = Flags(u16::from_be_bytes([fixed[12] & 1, fixed[13]]));
        if header_len > length {
            return None;
        }
        let stamps = stamps(options, rare);
        let marks = if rare.is_some() { Marks::RARE } else { Marks::default() };
        Some(Self::new(fixed, flags, header_len, length, stamps, marks))
    }
}

/// Both timestamps, which most often are all options; others go into `rare`.
#[inline(always)]
fn stamps<'a>(options: &'a [u8], rare: &mut Option<Rare>) -> Option<&'a [u8; 8]> {
    match *options {
        [] => None,
        [1, 1, 8, 10, ref stamps @ ..] if stamps.len() == 8 => stamps.first_chunk(),
        _ => read_options(options, rare),
    }
}

/// The fixed part, zeros where the snap length cut it.
#[inline]
fn fixed_part(captured: &[u8]) -> Result<([u8; FIXED], Marks), Why> {
    if let Some(fixed) = captured.first_chunk() {
        return Ok((*fixed, Marks::default()));
    }
    if captured.len() < LEAST {
        return Err(Why::Short(Layer::Tcp));
    }
    let mut fixed = [0; FIXED];
    for (to, from) in fixed.iter_mut().zip(captured) {
        *to = *from;
    }
    if captured.len() < WITH_WINDOW {
        fixed[14] = 0;
        return Ok((fixed, Marks::HEADER_CUT.with(Marks::WINDOW_CUT)));
    }
    Ok((fixed, Marks::HEADER_CUT))
}

/// Reads the options there are: gives both timestamps back, puts others into `rare`. An option that is cut, or that has an
/// impossible length, ends them.
#[inline(never)]
fn read_options<'a>(mut rest: &'a [u8], rare: &mut Option<Rare>) -> Option<&'a [u8; 8]> {
    let mut stamps = None;
    while let Some((&kind, after)) = rest.split_first() {
        match kind {
            0 => break,
            1 => rest = after,
            _ => {
                let Some((&length, _)) = after.split_first() else { break };
                let Some(option) = rest.get(2..usize::from(length)) else { break };
                rest = rest.get(usize::from(length)..).unwrap_or_default();
                match kind {
                    8 if option.len() == 8 => stamps = option.first_chunk(),
                    _ => read_rare(rare, kind, option),
                }
            }
        }
    }
    stamps
}

/// Options by kind (IANA `tcp-parameters`); unknown ones, and known ones of another length, are passed over.
fn read_rare(rare: &mut Option<Rare>, kind: u8, value: &[u8]) {
    match (kind, value) {
        (2, &[a, b]) => rare.get_or_insert_default().mss = Some(u16::from_be_bytes([a, b])),
        (3, &[shift]) => rare.get_or_insert_default().window_scale = Some(shift.min(14)),
        (4, []) => rare.get_or_insert_default().sack_permitted = true,
        (5, blocks) => {
            let rare = rare.get_or_insert_default();
            for (count, (slot, block)) in (1..).zip(rare.sack.iter_mut().zip(blocks.chunks_exact(8))) {
                if let &[a, b, c, d, e, f, g, h] = block {
                    *slot = (Seq(u32::from_be_bytes([a, b, c, d])), Seq(u32::from_be_bytes([e, f, g, h])));
                    rare.sack_count = count;
                }
            }
        }
        (19 | 29, _) => rare.get_or_insert_default().signed = true,
        (30, _) => rare.get_or_insert_default().mptcp = true,
        // 254 with this magic number is what Fast Open used before it had a number (RFC 7413 4.1.1).
        (34, _) | (254, &[0xf9, 0x89, ..]) => rare.get_or_insert_default().fast_open = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode as decode_frame;
    use crate::wire::fixture::{KEYS, frame, hex, ipv4, why};

    const RAW: u32 = 101;

    /// Decodes the fixture's packet with these options in its header, cut to `captured` bytes.
    fn with_options(options: &str, captured: usize) -> (Segment, Option<Rare>) {
        let (plain, options) = (ipv4(), hex(options));
        let mut bytes = [&plain[..40], &options, &plain[40..]].concat();
        bytes[3] += options.len() as u8;
        bytes[32] = ((20 + options.len()) as u8) << 2;
        let wire_len = bytes.len() as u32;
        bytes.truncate(captured);
        match decode_frame(&Frame { wire_len, ..frame(RAW, &bytes) }, &KEYS) {
            Packet::Segment(segment, rare) => {
                assert_eq!(segment.marks.has(Marks::RARE), rare.is_some());
                (segment, rare)
            }
            other => panic!("no segment: {other:?}"),
        }
    }

    #[test]
    fn timestamps_are_read_in_the_usual_place_and_elsewhere() {
        for options in ["0101 080a 00000007 00000009", "080a 00000007 00000009 0000", "01 080a 00000007 00000009 00"] {
            let (segment, rare) = with_options(options, 999);
            assert_eq!((segment.ts_value, segment.ts_echo, segment.len), (7, 9, 5));
            assert!(segment.marks.has(Marks::TIMESTAMPS) && rare.is_none());
        }
    }

    #[test]
    fn a_syn_s_options_are_all_read() {
        let (segment, rare) = with_options("020405b4 0402 080a 00000007 00000000 01 03030f", 999);
        let rare = rare.expect("options");
        assert_eq!((rare.mss, rare.window_scale, rare.sack_permitted), (Some(1460), Some(14), true));
        assert!(segment.marks.has(Marks::TIMESTAMPS));
    }

    #[test]
    fn four_sack_blocks_are_all_that_fit() {
        let rare =
            with_options("0101 0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008", 999).1;
        let blocks = rare.expect("options");
        let numbers: Vec<_> = blocks.sack_blocks().iter().map(|(from, to)| (from.0, to.0)).collect();
        assert_eq!(numbers, [(1, 2), (3, 4), (5, 6), (7, 8)]);
        let rare = with_options("050a 00000001 00000002 0000", 999).1.expect("options");
        assert_eq!(rare.sack_blocks(), [(Seq(1), Seq(2))]);
    }

    #[test]
    fn options_after_unknown_ones_are_read() {
        let rare = with_options("fd04 0000 1e04 0000 2202 fe04f989 1304 0000 020405b4 0000", 999).1.expect("options");
        assert!(rare.mptcp && rare.fast_open && rare.signed);
        assert_eq!(rare.mss, Some(1460));
    }

    #[test]
    fn options_that_run_past_the_header_are_no_options() {
        assert_eq!(
            with_options("0204 05b4 0320 0700", 999).1.map(|rare| (rare.mss, rare.window_scale)),
            Some((Some(1460), None))
        );
        assert_eq!(with_options("0800 0000", 999).1, None);
        assert_eq!(with_options("0801 0000", 999).1, None);
    }

    #[test]
    fn a_header_cut_in_its_options_gives_all_before_the_cut() {
        let (segment, rare) = with_options("020405b4 0402 080a 00000007 00000000 01 030307", 50);
        assert_eq!((segment.len, segment.window, rare.and_then(|rare| rare.mss)), (5, 0x2000, Some(1460)));
        assert!(segment.marks.has(Marks::HEADER_CUT) && !segment.marks.has(Marks::TIMESTAMPS));
    }

    #[test]
    fn a_header_cut_after_its_flags_still_counts_and_before_them_does_not() {
        let (segment, _) = with_options("", 34);
        assert_eq!(
            (segment.seq.0, segment.ack.0, segment.flags, segment.len),
            (0x0102_0304, 0x0a0b_0c0d, Flags::ACK, 5)
        );
        assert!(segment.marks.has(Marks::HEADER_CUT) && segment.marks.has(Marks::WINDOW_CUT));
        let (segment, _) = with_options("", 35);
        assert_eq!((segment.window, segment.marks.has(Marks::WINDOW_CUT)), (0, true));
        let (segment, _) = with_options("", 36);
        assert_eq!((segment.window, segment.marks.has(Marks::WINDOW_CUT)), (0x2000, false));
        assert_eq!(why(RAW, &ipv4()[..33]), Why::Short(Layer::Tcp));
    }

    #[test]
    fn the_urgent_pointer_and_all_nine_flags_are_read() {
        let mut bytes = ipv4();
        (bytes[32], bytes[33], bytes[39]) = (0x51, 0xff, 3);
        let Packet::Segment(segment, rare) = decode_frame(&frame(RAW, &bytes), &KEYS) else { panic!("no segment") };
        assert_eq!((segment.flags, rare.and_then(|rare| rare.urgent)), (Flags(0x1ff), Some(3)));
    }

    #[test]
    fn a_syn_shorter_than_its_ip_header_says_carries_no_payload() {
        let mut bytes = ipv4();
        bytes.truncate(40);
        for (flags, len) in [(0x02, 0), (0x12, 0), (0x10, 5)] {
            bytes[33] = flags;
            let lying = Frame { wire_len: 40, ..frame(RAW, &bytes) };
            let Packet::Segment(segment, _) = decode_frame(&lying, &KEYS) else { panic!("no segment") };
            assert_eq!((segment.len, segment.marks.has(Marks::LENGTH_PAST_FRAME)), (len, true));
        }
    }

    #[test]
    fn a_header_longer_than_its_packet_or_shorter_than_itself_is_malformed() {
        for offset in [0x40, 0x70] {
            let mut bytes = ipv4();
            bytes[32] = offset;
            assert_eq!(why(RAW, &bytes), Why::Malformed(Layer::Tcp));
        }
        let mut bytes = ipv4();
        bytes[3] = 39;
        assert_eq!(why(RAW, &bytes), Why::Malformed(Layer::Tcp));
    }
}
