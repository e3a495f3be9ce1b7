//! TamoSoft's CommView containers: of the programs before version 7 (.ncf), and of those since (.ncfx). No file header; each
//! record has its own date, in local time without a zone, which is taken for UTC. A record does not say how long its frame
//! was on the wire. Only the older kind knows packed records.

use super::{ETHERNET, Header, Item, TOKEN_RING, byte, context, half, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "commview", recognises, open, boundary, frames };
pub(in crate::capture) const EXTENDED: Format = Format {
    name: "commview-ncfx",
    recognises: extended::recognises,
    open: extended::open,
    boundary: extended::boundary,
    frames: extended::frames,
};

const RECORD_HEADER: usize = 24;
const WLAN: u32 = 105;
/// Flag of a frame that is packed.
const PACKED: u8 = 0x40;

/// No magic number: the length twice, version 0 and a date.
fn recognises(head: &[u8]) -> bool {
    let is_whole = head.len() >= RECORD_HEADER && byte(head, 4) == Some(0);
    is_whole && half(head, 0).is_some_and(|length| length > 0) && half(head, 0) == half(head, 2) && date(head).is_some()
}

/// The date of a record.
fn date(record: &[u8]) -> Option<Timestamp> {
    dated(record.get(5..)?)
}

/// Year, month, day, hour, minute, second and microsecond.
fn dated(bytes: &[u8]) -> Option<Timestamp> {
    let [y0, y1, month, day, hour, minute, second, ..] = *bytes else { return None };
    let year = Some(u16::from_le_bytes([y0, y1])).filter(|year| (1990..2100).contains(year))?;
    let micros = word(bytes, 7).filter(|micros| *micros < 1_000_000)?;
    let whole = Timestamp::from_civil((year, month.into(), day.into()), (hour.into(), minute.into(), second.into()))?;
    Some(whole.plus(Span::from_micros(micros.into())))
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    Ok((0, context(ETHERNET, date(bytes).unwrap_or_default())))
}

fn read(rest: &[u8], _: &Context) -> Option<Item> {
    let head = rest.get(..RECORD_HEADER)?;
    let (captured, flags) = (u32::from(half(head, 0)?), byte(head, 16)?);
    let Some(time) = date(head).filter(|_| byte(head, 4) == Some(0)) else {
        return Some(Item::Damage("a record without a date".into()));
    };
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

/// The later kind: one length, and of a radio's frames a header that says how long it is. By the format's description the
/// length is of the whole record; Wireshark writes that of the frame, and no header of a radio. What stands behind the first
/// record tells which.
mod extended {
    use super::*;

    const RECORD_HEADER: usize = 20;
    /// Of the context: lengths are those of frames.
    const OF_FRAMES: u8 = 1;

    /// No magic number: a length, a date, a medium, and a direction.
    pub(super) fn recognises(head: &[u8]) -> bool {
        let length = word(head, 0).is_some_and(|length| (1..1 << 24).contains(&length));
        length && date(head).is_some() && matches!(head.get(15..RECORD_HEADER), Some([0 | 1, 0 | 1, 0..=2, ..]))
    }

    fn date(record: &[u8]) -> Option<Timestamp> {
        dated(record.get(4..)?)
    }

    pub(super) fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
        let length = word(bytes, 0).unwrap_or_default() as usize;
        let is_of_record = bytes.get(length..).is_none_or(|rest| rest.is_empty() || recognises(rest));
        let variant = if is_of_record { 0 } else { OF_FRAMES };
        Ok((0, Context { variant, ..context(ETHERNET, date(bytes).unwrap_or_default()) }))
    }

    fn read(rest: &[u8], context: &Context) -> Option<Item> {
        let head = rest.get(..RECORD_HEADER)?;
        let of_frame = context.variant == OF_FRAMES;
        let length = u64::from(word(head, 0)?) + if of_frame { RECORD_HEADER as u64 } else { 0 };
        let Some(time) = date(head) else { return Some(Item::Damage("a record without a date".into())) };
        let (link, data_at) = match byte(head, 15)? {
            0 => (ETHERNET, RECORD_HEADER),
            1 if of_frame => (WLAN, RECORD_HEADER),
            // The radio's header counts itself and what extends it.
            1 => (WLAN, RECORD_HEADER + usize::from(half(rest, RECORD_HEADER)?)),
            other => return Some(Item::Damage(not_read(&format!("a record of medium {other}")))),
        };
        let Some(captured) = length.checked_sub(data_at as u64) else {
            return Some(Item::Damage(format!("a record of {length} bytes with headers of {data_at}")));
        };
        let captured = u32::try_from(captured).unwrap_or(u32::MAX);
        Some(Item::Frame(Header { time, link, wire_len: captured, captured, data_at, length: length as usize }))
    }

    pub(super) fn frames<'a>(
        bytes: &'a [u8],
        context: &mut Context,
        from: u64,
        limit: u64,
        sink: &mut dyn FnMut(Frame<'a>),
    ) -> Stop {
        crate::capture::rare::frames(bytes, context, (from, limit, bytes.len() as u64), sink, read)
    }

    pub(super) fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
        crate::capture::rare::boundary(bytes, context, from, limit, read)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::capture::tests::all;
        use crate::capture::{End, recognise};

        /// A record of this medium, as described, with what follows its header.
        fn record(medium: u8, body: &[u8]) -> Vec<u8> {
            let mut out = Vec::from((RECORD_HEADER as u32 + body.len() as u32).to_le_bytes());
            out.extend([0xea, 7, 11, 20, 20, 7, 56, 0x45, 0xe1, 9, 0, medium, 0, 0, 0, 0]);
            [out, body.to_vec()].concat()
        }

        #[test]
        fn a_radios_header_is_passed_over_by_its_own_length() {
            // 20 bytes and an extension of 4.
            let radio = [&[24, 0][..], &[0; 22], b"frame"].concat();
            let bytes = [record(1, &radio), record(0, b"ethernet")].concat();
            assert_eq!(recognise(&bytes).map(|format| format.name), Some("commview-ncfx"));
            let (frames, end) = all(&EXTENDED, &bytes);
            let seen: Vec<_> = frames.iter().map(|frame| (frame.len, frame.offset)).collect();
            assert_eq!((&seen[..], end), (&[(5, 44), (8, 69)][..], End::Clean));
        }

        #[test]
        fn lengths_of_frames_are_told_from_those_of_records() {
            let described = [record(0, b"ethernet"), record(0, b"again")].concat();
            let mut of_frames = described.clone();
            of_frames[0] = 8;
            of_frames[28] = 5;
            let lengths = |bytes: &[u8]| all(&EXTENDED, bytes).0.iter().map(|frame| frame.len).collect::<Vec<_>>();
            for bytes in [described, of_frames] {
                assert_eq!((lengths(&bytes), lengths(&bytes[..28])), (vec![8, 5], vec![8]));
            }
        }

        #[test]
        fn a_header_longer_than_its_record_is_damage_at_that_record() {
            let bytes = [record(0, b"ethernet"), record(1, &[99, 0, 0, 0])].concat();
            let why = "a record of 24 bytes with headers of 119".to_owned();
            assert_eq!(all(&EXTENDED, &bytes).1, End::Corrupt { offset: 28, why });
        }

        #[test]
        fn what_has_no_date_or_another_medium_is_not_taken_for_one() {
            let bytes = record(0, b"ethernet");
            for (at, byte) in [(3, 1), (6, 13), (4, 0), (15, 2), (17, 3)] {
                let mut bytes = bytes.clone();
                bytes[at] = byte;
                assert!(!recognises(&bytes), "byte {at}");
            }
        }
    }
}
