//! The packet scripts of `testdata`, and that they say what the captures they were written after say.

use crate::shared;
use crate::support::{analyse_bytes_with, capture, labels};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use synfin::analysis::Options;
use synfin::capture::{recognise, script};
use synfin::case::{Facts, Judged};
use synfin::report::columns::COLUMNS;
use synfin::tcp::{Outcome, Side};
use synfin::wire::Address;

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

/// What a script says of one connection: `name=value` for each.
type Expected = BTreeMap<String, String>;

/// The labels that a script always states completely; one that is not there is empty.
const LABELS: [&str; 7] =
    ["outcome", "client_state", "server_state", "handshake", "closed_by", "reset_by", "reset_phase"];

struct Story {
    path: PathBuf,
    text: String,
    expected: Vec<Expected>,
    /// Labels or outcomes that it narrowly misses.
    near_miss_of: Vec<String>,
}

fn stories() -> Vec<Story> {
    let mut stories = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of scripts") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "pkt") {
                stories.push(story(path));
            }
        }
    }
    stories.sort_by(|a, b| a.path.cmp(&b.path));
    stories
}

fn story(path: PathBuf) -> Story {
    let text = std::fs::read_to_string(&path).expect("a script");
    let pair = |word: &str| {
        let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("{}: `{word}`", path.display()));
        (name.to_owned(), value.to_owned())
    };
    let lines = text.lines().filter_map(|line| line.strip_prefix("// => "));
    let expected = lines.map(|line| line.split_whitespace().map(pair).collect()).collect();
    let near = text.lines().filter_map(|line| line.strip_prefix("// near miss of: ")).map(str::to_owned).collect();
    Story { path, text, expected, near_miss_of: near }
}

/// A cell of a row by its column's name, or of these few beside them: `client` and `server` (address and port), `previous`
/// and `next` (number of the row, from 1), `SIDE_retransmissions` (of all causes).
fn cell(name: &str, row: &Judged, rows: &[Judged], facts: &Facts) -> String {
    let number = |id: Option<u64>| {
        id.map_or(String::new(), |id| {
            rows.iter().position(|row| row.id() == id).map_or("none of these".to_owned(), |at| (at + 1).to_string())
        })
    };
    let end = |address: Address| std::net::SocketAddr::new(address.ip(), address.port).to_string();
    let repeats = |side: Side| {
        let half = &row.summary[side];
        (half.retransmissions_timeout + half.retransmissions_fast + half.retransmissions_spurious).to_string()
    };
    match name {
        "client" => end(row.client),
        "server" => end(row.server),
        "previous" => number(row.previous_id()),
        "next" => number(row.next_id()),
        "client_retransmissions" => repeats(Side::Client),
        "server_retransmissions" => repeats(Side::Server),
        _ => {
            let column = COLUMNS.iter().find(|column| column.name == name);
            let column = column.unwrap_or_else(|| panic!("there is no column `{name}`"));
            (column.get)(row, facts).print().replace(' ', "_")
        }
    }
}

/// Numbers are equal whatever their places (`3` and `3.0`).
fn equal(expected: &str, got: &str) -> bool {
    expected == got || matches!((expected.parse::<f64>(), got.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

/// What a row says otherwise than its script.
fn differences(expected: &Expected, row: &Judged, rows: &[Judged], facts: &Facts) -> Vec<String> {
    let labels = LABELS.iter().map(|&name| (name, expected.get(name).map_or("", String::as_str)));
    let others = expected.iter().filter(|(name, _)| !LABELS.contains(&name.as_str()));
    let stated = labels.chain(others.map(|(name, value)| (name.as_str(), value.as_str())));
    let compared = stated.map(|(name, value)| (name, value, cell(name, row, rows, facts)));
    let different = compared.filter(|(_, value, got)| !equal(value, got));
    different.map(|(name, value, got)| format!("{name}: `{value}` by the script, `{got}` by synfin")).collect()
}

#[test]
fn every_script_is_judged_as_it_says() {
    let (mut wrong, mut connections) = (Vec::new(), 0);
    let stories = stories();
    for Story { path, text, expected, .. } in &stories {
        let (rows, case) = analyse_bytes_with(&capture(text), &Options::default());
        connections += rows.len();
        if rows.len() != expected.len() {
            let got: Vec<String> = rows.iter().map(labels).collect();
            wrong.push(format!("{}: {} rows, not {}: {got:#?}", path.display(), rows.len(), expected.len()));
            continue;
        }
        for (number, (expected, row)) in expected.iter().zip(&rows).enumerate() {
            let different = differences(expected, row, &rows, &case.facts);
            if !different.is_empty() {
                wrong.push(format!("{} ({}):\n    {}", path.display(), number + 1, different.join("\n    ")));
            }
        }
    }
    println!("scripts: {} scripts, {connections} connections", stories.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_outcome_has_a_script_and_a_near_miss() {
    let stories = stories();
    for outcome in Outcome::ALL.map(Outcome::name) {
        let gives = |story: &Story| story.expected.iter().any(|row| row["outcome"] == outcome);
        assert!(stories.iter().any(gives), "no script gives {outcome}");
        let near = |story: &&Story| story.near_miss_of.iter().any(|name| name == outcome);
        assert!(stories.iter().any(|story| near(&story) && !gives(story)), "no near miss of {outcome}");
    }
}

#[test]
fn every_script_begins_with_its_intent() {
    for Story { path, text, near_miss_of, .. } in stories() {
        let first = text.lines().next().and_then(|line| line.strip_prefix("// "));
        assert!(first.is_some_and(|first| !first.starts_with("=>")), "{} says what it shows", path.display());
        let known = |name: &String| Outcome::ALL.iter().any(|outcome| outcome.name() == name);
        assert!(near_miss_of.iter().all(known), "{} narrowly misses {near_miss_of:?}", path.display());
    }
}
