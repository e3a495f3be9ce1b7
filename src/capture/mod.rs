//! Bytes become frames. A container knows records, interfaces and clocks, and nothing of protocols.
//!
//! A [`Format`] is one container. Framing is resumable at any record boundary, so that `analysis` can
//! frame a file in chunks on all cores: [`Format::boundary`] guesses where a record begins, and
//! [`Format::frames`] frames from there with the [`Context`] that stood there. A guess is never trusted:
//! `analysis` accepts a chunk only where its start is the previous chunk's end.

mod ahead;
mod erf;
pub mod foreign;
mod guess;
mod netmon;
mod numbers;
mod pcap;
mod pcapng;
mod peek;
mod rare;
mod remark;
mod records;
pub mod script;
mod snoop;
pub mod text;

pub use ahead::prefetch;
pub use remark::{Remark, Told};

use crate::time::{SECOND, Span, Timestamp};

/// The registry: one container, one line. Those without a magic number are asked last.
pub static FORMATS: &[Format] = &[
    pcap::FORMAT,
    pcapng::FORMAT,
    snoop::FORMAT,
    netmon::FORMAT,
    rare::netxray::FORMAT,
    rare::sniffer::FORMAT,
    rare::nettl::FORMAT,
    rare::observer::FORMAT,
    rare::visual::FORMAT,
    rare::five_views::FORMAT,
    rare::lanalyzer::FORMAT,
    peek::FORMAT,
    rare::commview::FORMAT,
    rare::commview::EXTENDED,
    erf::FORMAT,
];

/// One container format.
pub struct Format {
    /// As `inputs.format` prints it: `pcap`, `pcapng`.
    pub name: &'static str,
    /// Whether a file that begins with these bytes is of this format.
    pub recognises: fn(&[u8]) -> bool,
    pub open: Open,
    pub boundary: Boundary,
    pub frames: Frames,
}

/// Reads the head of the file: where the first record starts and what is known there; or why nothing can be read.
pub type Open = fn(&[u8]) -> Result<(u64, Context), String>;

/// A likely record boundary at or after `from`, judged by many plausible records in a row; `None` if none is found before
/// `limit`. A wrong guess costs time only.
pub type Boundary = fn(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64>;

/// Frames the records that start in `from..limit`, hands each to `sink`, and leaves `context` as it is after them. The
/// last record may reach beyond `limit`.
pub type Frames =
    for<'a> fn(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop;

/// What framing needs to know at a record boundary. Equal contexts frame equal bytes alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Byte order of the section (pcapng) or file (pcap).
    pub big_endian: bool,
    /// Index in `interfaces` of the current section's first one (pcapng numbers them anew in each section).
    pub section: usize,
    /// Every interface of the file so far, over all sections.
    pub interfaces: Vec<Interface>,
    /// For the container's own use: pcap's variants of the record header, Network Monitor's version.
    pub variant: u8,
    /// What the times of records count from, where a container says it once for all of them.
    pub start: Timestamp,
    /// Where the order of records stands, in a container that has a table of them.
    pub table: Option<Table>,
    /// What the file says of itself, its sections and interfaces, in words.
    pub comments: Vec<String>,
}

/// A table of the records' offsets, somewhere in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub offset: u64,
    pub entries: u64,
}

/// One capturing interface, as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    pub link: LinkType,
    /// Frames were cut to this many bytes; 0 where the file sets no bound.
    pub snaplen: u32,
    pub clock: Clock,
    /// Bytes of frame check sequence at the end of each frame, as the file says.
    pub fcs_bytes: u8,
    pub name: Option<String>,
}

/// How a file's time stamps become nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clock {
    pub resolution: Resolution,
    /// Seconds to add to every stamp (`if_tsoffset`).
    pub offset_seconds: i64,
}

/// Units a second: `if_tsresol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// 10^n
    Decimal(u8),
    /// 2^n
    Binary(u8),
}

/// A link-layer type in the numbering of the LINKTYPE_ registry (`pcap-linktype(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);

/// One captured frame; its bytes lie in the file.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// 1-based within this call of `frames`; `analysis` adds what came before. Counted as Wireshark counts: blocks
    /// that it numbers and that are no packets (custom blocks, systemd journal) count too.
    pub number: u64,
    /// 0 where the container gives none: pcapng's simple packet blocks, and what is no packet.
    pub time: Timestamp,
    pub link: LinkType,
    /// Index into [`Context::interfaces`].
    pub interface: u16,
    /// Length on the wire; `bytes` may hold less, never more.
    pub wire_len: u32,
    pub bytes: &'a [u8],
    /// Where `bytes` begins in the file.
    pub offset: u64,
    /// Numbered by Wireshark but no packet; `bytes` is empty.
    pub not_a_packet: bool,
    /// What somebody wrote beside it.
    pub remark: Option<Remark<'a>>,
}

/// Where a call of `frames` stopped, and what it met besides packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Start of the next record: at or beyond the limit, or where the file ended.
    pub at: u64,
    /// Number of frames handed to the sink.
    pub frames: u64,
    /// Set when no record follows: the end of the file, or damage.
    pub end: Option<End>,
    /// Interface statistics met: index into [`Context::interfaces`].
    pub statistics: Vec<Statistics>,
}

/// What the capturing program says of one interface (pcapng interface statistics).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    pub interface: u16,
    pub received: Option<u64>,
    pub dropped: Option<u64>,
}

impl Clock {
    /// The time of a stamp in this clock's units, clamped to what a [`Timestamp`] holds. Stamps are unsigned; one that
    /// would lie beyond the year 2262 and has its top bit set is taken for a time before 1970, as some writers mean it.
    pub fn time(self, ticks: u64) -> Timestamp {
        let nanoseconds = match (i64::try_from(self.nanoseconds(ticks.into())), ticks as i64) {
            (Ok(nanoseconds), _) => nanoseconds,
            (Err(_), negative @ ..0) => i64::try_from(self.nanoseconds(negative.into())).unwrap_or(i64::MIN),
            (Err(_), 0..) => i64::MAX,
        };
        Timestamp(nanoseconds).plus(Span::from_seconds(self.offset_seconds))
    }

    /// 64 bits of ticks in nanoseconds, which stay below 128 bits.
    fn nanoseconds(self, ticks: i128) -> i128 {
        match self.resolution {
            // The two that are met every day, then all.
            Resolution::Decimal(6) => ticks * 1000,
            Resolution::Decimal(9) => ticks,
            Resolution::Decimal(digits @ 0..9) => ticks * 10_i128.pow(9 - u32::from(digits)),
            Resolution::Decimal(digits) => {
                10_i128.checked_pow(u32::from(digits) - 9).map_or(0, |unit| ticks.div_euclid(unit))
            }
            Resolution::Binary(bits) => (ticks * i128::from(SECOND)).checked_shr(bits.into()).unwrap_or(0),
        }
    }
}

/// How a capture ended: data, not an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Clean,
    /// The file ends inside the record that starts at `offset`.
    Cut { offset: u64 },
    /// What stands at `offset` is no record.
    Corrupt { offset: u64, why: String },
}

/// The format of a file that begins with `head`, if any is known.
pub fn recognise(head: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.recognises)(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// What is compared of a frame.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Facts {
        pub time: Timestamp,
        pub interface: u16,
        pub wire_len: u32,
        pub len: usize,
        pub offset: u64,
        pub not_a_packet: bool,
    }

    impl Facts {
        fn of(frame: &Frame<'_>) -> Self {
            let Frame { time, interface, wire_len, offset, not_a_packet, .. } = *frame;
            Self { time, interface, wire_len, len: frame.bytes.len(), offset, not_a_packet }
        }
    }

    /// Frames a file in one pass.
    pub(super) fn all(format: &Format, bytes: &[u8]) -> (Vec<Facts>, End) {
        let (at, mut context) = (format.open)(bytes).expect("a file that opens");
        let mut frames = Vec::new();
        let stop = (format.frames)(bytes, &mut context, at, u64::MAX, &mut |frame| frames.push(Facts::of(&frame)));
        (frames, stop.end.expect("an end, without a limit"))
    }

    /// Frames the records that start in `from..limit`.
    fn part(format: &Format, bytes: &[u8], mut context: Context, from: u64, limit: u64) -> (Vec<Facts>, Stop, Context) {
        let mut frames = Vec::new();
        let stop = (format.frames)(bytes, &mut context, from, limit, &mut |frame| frames.push(Facts::of(&frame)));
        (frames, stop, context)
    }

    /// Frames a file in verified chunks, as several threads would: each starts at a guess, with what the head tells, and
    /// is kept where that proves to be the true boundary and the true context, else framed again. Counts the latter.
    fn chunked(format: &Format, bytes: &[u8], chunk: u64) -> (Vec<Facts>, End, usize) {
        let (start, head) = (format.open)(bytes).expect("a file that opens");
        let (mut at, mut context) = (start, head.clone());
        let (mut frames, mut again) = (Vec::new(), 0);
        for from in (0..).map(|index| index * chunk) {
            let limit = from + chunk;
            let guess = if from <= start { Some(start) } else { (format.boundary)(bytes, &head, from, limit) };
            assert!(guess.is_none_or(|guess| from <= start || (from..limit).contains(&guess)));
            let attempt = guess.map(|guess| (guess, part(format, bytes, head.clone(), guess, limit)));
            if at >= limit {
                continue;
            }
            let (accepted, stop, after) = match attempt {
                Some((guess, attempt)) if guess == at && context == head => attempt,
                _ => {
                    again += 1;
                    part(format, bytes, context, at, limit)
                }
            };
            frames.extend(accepted);
            (at, context) = (stop.at, after);
            if let Some(end) = stop.end {
                return (frames, end, again);
            }
        }
        unreachable!("some chunk reaches the end")
    }

    pub(super) fn assert_chunks_agree(bytes: &[u8], chunk: u64) -> usize {
        let format = recognise(bytes).expect("a known format");
        let (frames, end) = all(format, bytes);
        let (in_chunks, end_in_chunks, again) = chunked(format, bytes, chunk);
        assert_eq!((in_chunks.len(), &end_in_chunks), (frames.len(), &end));
        assert!(in_chunks == frames);
        again
    }

    /// A microsecond pcap of frames that hold these bytes.
    fn pcap_of<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut out = script::to_capture("").expect("an empty script");
        for (index, frame) in frames.into_iter().enumerate() {
            let (seconds, length) = (1_767_225_600 + index as u32 / 1000, frame.len() as u32);
            out.extend([seconds, index as u32 % 1000, length, length].map(u32::to_le_bytes).concat());
            out.extend(frame);
        }
        out
    }

    /// A pcapng of frames that hold these bytes, aligned so that blocks inside them stand where blocks may stand.
    fn pcapng_of<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        // An interface alone: the script's only packet is cut to nothing.
        let mut out = script::to_capture("0 > S 0:0(0) iface 1 cut 0").expect("a script");
        for (index, frame) in frames.into_iter().enumerate() {
            let length = frame.len() as u32;
            let total = 32 + length.next_multiple_of(4);
            out.extend([6, total, 0, 400_000, index as u32, length, length].map(u32::to_le_bytes).concat());
            out.extend(frame);
            out.resize(out.len().next_multiple_of(4), 0);
            out.extend(total.to_le_bytes());
        }
        out
    }

    /// A container of frames that hold these bytes.
    type Container = fn(Vec<&[u8]>) -> Vec<u8>;
    const CONTAINERS: [Container; 2] = [|frames| pcap_of(frames), |frames| pcapng_of(frames)];

    #[test]
    fn ordinary_captures_are_framed_from_guesses_alone() {
        let noise: Vec<u8> = (0..3000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for container in CONTAINERS {
            let frames = (0..4000_usize)
                .map(|index| noise.get(index % 7..index % 7 + 60 + index * 37 % 1400).unwrap_or_default());
            let bytes = container(frames.collect());
            assert_eq!(assert_chunks_agree(&bytes, 256 << 10), 0);
        }
    }

    #[test]
    fn a_capture_transferred_inside_a_capture_is_not_taken_for_one() {
        let syn = [7; 54];
        for inner in CONTAINERS {
            let inner = inner(vec![&syn[..]; 30_000]);
            // Ordinary segments, and the longest that offloading leaves.
            for (segment, container) in
                [1460, 65_480].iter().flat_map(|segment| CONTAINERS.map(|container| (*segment, container)))
            {
                let frames: Vec<Vec<u8>> = inner.chunks(segment).map(|part| [&[0; 56], part].concat()).collect();
                // The transfer's last segment must not end the file: a run may end with it.
                let outer = container(frames.iter().map(Vec::as_slice).chain([&syn[..]]).collect());
                assert_eq!(assert_chunks_agree(&outer, 200 << 10), 0, "segments of {segment} bytes");
            }
        }
    }

    /// A capture of either format, of packets with bodies of these lengths, with some of its bytes changed.
    fn capture() -> impl Strategy<Value = Vec<u8>> {
        let packet = prop_oneof![3 => 0_usize..100, 1 => 0_usize..3000];
        let changes = prop_oneof![3 => Just(vec![]), 1 => vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)];
        (0..2_usize, vec(packet, 0..40), changes).prop_map(|(container, lengths, changes)| {
            let noise = pcap_of(std::iter::repeat_n(&b"inner"[..], 200));
            let frames = lengths.iter().map(|length| noise.get(..*length).unwrap_or(&noise)).collect();
            let mut bytes = CONTAINERS[container](frames);
            for (index, byte) in changes {
                let at = 24 + index.index(bytes.len().max(25) - 24);
                bytes.iter_mut().skip(at).take(1).for_each(|place| *place = byte);
            }
            bytes
        })
    }

    fn interface() -> impl Strategy<Value = Interface> {
        let resolution =
            prop_oneof![any::<u8>().prop_map(Resolution::Decimal), any::<u8>().prop_map(Resolution::Binary)];
        (any::<u32>(), any::<u32>(), resolution, any::<i64>()).prop_map(
            |(link, snaplen, resolution, offset_seconds)| Interface {
                link: LinkType(link),
                snaplen,
                clock: Clock { resolution, offset_seconds },
                fcs_bytes: 0,
                name: None,
            },
        )
    }

    fn context() -> impl Strategy<Value = Context> {
        let table = prop_oneof![
            2 => Just(None),
            1 => (0_u64..400, 0_u64..90).prop_map(Some),
            1 => any::<(u64, u64)>().prop_map(Some),
        ];
        (any::<bool>(), prop_oneof![0..2_usize, Just(usize::MAX)], vec(interface(), 0..3), any::<u8>(), table).prop_map(
            |(big_endian, section, interfaces, variant, table)| {
                let table = table.map(|(offset, entries)| Table { offset, entries });
                Context { big_endian, section, interfaces, variant, start: Timestamp(7), table, comments: Vec::new() }
            },
        )
    }

    proptest! {
        #[test]
        fn chunks_of_any_size_give_the_frames_of_one_pass(bytes in capture(), chunk in 1_u64..5000) {
            if recognise(&bytes).is_some_and(|format| (format.open)(&bytes).is_ok()) {
                assert_chunks_agree(&bytes, chunk);
            }
        }

        #[test]
        fn no_bytes_make_a_container_panic_or_loop(
            head in prop::sample::select(vec![&b""[..], b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x34\xcd\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"snoop\0\0\0\0\0\0\x02\0\0\0\x04", b"RTSS\0\x01", b"GMBU\x03\x02"]),
            tail in prop_oneof![vec(any::<u8>(), 0..300), vec(prop::sample::select(vec![0_u8, 1, 6, 12, 28, 32]), 0..300)],
            context in context(), from in 0_u64..400, limit in prop_oneof![0_u64..400, Just(u64::MAX)],
        ) {
            let bytes = [head, &tail].concat();
            for format in FORMATS {
                let _ = ((format.recognises)(&bytes), (format.open)(&bytes));
                let (frames, stop, _) = part(format, &bytes, context.clone(), from, limit);
                prop_assert_eq!(frames.len() as u64, stop.frames);
                prop_assert!(stop.at >= from && (stop.end.is_some() || stop.at >= limit));
                let boundary = (format.boundary)(&bytes, &context, from, limit);
                prop_assert!(boundary.is_none_or(|at| (from..limit).contains(&at)));
            }
        }
    }
}
