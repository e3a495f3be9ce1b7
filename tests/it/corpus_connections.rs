//! Every connection of the corpus against tshark's streams: found, and counted alike in packets, bytes and flags.
//!
//! Where the two differ, a reason is named that the rows or the frames themselves prove; "other" must stay empty.

use crate::corpus::{File, Sent, Stream, files, packets, print_counts, short};
use crate::support::analyse;
use std::collections::{BTreeMap, BTreeSet};
use synfin::capture::Format;
use synfin::case::Judged;
use synfin::wire::{Flags, Marks, Packet, Segment};

type Counts = BTreeMap<String, usize>;

/// What all files come to.
#[derive(Default)]
struct Report {
    streams: usize,
    connections: usize,
    /// Streams and connections that are each other's counterpart.
    matched: usize,
    /// Streams without a connection, and connections without a stream.
    missing: Counts,
    surplus: Counts,
    equal: usize,
    /// Counterparts that count differently.
    differing: Counts,
    same_numbers: usize,
    /// Initial sequence numbers that differ.
    numbers: Counts,
    other: Vec<String>,
}

/// One file's frames, for evidence.
struct Frames<'a> {
    bytes: &'a [u8],
    packets: Vec<Packet>,
}

impl Frames<'_> {
    fn within(&self, stream: &Stream) -> impl Iterator<Item = &Packet> {
        let (first, last) = (stream.first_frame as usize, stream.last_frame as usize);
        self.packets.iter().take(last).skip(first - 1)
    }

    /// Segments of the flow of the first one among them.
    fn segments(&self, stream: &Stream) -> impl Iterator<Item = &Segment> {
        let flow = self.within(stream).find_map(segment).map(|first| first.flow);
        self.within(stream).filter_map(segment).filter(move |segment| Some(segment.flow) == flow)
    }

    /// Why frames between the stream's first and last are no segments of ours, and how many.
    fn undecoded(&self, stream: &Stream) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for packet in self.within(stream) {
            if let Some(why) = packet.why() {
                *reasons.entry(why.name().into_owned()).or_insert(0) += 1;
            }
        }
        reasons
    }

    fn ip_header(&self, segment: &Segment) -> &[u8] {
        let at = segment.offset as usize + usize::from(segment.ip_at);
        let rest = self.bytes.get(at..).unwrap_or_default();
        let length = rest.first().map_or(0, |first| usize::from(first & 15) * 4);
        rest.get(..length).unwrap_or_default()
    }
}

fn segment(packet: &Packet) -> Option<&Segment> {
    if let Packet::Segment(segment, _) = packet { Some(segment) } else { None }
}

#[test]
fn every_stream_of_tshark_is_a_connection_with_the_same_packets_bytes_and_flags() {
    let Some(files) = files() else { return };
    let mut report = Report::default();
    for file in &files {
        match file.open() {
            Some((source, format)) => compare(file, source.bytes(), format, &mut report),
            None => assert_eq!(file.streams(), [], "{} is opened", file.name),
        }
    }
    println!("streams {}, connections {}, matched {}", report.streams, report.connections, report.matched);
    let missing = print_counts("streams without a connection", &report.missing);
    let surplus = print_counts("connections without a stream", &report.surplus);
    println!("counted alike: {}", report.equal);
    let differing = print_counts("counted differently", &report.differing);
    println!("initial sequence numbers alike: {}", report.same_numbers);
    print_counts("initial sequence numbers that differ", &report.numbers);
    assert_eq!(report.streams, report.matched + missing, "the reasons add up");
    assert_eq!(report.connections, report.matched + surplus, "the reasons add up");
    assert_eq!(report.matched, report.equal + differing, "the reasons add up");
    assert!(report.equal > 12_100, "nearly all connections are counted alike");
    assert!(report.other.is_empty(), "unexplained: {:#?}", report.other);
}

fn compare(file: &File, bytes: &[u8], format: &Format, report: &mut Report) {
    let rows = analyse(&file.path);
    let frames = Frames { bytes, packets: packets(bytes, format) };
    let streams = file.streams();
    report.streams += streams.len();
    report.connections += rows.len();
    let mut left: BTreeMap<usize, Stream> = rows.iter().map(Stream::of).enumerate().collect();
    let mut taken = BTreeSet::new();
    for stream in &streams {
        if let Some(index) = counterpart(stream, &left) {
            let connection = left.remove(&index).expect("it was found there");
            taken.insert(index);
            report.matched += 1;
            judge(file, &frames, stream, &connection, &rows[index], report);
        } else {
            let reason = missing(&frames, stream, taken.iter().map(|&index| &rows[index]));
            note(&mut report.missing, reason, &mut report.other, || format!("{} {stream:?}", short(file)));
        }
    }
    for connection in left.values() {
        let reason = surplus(&frames, connection);
        note(&mut report.surplus, reason, &mut report.other, || format!("{} {connection:?}", short(file)));
    }
}

fn note(counts: &mut Counts, reason: Option<String>, other: &mut Vec<String>, what: impl FnOnce() -> String) {
    *counts.entry(reason.clone().unwrap_or_else(|| "other".into())).or_default() += 1;
    if reason.is_none() {
        other.push(what());
    }
}

/// The connection between the same ends that begins with the same frame, or that shares its initial numbers.
fn counterpart(stream: &Stream, connections: &BTreeMap<usize, Stream>) -> Option<usize> {
    let pair = stream.pair()?;
    let same_ends = || connections.iter().filter(|(_, connection)| connection.pair() == Some(pair));
    let same_start = same_ends().find(|(_, connection)| connection.first_frame == stream.first_frame);
    let overlaps = |connection: &Stream| {
        connection.first_frame <= stream.last_frame && stream.first_frame <= connection.last_frame
    };
    same_start.or_else(|| same_ends().find(|(_, connection)| overlaps(connection))).map(|(&index, _)| index)
}

/// Why a stream has no connection.
fn missing<'a>(frames: &Frames, stream: &Stream, mut found: impl Iterator<Item = &'a Judged>) -> Option<String> {
    let Some(pair) = stream.pair() else { return Some("only headers quoted by ICMP errors".into()) };
    if let Some(packet) = frames.packets.get(stream.first_frame as usize - 1) {
        match packet {
            Packet::IcmpError(_) => return Some("only headers quoted by ICMP errors".into()),
            Packet::Segment(segment, _) if source_routed(frames.ip_header(segment)) => {
                return Some("tshark takes the last hop of an IP source route for the destination".into());
            }
            Packet::Segment(..) => {}
            other => return other.why().map(|why| format!("not decoded: {}", why.name())),
        }
    }
    let one = found.find(|row| Stream::of(row).pair() == Some(pair))?;
    let (one, summary) = (Stream::of(one), one.summary);
    let inside = one.first_frame < stream.first_frame && stream.first_frame <= one.last_frame;
    if inside && summary.has(synfin::tcp::Facts::SIMULTANEOUS) {
        return Some("split handshake: a stream for each SYN".into());
    }
    let late = frames.segments(stream).any(|segment| segment.time < summary.first);
    (inside && late).then(|| "SYN filed behind its connection: a stream of its own".into())
}

/// Why a connection has no stream.
fn surplus(frames: &Frames, connection: &Stream) -> Option<String> {
    let jumbo = frames.segments(connection).all(|segment| segment.len > 65_535 && segment.marks.has(Marks::V6));
    if jumbo {
        return Some("IPv6 jumbo payload, unknown to tshark 4.0".into());
    }
    let tunnelled = frames.segments(connection).all(|segment| segment.ip_at > OUTERMOST);
    tunnelled.then(|| "in a tunnel that tshark 4.0, heuristics off, does not follow".into())
}

/// An IP header further in than this stands behind more than a link header with tags.
const OUTERMOST: u16 = 34;

/// Loose or strict source route (RFC 791).
fn source_routed(ip_header: &[u8]) -> bool {
    let mut options = ip_header.get(20..).unwrap_or_default();
    while let [kind, rest @ ..] = options {
        match kind {
            131 | 137 => return true,
            0 => return false,
            1 => options = rest,
            _ => {
                let length = rest.first().map_or(0, |&length| usize::from(length));
                options = options.get(length.max(2)..).unwrap_or_default();
            }
        }
    }
    false
}

/// Compares counterparts.
fn judge(file: &File, frames: &Frames, stream: &Stream, connection: &Stream, row: &Judged, report: &mut Report) {
    let mut ours = connection.clone();
    if ours.ends != stream.ends {
        ours.sent.reverse();
        ours.isn.reverse();
    }
    let what = |what: &str| format!("{what} {}: {stream:?} {ours:?}", short(file));
    if ours.sent == stream.sent && (ours.first_frame, ours.last_frame) == (stream.first_frame, stream.last_frame) {
        report.equal += 1;
    } else {
        note(&mut report.differing, differing(frames, stream, &ours, row), &mut report.other, || what("counts"));
    }
    for (theirs, ours) in stream.isn.into_iter().zip(ours.isn).filter(|(theirs, _)| theirs.is_some()) {
        if theirs == ours {
            report.same_numbers += 1;
        } else {
            note(&mut report.numbers, other_number(frames, stream, row), &mut report.other, || what("numbers"));
        }
    }
}

/// Why counterparts count differently.
fn differing(frames: &Frames, stream: &Stream, ours: &Stream, row: &Judged) -> Option<String> {
    let fewer: u64 = (0..2).map(|side| stream.sent[side].frames.saturating_sub(ours.sent[side].frames)).sum();
    let more: u64 = (0..2).map(|side| ours.sent[side].frames.saturating_sub(stream.sent[side].frames)).sum();
    if (fewer, more) == (0, 0) {
        return same_frames(frames, stream, ours);
    }
    let undecoded = frames.undecoded(stream);
    if more == 0 && undecoded.values().sum::<u64>() >= fewer {
        let reasons: Vec<&str> = undecoded.keys().map(String::as_str).collect();
        return Some(format!("frames not decoded: {}", reasons.join(", ")));
    }
    if more == 0 && stream.sent.iter().map(|sent| sent.frames).sum::<u64>() > frames.within(stream).count() as u64 {
        return Some("several packets in one frame (A-MSDU): we read the first".into());
    }
    if more > 0 && row.summary.has(synfin::tcp::Facts::SIMULTANEOUS) {
        return Some("split handshake: a stream for each SYN".into());
    }
    if more > 0 && frames.segments(ours).any(|segment| segment.time < row.summary.first) {
        return Some("SYN filed behind its connection: a stream of its own".into());
    }
    let routed = frames.segments(ours).filter(|segment| source_routed(frames.ip_header(segment))).count() as u64;
    if fewer == 0 && routed >= more {
        return Some("tshark takes the last hop of an IP source route for the destination".into());
    }
    let odd_options = frames.segments(ours).filter(|segment| frames.ip_header(segment).len() > 20).count() as u64;
    (fewer == 0 && odd_options >= more).then(|| "malformed IP options: tshark does not look beyond them".into())
}

/// The frames are the same, what they carry is not.
fn same_frames(frames: &Frames, stream: &Stream, ours: &Stream) -> Option<String> {
    let flags = |sent: Sent| Sent { bytes: 0, ..sent };
    let same_flags = stream.sent.map(flags) == ours.sent.map(flags);
    if same_flags && frames.segments(stream).any(|segment| segment.marks.has(Marks::LENGTH_PAST_FRAME)) {
        return Some("IP length past the frame: tshark counts what the frame holds".into());
    }
    let fabric = |segment: &Segment| {
        frames.bytes.get(segment.offset as usize + 12..).is_some_and(|rest| rest.starts_with(&[0x89, 0x03]))
    };
    if same_flags && frames.segments(stream).any(fabric) {
        return Some("FabricPath: tshark takes the last four bytes for a check sequence".into());
    }
    let resets = |side: usize| {
        Sent { syns: 0, synacks: 0, ..stream.sent[side] } == Sent { syns: 0, synacks: 0, ..ours.sent[side] }
    };
    let both = frames.segments(stream).any(|segment| segment.flags.has(Flags::SYN.with(Flags::RST)));
    (both && (0..2).all(resets)).then(|| "SYN and RST in one segment: a RST and no SYN to us".into())
}

/// Why an initial sequence number differs.
fn other_number(frames: &Frames, stream: &Stream, row: &Judged) -> Option<String> {
    let synacks: BTreeSet<u32> = frames
        .segments(stream)
        .filter(|segment| segment.flags.has(Flags::SYN.with(Flags::ACK)))
        .map(|segment| segment.seq.0)
        .collect();
    if synacks.len() > 1 {
        return Some(
            "the server answers with several numbers: tshark keeps the first, we the one it went on with".into(),
        );
    }
    let iss = row.summary.sides[0].iss;
    let acceptable = |segment: &Segment| iss.is_some_and(|iss| segment.ack == iss.plus(1));
    let answers = |segment: &&Segment| segment.flags.has(Flags::SYN.with(Flags::ACK));
    let none = frames.segments(stream).filter(answers).all(|segment| !acceptable(segment));
    none.then(|| "no SYN-ACK acknowledges the SYN (made-up captures): no handshake to us".into())
}
