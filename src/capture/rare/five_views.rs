//! InfoVista's 5View container: a header of keys and values, then records of 36 bytes of header and a frame, little endian,
//! with nanoseconds. A record does not say how long its frame was on the wire.

use super::{ETHERNET, Header, Item, begins, context, half, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::Timestamp;

pub(in crate::capture) const FORMAT: Format = Format { name: "5view", recognises, open, boundary, frames };

const FILE_HEADER: u64 = 32;
const RECORD_HEADER: usize = 36;
/// What every record begins with.
const KEY: u32 = 0x3333_eeee;
/// The file type of a capture from Ethernet.
const OF_ETHERNET: u32 = 0x1800_1000;

fn recognises(head: &[u8]) -> bool {
    head.starts_with(&[0xaa; 4]) && word(head, 8) == Some(0x1_0000)
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let field = |at| word(bytes, at).ok_or_else(|| format!("the file header ends after {} of 32 bytes", bytes.len()));
    if field(16)? != OF_ETHERNET {
        return Err(not_read("a capture of another network than Ethernet"));
    }
    // The header says its own length, then that of the file's attributes.
    let start = (u64::from(field(4)?) + u64::from(field(12)?)).max(FILE_HEADER);
    let first = usize::try_from(start).ok().and_then(|at| time(bytes.get(at..)?));
    Ok((begins(bytes, start)?, context(ETHERNET, first.unwrap_or_default())))
}

fn time(record: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_parts(word(record, 24)?.into(), word(record, 28)?.into()))
}

fn read(rest: &[u8], _: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (header, kind, captured) = (usize::from(half(head, 4)?), word(head, 12)?, word(head, 16)?);
    if word(head, 0) != Some(KEY) || header < RECORD_HEADER {
        return Some(Item::Damage("no record begins here".into()));
    }
    let length = header.saturating_add(captured as usize);
    let time = time(head)?;
    let frame = Header { time, link: ETHERNET, wire_len: captured, captured, data_at: header, length };
    Some(if kind == 0 { Item::Frame(frame) } else { Item::Other(length) })
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
