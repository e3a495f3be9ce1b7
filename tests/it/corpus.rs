//! The corpus as its oracles tell it: the files, tshark's streams, and what our own decoder says of single frames.

use crate::shared;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use synfin::capture::{Format, recognise};
use synfin::case::Judged;
use synfin::input::{self, Source};
use synfin::tcp::Half;
use synfin::wire::{self, Address, Keys, Packet, Reassembler};

/// One end of a stream.
pub type End = (IpAddr, u16);

/// A captured file of the corpus.
pub struct File {
    /// As the index names it.
    pub name: String,
    pub path: PathBuf,
    /// tshark's streams; some files without streams have no table.
    truth: Option<PathBuf>,
}

/// What one side of a connection sent, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    pub frames: u64,
    pub bytes: u64,
    pub syns: u64,
    pub synacks: u64,
    pub fins: u64,
    pub rsts: u64,
}

/// A connection as either tool sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    /// Sender and receiver of the first frame; nobody where a stream has only headers quoted by ICMP errors.
    pub ends: Option<[End; 2]>,
    pub first_frame: u64,
    pub last_frame: u64,
    pub sent: [Sent; 2],
    pub isn: [Option<u32>; 2],
    /// Wireshark's `tcp.completeness`; none of ours.
    pub completeness: Option<u8>,
}

/// All files, in the order of the index.
pub fn files() -> Option<Vec<File>> {
    let corpus = shared::path("corpus")?;
    let mut index = csv::Reader::from_path(corpus.join("INDEX.csv")).expect("the corpus has an index");
    let rows = index.deserialize::<BTreeMap<String, String>>().map(|row| row.expect("a row of the index"));
    let file = |row: BTreeMap<String, String>| {
        let name = row["file"].clone();
        let below = name.strip_prefix("captures/").expect("all captures are in one folder");
        let truth = corpus.join("truth/tshark").join(format!("{below}.csv"));
        let truth = (row["tcp_streams"] != "0").then_some(truth);
        File { path: corpus.join(&name), truth, name }
    };
    Some(rows.map(file).collect())
}

impl File {
    /// tshark's streams.
    pub fn streams(&self) -> Vec<Stream> {
        let Some(truth) = &self.truth else { return Vec::new() };
        let mut table = csv::Reader::from_path(truth).expect("a file with streams has a table of them");
        table.deserialize().map(|row| stream(&row.expect("a row of a stream"))).collect()
    }

    /// The capture, unpacked, and how it is framed; none where the container is none of those that can be framed.
    pub fn open(&self) -> Option<(Source, &'static Format)> {
        let (inputs, _) = input::expand(std::slice::from_ref(&self.path));
        let mut sources = inputs.iter().flat_map(|input| input::open(input, &input::Options::default()).0);
        sources.find_map(|source| recognise(source.bytes()).map(|format| (source, format)))
    }
}

fn stream(row: &BTreeMap<String, String>) -> Stream {
    let number = |column: &str| row[column].parse::<u64>().unwrap_or_else(|error| panic!("{column}: {error}"));
    let end = |side: &str| Some((address(&row[&format!("{side}_ip")])?, row[&format!("{side}_port")].parse().ok()?));
    let sent = |side: &str| Sent {
        frames: number(&format!("frames_{side}")),
        bytes: number(&format!("bytes_{side}")),
        syns: number(&format!("syn_{side}")),
        synacks: number(&format!("synack_{side}")),
        fins: number(&format!("fin_{side}")),
        rsts: number(&format!("rst_{side}")),
    };
    Stream {
        ends: end("a").zip(end("b")).map(|(a, b)| [a, b]),
        first_frame: number("first_frame"),
        last_frame: number("last_frame"),
        sent: [sent("a"), sent("b")],
        isn: [row["isn_a"].parse().ok(), row["isn_b"].parse().ok()],
        completeness: row["completeness"].parse().ok(),
    }
}

/// An address, IPv4-mapped ones as IPv4.
pub fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn end(address: Address) -> End {
    (address.ip(), address.port)
}

impl Stream {
    /// One of our rows, seen from the sender of its first frame.
    pub fn of(row: &Judged) -> Self {
        let summary = &row.summary;
        let client_first = summary.first_way == summary.client_way;
        let mut halves = [&summary.sides[0], &summary.sides[1]];
        let mut ends = [end(row.client), end(row.server)];
        if !client_first {
            halves.reverse();
            ends.reverse();
        }
        Self {
            ends: Some(ends),
            first_frame: summary.first_frame,
            last_frame: summary.last_frame,
            sent: halves.map(sent),
            isn: halves.map(|half| half.iss.map(|iss| iss.0)),
            completeness: None,
        }
    }

    /// Both ends, in an order that does not depend on who spoke first.
    pub fn pair(&self) -> Option<[End; 2]> {
        let mut ends = self.ends?;
        ends.sort_unstable();
        Some(ends)
    }
}

fn sent(half: &Half) -> Sent {
    Sent {
        frames: u64::from(half.packets),
        bytes: half.carried,
        syns: u64::from(half.syns),
        synacks: u64::from(half.synacks),
        fins: u64::from(half.fins),
        rsts: u64::from(half.rsts),
    }
}

/// What each frame is, by number: of a fragmented packet its last piece.
pub fn packets(bytes: &[u8], format: &Format) -> Vec<Packet> {
    let mut packets = Vec::new();
    let Ok((at, mut context)) = (format.open)(bytes) else { return packets };
    let (keys, mut reassembler) = (Keys([1, 2, 3, 4]), Reassembler::default());
    (format.frames)(bytes, &mut context, at, u64::MAX, &mut |frame| {
        let packet = wire::decode(&frame, &keys);
        let whole = match &packet {
            Packet::Fragment(piece) => reassembler.take(piece, frame.bytes, &keys),
            _ => None,
        };
        packets.push(whole.map_or(packet, |whole| whole.packet));
    });
    packets
}

/// Prints a table of counts and gives their sum.
pub fn print_counts(title: &str, counts: &BTreeMap<String, usize>) -> usize {
    println!("{title}");
    counts.iter().for_each(|(reason, count)| println!("  {count:6}  {reason}"));
    counts.values().sum()
}

/// The name of a file without the folder that all share.
pub fn short(file: &File) -> &str {
    Path::new(&file.name).strip_prefix("captures").ok().and_then(Path::to_str).unwrap_or(&file.name)
}
