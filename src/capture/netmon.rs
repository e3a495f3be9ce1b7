//! Microsoft Network Monitor's container (.cap): version 1 with milliseconds, version 2 with microseconds and, from 2.1 on,
//! a link type behind each frame; 2.3 has a UTC time there too. Before that, times count from a start that was written in
//! the local time of the capturing host, without its zone; it is taken for UTC.
//!
//! The order of frames stands in a table at the end of the file, and need not be theirs in the file. So a position here is
//! one in the table, spread over the length of the file (see [`Table`]): chunks of the file hold like numbers of frames, and
//! every boundary is known. Where the file was cut before its table, records are read one after another, as most lie.

use super::foreign::not_read;
use super::numbers::le::{half, long, word};
use super::records::{Record, frames as run, rest};
use super::{Clock, Context, End, Format, Frame, Interface, LinkType, Resolution, Stop, Table, guess};
use crate::time::{Span, Timestamp};

pub(super) const FORMAT: Format = Format { name: "netmon", recognises, open, boundary, frames };

const FILE_HEADER: usize = 128;
/// Bytes of the header that are read here; the oldest programs may have cut the rest.
const READ: usize = 32;
const MAX_CAPTURED: u32 = 262_144;
/// A record's time is not taken for one if it is further from the start than this, in microseconds.
const FAR: i64 = 400 * 86_400 * 1_000_000;

/// What the file header says of all records; stored as [`Context::variant`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// 1 or 2.
    major: u8,
    /// 0 to 3; later ones count as 3.
    minor: u8,
    /// The network type of every frame; from 2.1 on each has its own.
    network: u8,
}

impl Shape {
    fn of(context: &Context) -> Self {
        let packed = context.variant;
        Self { major: if packed & 0x40 == 0 { 1 } else { 2 }, minor: packed >> 4 & 3, network: packed & 15 }
    }

    fn packed(self) -> u8 {
        u8::from(self.major == 2) << 6 | self.minor << 4 | self.network
    }

    fn header_len(self) -> usize {
        if self.major == 1 { 8 } else { 16 }
    }

    /// Bytes behind a frame: its network type, an index of its process, a UTC time and an index of its zone.
    fn trailer_len(self) -> usize {
        match (self.major, self.minor) {
            (1, _) | (_, 0) => 0,
            (_, 1) => 2,
            (_, 2) => 6,
            _ => 15,
        }
    }
}

fn recognises(head: &[u8]) -> bool {
    head.starts_with(b"RTSS") || head.starts_with(b"GMBU")
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let header = bytes.get(..READ).ok_or_else(|| format!("the file header ends after {} of 128 bytes", bytes.len()))?;
    let [_, _, _, _, minor, major, ..] = *header else { return Err("no version".into()) };
    if !(1..=2).contains(&major) {
        return Err(format!("version {major}.{minor} is not known"));
    }
    let network = half(header, 6).unwrap_or_default();
    let mut shape = Shape { major, minor: minor.min(3), network: 1 };
    if shape.trailer_len() == 0 {
        let known = matches!(network, 0..=4 | 6..=9);
        shape.network =
            u8::try_from(network).ok().filter(|_| known).ok_or_else(|| not_read(&format!("network type {network}")))?;
    }
    let Media::Frames { link, .. } = media(shape.network.into()) else { return Err("no network type".into()) };
    let digits = if major == 1 { 3 } else { 6 };
    let clock = Clock { resolution: Resolution::Decimal(digits), offset_seconds: 0 };
    let interface = Interface { link: LinkType(link), snaplen: 0, clock, fcs_bytes: 0, name: None };
    let context = Context {
        interfaces: vec![interface],
        variant: shape.packed(),
        start: start(header).ok_or("the time at which the capture started is no time")?,
        table: table(bytes),
        ..Context::default()
    };
    Ok((FILE_HEADER as u64, context))
}

/// The time in the header, as SYSTEMTIME writes it: year, month, day of the week, day, hour, minute, second, millisecond.
fn start(header: &[u8]) -> Option<Timestamp> {
    let field = |index: usize| half(header, 8 + 2 * index);
    let date = (field(0)?, field(1)?, field(3)?);
    let time = (field(4)?, field(5)?, field(6)?);
    Some(Timestamp::from_civil(date, time)?.plus(Span::from_micros(i64::from(field(7)?) * 1000)))
}

/// The table of frames, if all of it is in the file.
fn table(bytes: &[u8]) -> Option<Table> {
    let (offset, length) = (word(bytes, 24)?.into(), u64::from(word(bytes, 28)?));
    let whole = offset >= FILE_HEADER as u64 && length.is_multiple_of(4) && offset + length <= bytes.len() as u64;
    whole.then_some(Table { offset, entries: length / 4 })
}

/// What frames of a network type are.
enum Media {
    /// Frames of a link type, perhaps behind a header of Network Monitor's own.
    Frames { link: u32, before: Before },
    /// A record about the capture that Wireshark numbers.
    Metadata,
    /// One that it does not.
    Unnumbered,
}

/// What stands before a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// Version, then a length in two bytes that counts the whole header.
    Radio,
    /// Destination, source, virtual path and channel.
    Atm,
}

fn media(network: u16) -> Media {
    let (link, before) = match network {
        0 | 1 => (1, Before::Nothing),
        2 => (6, Before::Nothing),
        3 => (10, Before::Nothing),
        4 => (100, Before::Atm),
        6 => (105, Before::Radio),
        7..=9 => (101, Before::Nothing),
        // Wireless messages of Microsoft Message Analyzer, and link types of converted pcaps.
        0xe080 => (105, Before::Nothing),
        0xe000..=0xe07f | 0xe08b..=0xefff => (u32::from(network & 0x0fff), Before::Nothing),
        0xfffc..=0xfffe => return Media::Unnumbered,
        0xffe0 | 0xfffb | 0xffff => return Media::Metadata,
        // Undecoded, and counted by this number.
        _ => (u32::from(network), Before::Nothing),
    };
    Media::Frames { link, before }
}

impl Before {
    fn len(self, data: &[u8]) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Radio => half(data, 1).map_or(0, usize::from),
            Self::Atm => 16,
        }
        .min(data.len())
    }
}

/// What a record's header says.
struct Header {
    /// Since the start of the capture, in microseconds. Version 2 can say that it was before.
    micros: i64,
    original: u32,
    captured: u32,
}

impl Header {
    fn read(rest: &[u8], shape: Shape) -> Option<Self> {
        Some(match shape.major {
            1 => Self {
                micros: i64::from(word(rest, 0)?) * 1000,
                original: half(rest, 4)?.into(),
                captured: half(rest, 6)?.into(),
            },
            // Documented as unsigned and meant as signed: times ten, it is a number of 100 ns with a sign.
            _ => Self {
                micros: (long(rest, 0)?.wrapping_mul(10) as i64) / 10,
                original: word(rest, 8)?,
                captured: word(rest, 12)?,
            },
        })
    }
}

/// 1601-01-01 in seconds before 1970, where Windows' file times begin.
const FILE_TIME_EPOCH: i64 = 11_644_473_600;

/// A number of 100 ns since 1601.
fn file_time(ticks: u64) -> Timestamp {
    Timestamp::from_parts((ticks / 10_000_000) as i64 - FILE_TIME_EPOCH, (ticks % 10_000_000) as i64 * 100)
}

/// The record at an offset, as far as Wireshark numbers it, and the bytes that it takes.
fn record<'a>(bytes: &'a [u8], context: &Context, offset: u64) -> Result<(Option<Frame<'a>>, u64), End> {
    let (shape, rest) = (Shape::of(context), rest(bytes, offset));
    let header = Header::read(rest, shape).ok_or(End::Cut { offset })?;
    if header.captured > MAX_CAPTURED {
        let captured = header.captured;
        let why = format!("a record says that {captured} bytes were captured; at most {MAX_CAPTURED} can be");
        return Err(End::Corrupt { offset, why });
    }
    let (begin, end) = (shape.header_len(), shape.header_len() + header.captured as usize);
    let length = end + shape.trailer_len();
    let record = rest.get(..length).ok_or(End::Cut { offset })?;
    let (data, trailer) = (record.get(begin..end).unwrap_or_default(), record.get(end..).unwrap_or_default());
    let utc = long(trailer, 6).map(file_time);
    let mut frame = Frame {
        number: 0,
        time: utc.unwrap_or_else(|| context.start.plus(Span::from_micros(header.micros))),
        link: LinkType(0),
        interface: 0,
        wire_len: 0,
        bytes: &[],
        offset: offset + begin as u64,
        not_a_packet: true,
        remark: None,
    };
    match media(half(trailer, 0).unwrap_or(shape.network.into())) {
        Media::Unnumbered => return Ok((None, length as u64)),
        Media::Metadata => {}
        Media::Frames { link, before } => {
            let before = before.len(data);
            frame.link = LinkType(link);
            frame.bytes = data.get(before..).unwrap_or_default();
            frame.offset += before as u64;
            frame.wire_len = header.original.saturating_sub(before as u32).max(frame.bytes.len() as u32);
            frame.not_a_packet = false;
        }
    }
    Ok((Some(frame), length as u64))
}

fn step<'a>(frame: Option<Frame<'a>>, next: u64) -> Record<'a> {
    match frame {
        Some(frame) => Record::Frame(frame, next),
        None => Record::Skipped(next),
    }
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    let Some(table) = context.table else { return in_file_order(bytes, context, (from, limit), sink) };
    let stride = table.stride(bytes);
    let end = FILE_HEADER as u64 + table.entries.saturating_mul(stride);
    run((from, limit, end), sink, |at| {
        let entry = table.offset.saturating_add(4 * (at.saturating_sub(FILE_HEADER as u64) / stride));
        let Some(offset) = word(rest(bytes, entry), 0) else { return Record::Broken(End::Cut { offset: entry }) };
        match record(bytes, context, offset.into()) {
            Ok((frame, _)) => step(frame, at + stride),
            Err(End::Corrupt { offset, why }) => Record::Broken(End::Corrupt { offset, why }),
            Err(_) => {
                let why = format!("the table of frames names a record at {offset}, which is not in the file");
                Record::Broken(End::Corrupt { offset: entry, why })
            }
        }
    })
}

impl Table {
    /// Bytes of the file for each entry: its position is so many times its number, behind the file header.
    fn stride(self, bytes: &[u8]) -> u64 {
        ((bytes.len() as u64).saturating_sub(FILE_HEADER as u64) / self.entries.max(1)).max(1)
    }
}

/// The records of a file without its table: it was cut, and ends with the last record that is whole.
fn in_file_order<'a>(
    bytes: &'a [u8],
    context: &Context,
    (from, limit): (u64, u64),
    sink: &mut dyn FnMut(Frame<'a>),
) -> Stop {
    let mut stop = run((from, limit, records_end(bytes)), sink, |at| match record(bytes, context, at) {
        Ok((frame, length)) => step(frame, at + length),
        Err(end) => Record::Broken(end),
    });
    if stop.end == Some(End::Clean) {
        stop.end = Some(End::Cut { offset: stop.at });
    }
    stop
}

/// Where no record starts any more: at the table, or what is left of it.
fn records_end(bytes: &[u8]) -> u64 {
    let table = word(bytes, 24).map(u64::from).filter(|offset| *offset >= FILE_HEADER as u64);
    table.unwrap_or(u64::MAX).min(bytes.len() as u64)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    if let Some(table) = context.table {
        let stride = table.stride(bytes);
        let index = from.saturating_sub(FILE_HEADER as u64).div_ceil(stride);
        let at = index.checked_mul(stride)?.checked_add(FILE_HEADER as u64)?;
        return (index < table.entries && (from..limit).contains(&at)).then_some(at);
    }
    let (shape, end) = (Shape::of(context), usize::try_from(records_end(bytes)).ok()?);
    guess::boundary(end, from, limit, 1, |at| {
        let header = Header::read(bytes.get(at..end)?, shape)?;
        let plausible = header.captured <= header.original
            && header.original > 0
            && header.captured <= MAX_CAPTURED
            && header.micros.saturating_abs() < FAR;
        plausible.then(|| at + shape.header_len() + header.captured as usize + shape.trailer_len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::all;

    /// A file of this version (major, minor) that started on 2020-02-29 at 12:30:15.250, of records of (microseconds since,
    /// network, data), with a table of them in the order of `order`.
    fn file(version: (u8, u8), network: u16, records: &[(i64, u16, &[u8])], order: &[usize]) -> Vec<u8> {
        let mut out = Vec::from(if version.0 == 1 { b"RTSS" } else { b"GMBU" });
        out.extend([version.1, version.0]);
        out.extend([network, 2020, 2, 6, 29, 12, 30, 15, 250].map(u16::to_le_bytes).concat());
        out.resize(FILE_HEADER, 0);
        let shape = Shape { major: version.0, minor: version.1, network: 1 };
        let mut offsets = Vec::new();
        for (micros, network, data) in records {
            offsets.push(out.len() as u32);
            let length = data.len() as u32;
            match version.0 {
                1 => {
                    out.extend(((micros / 1000) as u32).to_le_bytes());
                    out.extend([600, length as u16].map(u16::to_le_bytes).concat());
                }
                _ => {
                    out.extend(micros.to_le_bytes());
                    out.extend([600, length].map(u32::to_le_bytes).concat());
                }
            }
            out.extend(*data);
            // 2000-01-01T00:00:00.0000001Z as a file time.
            let trailer =
                [&network.to_le_bytes()[..], &[7; 4], &125_911_584_000_000_001_u64.to_le_bytes(), &[3]].concat();
            out.extend(trailer.iter().take(shape.trailer_len()));
        }
        let table: Vec<u8> = order.iter().flat_map(|index| offsets[*index].to_le_bytes()).collect();
        let (offset, length) = (out.len() as u32, table.len() as u32);
        out[24..28].copy_from_slice(&offset.to_le_bytes());
        out[28..32].copy_from_slice(&length.to_le_bytes());
        out.extend(table);
        out
    }

    /// 2020-02-29T12:30:15.25Z and so many microseconds.
    fn since_start(micros: i64) -> Timestamp {
        Timestamp::from_parts(1_582_979_415, 250_000_000).plus(Span::from_micros(micros))
    }

    #[test]
    fn times_count_from_the_start_in_the_clock_of_the_version() {
        let records: [(i64, u16, &[u8]); 2] = [(7_001_002, 1, b"first"), (8_000_000, 1, b"second")];
        let times = |version| -> Vec<Timestamp> {
            let (frames, end) = all(&FORMAT, &file(version, 1, &records, &[0, 1]));
            assert_eq!((end, frames[1].wire_len, frames[1].len), (End::Clean, 600, 6));
            frames.iter().map(|frame| frame.time).collect()
        };
        assert_eq!(times((1, 1)), [since_start(7_001_000), since_start(8_000_000)]);
        for minor in 0..3 {
            assert_eq!(times((2, minor)), [since_start(7_001_002), since_start(8_000_000)]);
        }
        // Each frame has its own from 2.3 on, in UTC.
        assert_eq!(times((2, 3)), [Timestamp::from_parts(946_684_800, 100); 2]);
    }

    #[test]
    fn a_time_before_the_start_is_one() {
        let (frames, _) = all(&FORMAT, &file((2, 1), 1, &[(-5, 1, b"early")], &[0]));
        assert_eq!(frames[0].time, since_start(-5));
    }

    #[test]
    fn the_table_has_the_order_and_what_it_leaves_out_is_no_frame() {
        let records: [(i64, u16, &[u8]); 3] = [(3, 0xffff, b"statistics"), (1, 1, b"one"), (2, 1, b"two!")];
        let (frames, end) = all(&FORMAT, &file((2, 1), 1, &records, &[1, 2, 0]));
        let found: Vec<_> = frames.iter().map(|frame| (frame.len, frame.not_a_packet)).collect();
        assert_eq!((found, end), (vec![(3, false), (4, false), (0, true)], End::Clean));
        assert_eq!(all(&FORMAT, &file((2, 1), 1, &records, &[2])).0[0].len, 4);
    }

    #[test]
    fn each_frame_has_its_link_type_and_what_stands_before_it() {
        let records: [(i64, u16, &[u8]); 6] = [
            (1, 1, b"ethernet"),
            (1, 6, b"\x02\x05\0..80211"),
            (1, 4, b"0123456789abcdefllc"),
            (1, 0xe071, b"linux cooked"),
            // Not numbered: the list of resolved names.
            (1, 0xfffe, b"names"),
            (1, 0xe083, b"undecoded"),
        ];
        let bytes = file((2, 2), 1, &records, &[0, 1, 2, 3, 4, 5]);
        let (at, mut context) = open(&bytes).expect("a file");
        let mut found = Vec::new();
        frames(&bytes, &mut context, at, u64::MAX, &mut |frame| found.push((frame.number, frame.link.0, frame.bytes)));
        let expected: [(u64, u32, &[u8]); 5] = [
            (1, 1, b"ethernet"),
            (2, 105, b"80211"),
            (3, 100, b"llc"),
            (4, 113, b"linux cooked"),
            (5, 0xe083, b"undecoded"),
        ];
        assert_eq!(found, expected);
        // Before 2.1 the file header says it.
        assert_eq!(all(&FORMAT, &file((2, 0), 6, &[(1, 0, b"\x02\x05\0..80211")], &[0])).0[0].len, 5);
    }

    #[test]
    fn a_file_without_its_table_is_read_as_far_as_it_goes_and_is_cut() {
        let records: [(i64, u16, &[u8]); 2] = [(1, 1, b"one"), (2, 1, b"two!")];
        let bytes = file((2, 1), 1, &records, &[0, 1]);
        for length in FILE_HEADER..bytes.len() {
            let (frames, at) = match length {
                0..149 => (0, 128),
                149..171 => (1, 149),
                _ => (2, 171),
            };
            let (found, end) = all(&FORMAT, &bytes[..length]);
            assert_eq!((found.len(), end), (frames, End::Cut { offset: at }), "cut to {length} bytes");
        }
    }

    #[test]
    fn a_table_that_leads_nowhere_is_damage_at_its_entry() {
        let mut bytes = file((2, 1), 1, &[(1, 1, b"one"), (2, 1, b"two!")], &[0, 1]);
        bytes[178] = 1;
        let why = "the table of frames names a record at 16777365, which is not in the file".to_owned();
        let (frames, end) = all(&FORMAT, &bytes);
        assert_eq!((frames.len(), end), (1, End::Corrupt { offset: 175, why }));
    }

    #[test]
    fn chunks_give_the_frames_of_one_pass_in_the_order_of_the_table() {
        let data = [5; 300];
        let records: Vec<(i64, u16, &[u8])> = (0..500).map(|at| (at, 1, &data[..at as usize % 300])).collect();
        let order: Vec<usize> = (1..500).chain([0]).collect();
        let bytes = file((2, 3), 1, &records, &order);
        // Every boundary is known: nothing is framed again.
        assert_eq!(crate::capture::tests::assert_chunks_agree(&bytes, 4096), 0);
        let cut = &bytes[..bytes.len() - 1];
        crate::capture::tests::assert_chunks_agree(cut, 4096);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let why = |version, network| open(&file(version, network, &[], &[])).expect_err("not read");
        assert_eq!(why((3, 0), 1), "version 3.0 is not known");
        assert_eq!(why((2, 0), 5), "network type 5 is not read: convert it with `editcap -F pcapng`");
        let mut bytes = file((2, 1), 1, &[], &[]);
        bytes[10] = 13;
        assert_eq!(open(&bytes), Err("the time at which the capture started is no time".into()));
    }
}
