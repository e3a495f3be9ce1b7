//! As many TCP segments in every capture of the corpus as tshark finds, over all link types and tunnels.
//!
//! Where the two differ, what our own decoder says of single frames names the reason; "other" must stay empty.

use crate::shared;
use std::collections::BTreeMap;
use std::path::Path;
use synfin::capture::recognise;
use synfin::input;
use synfin::wire::{self, Keys, Layer, Packet, Reassembler, Why};

/// What one file comes to.
#[derive(Default)]
struct Found {
    segments: u64,
    /// Frames that are no segments, by why.
    others: BTreeMap<Why, u64>,
    samples: u64,
}

/// The port to which switches send samples of what they forward (sFlow).
const SAMPLES: u16 = 6343;

const KEYS: Keys = Keys([1, 2, 3, 4]);

/// Files with more segments than tshark 4.0 finds, by the end of their names, and why each is right.
const MORE: [(&str, &str); 8] = [
    ("bigtcp-ipv4-geneve-ipv4.pcap", "outer length 0: to the end of the frame"),
    ("bigtcp-ipv4-vxlan-ipv6.pcap", "outer length 0: to the end of the frame"),
    ("bigtcp-ipv6-geneve-ipv4.pcap", "outer length 0: to the end of the frame"),
    ("bigtcp-ipv6-geneve-ipv6.pcap", "outer length 0: to the end of the frame"),
    ("bigtcp-ipv6-vxlan-ipv4.pcap", "outer length 0: to the end of the frame"),
    ("bigtcp-ipv6-vxlan-ipv6.pcap", "outer length 0: to the end of the frame"),
    ("mpls_pw_eth_vlan_ipv4_tcp_cw.pcap", "tshark takes a pseudowire's control word for an address"),
    ("tcp-session-decode-malformed-ipv4__input.pcap", "tshark gives up at a short IP option of a possible length"),
];

/// Segments of all captures in a file, packed or not; none where nothing in it can be framed.
fn find(path: &Path) -> Option<Found> {
    let (inputs, _) = input::expand(&[path.to_owned()]);
    let mut found = None;
    for source in inputs.iter().flat_map(|input| input::open(input, &input::Options::default()).0) {
        let Some(format) = recognise(source.bytes()) else { continue };
        let Ok((at, mut context)) = (format.open)(source.bytes()) else { continue };
        let found = found.get_or_insert_with(Found::default);
        let mut reassembler = Reassembler::default();
        (format.frames)(source.bytes(), &mut context, at, u64::MAX, &mut |frame| {
            let packet = wire::decode(&frame, &KEYS);
            let whole = match &packet {
                Packet::Fragment(piece) => reassembler.take(piece, frame.bytes, &KEYS),
                _ => None,
            };
            let (packet, bytes) = match &whole {
                Some(whole) => (&whole.packet, &whole.bytes[..]),
                None => (&packet, frame.bytes),
            };
            match packet {
                Packet::Segment(segment, _) => {
                    assert!(wire::addresses(bytes, segment.ip_at).is_some());
                    found.segments += 1;
                }
                Packet::IcmpError(error) => assert!(wire::addresses(bytes, error.ip_at).is_some()),
                other => {
                    *found.others.entry(other.why().expect("no segment")).or_default() += 1;
                    let port = SAMPLES.to_be_bytes();
                    found.samples += u64::from(bytes.windows(2).skip(34).take(3).any(|bytes| bytes == port));
                }
            }
        });
    }
    found
}

/// Why we may find fewer, and how many frames of the file it holds for.
fn reasons(found: &Found) -> Vec<(&'static str, u64)> {
    let count =
        |wanted: &dyn Fn(Why) -> bool| found.others.iter().filter(|(why, _)| wanted(**why)).map(|(_, n)| n).sum();
    vec![
        ("cut before the flags: no connection can use it", count(&|why| why == Why::Short(Layer::Tcp))),
        (
            "a TCP header that contradicts its packet: receivers drop it",
            count(&|why| why == Why::Malformed(Layer::Tcp)),
        ),
        ("IP options of impossible length: receivers drop it", count(&|why| why == Why::Malformed(Layer::Ip))),
        (
            "a lone first fragment, cut by the snap length, which tshark reads like a whole packet",
            count(&|why| matches!(why, Why::Fragment(_))),
        ),
        ("a sample of another frame (sFlow), no frame of this network", found.samples),
    ]
}

#[test]
fn every_capture_has_the_segments_that_tshark_finds() {
    let Some(corpus) = shared::path("corpus") else { return };
    let mut index = csv::Reader::from_path(corpus.join("INDEX.csv")).expect("the corpus has an index");
    let (mut equal, mut not_read, mut other) = ((0, 0), Vec::new(), Vec::new());
    let mut differing: BTreeMap<&str, Vec<(String, i64)>> = BTreeMap::new();
    for row in index.deserialize::<BTreeMap<String, String>>() {
        let row = row.expect("a row of the index");
        let theirs: u64 = row["tcp_packets"].parse().expect("a number of segments");
        let Some(found) = find(&corpus.join(&row["file"])) else {
            assert_eq!(theirs, 0, "{}: tshark finds segments in it", row["file"]);
            not_read.push(row["file"].clone());
            continue;
        };
        let fewer = theirs.cast_signed() - found.segments.cast_signed();
        let why = if fewer < 0 {
            MORE.iter().find(|(name, _)| row["file"].ends_with(name) && fewer == -1).map(|(_, why)| *why)
        } else {
            reasons(&found).into_iter().find(|(_, frames)| *frames >= fewer.unsigned_abs()).map(|(why, _)| why)
        };
        match why {
            _ if fewer == 0 => equal = (equal.0 + 1, equal.1 + theirs),
            Some(why) => differing.entry(why).or_default().push((row["file"].clone(), fewer)),
            None => other.push((row["file"].clone(), theirs, found.segments, found.others)),
        }
    }
    println!("equal: {} files, {} segments\nnot read, and without segments for tshark: {not_read:?}", equal.0, equal.1);
    for (why, files) in &differing {
        println!("{:>5}  {why}", files.iter().map(|(_, fewer)| fewer).sum::<i64>());
        for (file, fewer) in files {
            println!("         {fewer:>4}  {file}");
        }
    }
    assert!(other.is_empty(), "other: {other:#?}");
    assert!(equal.0 > 2800 && equal.1 > 100_000, "the corpus has thousands of files");
}
