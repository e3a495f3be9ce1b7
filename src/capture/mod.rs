//! Bytes become frames. A container knows records, interfaces and clocks, and nothing of protocols.
//!
//! A [`Format`] is one container. Framing is resumable at any record boundary, so that `analysis` can
//! frame a file in chunks on all cores: [`Format::boundary`] guesses where a record begins, and
//! [`Format::frames`] frames from there with the [`Context`] that stood there. A guess is never trusted:
//! `analysis` accepts a chunk only where its start is the previous chunk's end.

mod guess;
mod pcap;
mod pcapng;
pub mod script;

use crate::time::{SECOND, Span, Timestamp};

/// The registry: one container, one line.
pub static FORMATS: &[Format] = &[pcap::FORMAT, pcapng::FORMAT];

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
    /// For the container's own use: pcap's variants of the record header.
    pub variant: u8,
}

/// One capturing interface, as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    pub resolution: Resolution,
    /// Seconds to add to every stamp (`if_tsoffset`).
    pub offset_seconds: i64,
}

/// Units a second: `if_tsresol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Clean,
    /// The file ends inside the record that starts at `offset`.
    Cut {
        offset: u64,
    },
    /// What stands at `offset` is no record.
    Corrupt {
        offset: u64,
        why: String,
    },
}

/// The format of a file that begins with `head`, if any is known.
pub fn recognise(head: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().find(|format| (format.recognises)(head))
}
