//! Visual Networks' container: a header of 192 bytes, records with milliseconds since the start, and the offsets of all
//! records at the end; little endian.

use super::{ETHERNET, Header, Item, context, half, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "visual", recognises, open, boundary, frames };

const FILE_HEADER: u32 = 192;
const RECORD_HEADER: usize = 20;
/// Ethernet, as SNMP numbers interfaces (RFC 1573).
const CSMACD: u16 = 6;

fn recognises(head: &[u8]) -> bool {
    head.starts_with(b"\x05VNF")
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let cut = || format!("the file header ends after {} of {FILE_HEADER} bytes", bytes.len());
    let header = bytes.get(..FILE_HEADER as usize).ok_or_else(cut)?;
    if half(header, 18) != Some(1) {
        return Err(not_read("this version of it"));
    }
    if half(header, 12) != Some(CSMACD) {
        return Err(not_read("a capture of another network than Ethernet"));
    }
    let start = word(header, 8).map(|seconds| Timestamp::from_parts(seconds.into(), 0));
    Ok((FILE_HEADER.into(), context(ETHERNET, start.unwrap_or_default())))
}

/// Where the records end: at the table of their offsets, unless the file is cut before it.
fn end(bytes: &[u8]) -> u64 {
    let entries = word(bytes, 4).unwrap_or_default() as usize;
    let table = entries.checked_mul(4).and_then(|length| bytes.len().checked_sub(length));
    let table = table.filter(|at| entries > 0 && word(bytes, *at) == Some(FILE_HEADER));
    table.unwrap_or(bytes.len()) as u64
}

fn read(rest: &[u8], context: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (millis, wire_len, captured) = (word(head, 0)?, half(head, 4)?, half(head, 6)?);
    if captured == 0 || wire_len < captured {
        return Some(Item::Damage(format!("a record says that it holds {captured} of {wire_len} bytes")));
    }
    Some(Item::Frame(Header {
        time: context.start.plus(Span::from_micros(i64::from(millis) * 1000)),
        link: ETHERNET,
        wire_len: wire_len.into(),
        captured: captured.into(),
        data_at: RECORD_HEADER,
        length: RECORD_HEADER + usize::from(captured),
    }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, end(bytes)), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
