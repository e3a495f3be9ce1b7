//! The pcap container (draft-ietf-opsawg-pcap): a file header, then records. One interface, one clock. Also its old versions
//! with swapped lengths (as libpcap reads them) and the patched libpcap of 1999 with its longer record header.

use super::ahead::prefetch;
use super::{Clock, Context, End, Format, Frame, Interface, LinkType, Resolution, Stop, guess};
use crate::time::Timestamp;
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcap::RawPcapPacket;
use std::borrow::Cow;

pub(super) const FORMAT: Format = Format { name: "pcap", recognises, open, boundary, frames };

const FILE_HEADER: usize = 24;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Alexey Kuznetsov's patch: records carry eight more bytes of header.
const PATCHED: u32 = 0xa1b2_cd34;
/// What readers accept as a captured length where the file's own bound is lower (libpcap's MAXIMUM_SNAPLEN).
const MAX_CAPTURED: u32 = 262_144;
/// Records whose time is further than this from the first one's are not taken for a boundary.
const FAR: u32 = 400 * 86_400;

/// How the records of a file differ from the format's; stored as [`Context::variant`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Standard = 0,
    /// Version below 2.3: the two lengths stand in the other order.
    Swapped = 1,
    /// Version 2.3: written both ways; the captured length is the smaller one.
    SmallerFirst = 2,
    Patched = 3,
}

impl Variant {
    fn of(context: &Context) -> Self {
        match context.variant {
            1 => Self::Swapped,
            2 => Self::SmallerFirst,
            3 => Self::Patched,
            _ => Self::Standard,
        }
    }
}

fn recognises(head: &[u8]) -> bool {
    magic(head).is_some()
}

/// The magic number and whether it is big endian.
fn magic(head: &[u8]) -> Option<(u32, bool)> {
    let first: [u8; 4] = head.get(..4)?.try_into().ok()?;
    let known = |number: &u32| [MICROSECONDS, NANOSECONDS, PATCHED].contains(number);
    let little = Some(u32::from_le_bytes(first)).filter(known).map(|number| (number, false));
    little.or_else(|| Some(u32::from_be_bytes(first)).filter(known).map(|number| (number, true)))
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let (magic, big_endian) = magic(bytes).ok_or("no pcap magic number")?;
    let header =
        bytes.get(..FILE_HEADER).ok_or_else(|| format!("the file header ends after {} of 24 bytes", bytes.len()))?;
    let (variant, snaplen, network) = match big_endian {
        true => header_fields::<BigEndian>(magic, header)?,
        false => header_fields::<LittleEndian>(magic, header)?,
    };
    let resolution = Resolution::Decimal(if magic == NANOSECONDS { 9 } else { 6 });
    // Bit 26 says that the top four bits count the 16-bit words of frame check sequence; both are no part of the type.
    let fcs_bytes = if network & 0x0400_0000 != 0 { (network >> 28) as u8 * 2 } else { 0 };
    let interface = Interface {
        link: LinkType(network & 0x03ff_ffff),
        snaplen,
        clock: Clock { resolution, offset_seconds: 0 },
        fcs_bytes,
        name: None,
    };
    let context = Context { big_endian, section: 0, interfaces: vec![interface], variant: variant as u8 };
    Ok((FILE_HEADER as u64, context))
}

/// Variant, snap length and link-type field.
fn header_fields<B: ByteOrder>(magic: u32, header: &[u8]) -> Result<(Variant, u32, u32), String> {
    let half = |at: usize| header.get(at..at + 2).map_or(0, B::read_u16);
    let word = |at: usize| header.get(at..at + 4).map_or(0, B::read_u32);
    let variant = match (half(4), half(6)) {
        _ if magic == PATCHED => Variant::Patched,
        // DG/UX numbers its version so.
        (2, 0..=2) | (543, 0) => Variant::Swapped,
        (2, 3) => Variant::SmallerFirst,
        (2, _) => Variant::Standard,
        (major, minor) => return Err(format!("pcap version {major}.{minor} is not known")),
    };
    Ok((variant, word(16), word(20)))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    match (context.big_endian, Variant::of(context)) {
        (true, Variant::Standard) => run::<BigEndian>(bytes, context, from, limit, sink, standard::<BigEndian>),
        (false, Variant::Standard) => run::<LittleEndian>(bytes, context, from, limit, sink, standard::<LittleEndian>),
        (true, variant) => {
            run::<BigEndian>(bytes, context, from, limit, sink, |rest| by_hand::<BigEndian>(rest, variant))
        }
        (false, variant) => {
            run::<LittleEndian>(bytes, context, from, limit, sink, |rest| by_hand::<LittleEndian>(rest, variant))
        }
    }
}

/// One record's header, and its bytes.
struct Record<'a> {
    seconds: u32,
    fraction: u32,
    wire_len: u32,
    /// Length of the header.
    header: usize,
    data: &'a [u8],
}

fn standard<'a, B: ByteOrder>(rest: &'a [u8]) -> Option<Record<'a>> {
    let (_, raw) = RawPcapPacket::from_slice::<B>(rest).ok()?;
    let Cow::Borrowed(data) = raw.data else { return None };
    Some(Record { seconds: raw.ts_sec, fraction: raw.ts_frac, wire_len: raw.orig_len, header: 16, data })
}

/// The variants, which the crate does not know: it would skip by the wrong length.
fn by_hand<'a, B: ByteOrder>(rest: &'a [u8], variant: Variant) -> Option<Record<'a>> {
    let header = Header::read::<B>(rest, variant)?;
    let data = rest.get(header.length..)?.get(..header.captured as usize)?;
    Some(Record {
        seconds: header.seconds,
        fraction: header.fraction,
        wire_len: header.original,
        header: header.length,
        data,
    })
}

/// The fields of a record header, in the meaning that the variant gives them.
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
    length: usize,
}

impl Header {
    fn read<B: ByteOrder>(rest: &[u8], variant: Variant) -> Option<Self> {
        let length = if variant == Variant::Patched { 24 } else { 16 };
        let bytes = rest.get(..length)?;
        let word = |at: usize| bytes.get(at..at + 4).map_or(0, B::read_u32);
        let (first, second) = (word(8), word(12));
        let (captured, original) = match variant {
            Variant::Swapped => (second, first),
            Variant::SmallerFirst => (first.min(second), first.max(second)),
            Variant::Standard | Variant::Patched => (first, second),
        };
        Some(Self { seconds: word(0), fraction: word(4), captured, original, length })
    }
}

/// The bound on captured lengths of this file.
fn bound(context: &Context) -> u32 {
    context.interfaces.first().map_or(0, |interface| interface.snaplen).max(MAX_CAPTURED)
}

/// Nanoseconds in one unit of the fraction, and what fractions stay below.
fn unit(context: &Context) -> (i64, u32) {
    match context.interfaces.first().map(|interface| interface.clock.resolution) {
        Some(Resolution::Decimal(9)) => (1, 1_000_000_000),
        _ => (1000, 1_000_000),
    }
}

/// The loop over records: no allocation, nothing per frame but the header's fields.
#[inline(always)]
fn run<'a, B: ByteOrder>(
    bytes: &'a [u8],
    context: &Context,
    from: u64,
    limit: u64,
    sink: &mut dyn FnMut(Frame<'a>),
    record: impl Fn(&'a [u8]) -> Option<Record<'a>>,
) -> Stop {
    let link = context.interfaces.first().map_or(LinkType(0), |interface| interface.link);
    let (unit, bound) = (unit(context).0, bound(context));
    let (mut at, mut number) = (from, 0);
    let mut end = None;
    while at < limit {
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        let Some(record) = record(rest).filter(|record| record.data.len() <= bound as usize) else {
            end = Some(why_no_record::<B>(rest, context, at));
            break;
        };
        number += 1;
        let captured = record.data.len() as u32;
        let offset = at + record.header as u64;
        at = offset + u64::from(captured);
        prefetch(bytes, at);
        sink(Frame {
            number,
            time: Timestamp::from_parts(record.seconds.into(), i64::from(record.fraction) * unit),
            link,
            interface: 0,
            wire_len: record.wire_len.max(captured),
            bytes: record.data,
            offset,
            not_a_packet: false,
        });
    }
    let end = end.or_else(|| (at >= bytes.len() as u64).then_some(End::Clean));
    Stop { at, frames: number, end, statistics: Vec::new() }
}

/// Why no record stands at `at`, where `rest` begins.
#[cold]
fn why_no_record<B: ByteOrder>(rest: &[u8], context: &Context, at: u64) -> End {
    let bound = bound(context);
    match Header::read::<B>(rest, Variant::of(context)) {
        None if rest.is_empty() => End::Clean,
        Some(header) if header.captured > bound => End::Corrupt {
            offset: at,
            why: format!("a record says that {} bytes were captured; at most {bound} can be", header.captured),
        },
        _ => End::Cut { offset: at },
    }
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    match context.big_endian {
        true => guess_boundary::<BigEndian>(bytes, context, from, limit),
        false => guess_boundary::<LittleEndian>(bytes, context, from, limit),
    }
}

fn guess_boundary<B: ByteOrder>(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    let (variant, bound, fractions) = (Variant::of(context), bound(context), unit(context).1);
    let first = Header::read::<B>(bytes.get(FILE_HEADER..)?, variant)?;
    guess::boundary(bytes.len(), from, limit, 1, |at| {
        let header = Header::read::<B>(bytes.get(at..)?, variant)?;
        let plausible = header.captured <= header.original
            && header.original > 0
            && header.captured <= bound
            && header.fraction < fractions
            && header.seconds.abs_diff(first.seconds) < FAR;
        plausible.then(|| at + header.length + header.captured as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::{Facts, all};

    /// A file header and records of (seconds, fraction, third word, fourth word, data).
    fn file(
        magic: u32,
        version: (u16, u16),
        snaplen: u32,
        network: u32,
        records: &[(u32, u32, u32, u32, &[u8])],
    ) -> Vec<u8> {
        let mut out = Vec::from(magic.to_be_bytes());
        out.extend([version.0.to_be_bytes(), version.1.to_be_bytes()].concat());
        out.extend([0, 0, snaplen, network].map(u32::to_be_bytes).concat());
        for (seconds, fraction, third, fourth, data) in records {
            out.extend([*seconds, *fraction, *third, *fourth].map(u32::to_be_bytes).concat());
            out.extend(*data);
        }
        out
    }

    fn lengths(bytes: &[u8]) -> Vec<(u32, usize)> {
        all(&FORMAT, bytes).0.iter().map(|frame| (frame.wire_len, frame.len)).collect()
    }

    #[test]
    fn either_byte_order_and_either_resolution_give_the_same_frames() {
        let record = |fraction| [(7, fraction, 3, 9, &b"abc"[..])];
        let micro = file(MICROSECONDS, (2, 4), 0, 1, &record(5));
        let nano = file(NANOSECONDS, (2, 4), 0, 1, &record(5000));
        let mut little = micro.clone();
        // The version's halves, then all words of the headers.
        [0..4, 4..6, 6..8, 8..12, 12..16, 16..20, 20..24, 24..28, 28..32, 32..36, 36..40]
            .into_iter()
            .for_each(|range| little[range].reverse());
        let expected = Facts {
            time: Timestamp::from_parts(7, 5000),
            interface: 0,
            wire_len: 9,
            len: 3,
            offset: 40,
            not_a_packet: false,
        };
        for bytes in [micro, nano, little] {
            assert_eq!(all(&FORMAT, &bytes), (vec![expected], End::Clean));
        }
    }

    #[test]
    fn bits_about_the_frame_check_sequence_are_no_part_of_the_link_type() {
        let (_, context) = open(&file(MICROSECONDS, (2, 4), 65535, 0x2400_0001, &[])).expect("a header");
        assert_eq!((context.interfaces[0].link, context.interfaces[0].fcs_bytes), (LinkType(1), 4));
    }

    #[test]
    fn a_snap_length_of_0_or_one_that_records_exceed_loses_nothing() {
        for snaplen in [0, 2] {
            let bytes = file(
                MICROSECONDS,
                (2, 4),
                snaplen,
                1,
                &[(1, 0, 3, 3, b"abc"), (1, 0, 0, 0, b""), (1, 0, 3, 70_000, b"abc")],
            );
            assert_eq!(lengths(&bytes), [(3, 3), (0, 0), (70_000, 3)]);
        }
    }

    #[test]
    fn old_versions_have_their_lengths_the_other_way_round() {
        let swapped = file(MICROSECONDS, (2, 2), 96, 1, &[(1, 0, 60, 3, b"abc"), (1, 0, 4, 4, b"abcd")]);
        assert_eq!(lengths(&swapped), [(60, 3), (4, 4)]);
        let either = file(MICROSECONDS, (2, 3), 96, 1, &[(1, 0, 60, 3, b"abc"), (1, 0, 4, 50, b"abcd")]);
        assert_eq!(lengths(&either), [(60, 3), (50, 4)]);
    }

    #[test]
    fn the_patched_libpcap_of_1999_has_eight_more_bytes_before_the_data() {
        let bytes = file(PATCHED, (2, 4), 96, 1, &[(1, 0, 3, 60, b"........abc"), (1, 0, 1, 1, b"........z")]);
        let (frames, end) = all(&FORMAT, &bytes);
        assert_eq!(frames.iter().map(|frame| frame.offset).collect::<Vec<_>>(), [48, 75]);
        assert_eq!((lengths(&bytes), end), (vec![(60, 3), (1, 1)], End::Clean));
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_records_and_the_place() {
        let bytes = file(MICROSECONDS, (2, 4), 96, 1, &[(1, 0, 3, 60, b"abc"), (1, 0, 4, 4, b"abcd")]);
        for length in 24..bytes.len() {
            let (frames, at) = if length < 43 { (0, 24) } else { (1, 43) };
            let (found, end) = all(&FORMAT, &bytes[..length]);
            let expected = if length == at as usize { End::Clean } else { End::Cut { offset: at } };
            assert_eq!((found.len(), end), (frames, expected), "cut to {length} bytes");
        }
    }

    #[test]
    fn a_length_that_no_capture_has_is_damage_and_the_longest_possible_is_not() {
        let longest = vec![0; MAX_CAPTURED as usize];
        let bytes = file(
            MICROSECONDS,
            (2, 4),
            96,
            1,
            &[(1, 0, MAX_CAPTURED, MAX_CAPTURED, &longest), (1, 0, MAX_CAPTURED + 1, 5, b"?")],
        );
        let (frames, end) = all(&FORMAT, &bytes);
        let why = "a record says that 262145 bytes were captured; at most 262144 can be".to_owned();
        assert_eq!((frames.len(), end), (1, End::Corrupt { offset: 40 + u64::from(MAX_CAPTURED), why }));
        assert_eq!(open(&file(MICROSECONDS, (3, 0), 96, 1, &[])), Err("pcap version 3.0 is not known".into()));
    }
}
