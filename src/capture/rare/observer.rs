//! Viavi's (Network Instruments') Observer container (.bfr), little endian. Times count nanoseconds since 2000; older programs
//! counted in local time, which is taken for UTC.

use super::{ETHERNET, Header, Item, TOKEN_RING, begins, byte, context, half, long, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "observer", recognises, open, boundary, frames };

const FILE_HEADER: usize = 36;
const RECORD_HEADER: usize = 48;
/// What every record begins with.
const KEY: u32 = 0x8888_8888;
/// Seconds from 1970 to 2000.
const EPOCH: Timestamp = Timestamp::from_parts(946_684_800, 0);
/// Frame check sequence, which lengths on the wire count.
const FCS: u16 = 4;

fn recognises(head: &[u8]) -> bool {
    head.starts_with(b"ObserverPktBufferVersion=")
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let cut = || format!("the file header ends after {} of {FILE_HEADER} bytes", bytes.len());
    bytes.get(..FILE_HEADER).ok_or_else(cut)?;
    // Words about the file stand before the first record.
    let first = half(bytes, 32).map_or(FILE_HEADER, usize::from).max(FILE_HEADER);
    let start = bytes.get(first..).and_then(time);
    Ok((begins(bytes, first as u64)?, context(ETHERNET, start.unwrap_or(EPOCH))))
}

fn time(record: &[u8]) -> Option<Timestamp> {
    Some(EPOCH.plus(Span(i64::try_from(long(record, 40)?).ok()?)))
}

fn read(rest: &[u8], _: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (captured, wire_len) = (half(head, 8)?, half(head, 10)?);
    let (data_at, length) = (usize::from(half(head, 12)?), usize::from(half(head, 14)?));
    if word(head, 0) != Some(KEY) || length < RECORD_HEADER || data_at < RECORD_HEADER {
        return Some(Item::Damage("no record begins here".into()));
    }
    // Besides frames there are statistics and what the program's expert said.
    if byte(head, 19) != Some(0) {
        return Some(Item::Other(length));
    }
    let link = match byte(head, 16)? {
        0 => ETHERNET,
        1 => TOKEN_RING,
        other => return Some(Item::Damage(not_read(&format!("a frame of network {other}")))),
    };
    let Some(time) = time(head) else { return Some(Item::Damage("a record of a time that is none".into())) };
    let wire_len = wire_len.saturating_sub(FCS).into();
    Some(Item::Frame(Header { time, link, wire_len, captured: captured.into(), data_at, length }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
