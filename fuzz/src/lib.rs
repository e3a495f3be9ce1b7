//! What the fuzz targets do with their bytes, and what must hold whatever those are. Each target is one room of synfin; the
//! registries choose by content which reader is meant, so that a new format needs nothing here.

use std::path::Path;
use synfin::capture::script;
use synfin::capture::text;
use synfin::capture::{self, Context, End, Format, Frame, LinkType};
use synfin::case::around::{ArpFacts, DnsFacts};
use synfin::host::{self, Hints};
use synfin::input::{self, Options};
use synfin::tcp::{Place, Table};
use synfin::time::Timestamp;
use synfin::wire::{self, Keys, LINKS, Packet, Reassembler, dns};

/// `input`: what is packed or archived unpacks to no more than is allowed, or is named as damaged.
pub fn packed(bytes: &[u8]) {
    const MOST: u64 = 1 << 20;
    let memory = Path::new("/dev/shm");
    let scratch = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    // From a file, because that is where they come from; always the same one, because a fuzzer is killed.
    let path = scratch.join(format!("synfin-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("written");
    let options = Options { max_unpacked: MOST, scratch, ..Options::default() };
    for found in &input::expand(&[path]).0 {
        let (sources, errors) = input::open(found, &options);
        assert!(!sources.is_empty() || !errors.is_empty());
        let total: usize = sources.iter().map(|source| source.bytes().len()).sum();
        assert!(total <= MOST as usize + bytes.len());
    }
}

/// `capture`: the container that recognises the bytes frames them, whole as in steps, and `wire` and `tcp` take the frames.
pub fn capture(bytes: &[u8]) {
    let Some(format) = capture::recognise(bytes) else { return };
    let Ok((start, context)) = (format.open)(bytes) else { return };
    let whole = pass(format, bytes, &context, start, u64::MAX);
    track(bytes, &whole.frames);
    let end = whole.end.expect("a file without a limit has an end");
    assert_eq!(in_steps(format, bytes, context.clone(), start), (marks(&whole.frames), end));
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

/// What tells frames apart: time, length on the wire, captured length, place.
type Mark = (Timestamp, u32, usize, u64);

fn marks(frames: &[Frame<'_>]) -> Vec<Mark> {
    frames.iter().map(|frame| (frame.time, frame.wire_len, frame.bytes.len(), frame.offset)).collect()
}

/// The frames of a file that is read in steps, each from where the one before it stopped.
fn in_steps(format: &Format, bytes: &[u8], mut context: Context, start: u64) -> (Vec<Mark>, End) {
    let (mut at, mut found) = (start, Vec::new());
    let step = 1 + bytes.len() as u64 / 8;
    loop {
        let part = pass(format, bytes, &context, at, at + step);
        found.extend(marks(&part.frames));
        (at, context) = (part.at, part.context);
        if let Some(end) = part.end {
            return (found, end);
        }
    }
}

/// What becomes of frames: decoded, put together, tracked in one table, learnt from.
#[derive(Default)]
struct Tracker {
    table: Table,
    pieces: Reassembler,
    arp: ArpFacts,
    dns: DnsFacts,
}

const KEYS: Keys = Keys([1, 2, 3, 4]);
const PLACE: Place = Place { frames_before: 0, point: 0, file: 0 };

fn track(bytes: &[u8], frames: &[Frame<'_>]) {
    let mut tracker = Tracker::default();
    for frame in frames {
        let headers = wire::headers(frame);
        assert!(headers.networks.len() <= frame.bytes.len());
        drop(frame.remark.map(|remark| remark.told()));
        let packet = wire::decode(frame, &KEYS);
        if let Some(plain) = wire::decode_plain(frame, &KEYS, |segment, rare| (segment, rare.copied())) {
            assert!(matches!(packet, Packet::Segment(segment, rare) if (segment, rare) == plain));
        }
        tracker.take(packet, bytes);
    }
    tracker.dns.finish();
    drop((tracker.table.finish(), tracker.pieces.finish()));
}

impl Tracker {
    /// Takes a packet that lies in `bytes`.
    fn take(&mut self, packet: Packet, bytes: &[u8]) {
        drop(packet.why().map(|why| why.name()));
        match packet {
            Packet::Segment(segment, rare) => {
                let frame = bytes.get(segment.offset as usize..).unwrap_or_default();
                let ends = || wire::addresses(frame, segment.ip_at);
                assert!(self.table.observe(&segment, rare.as_ref(), PLACE, &ends).is_ok(), "nothing lies on tape");
                for message in dns::in_segment(frame, &segment) {
                    self.dns.take(&message, 0);
                }
            }
            Packet::IcmpError(error) => drop(self.table.observe_icmp(&error, PLACE)),
            Packet::Fragment(piece) => {
                let frame = bytes.get(piece.offset as usize..).unwrap_or_default();
                if let Some(whole) = self.pieces.take(&piece, frame, &KEYS) {
                    self.take(whole.packet, &whole.bytes);
                }
            }
            Packet::Arp(arp) => self.arp.take(&arp, 0),
            Packet::Dns(message) => {
                self.dns.take(&message, 0);
            }
            Packet::Other(_) => {}
        }
    }
}

/// `wire`: frames of the link type that the first byte chooses, each after its length in two bytes.
pub fn wire(bytes: &[u8]) {
    let Some((choice, mut rest)) = bytes.split_first() else { return };
    let link = LinkType(LINKS[usize::from(*choice) % LINKS.len()].linktype);
    let mut frames = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (inside, behind) = behind.split_at(length.min(behind.len()));
        frames.push(Frame {
            number: frames.len() as u64 + 1,
            time: Timestamp(1 + frames.len() as i64 * 1_000_000),
            link,
            interface: 0,
            // What is missing of the last one was not captured.
            wire_len: length as u32,
            bytes: inside,
            offset: inside.as_ptr().addr() as u64 - bytes.as_ptr().addr() as u64,
            not_a_packet: false,
            remark: None,
        });
        rest = behind;
    }
    track(bytes, &frames);
}

/// Text that stands for packets: a packet script is written and read again, captured lines become the capture they tell of.
pub fn text(bytes: &[u8]) {
    if let Some(script) = std::str::from_utf8(bytes).ok().and_then(|text| script::parse(text).ok()) {
        let printed = script.to_string();
        assert_eq!(script::parse(&printed).as_ref(), Ok(&script), "{printed}");
        capture(&script.capture());
    }
    let _ = text::recognise(bytes);
    for dialect in text::DIALECTS {
        if let Ok(converted) = dialect.convert(bytes) {
            capture(&converted.pcap);
        }
    }
}

/// `host`: every line of a dump is part of a block, places those that follow, or is counted as unknown.
pub fn dump(bytes: &[u8]) {
    let document = host::read(bytes, &Hints::default());
    let mut next = 1;
    for block in &document.blocks {
        assert!(block.first_line >= next && block.lines > 0);
        next = block.first_line + block.lines;
    }
    assert!(next <= document.lines + 1 && document.unknown_lines <= u64::from(document.lines));
}
