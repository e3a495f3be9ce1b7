//! Containers that few programs but Wireshark still write. Their records say all that there is to say of a frame, so each
//! needs only to say how its file begins and how a record is read; the rest is here.
//!
//! What a program wrote that differs from what is known here is refused by name: Wireshark knows more of these formats.

pub(super) mod commview;
pub(super) mod five_views;
pub(super) mod lanalyzer;
pub(super) mod nettl;
pub(super) mod netxray;
pub(super) mod observer;
pub(super) mod sniffer;
pub(super) mod visual;

use super::foreign::not_read;
use super::numbers::le::{half, long, word};
use super::records::{Record, frames as run, rest};
use super::{Clock, Context, End, Frame, Interface, LinkType, Resolution, Stop, guess};
use crate::time::{Span, Timestamp};

/// The longest captured length that readers accept.
const MAX_CAPTURED: u32 = 262_144;
/// A record whose time is further than this from the capture's start is not taken for a boundary.
const FAR: Span = Span::from_seconds(400 * 86_400);
const ETHERNET: u32 = 1;
const TOKEN_RING: u32 = 6;

/// What stands at a position.
enum Item {
    Frame(Header),
    /// A record of so many bytes that holds no frame.
    Other(usize),
    /// No record, and why.
    Damage(String),
    /// Nothing follows.
    Last,
}

/// What a record says of its frame.
struct Header {
    time: Timestamp,
    link: u32,
    wire_len: u32,
    captured: u32,
    /// Where the frame begins in the record, and how long the record is.
    data_at: usize,
    length: usize,
}

impl Header {
    fn damage(&self) -> Option<String> {
        let Self { captured, length, data_at, .. } = self;
        if *captured > MAX_CAPTURED {
            return Some(format!("a record says that {captured} bytes were captured; at most {MAX_CAPTURED} can be"));
        }
        let fits = data_at.checked_add(*captured as usize).is_some_and(|end| end <= *length);
        (!fits).then(|| format!("a record of {length} bytes says that it holds {captured} bytes of a frame"))
    }
}

/// Reads the record at the start of the bytes; `None` where its header is not all there.
type Read = fn(&[u8], &Context) -> Option<Item>;

/// The context of a file whose frames are of one link type and count from `start`.
fn context(link: u32, start: Timestamp) -> Context {
    let clock = Clock { resolution: Resolution::Decimal(9), offset_seconds: 0 };
    let interface = Interface { link: LinkType(link), snaplen: 0, clock, fcs_bytes: 0, name: None };
    Context { interfaces: vec![interface], start, ..Context::default() }
}

/// Where the first record stands, if the file reaches so far.
fn begins(bytes: &[u8], at: u64) -> Result<u64, String> {
    let cut = || format!("the file ends before its first record, after {} bytes", bytes.len());
    (at <= bytes.len() as u64).then_some(at).ok_or_else(cut)
}

/// Frames the records that start in `from..limit`; none starts at `end` or behind it.
fn frames<'a>(
    bytes: &'a [u8],
    context: &Context,
    range: (u64, u64, u64),
    sink: &mut dyn FnMut(Frame<'a>),
    read: Read,
) -> Stop {
    run(range, sink, |at| {
        let rest = rest(bytes, at);
        let corrupt = |why| Record::Broken(End::Corrupt { offset: at, why });
        let cut = || Record::Broken(End::Cut { offset: at });
        match read(rest, context) {
            None => cut(),
            Some(Item::Damage(why)) => corrupt(why),
            Some(Item::Last) => Record::Broken(End::Clean),
            Some(Item::Other(length)) if length > rest.len() => cut(),
            Some(Item::Other(length)) => Record::Skipped(at + length.max(1) as u64),
            Some(Item::Frame(header)) => match (header.damage(), rest.get(..header.length)) {
                (Some(why), _) => corrupt(why),
                (None, None) => cut(),
                (None, Some(record)) => Record::Frame(frame(&header, record, at), at + header.length as u64),
            },
        }
    })
}

fn frame<'a>(header: &Header, record: &'a [u8], at: u64) -> Frame<'a> {
    let bytes = record.get(header.data_at..header.data_at + header.captured as usize).unwrap_or_default();
    Frame {
        number: 0,
        time: header.time,
        link: LinkType(header.link),
        interface: 0,
        wire_len: header.wire_len.max(header.captured),
        bytes,
        offset: at + header.data_at as u64,
        not_a_packet: false,
        remark: None,
    }
}

/// Guesses a boundary: many records in a row that make sense together.
fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64, read: Read) -> Option<u64> {
    guess::boundary(bytes.len(), from, limit, 1, |at| match read(bytes.get(at..)?, context)? {
        Item::Frame(header) => {
            let near = header.time.since(context.start).0.unsigned_abs() < FAR.0.unsigned_abs();
            let plausible = near && header.wire_len > 0 && header.damage().is_none();
            plausible.then(|| at + header.length)
        }
        Item::Other(length) => (length > 0).then(|| at + length),
        Item::Damage(_) | Item::Last => None,
    })
}

fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::{all, assert_chunks_agree};
    use crate::capture::{Format, recognise};

    /// A recording, converted by editcap to each of these formats.
    const SAMPLES: [(&str, &[u8]); 10] = [
        ("5view", include_bytes!("../../testdata/captures/5views/reset_midstream.5views")),
        ("commview", include_bytes!("../../testdata/captures/commview-ncf/reset_midstream.commview-ncf")),
        ("lanalyzer", include_bytes!("../../testdata/captures/lanalyzer/reset_midstream.lanalyzer")),
        ("nettl", include_bytes!("../../testdata/captures/nettl/reset_midstream.nettl")),
        ("sniffer", include_bytes!("../../testdata/captures/ngsniffer/reset_midstream.ngsniffer")),
        ("netxray", include_bytes!("../../testdata/captures/ngwsniffer_1_1/reset_midstream.ngwsniffer_1_1")),
        ("netxray", include_bytes!("../../testdata/captures/ngwsniffer_2_0/reset_midstream.ngwsniffer_2_0")),
        ("observer", include_bytes!("../../testdata/captures/observer/reset_midstream.observer")),
        ("visual", include_bytes!("../../testdata/captures/visual/reset_midstream.visual")),
        ("commview-ncfx", include_bytes!("../../testdata/captures/commview-ncfx/reset_midstream.commview-ncfx")),
    ];

    fn format(name: &str, bytes: &[u8]) -> &'static Format {
        let format = recognise(bytes).expect("a known format");
        assert_eq!(format.name, name);
        format
    }

    #[test]
    fn each_has_all_frames_whole_as_in_chunks() {
        for (name, bytes) in SAMPLES {
            let (frames, end) = all(format(name, bytes), bytes);
            assert_eq!((frames.len(), end), (29, End::Clean), "{name}");
            for chunk in [300, 1000, 2000] {
                assert_chunks_agree(bytes, chunk);
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_records_and_says_so() {
        for (name, bytes) in SAMPLES {
            let format = format(name, bytes);
            let whole = all(format, bytes).0;
            let mut found = 0;
            // One record of NCFX alone, as long as Wireshark says that its frame is, looks whole.
            let looks_whole = |length: &usize| name == "commview-ncfx" && *length == 170;
            for length in (0..=bytes.len()).filter(|length| !looks_whole(length)) {
                let cut = &bytes[..length];
                if (format.open)(cut).is_err() {
                    assert_eq!(found, 0, "{name} cut to {length}");
                    continue;
                }
                let (frames, end) = all(format, cut);
                assert!(frames.len() >= found && frames == whole[..frames.len()], "{name} cut to {length}");
                // A table of offsets may be cut too; its bytes are no record.
                assert!(!matches!(end, End::Corrupt { .. }) || found == whole.len(), "{name} cut to {length}: {end:?}");
                found = frames.len();
            }
            assert_eq!(found, whole.len(), "{name}");
        }
    }

    #[test]
    fn what_another_program_wrote_otherwise_is_refused_with_the_way_out() {
        // Another network, version, card, clock, packing, a ring, a subsystem.
        let changes: [(usize, usize); 15] = [
            (0, 17),
            (2, 0x3aa),
            (3, 131),
            (4, 17 + 6),
            (4, 17 + 6 + 9),
            (4, 17 + 6 + 10),
            (4, 17 + 6 + 11),
            (5, 6),
            (5, 44),
            (5, 48),
            (5, 52),
            (5, 88),
            (6, 25),
            (8, 12),
            (8, 18),
        ];
        for (sample, at) in changes {
            let (name, bytes) = SAMPLES[sample];
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 0x77;
            let refused = (format(name, &bytes).open)(&bytes).err();
            let wanted = "is not read: convert it with `editcap -F pcapng`";
            assert!(refused.as_ref().is_some_and(|why| why.ends_with(wanted)), "{name} at {at}: {refused:?}");
        }
    }

    #[test]
    fn damage_in_a_record_takes_nothing_from_those_before_it() {
        for (name, bytes) in SAMPLES {
            let format = format(name, bytes);
            let whole = all(format, bytes).0;
            let mut bytes = bytes.to_vec();
            for at in (whole[0].offset as usize + whole[0].len..).take(48) {
                bytes[at] ^= 0xff;
                assert_eq!(all(format, &bytes).0.first(), whole.first(), "{name} changed at {at}");
                bytes[at] ^= 0xff;
            }
        }
    }
}
