//! The snoop container (RFC 1761) of Solaris and illumos: big endian, padded records. Shomiti's Surveyor wrote it too, with
//! link types of its own (those that the RFC left free) and a trailer behind each frame.

use super::foreign::not_read;
use super::numbers::be::word;
use super::records::{Record, frames as run, rest};
use super::{Clock, Context, End, Format, Frame, Interface, LinkType, Resolution, Statistics, Stop, guess};
use crate::time::Timestamp;

pub(super) const FORMAT: Format = Format { name: "snoop", recognises, open, boundary, frames };

const MAGIC: &[u8] = b"snoop\0\0\0";
const FILE_HEADER: usize = 16;
const RECORD_HEADER: usize = 24;
/// The longest captured length that readers accept.
const MAX_CAPTURED: u32 = 262_144;
/// The longest trailer behind a frame, Surveyor's and the padding, with room to spare.
const MAX_TRAILER: u32 = 4096;
/// Surveyor's trailer: a record with so much behind its frame is one of its.
const SURVEYOR_TRAILER: u32 = 16;
/// Records whose time is further than this from the first one's are not taken for a boundary, in seconds.
const FAR: u32 = 400 * 86_400;

/// [`Context::variant`] of Surveyor's wireless captures: a radio header stands before each 802.11 frame.
const WIRELESS: u8 = 1;

fn recognises(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let (Some(version), Some(datalink)) = (word(bytes, 8), word(bytes, 12)) else {
        return Err(format!("the file header ends after {} of 16 bytes", bytes.len()));
    };
    if !(2..=5).contains(&version) {
        return Err(format!("version {version} is not known"));
    }
    // Surveyor writes version 2 with ordinary network cards: only the room behind a frame tells its files.
    let first = rest(bytes, FILE_HEADER as u64);
    let surveyor = Header::read(first).is_some_and(|header| header.trailer() >= Some(SURVEYOR_TRAILER));
    let link = if surveyor { surveyor_link(datalink) } else { link(datalink) };
    let link = link.ok_or_else(|| not_read(&format!("datalink type {datalink}")))?;
    let variant = if surveyor && link == WLAN { WIRELESS } else { 0 };
    let interface = Interface {
        link: LinkType(link),
        snaplen: 0,
        clock: Clock { resolution: Resolution::Decimal(6), offset_seconds: 0 },
        fcs_bytes: if surveyor { 4 } else { 0 },
        name: None,
    };
    Ok((FILE_HEADER as u64, Context { big_endian: true, interfaces: vec![interface], variant, ..Context::default() }))
}

const ETHERNET: u32 = 1;
const TOKEN_RING: u32 = 6;
const WLAN: u32 = 105;

/// Link types by datalink type (the IANA registry `snoop-datalink-types`, and Solaris' private ones).
fn link(datalink: u32) -> Option<u32> {
    Some(match datalink {
        // 802.3, DIX Ethernet, "either of them", Fast Ethernet.
        0 | 4 | 24 | 25 => ETHERNET,
        2 => TOKEN_RING,
        8 => 10,
        // "Other" and software loopback: an address family comes first.
        9 | 14 => 0,
        16 => 122,
        18 => 123,
        0x8000_0001 | 0x8000_0002 => 101,
        0x8000_0003 => ETHERNET,
        0x8000_0004 => WLAN,
        0x8000_0005 => 226,
        _ => return None,
    })
}

/// The same of Surveyor's files.
fn surveyor_link(datalink: u32) -> Option<u32> {
    Some(match datalink {
        // Ethernet of 10 Mbit/s, 100 Mbit/s, 1 Gbit/s and 10 Gbit/s.
        0 | 4 | 10 | 12 | 19 => ETHERNET,
        2 | 11 | 13 | 14 => TOKEN_RING,
        8 => 10,
        18 => WLAN,
        _ => return None,
    })
}

struct Header {
    original: u32,
    captured: u32,
    /// Bytes to the next record.
    length: u32,
    /// Packets dropped since the capture began.
    dropped: u32,
    seconds: u32,
    micros: u32,
}

impl Header {
    fn read(rest: &[u8]) -> Option<Self> {
        Some(Self {
            original: word(rest, 0)?,
            captured: word(rest, 4)?,
            length: word(rest, 8)?,
            dropped: word(rest, 12)?,
            seconds: word(rest, 16)?,
            micros: word(rest, 20)?,
        })
    }

    /// Bytes behind the frame; `None` where the lengths contradict each other.
    fn trailer(&self) -> Option<u32> {
        self.length.checked_sub(self.captured.checked_add(RECORD_HEADER as u32)?)
    }

    fn damage(&self) -> Option<String> {
        let Self { captured, length, .. } = self;
        if *captured > MAX_CAPTURED {
            return Some(format!("a record says that {captured} bytes were captured; at most {MAX_CAPTURED} can be"));
        }
        let fits = self.trailer().is_some_and(|trailer| trailer <= MAX_TRAILER);
        (!fits).then(|| format!("a record of {length} bytes says that it holds {captured} bytes of a frame"))
    }
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    let link = context.interfaces.first().map_or(LinkType(0), |interface| interface.link);
    let mut dropped = 0;
    let mut stop = run((from, limit, bytes.len() as u64), sink, |at| {
        let rest = rest(bytes, at);
        let Some(header) = Header::read(rest) else { return Record::Broken(End::Cut { offset: at }) };
        if let Some(why) = header.damage() {
            return Record::Broken(End::Corrupt { offset: at, why });
        }
        let Some(data) = rest.get(..header.length as usize) else { return Record::Broken(End::Cut { offset: at }) };
        let data = data.get(RECORD_HEADER..RECORD_HEADER + header.captured as usize).unwrap_or_default();
        let before = if context.variant == WIRELESS { radio_header(data) } else { 0 };
        let data = data.get(before..).unwrap_or_default();
        dropped = header.dropped;
        let frame = Frame {
            number: 0,
            time: Timestamp::from_parts(header.seconds.into(), i64::from(header.micros) * 1000),
            link,
            interface: 0,
            wire_len: header.original.saturating_sub(before as u32).max(data.len() as u32),
            bytes: data,
            offset: at + (RECORD_HEADER + before) as u64,
            not_a_packet: false,
            remark: None,
        };
        Record::Frame(frame, at + u64::from(header.length))
    });
    if dropped > 0 {
        stop.statistics.push(Statistics { interface: 0, received: None, dropped: Some(dropped.into()) });
    }
    stop
}

/// Bytes of Surveyor's radio header: four, of which the last counts those that follow.
fn radio_header(data: &[u8]) -> usize {
    data.get(3).map_or(0, |length| 4 + usize::from(*length)).min(data.len())
}

fn boundary(bytes: &[u8], _: &Context, from: u64, limit: u64) -> Option<u64> {
    let first = Header::read(bytes.get(FILE_HEADER..)?)?;
    guess::boundary(bytes.len(), from, limit, 1, |at| {
        let header = Header::read(bytes.get(at..)?)?;
        let plausible = header.captured <= header.original
            && header.original > 0
            && header.micros < 1_000_000
            && header.seconds.abs_diff(first.seconds) < FAR
            && header.damage().is_none();
        plausible.then(|| at + header.length as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::all;

    /// A file of records of (original length, drops, data, trailer).
    fn file(version: u32, datalink: u32, records: &[(u32, u32, &[u8], usize)]) -> Vec<u8> {
        let mut out = Vec::from(MAGIC);
        out.extend([version, datalink].map(u32::to_be_bytes).concat());
        for (index, (original, drops, data, trailer)) in records.iter().enumerate() {
            let length = (RECORD_HEADER + data.len() + trailer) as u32;
            let header = [*original, data.len() as u32, length, *drops, 1_700_000_000 + index as u32, 5];
            out.extend(header.map(u32::to_be_bytes).concat());
            out.extend(*data);
            out.resize(out.len() + trailer, 0);
        }
        out
    }

    #[test]
    fn frames_stand_before_their_padding_with_their_time() {
        let bytes = file(2, 4, &[(60, 0, b"abc", 1), (4, 0, b"abcd", 0)]);
        let (frames, end) = all(&FORMAT, &bytes);
        let found: Vec<_> = frames.iter().map(|frame| (frame.wire_len, frame.len, frame.offset, frame.time)).collect();
        let time = |second| Timestamp::from_parts(second, 5000);
        assert_eq!(found, [(60, 3, 40, time(1_700_000_000)), (4, 4, 68, time(1_700_000_001))]);
        assert_eq!(end, End::Clean);
    }

    #[test]
    fn what_lies_behind_the_first_frame_says_whose_link_types_these_are() {
        let link = |datalink, trailer| {
            open(&file(2, datalink, &[(60, 0, b"abc", trailer)])).map(|(_, context)| context.interfaces[0].link.0)
        };
        // Type 10 is Frame Relay by the registry and Fast Ethernet by Surveyor; 18 is ATM by Sun and 802.11 by Surveyor.
        assert_eq!((link(10, 1).is_err(), link(10, 20)), (true, Ok(1)));
        assert_eq!((link(18, 5), link(18, 20)), (Ok(123), Ok(105)));
        assert_eq!(link(0x8000_0005, 0), Ok(226));
        assert_eq!(open(&file(6, 4, &[])), Err("version 6 is not known".into()));
    }

    #[test]
    fn a_radio_header_of_surveyor_is_no_part_of_the_frame() {
        let bytes = file(4, 18, &[(100, 0, b"\0\0\0\x0812345678frame", 20)]);
        let frame = all(&FORMAT, &bytes).0.remove(0);
        assert_eq!((frame.len, frame.wire_len, frame.offset), (5, 88, 52));
    }

    #[test]
    fn the_last_count_of_drops_is_the_captures() {
        let bytes = file(2, 4, &[(3, 1, b"abc", 1), (3, 9, b"abc", 1)]);
        let (at, mut context) = open(&bytes).expect("a file");
        let stop = frames(&bytes, &mut context, at, u64::MAX, &mut |_| {});
        assert_eq!(stop.statistics, [Statistics { interface: 0, received: None, dropped: Some(9) }]);
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_records_and_the_place() {
        let bytes = file(2, 4, &[(60, 0, b"abc", 1), (4, 0, b"abcd", 0)]);
        for length in FILE_HEADER..bytes.len() {
            let (frames, at) = if length < 44 { (0, 16) } else { (1, 44) };
            let (found, end) = all(&FORMAT, &bytes[..length]);
            let expected = if length == at as usize { End::Clean } else { End::Cut { offset: at } };
            assert_eq!((found.len(), end), (frames, expected), "cut to {length} bytes");
        }
    }

    #[test]
    fn lengths_that_contradict_each_other_are_damage() {
        let mut bytes = file(2, 4, &[(60, 0, b"abc", 1), (60, 0, b"abc", 1)]);
        bytes[44 + 11] = 26;
        let why = "a record of 26 bytes says that it holds 3 bytes of a frame".to_owned();
        assert_eq!(all(&FORMAT, &bytes).1, End::Corrupt { offset: 44, why });
    }
}
