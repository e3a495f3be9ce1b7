//! The container of HP-UX's nettl, big endian, with microseconds; of its many subsystems only the one that stands for plain
//! Ethernet frames, as Wireshark writes them: others have headers of their own.

use super::{ETHERNET, Header, Item, context, not_read};
use crate::capture::numbers::be::{half, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::Timestamp;

pub(in crate::capture) const FORMAT: Format = Format { name: "nettl", recognises, open, boundary, frames };

const FILE_HEADER: usize = 128;
const RECORD_HEADER: usize = 68;
const ETHERNET_FRAMES: u16 = 210;

fn recognises(head: &[u8]) -> bool {
    head.starts_with(b"TR\0d\0") || head.starts_with(b"TR\0\0\x80")
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let cut = || format!("the file header ends after {} of {FILE_HEADER} bytes", bytes.len());
    let first = bytes.get(FILE_HEADER..).ok_or_else(cut)?;
    if half(first, 2).is_some_and(|subsystem| subsystem != ETHERNET_FRAMES) {
        return Err(not_read("a trace of this subsystem"));
    }
    Ok((FILE_HEADER as u64, context(ETHERNET, time(first).unwrap_or_default())))
}

fn time(record: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_parts(word(record, 40)?.into(), i64::from(word(record, 44)?) * 1000))
}

fn read(rest: &[u8], _: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (header, subsystem) = (usize::from(half(head, 0)?), half(head, 2)?);
    if header < RECORD_HEADER || subsystem != ETHERNET_FRAMES {
        return Some(Item::Damage("a record with another header than the first".into()));
    }
    // On the wire and captured.
    let lengths = [word(head, 32)?, word(head, 36)?];
    let [captured, wire_len] = [lengths[0].min(lengths[1]), lengths[0].max(lengths[1])];
    let length = header.saturating_add(captured as usize);
    Some(Item::Frame(Header { time: time(head)?, link: ETHERNET, wire_len, captured, data_at: header, length }))
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
