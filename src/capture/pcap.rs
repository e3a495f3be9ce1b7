//! The pcap container (draft-ietf-opsawg-pcap): a file header, then records. One interface, one clock. Also its old versions
//! with swapped lengths (as libpcap reads them), AIX's, and the programs that wrote longer record headers (`variant`).

mod variant;

use super::ahead::prefetch;
use super::{Clock, Context, End, Format, Frame, Interface, LinkType, Resolution, Stop, guess};
use crate::time::Timestamp;
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcap::RawPcapPacket;
use std::borrow::Cow;
use variant::{Header, Variant};

pub(super) const FORMAT: Format = Format { name: "pcap", recognises, open, boundary, frames };

const FILE_HEADER: usize = 24;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Alexey Kuznetsov's later patches: records carry eight or twelve more bytes of header.
const MODIFIED: u32 = 0xa1b2_cd34;
/// What readers accept as a captured length where the file's own bound is lower (libpcap's MAXIMUM_SNAPLEN).
const MAX_CAPTURED: u32 = 262_144;
/// Records whose time is further than this from the first one's are not taken for a boundary.
const FAR: u32 = 400 * 86_400;

fn recognises(head: &[u8]) -> bool {
    magic(head).is_some()
}

/// The magic number and whether it is big endian.
fn magic(head: &[u8]) -> Option<(u32, bool)> {
    let first: [u8; 4] = head.get(..4)?.try_into().ok()?;
    let known = |number: &u32| [MICROSECONDS, NANOSECONDS, MODIFIED].contains(number);
    let little = Some(u32::from_le_bytes(first)).filter(known).map(|number| (number, false));
    little.or_else(|| Some(u32::from_be_bytes(first)).filter(known).map(|number| (number, true)))
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let (magic, big_endian) = magic(bytes).ok_or("no pcap magic number")?;
    let header =
        bytes.get(..FILE_HEADER).ok_or_else(|| format!("the file header ends after {} of 24 bytes", bytes.len()))?;
    let described = match big_endian {
        true => describe::<BigEndian>(magic, header, bytes)?,
        false => describe::<LittleEndian>(magic, header, bytes)?,
    };
    let Described { variant, snaplen, link, fcs_bytes, decimals } = described;
    let clock = Clock { resolution: Resolution::Decimal(decimals), offset_seconds: 0 };
    let interface = Interface { link: LinkType(link), snaplen, clock, fcs_bytes, name: None };
    let context = Context { big_endian, interfaces: vec![interface], variant: variant as u8, ..Context::default() };
    Ok((FILE_HEADER as u64, context))
}

/// What the file header says.
struct Described {
    variant: Variant,
    snaplen: u32,
    link: u32,
    fcs_bytes: u8,
    /// Decimals of the clock.
    decimals: u8,
}

fn describe<B: ByteOrder>(magic: u32, header: &[u8], bytes: &[u8]) -> Result<Described, String> {
    let half = |at: usize| header.get(at..at + 2).map_or(0, B::read_u16);
    let word = |at: usize| header.get(at..at + 4).map_or(0, B::read_u32);
    let (snaplen, network) = (word(16), word(20));
    // Bit 26 says that the top four bits count the 16-bit words of frame check sequence; both are no part of the type.
    let fcs_bytes = if network & 0x0400_0000 != 0 { (network >> 28) as u8 * 2 } else { 0 };
    let decimals = if magic == NANOSECONDS { 9 } else { 6 };
    let version = (half(4), half(6));
    if let Some((link, variant)) = aix(network).filter(|_| magic == MICROSECONDS && version == (2, 2)) {
        return Ok(Described { variant, snaplen, link, fcs_bytes: 0, decimals: 9 });
    }
    let told = |usual, others: &[Variant]| Variant::told::<B>(usual, others, bytes, snaplen);
    let variant = match version {
        _ if magic == MODIFIED => told(Variant::Modified, &[Variant::ModifiedSmp]),
        // DG/UX numbers its version so.
        (2, 0..=2) | (543, 0) => Variant::Swapped,
        (2, 3) => Variant::SmallerFirst,
        (2, _) if magic == MICROSECONDS => told(Variant::Standard, &[Variant::Modified, Variant::Nokia]),
        (2, _) => Variant::Standard,
        (major, minor) => return Err(format!("pcap version {major}.{minor} is not known")),
    };
    Ok(Described { variant, snaplen, link: network & 0x03ff_ffff, fcs_bytes, decimals })
}

/// AIX writes interface types (RFC 1573) as link types, and nanoseconds. Version 2.2 was written by old libpcaps too, which
/// did not use these numbers; but for 9, PPP, of which fewer files are left than of AIX's Token Ring.
fn aix(network: u32) -> Option<(u32, Variant)> {
    Some(match network {
        6 => (1, Variant::SmallerFirst),
        9 => (6, Variant::SmallerFirst),
        15 => (10, Variant::AixFddi),
        24 => (0, Variant::SmallerFirst),
        _ => return None,
    })
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
        // The next header is on its way to the cache since the last turn; it tells where the one after it stands. That the
        // third frame is as long as the next one is a guess, often right where much is sent.
        if let Some(length) = usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(8..12)) {
            let length = u64::from(B::read_u32(length));
            let next = (at + record.header as u64).saturating_add(length);
            prefetch(bytes, next);
            prefetch(bytes, next.saturating_add(length + record.header as u64));
        }
        sink(Frame {
            number,
            time: Timestamp::from_parts(record.seconds.into(), i64::from(record.fraction) * unit),
            link,
            interface: 0,
            wire_len: record.wire_len.max(captured),
            bytes: record.data,
            offset,
            not_a_packet: false,
            remark: None,
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

    /// A file whose records have `extra` between their lengths and their data.
    fn with_extra(magic: u32, extra: &[u8]) -> Vec<u8> {
        let (long, short) = ([extra, b"abc"].concat(), [extra, b"z"].concat());
        file(magic, (2, 4), 96, 1, &[(1, 0, 3, 60, &long), (1, 0, 1, 1, &short), (2, 0, 1, 1, &short)])
    }

    #[test]
    fn longer_record_headers_are_told_by_the_first_records() {
        let interface_protocol_kind = b"\0\0\0\x02\x08\0\x04.";
        for (magic, extra) in [
            (MODIFIED, &interface_protocol_kind[..]),
            // Red Hat 6.1 kept the magic number.
            (MICROSECONDS, interface_protocol_kind),
            (MODIFIED, b"\0\0\0\x02\x08\0\x04....."),
            (MICROSECONDS, &0x9fbf_b601_u32.to_be_bytes()),
        ] {
            let bytes = with_extra(magic, extra);
            let (frames, end) = all(&FORMAT, &bytes);
            let first = 40 + extra.len() as u64;
            let offsets: Vec<_> = frames.iter().map(|frame| frame.offset).collect();
            assert_eq!(offsets, [first, first + 3 + first - 24, first + 4 + 2 * (first - 24)], "{extra:?}");
            assert_eq!((lengths(&bytes), end), (vec![(60, 3), (1, 1), (1, 1)], End::Clean));
        }
    }

    #[test]
    fn aix_counts_nanoseconds_and_names_interfaces_by_their_type() {
        let read = |network, data: &[u8]| {
            let bytes = file(MICROSECONDS, (2, 2), 96, network, &[(1, 999_999_999, data.len() as u32, 60, data)]);
            let (_, context) = open(&bytes).expect("a header");
            let frame = all(&FORMAT, &bytes).0.remove(0);
            (context.interfaces[0].link.0, frame.time, frame.wire_len, frame.len)
        };
        let time = Timestamp::from_parts(1, 999_999_999);
        assert_eq!(read(6, b"ethernet"), (1, time, 60, 8));
        assert_eq!(read(24, b"loopback"), (0, time, 60, 8));
        // Three bytes of padding before FDDI.
        assert_eq!(read(15, b"padfddi"), (10, time, 57, 4));
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
