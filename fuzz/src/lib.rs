//! What the fuzz targets do with their bytes, and what must hold whatever they are.

use synfin::capture::text;
use synfin::capture::{Context, End, FORMATS, Format, Frame, LinkType};
use synfin::tcp::{Place, Table};
use synfin::time::Timestamp;
use synfin::wire::{self, Keys, LINKS, Packet};

const KEYS: Keys = Keys([1, 2, 3, 4]);

/// Bytes of a capture are read, decoded and tracked.
pub fn container(name: &str, bytes: &[u8]) {
    let format = FORMATS.iter().find(|format| format.name == name).expect("a format");
    let _ = (format.recognises)(bytes);
    let Ok((start, context)) = (format.open)(bytes) else { return };
    let whole = pass(format, bytes, &context, start, u64::MAX);
    let end = whole.end.as_ref().expect("a file without a limit has an end");
    track(bytes, &whole.frames);
    assert_eq!(&in_steps(format, bytes, context.clone(), start), &(places(&whole.frames), end.clone()));
    for from in (0..bytes.len() as u64).step_by(1 + bytes.len() / 4) {
        let guess = (format.boundary)(bytes, &context, from, from + 512);
        assert!(guess.is_none_or(|at| (from..from + 512).contains(&at)));
    }
}

struct Pass<'a> {
    frames: Vec<Frame<'a>>,
    at: u64,
    end: Option<End>,
    context: Context,
}

fn pass<'a>(format: &Format, bytes: &'a [u8], context: &Context, from: u64, limit: u64) -> Pass<'a> {
    let (mut context, mut frames) = (context.clone(), Vec::new());
    let stop = (format.frames)(bytes, &mut context, from, limit, &mut |frame| {
        assert!(frame.bytes.len() <= bytes.len() && frame.bytes.len() <= frame.wire_len as usize);
        frames.push(frame);
        assert_eq!(frame.number, frames.len() as u64);
    });
    assert_eq!(stop.frames, frames.len() as u64);
    assert!(stop.at >= from && (stop.end.is_some() || stop.at >= limit));
    Pass { frames, at: stop.at, end: stop.end, context }
}

/// What tells frames apart.
type Place4 = (Timestamp, u32, usize, u64);

fn places(frames: &[Frame<'_>]) -> Vec<Place4> {
    frames.iter().map(|frame| (frame.time, frame.wire_len, frame.bytes.len(), frame.offset)).collect()
}

/// The frames of a file that is read in steps, each from where the one before it stopped.
fn in_steps(format: &Format, bytes: &[u8], mut context: Context, start: u64) -> (Vec<Place4>, End) {
    let (mut at, mut found) = (start, Vec::new());
    let step = 1 + bytes.len() as u64 / 8;
    loop {
        let part = pass(format, bytes, &context, at, at + step);
        found.extend(places(&part.frames));
        (at, context) = (part.at, part.context);
        if let Some(end) = part.end {
            return (found, end);
        }
    }
}

/// Decodes frames and tracks their connections in one table.
fn track(bytes: &[u8], frames: &[Frame<'_>]) {
    let mut table = Table::default();
    let place = Place { frames_before: 0, point: 0, file: 0 };
    for frame in frames {
        match wire::decode(frame, &KEYS) {
            Packet::Segment(segment, rare) => {
                let ends = || wire::addresses(bytes.get(segment.offset as usize..)?, segment.ip_at);
                table.observe(&segment, rare.as_ref(), place, &ends);
            }
            Packet::IcmpError(error) => drop(table.observe_icmp(&error, place)),
            Packet::Other(why) => drop(why.name()),
            // What is no TCP is decoded, and that is all.
            _ => {}
        }
    }
    drop(table.finish());
}

/// A frame of the link type that the first byte chooses, which is decoded. Half of all first bytes choose raw IP.
pub fn link(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let link = LINKS.get(usize::from(*choice)).map_or(101, |link| link.linktype);
    let frame = Frame {
        number: 1,
        time: Timestamp(1),
        link: LinkType(link),
        interface: 0,
        wire_len: bytes.len() as u32,
        bytes,
        offset: 0,
        not_a_packet: false,
    };
    track(bytes, &[frame, Frame { number: 2, wire_len: frame.wire_len.saturating_add(1000), ..frame }]);
}

/// A text is read by every dialect, and what comes of it as the capture that it is.
pub fn text(bytes: &[u8]) {
    let _ = text::recognise(bytes);
    for dialect in text::DIALECTS {
        if let Ok(converted) = dialect.convert(bytes) {
            container("pcap", &converted.pcap);
        }
    }
}
