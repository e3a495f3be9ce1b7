//! The pcap container (draft-ietf-opsawg-pcap): a file header, then records. One interface, one clock. Also its old versions
//! with swapped lengths (as libpcap reads them) and the patched libpcap of 1999 with its longer record header.

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
