//! The container of EtherPeek and TokenPeek, versions 5 to 7: big endian, no magic number. Until version 6 times count in
//! milliseconds from a start that the file says; version 7 has microseconds since 1904, as Macintoshes count.

use super::numbers::be::{half, word};
use super::records::{Record, frames as run, rest};
use super::{Clock, Context, End, Format, Frame, Interface, LinkType, Resolution, Stop, guess};
use crate::time::{Span, Timestamp};

pub(super) const FORMAT: Format = Format { name: "etherpeek", recognises, open, boundary, frames };

/// Two bytes of version and status, and a header of 48.
const FILE_HEADER: usize = 50;
/// Seconds from 1904 to 1970.
const MAC_EPOCH: i64 = 2_082_844_800;
/// So many records must follow each other for a file to be one of this format, unless it ends before.
const SEEN: usize = 4;
/// Further apart than this, two times are not of one capture, in microseconds: 400 days.
const FAR: u64 = 400 * 86_400 * 1_000_000;

const ETHERNET: u32 = 1;
const TOKEN_RING: u32 = 6;

/// What a record's header says.
struct Header {
    original: u16,
    captured: u16,
    /// Since the start (versions 5 and 6) or 1904 (version 7), in microseconds.
    micros: u64,
    /// Where the frame begins within the record, and where the next record does.
    data_at: usize,
    length: usize,
}

impl Header {
    /// The header at the start of `rest`; `None` where it is not all there.
    fn read(rest: &[u8], version: u8) -> Option<Self> {
        // Length, slice, flags and status, time; version 7 has the protocol's number before these, the others more behind.
        let is_seven = version == 7;
        let (at, data_at) = if is_seven { (2, 16) } else { (0, 26) };
        let (original, slice) = (half(rest, at)?, half(rest, at + 2)?);
        let high = u64::from(word(rest, at + 6)?);
        let micros = if is_seven { high << 32 | u64::from(word(rest, at + 10)?) } else { high * 1000 };
        rest.get(..data_at)?;
        // No slice: nothing was cut off.
        let captured = if slice == 0 { original } else { slice };
        let padding = if is_seven { usize::from(captured) % 2 } else { 0 };
        Some(Self { original, captured, micros, data_at, length: data_at + usize::from(captured) + padding })
    }

    fn is_plausible(&self) -> bool {
        self.original > 0 && self.captured <= self.original
    }
}

/// No magic number: a known version, a header whose reserved words are zero, and records in a row that make sense.
fn recognises(head: &[u8]) -> bool {
    let Some(&[version @ 5..=7, 0]) = head.first_chunk() else { return false };
    // Version 7 keeps the media, the program's version and the speed before what it reserved.
    let reserved = if version == 7 { 38 } else { 22 };
    let Some(header) = head.get(..FILE_HEADER) else { return false };
    let dated = word(header, 10).is_some_and(|date| i64::from(date) > MAC_EPOCH);
    if !dated || header.get(reserved..).is_none_or(|rest| rest.iter().any(|byte| *byte != 0)) {
        return false;
    }
    let mut at = FILE_HEADER;
    let mut first = None;
    for seen in 0..SEEN {
        match Header::read(rest(head, at as u64), version) {
            None => return at == head.len() || seen > 1,
            Some(record) if !follows(first.unwrap_or(record.micros), &record) => return false,
            Some(record) => {
                first = first.or(Some(record.micros));
                at += record.length;
            }
        }
    }
    true
}

/// Whether a record may stand in one file with one of that time.
fn follows(first: u64, record: &Header) -> bool {
    record.is_plausible() && record.micros.abs_diff(first) < FAR
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let cut = || format!("the file header ends after {} of {FILE_HEADER} bytes", bytes.len());
    let header = bytes.get(..FILE_HEADER).ok_or_else(cut)?;
    let version = header.first().copied().unwrap_or_default();
    let (date, media, physical) = (word(header, 10), word(header, 22), word(header, 26));
    let link = match (version, media, physical) {
        (5 | 6, ..) | (7, Some(0), Some(0)) => ETHERNET,
        (7, Some(1), Some(0)) => TOKEN_RING,
        _ => return Err("wireless EtherPeek captures are not read: convert it with `editcap -F pcapng`".into()),
    };
    // The date is the day and time at which the capture began; before version 7 records count from it.
    let start = if version == 7 { 0 } else { i64::from(date.ok_or_else(cut)?) };
    let interface = Interface {
        link: LinkType(link),
        snaplen: 0,
        clock: Clock { resolution: Resolution::Decimal(if version == 7 { 6 } else { 3 }), offset_seconds: 0 },
        fcs_bytes: 0,
        name: None,
    };
    let start = Timestamp::from_parts(start - MAC_EPOCH, 0);
    Ok((FILE_HEADER as u64, Context { interfaces: vec![interface], variant: version, start, ..Context::default() }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    let link = context.interfaces.first().map_or(LinkType(0), |interface| interface.link);
    run((from, limit, bytes.len() as u64), sink, |at| {
        let rest = rest(bytes, at);
        let Some(header) = Header::read(rest, context.variant) else { return Record::Broken(End::Cut { offset: at }) };
        if !header.is_plausible() {
            let why = format!("a record says that it holds {} of {} bytes", header.captured, header.original);
            return Record::Broken(End::Corrupt { offset: at, why });
        }
        let end = header.data_at + usize::from(header.captured);
        let Some(data) = rest.get(header.data_at..end) else { return Record::Broken(End::Cut { offset: at }) };
        let since_start = Span::from_micros(i64::try_from(header.micros).unwrap_or(i64::MAX));
        let frame = Frame {
            number: 0,
            time: context.start.plus(since_start),
            link,
            interface: 0,
            wire_len: header.original.into(),
            bytes: data,
            offset: at + header.data_at as u64,
            not_a_packet: false,
            remark: None,
        };
        // The last record may lack its padding.
        Record::Frame(frame, (at + header.length as u64).min(bytes.len() as u64))
    })
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    let first = Header::read(bytes.get(FILE_HEADER..)?, context.variant)?;
    guess::boundary(bytes.len(), from, limit, 1, |at| {
        let header = Header::read(bytes.get(at..)?, context.variant)?;
        follows(first.micros, &header).then(|| at + header.length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::all;

    /// 2026-01-01T00:00:00Z as Macintoshes count.
    const DAY: u32 = (1_767_225_600 + MAC_EPOCH) as u32;

    /// A file of records of (milliseconds after the start, length on the wire, data); a length of 0 means "all there".
    fn file(version: u8, records: &[(u32, u16, &[u8])]) -> Vec<u8> {
        let mut out = vec![version, 0];
        out.extend([0, records.len() as u32, DAY].map(u32::to_be_bytes).concat());
        out.resize(FILE_HEADER, 0);
        for &(millis, wire, data) in records {
            let (slice, wire) = if wire == 0 { (0, data.len() as u16) } else { (data.len() as u16, wire) };
            if version == 7 {
                let micros = u64::from(DAY) * 1_000_000 + u64::from(millis) * 1000;
                out.extend([[0, 1], wire.to_be_bytes(), slice.to_be_bytes(), [0, 0]].concat());
                out.extend(micros.to_be_bytes());
                out.extend(data);
                out.resize(out.len().next_multiple_of(2), 0);
            } else {
                out.extend([wire.to_be_bytes(), slice.to_be_bytes(), [0, 0]].concat());
                out.extend(millis.to_be_bytes());
                out.extend(b"\xff\xff\xff\xff\0\x04TCP     \xff\xff");
                out.extend(data);
            }
        }
        out
    }

    const RECORDS: [(u32, u16, &[u8]); 2] = [(1500, 0, b"abc"), (2000, 60, b"abcd")];

    #[test]
    fn both_layouts_say_when_and_how_much() {
        for version in 5..=7 {
            let bytes = file(version, &RECORDS);
            assert!(recognises(&bytes), "version {version}");
            let (frames, end) = all(&FORMAT, &bytes);
            let found: Vec<_> = frames.iter().map(|frame| (frame.wire_len, frame.len, frame.time.rfc3339())).collect();
            let expected =
                [(3, 3, "2026-01-01T00:00:01.500000000Z".into()), (60, 4, "2026-01-01T00:00:02.000000000Z".into())];
            assert_eq!((&*found, end), (&expected[..], End::Clean), "version {version}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        let bytes = file(7, &RECORDS);
        let changed = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            bytes
        };
        // A version that is none, a status, a reserved word that is used, a date before 1970, a record that holds nothing.
        for (at, byte) in [(0, 8), (1, 1), (49, 1), (10, 0), (FILE_HEADER + 3, 0)] {
            assert!(!recognises(&changed(at, byte)), "byte {at}");
        }
        assert!(!recognises(&bytes[..FILE_HEADER - 1]) && !recognises(b"") && !recognises(&[5, 0]));
        assert!(!recognises(&[&bytes[..], b"more that is no record"].concat()));
    }

    #[test]
    fn token_ring_is_named_and_radio_is_not_read() {
        let link = |at: usize| {
            let mut bytes = file(7, &RECORDS);
            bytes[at] = 1;
            open(&bytes).map(|(_, context)| context.interfaces[0].link.0)
        };
        assert_eq!(link(25), Ok(TOKEN_RING));
        assert!(link(29).is_err_and(|why| why.contains("editcap")));
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_records_and_the_place() {
        let bytes = file(6, &RECORDS);
        let second = FILE_HEADER + 26 + 3;
        for length in FILE_HEADER..bytes.len() {
            let (frames, at) = if length < second { (0, FILE_HEADER) } else { (1, second) };
            let (found, end) = all(&FORMAT, &bytes[..length]);
            let expected = if length == at { End::Clean } else { End::Cut { offset: at as u64 } };
            assert_eq!((found.len(), end), (frames, expected), "cut to {length} bytes");
        }
    }

    #[test]
    fn more_captured_than_sent_is_damage() {
        let why = "a record says that it holds 3 of 2 bytes".to_owned();
        let bytes = file(5, &[(0, 2, b"abc")]);
        assert_eq!(all(&FORMAT, &bytes).1, End::Corrupt { offset: FILE_HEADER as u64, why });
    }
}
