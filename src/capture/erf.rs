//! The ERF container (Endace, Extensible Record Format) of DAG cards and probes: no file header, only records, each with a
//! type, perhaps extension headers, and a fixed-point clock. What a file is can only be told by its first records.

use super::records::{Record, frames as run, rest};
use super::{Clock, Context, End, Format, Frame, Interface, LinkType, Resolution, Stop, guess};

pub(super) const FORMAT: Format = Format { name: "erf", recognises, open, boundary, frames };

const RECORD_HEADER: usize = 16;
const EXTENSION: usize = 8;
/// So many records must follow each other for a file to be one of this format, unless it ends before: with one, or in
/// the second or a later one.
const SEEN: usize = 4;
/// Seconds from the first record within which others are taken for records.
const FAR: u32 = 400 * 86_400;
/// Flag of a type: an extension header follows.
const EXTENDED: u8 = 0x80;

/// Record types, by what stands in them.
mod kind {
    pub const PAD: u8 = 48;
    pub const META: u8 = 27;
}

/// LINKTYPE_ERF: of records whose link layer has no decoder here.
const OTHER: u32 = 197;

/// What a record's header says.
struct Header {
    ticks: u64,
    kind: u8,
    flags: u8,
    /// Bytes of the record.
    length: usize,
    /// Bytes of the frame on the wire.
    wire_len: u16,
    /// Where the frame's own bytes would begin: behind the extension headers.
    data_at: usize,
}

impl Header {
    /// The header at the start of `rest`; `None` where it is not all there.
    fn read(rest: &[u8]) -> Option<Self> {
        let (head, extensions) = rest.split_first_chunk::<RECORD_HEADER>()?;
        let [t0, t1, t2, t3, t4, t5, t6, t7, kind, flags, r0, r1, _, _, w0, w1] = *head;
        let mut data_at = RECORD_HEADER;
        let mut more = kind & EXTENDED != 0;
        let length = usize::from(u16::from_be_bytes([r0, r1]));
        while more && data_at < length {
            more = extensions.get(data_at - RECORD_HEADER)? & EXTENDED != 0;
            data_at += EXTENSION;
        }
        Some(Self {
            ticks: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
            kind: kind & !EXTENDED,
            flags,
            length,
            wire_len: u16::from_be_bytes([w0, w1]),
            data_at,
        })
    }

    fn seconds(&self) -> u32 {
        (self.ticks >> 32) as u32
    }

    /// Whether records have such a header: a known type, and room for what it says it holds.
    fn is_plausible(&self) -> bool {
        matches!(self.kind, 1..=25 | 27..=29 | kind::PAD) && self.length >= self.data_at
    }
}

/// The link type of a record whose bytes behind the extension headers are `data`, and how many stand before the frame.
fn link(kind: u8, data: &[u8]) -> (u32, usize) {
    match kind {
        // HDLC; with the header of a channel: multi-channel cards.
        1 | 10 | 15 | 19 => (hdlc(data), 0),
        5 | 17 => (hdlc(data.get(4..).unwrap_or_default()), 4),
        // Ethernet, behind an offset and a pad byte.
        2 | 11 | 16 | 20 => (1, 2),
        // AAL5 behind an ATM header, alone or of a channel: LLC as in RFC 1483.
        4 => (100, 4),
        9 => (100, 8),
        22 => (228, 0),
        23 => (229, 0),
        _ => (OTHER, 0),
    }
}

/// What a serial line carries: PPP in HDLC framing, or Cisco's HDLC.
fn hdlc(data: &[u8]) -> u32 {
    if data.starts_with(&[0xff, 0x03]) { 50 } else { 104 }
}

/// No magic number: several records in a row, whose types, lengths and times make sense together.
fn recognises(head: &[u8]) -> bool {
    let Some(first) = Header::read(head).filter(|first| first.is_plausible() && first.kind != kind::PAD) else {
        return false;
    };
    // Text has a plausible byte everywhere but none of the zeros that counters and lengths have.
    let is_binary = head.iter().take(RECORD_HEADER).any(|byte| *byte == 0 || *byte >= 0x80);
    let mut at = 0;
    for seen in 0..SEEN {
        match Header::read(rest(head, at as u64)) {
            None => return is_binary && (at == head.len() || seen > 1),
            Some(record) if !follows(&first, &record) => return false,
            Some(record) => at += record.length,
        }
    }
    is_binary
}

/// Whether a record may stand in one file with the first; padding has no time.
fn follows(first: &Header, record: &Header) -> bool {
    let near = record.seconds().abs_diff(first.seconds()) < FAR && first.seconds() > 0;
    record.is_plausible() && (near || record.kind == kind::PAD)
}

fn open(_: &[u8]) -> Result<(u64, Context), String> {
    // Two bits of each record's flags number the port that captured it.
    let interfaces = (0..4).map(|port| Interface {
        link: LinkType(OTHER),
        snaplen: 0,
        clock: CLOCK,
        fcs_bytes: 0,
        name: Some(format!("port {port}")),
    });
    Ok((0, Context { interfaces: interfaces.collect(), ..Context::default() }))
}

/// Fixed point: 32 bits of seconds, 32 of their fraction.
const CLOCK: Clock = Clock { resolution: Resolution::Binary(32), offset_seconds: 0 };

fn frames<'a>(bytes: &'a [u8], _: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    run((from, limit, bytes.len() as u64), sink, |at| {
        let rest = rest(bytes, at);
        let Some(header) = Header::read(rest) else { return Record::Broken(End::Cut { offset: at }) };
        if header.length < header.data_at {
            let why = format!("a record says that it is {} bytes long; its headers are longer", header.length);
            return Record::Broken(End::Corrupt { offset: at, why });
        }
        let Some(record) = rest.get(..header.length) else { return Record::Broken(End::Cut { offset: at }) };
        let next = at + header.length as u64;
        match header.kind {
            kind::PAD => Record::Skipped(next),
            _ => Record::Frame(frame(&header, record, at), next),
        }
    })
}

fn frame<'a>(header: &Header, record: &'a [u8], at: u64) -> Frame<'a> {
    let data = record.get(header.data_at..).unwrap_or_default();
    let (link, before) = link(header.kind, data);
    let captured = data.get(before..).unwrap_or_default();
    // Records are padded: what lies behind the frame's length on the wire is no part of it.
    let captured = captured.get(..usize::from(header.wire_len)).unwrap_or(captured);
    let not_a_packet = header.kind == kind::META;
    Frame {
        number: 0,
        time: CLOCK.time(header.ticks),
        link: LinkType(link),
        interface: u16::from(header.flags & 3),
        wire_len: header.wire_len.into(),
        bytes: if not_a_packet { &[] } else { captured },
        offset: at + (header.data_at + before) as u64,
        not_a_packet,
        remark: None,
    }
}

fn boundary(bytes: &[u8], _: &Context, from: u64, limit: u64) -> Option<u64> {
    let first = Header::read(bytes)?;
    guess::boundary(bytes.len(), from, limit, 1, |at| {
        let header = Header::read(bytes.get(at..)?)?;
        follows(&first, &header).then(|| at + header.length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::all;
    use crate::time::Timestamp;

    /// A record of a type (with its extension headers), its flags, the length on the wire and all behind the header.
    fn record(kind: u8, flags: u8, wire_len: u16, rest: &[u8]) -> Vec<u8> {
        let mut out = Vec::from((0x6500_0000_u64 << 32 | 1 << 31).to_le_bytes());
        let length = (RECORD_HEADER + rest.len()) as u16;
        out.extend([kind, flags]);
        out.extend([length, 0, wire_len].map(u16::to_be_bytes).concat());
        out.extend(rest);
        out
    }

    #[test]
    fn each_type_says_what_stands_before_its_frame() {
        let kinds: [(u8, &[u8], u32, u64); 8] = [
            (2, b"\0\0frame", 1, 18),
            (1, b"\x0f\0frame", 104, 16),
            (10, b"\xff\x03frame", 50, 16),
            (5, b"\0\0\0\x01\xff\x03frame", 50, 20),
            (9, b"\0\0\0\x01\0\0\0\0frame", 100, 24),
            (22, b"\x45frame", 228, 16),
            (3, b"cells", OTHER, 16),
            // Two extension headers, of which the first says that another follows.
            (0x82, b"\x831234567\x031234567\0\0frame", 1, 34),
        ];
        for (kind, rest, link, offset) in kinds {
            let bytes = record(kind, 2, 600, rest).repeat(2);
            let mut found = Vec::new();
            frames(&bytes, &mut Context::default(), 0, u64::MAX, &mut |frame| {
                found.push((frame.link.0, frame.offset, frame.interface, frame.wire_len));
            });
            assert_eq!(found.first(), Some(&(link, offset, 2, 600)), "type {kind}");
        }
    }

    #[test]
    fn padding_is_neither_frame_nor_bytes_of_one_and_time_is_a_fraction() {
        let bytes =
            [record(2, 0, 5, b"\0\0frame\0"), record(kind::PAD, 0, 0, b"12345678"), record(kind::META, 0, 9, b"tags")]
                .concat();
        let (frames, end) = all(&FORMAT, &bytes);
        let time = Timestamp::from_parts(0x6500_0000, 500_000_000);
        let found: Vec<_> = frames.iter().map(|frame| (frame.len, frame.time, frame.not_a_packet)).collect();
        assert_eq!((found, end), (vec![(5, time, false), (0, time, true)], End::Clean));
    }

    #[test]
    fn only_records_that_follow_each_other_are_this_format() {
        let one = record(2, 0, 5, b"\0\0frame");
        assert!(recognises(&one) && recognises(&one.repeat(9)));
        assert!(!recognises(&one[..20]) && !recognises(&[&one[..], b"no record follows"].concat()));
        assert!(!recognises(b"Proto Re\nv-Q Send-Q Local Address           Foreign Address         State"));
        assert!(!recognises(&record(kind::PAD, 0, 0, b"").repeat(9)) && !recognises(&[0; 4096]) && !recognises(b""));
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_records_and_the_place() {
        let bytes = [record(2, 0, 5, b"\0\0frame"), record(0x82, 0, 5, b"\x031234567\0\0frame")].concat();
        for length in 0..bytes.len() {
            let (frames, at) = if length < 23 { (0, 0) } else { (1, 23) };
            let (found, end) = all(&FORMAT, &bytes[..length]);
            let expected = if length == at as usize { End::Clean } else { End::Cut { offset: at } };
            assert_eq!((found.len(), end), (frames, expected), "cut to {length} bytes");
        }
    }

    #[test]
    fn a_record_shorter_than_its_headers_is_damage() {
        let mut bytes = record(2, 0, 5, b"\0\0frame").repeat(2);
        bytes[23 + 11] = 7;
        let why = "a record says that it is 7 bytes long; its headers are longer".to_owned();
        assert_eq!(all(&FORMAT, &bytes).1, End::Corrupt { offset: 23, why });
    }
}
