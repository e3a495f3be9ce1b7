//! Novell's LANalyzer container (.tr1): little-endian records of a type and a length. Times count in half microseconds from the
//! midnight before the capture, in local time without a zone, which is taken for UTC.

use super::{ETHERNET, Header, Item, TOKEN_RING, context, half, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "lanalyzer", recognises, open, boundary, frames };

const RECORD_HEADER: usize = 4;
const FRAME_HEADER: usize = 32;
/// Frame check sequence, which lengths on the wire count.
const FCS: u16 = 4;

/// Record types: what is read of them, and the first and last that there are.
mod kind {
    pub const FIRST: u16 = 0x1001;
    pub const SUMMARY: u16 = 0x1002;
    pub const FRAME: u16 = 0x1005;
    pub const LAST: u16 = 0x1040;
}

fn recognises(head: &[u8]) -> bool {
    let named = head.get(RECORD_HEADER..).is_some_and(|rest| rest.starts_with(b"\x01\x05Trace Display Tra"));
    named && matches!(half(head, 0), Some(0x1001 | 0x1007))
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let mut at = 0_usize;
    loop {
        let record = bytes.get(at..).unwrap_or_default();
        let (Some(kind), Some(length)) = (half(record, 0), half(record, 2)) else {
            return Err(format!("the file ends before its summary, after {} bytes", bytes.len()));
        };
        if kind == kind::SUMMARY {
            return Ok((at as u64, summarised(record.get(RECORD_HEADER..).unwrap_or_default())?));
        }
        at += RECORD_HEADER + usize::from(length);
    }
}

fn summarised(summary: &[u8]) -> Result<Context, String> {
    let link = match half(summary, 188) {
        Some(226) => ETHERNET,
        Some(227) => TOKEN_RING,
        _ => return Err(not_read("a capture of another network than Ethernet and Token Ring")),
    };
    let [day, month] = *summary.first_chunk().unwrap_or(&[0; 2]);
    let midnight = half(summary, 2).and_then(|year| Timestamp::from_civil((year, month.into(), day.into()), (0, 0, 0)));
    Ok(context(link, midnight.ok_or("the date of the capture is no date")?))
}

fn read(rest: &[u8], context: &Context) -> Option<Item> {
    let (kind, length) = (half(rest, 0)?, usize::from(half(rest, 2)?));
    if !(kind::FIRST..=kind::LAST).contains(&kind) {
        return Some(Item::Damage(format!("a record of type {kind:#x}, which is not known")));
    }
    if kind != kind::FRAME {
        return Some(Item::Other(RECORD_HEADER + length));
    }
    let frame = rest.get(RECORD_HEADER..)?;
    let (wire_len, captured) = (half(frame, 4)?, half(frame, 6)?);
    let ticks = i64::from(half(frame, 12)?) << 32 | i64::from(word(frame, 8)?);
    Some(Item::Frame(Header {
        time: context.start.plus(Span(ticks * 500)),
        link: context.interfaces.first()?.link.0,
        wire_len: wire_len.saturating_sub(FCS).into(),
        captured: captured.into(),
        data_at: RECORD_HEADER + FRAME_HEADER,
        length: RECORD_HEADER + length,
    }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
