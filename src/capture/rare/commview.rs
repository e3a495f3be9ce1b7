//! TamoSoft's CommView container (.ncf): no file header; each record has its own date, in local time without a zone, which is
//! taken for UTC. A record does not say how long its frame was on the wire.

use super::{ETHERNET, Header, Item, TOKEN_RING, byte, context, half, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "commview", recognises, open, boundary, frames };

const RECORD_HEADER: usize = 24;
const WLAN: u32 = 105;
/// Flag of a frame that is packed.
const PACKED: u8 = 0x40;

/// No magic number: the length twice, version 0 and a date.
fn recognises(head: &[u8]) -> bool {
    half(head, 0).is_some_and(|length| length > 0) && half(head, 0) == half(head, 2) && date(head).is_some()
}

/// The date of a record of version 0.
fn date(record: &[u8]) -> Option<Timestamp> {
    let [_, _, _, _, 0, y0, y1, month, day, hour, minute, second, ..] = *record.first_chunk::<RECORD_HEADER>()? else {
        return None;
    };
    let year = Some(u16::from_le_bytes([y0, y1])).filter(|year| (1990..2100).contains(year))?;
    let micros = word(record, 12).filter(|micros| *micros < 1_000_000)?;
    let whole = Timestamp::from_civil((year, month.into(), day.into()), (hour.into(), minute.into(), second.into()))?;
    Some(whole.plus(Span::from_micros(micros.into())))
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    Ok((0, context(ETHERNET, date(bytes).unwrap_or_default())))
}

fn read(rest: &[u8], _: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (captured, flags) = (u32::from(half(head, 0)?), byte(head, 16)?);
    let Some(time) = date(head) else { return Some(Item::Damage("a record without a date".into())) };
    let link = match flags & 0x0f {
        0 => ETHERNET,
        1 => WLAN,
        2 => TOKEN_RING,
        other => return Some(Item::Damage(not_read(&format!("a record of medium {other}")))),
    };
    if flags & PACKED != 0 {
        return Some(Item::Damage(not_read("a packed record")));
    }
    let length = RECORD_HEADER + captured as usize;
    Some(Item::Frame(Header { time, link, wire_len: captured, captured, data_at: RECORD_HEADER, length }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
