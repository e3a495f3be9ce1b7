//! The container of the Sniffer for DOS (.enc, .trc), as far as it is not packed: little-endian records of a type and a length.
//! Times count from the midnight before the capture, in local time without a zone, which is taken for UTC.

use super::{ETHERNET, Header, Item, TOKEN_RING, begins, byte, context, half, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "sniffer", recognises, open, boundary, frames };

const MAGIC: &[u8] = b"TRSNIFF data    \x1a";
const RECORD_HEADER: usize = 6;
const FRAME_HEADER: usize = 14;
/// Picoseconds of a unit of time, by the number that the version record has of it.
const UNITS: [u64; 5] = [15_000_000, 838_096, 15_000_000, 500_000, 2_000_000];

/// Record types.
mod kind {
    pub const VERSION: u16 = 1;
    pub const END: u16 = 3;
    pub const FRAME: u16 = 4;
    pub const LAST: u16 = 17;
}

fn recognises(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let cut = || format!("the file ends before its version record, after {} bytes", bytes.len());
    let record = bytes.get(MAGIC.len()..).unwrap_or_default();
    let (kind, length) = (half(record, 0).ok_or_else(cut)?, half(record, 2).ok_or_else(cut)?);
    let version = record.get(RECORD_HEADER..RECORD_HEADER + 14).ok_or_else(cut)?;
    let (major, date) = (half(version, 0).unwrap_or_default(), half(version, 6).unwrap_or_default());
    let [_, network, format, unit] = *version[8..].first_chunk().ok_or_else(cut)?;
    if kind != kind::VERSION || !(4..=5).contains(&major) {
        return Err(not_read("this version of it"));
    }
    if format != 1 {
        return Err(not_read("a packed capture"));
    }
    let link = match network {
        0 => TOKEN_RING,
        1 => ETHERNET,
        _ => return Err(not_read("a capture of another network than Ethernet and Token Ring")),
    };
    if usize::from(unit) >= UNITS.len() {
        return Err(not_read("a clock of this kind"));
    }
    // As DOS writes dates: years since 1980, month, day.
    let date = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    let midnight = Timestamp::from_civil(date, (0, 0, 0)).ok_or("the date of the capture is no date")?;
    let first = MAGIC.len() + RECORD_HEADER + usize::from(length);
    Ok((begins(bytes, first as u64)?, Context { variant: unit, ..context(link, midnight) }))
}

fn read(rest: &[u8], context: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (kind, length) = (half(head, 0)?, RECORD_HEADER + usize::from(half(head, 2)?));
    match kind {
        kind::END => return Some(Item::Last),
        kind::FRAME => {}
        1..=kind::LAST => return Some(Item::Other(length)),
        _ => return Some(Item::Damage(format!("a record of type {kind}, which is not known"))),
    }
    let frame = rest.get(RECORD_HEADER..RECORD_HEADER + FRAME_HEADER)?;
    let ticks = u64::from(byte(frame, 4)?) << 32 | u64::from(word(frame, 0)?);
    let unit = UNITS.get(usize::from(context.variant)).copied().unwrap_or_default();
    let nanoseconds = ticks.saturating_mul(unit) / 1000;
    let days = Span::from_seconds(86_400 * i64::from(byte(frame, 5)?));
    let (captured, wire_len) = (half(frame, 6)?, half(frame, 10)?);
    Some(Item::Frame(Header {
        time: context.start.plus(days).plus(Span(i64::try_from(nanoseconds).unwrap_or(i64::MAX))),
        link: context.interfaces.first()?.link.0,
        // None of its own: nothing was cut off.
        wire_len: if wire_len == 0 { captured } else { wire_len }.into(),
        captured: captured.into(),
        data_at: RECORD_HEADER + FRAME_HEADER,
        length,
    }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
