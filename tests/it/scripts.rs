//! The packet scripts of `testdata`, and that they say what the captures they were written after say.

use crate::shared;
use std::path::{Path, PathBuf};
use synfin::capture::{recognise, script};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts/semantics");
    let entries = std::fs::read_dir(folder).expect("the folder of scripts");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pkt"));
    paths.sort();
    paths
}

/// What is compared of an Ethernet frame with IPv4 in it; numbers of TCP, or of the TCP segment that ICMP quotes.
#[derive(Debug, PartialEq)]
struct Packet {
    /// Nanoseconds since the first.
    at: i64,
    addresses: [u8; 8],
    icmp: Option<[u8; 2]>,
    ports_and_seq: [u8; 8],
    ack: u32,
    flags: u16,
    len: usize,
    window_is_zero: bool,
}

fn packets(bytes: &[u8]) -> Vec<Packet> {
    let format = recognise(bytes).expect("a capture");
    let (at, mut context) = (format.open)(bytes).expect("a capture that opens");
    let mut first = None;
    let mut packets = Vec::new();
    (format.frames)(bytes, &mut context, at, u64::MAX, &mut |frame| {
        let since = frame.time.since(*first.get_or_insert(frame.time)).0;
        packets.push(packet(since, &frame.bytes[14..]));
    });
    packets
}

fn packet(at: i64, ip: &[u8]) -> Packet {
    let addresses = ip[12..20].try_into().expect("two addresses");
    let icmp = (ip[9] == 1).then(|| [ip[20], ip[21]]);
    let tcp = if icmp.is_some() { &ip[48..] } else { &ip[20..] };
    let header = usize::from(tcp[12] >> 4) * 4;
    Packet {
        at,
        addresses,
        icmp,
        ports_and_seq: tcp[..8].try_into().expect("ports and a number"),
        ack: u32::from_be_bytes(tcp[8..12].try_into().expect("a number")),
        flags: u16::from_be_bytes([tcp[12] & 1, tcp[13]]),
        len: tcp.len() - header,
        window_is_zero: tcp[14..16] == [0, 0],
    }
}

#[test]
fn every_script_reads_and_gives_one_frame_a_line() {
    let scripts = scripts();
    assert!(scripts.len() >= 55);
    for path in scripts {
        let text = std::fs::read_to_string(&path).expect("a script");
        let lines =
            text.lines().filter(|line| line.trim_start().starts_with(|first: char| first.is_ascii_digit())).count();
        let capture = script::to_capture(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(packets(&capture).len(), lines, "{}", path.display());
        assert!(text.contains("// => outcome="), "{} says what it expects", path.display());
    }
}

#[test]
fn scripts_of_the_semantics_say_what_their_captures_say() {
    let Some(folder) = shared::path("semantics") else { return };
    for path in scripts() {
        let theirs = folder.join(path.file_stem().expect("a name")).with_extension("pcap");
        let theirs = std::fs::read(&theirs).unwrap_or_else(|error| panic!("{}: {error}", theirs.display()));
        let ours = script::to_capture(&std::fs::read_to_string(&path).expect("a script")).expect("a sound script");
        assert_eq!(packets(&ours), packets(&theirs), "{}", path.display());
    }
}
