//! The columns that speak Zeek's and Wireshark's language, against what those tools say of the corpus.
//!
//! Zeek's rows are those of its own tests, with their options: where such a row differs from ours, a reason is named that
//! the rows or the frames themselves prove; "other" must stay empty.

use crate::corpus::{End, File, Stream, address, files, print_counts, short};
use crate::shared;
use crate::support::analyse;
use std::collections::BTreeMap;
use synfin::case::Judged;
use synfin::tcp::translate::{ZEEK_PORTS, Zeek, wireshark_completeness, zeek};
use synfin::time::Span;
use synfin::wire::{self, Address, Keys, Packet};

/// A row of a `conn.log`.
#[derive(Clone, Debug)]
struct Row {
    test: String,
    /// Both ends, in order; some logs have other columns only.
    pair: Option<[End; 2]>,
    conn_state: String,
    history: String,
    /// Without Zeek's default scripts: no list of server ports but what the test itself loads.
    bare: bool,
    /// Packets with bad checksums are dropped.
    checks: bool,
}

/// Rows of TCP by the name of their capture.
fn rows() -> Option<BTreeMap<String, Vec<Row>>> {
    let table = shared::path("corpus/truth/zeek/conn.csv")?;
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in csv::Reader::from_path(table).expect("Zeek's rows").deserialize::<BTreeMap<String, String>>() {
        let row = row.expect("a row of Zeek's");
        if !matches!(&*row["proto"], "tcp" | "") {
            continue;
        }
        let end = |side: &str| Some((address(&row[&format!("{side}_h")])?, row[&format!("{side}_p")].parse().ok()?));
        let pair = end("orig").zip(end("resp")).map(|(a, b)| if a <= b { [a, b] } else { [b, a] });
        rows.entry(row["trace_file"].clone()).or_default().push(Row {
            test: format!("{} {}", row["test"], row["baseline"]),
            pair,
            conn_state: row["conn_state"].clone(),
            history: row["history"].clone(),
            bare: row["bare"] == "yes",
            checks: row["ignore_checksums"] == "no",
        });
    }
    Some(rows)
}

/// What a capture itself shows.
#[derive(Default)]
struct Capture {
    /// Some packet with payload is cut.
    cut: bool,
    /// Some IPv4 header has a wrong checksum.
    bad_checksum: bool,
    tcp: bool,
}

fn look(file: &File) -> Capture {
    let mut capture = Capture::default();
    let Some((source, format)) = file.open() else { return capture };
    let Ok((at, mut context)) = (format.open)(source.bytes()) else { return capture };
    (format.frames)(source.bytes(), &mut context, at, u64::MAX, &mut |frame| {
        if let Packet::Segment(segment, _) = wire::decode(&frame, &Keys([1, 2, 3, 4])) {
            let ip = frame.bytes.get(usize::from(segment.ip_at)..).unwrap_or_default();
            capture.tcp = true;
            capture.cut |= segment.len > 0 && frame.bytes.len() < frame.wire_len as usize;
            capture.bad_checksum |= !checksum_holds(ip);
        }
    });
    capture
}

/// RFC 791 3.1; true for IPv6, which has none.
fn checksum_holds(ip: &[u8]) -> bool {
    let Some(first) = ip.first().filter(|first| *first >> 4 == 4) else { return true };
    let header = ip.get(..usize::from(first & 15) * 4).unwrap_or_default();
    let words = header.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let sum: u32 = words.sum();
    (sum & 0xffff) + (sum >> 16) == 0xffff
}

fn same(row: &Row, ours: &Zeek) -> bool {
    (row.conn_state.is_empty() || row.conn_state == ours.conn_state)
        && (row.history.is_empty() || row.history == ours.history)
}

/// How a row of Zeek's and one of ours compare.
enum Compared {
    Same,
    Explained(&'static str),
    Different,
}

fn difference(row: &Row, ours: &Judged, capture: &Capture) -> Compared {
    let first = zeek(&ours.summary, if row.bare { &[] } else { ZEEK_PORTS });
    let sender = Address::from(ours.summary.ends[0]).port;
    let without = |letters: &[char]| Row { history: row.history.replace(letters, ""), ..row.clone() };
    if same(row, &first) {
        Compared::Same
    } else if row.bare && same(row, &zeek(&ours.summary, &[sender])) {
        Compared::Explained("a port that this test's own scripts list turns the roles")
    } else if row.history.contains('X') && same(&without(&['X']), &first) {
        Compared::Explained("X: an analyser of Zeek's gave up")
    } else if capture.cut && same(&without(&['G', 'g']), &first) {
        Compared::Explained("payload cut by the snap length, a gap (G) to Zeek")
    } else if row.checks && capture.bad_checksum {
        Compared::Explained("packets with a bad checksum dropped")
    } else {
        Compared::Different
    }
}

#[test]
fn zeek_says_of_a_connection_what_our_columns_say_that_it_would() {
    let (Some(files), Some(rows)) = (files(), rows()) else { return };
    let (mut total, mut equal, mut other) = (0, 0, Vec::new());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for file in &files {
        let Some(of_file) = rows.get(short(file)) else { continue };
        let (capture, connections) = (look(file), analyse(&file.path));
        let mut tests: BTreeMap<(&str, Option<[End; 2]>), Vec<&Row>> = BTreeMap::new();
        of_file.iter().for_each(|row| tests.entry((&row.test, row.pair)).or_default().push(row));
        for ((test, pair), theirs) in tests {
            total += theirs.len();
            let same_pair = |row: &&Judged| pair.is_none() || Stream::of(row).pair() == pair;
            let ours: Vec<&Judged> = connections.iter().filter(same_pair).collect();
            for (index, row) in theirs.iter().enumerate() {
                match compare(row, index, &theirs, &ours, &capture) {
                    Ok(None) => equal += 1,
                    Ok(Some(reason)) => *reasons.entry(reason.into()).or_default() += 1,
                    Err(ours) => other.push(format!("{} {test}: {row:?} {ours}", short(file))),
                }
            }
        }
    }
    println!("{total} rows of Zeek's, {equal} equal");
    let explained = print_counts("different", &reasons);
    assert!(other.is_empty(), "unexplained: {other:#?}");
    assert_eq!(total, equal + explained, "the reasons add up");
    assert!(equal > 200, "most are equal");
}

/// Whether one of Zeek's timers can have ended it before its last packet: 5 s after a SYN or a close, or of silence.
fn outlives_a_timer(row: &Judged) -> bool {
    row.summary.last.since(row.summary.first) >= Span::from_seconds(5)
}

/// Compares a row with the connection that stands in the same place between the same ends.
fn compare(
    row: &Row,
    index: usize,
    theirs: &[&Row],
    ours: &[&Judged],
    capture: &Capture,
) -> Result<Option<&'static str>, String> {
    if row.pair.is_none() {
        return without_addresses(row, theirs, ours, capture);
    }
    if ours.is_empty() {
        let teredo = row.pair.is_some_and(|ends| ends.iter().any(|end| end.0.to_string().starts_with("2001:0:")));
        let reason = "in Teredo between ports that are not its own: neither we nor tshark look there";
        return if teredo { Ok(Some(reason)) } else { Err("no connection".into()) };
    }
    if theirs.len() > ours.len() && ours.iter().any(|row| outlives_a_timer(row)) {
        return Ok(Some("split by Zeek's timers (idle, closed, unanswered)"));
    }
    let one = ours[index];
    match difference(row, one, capture) {
        Compared::Same => Ok(None),
        Compared::Explained(reason) => Ok(Some(reason)),
        Compared::Different => Err(format!("{:?}", zeek(&one.summary, ZEEK_PORTS))),
    }
}

/// A log without addresses can only be asked whether some connection of the capture reads like this.
fn without_addresses(
    row: &Row,
    theirs: &[&Row],
    ours: &[&Judged],
    capture: &Capture,
) -> Result<Option<&'static str>, String> {
    if row.history.is_empty() && row.conn_state.is_empty() {
        return Ok(Some("a log without the columns to compare"));
    }
    if !capture.tcp {
        return Ok(Some("UDP, in a log that does not say so"));
    }
    let compared: Vec<_> = ours.iter().map(|one| difference(row, one, capture)).collect();
    if compared.iter().any(|compared| matches!(compared, Compared::Same)) {
        return Ok(None);
    }
    for one in compared {
        if let Compared::Explained(reason) = one {
            return Ok(Some(reason));
        }
    }
    if theirs.iter().any(|row| row.history.contains(['C', 'c'])) {
        return Ok(Some("packets with a bad checksum dropped"));
    }
    if theirs.len() > ours.len() && ours.iter().any(|row| outlives_a_timer(row)) {
        return Ok(Some("split by Zeek's timers (idle, closed, unanswered)"));
    }
    if theirs.len() > ours.len() && theirs.iter().any(|row| row.history.contains('X')) {
        return Ok(Some("X: an analyser of Zeek's gave up, and what followed is a row of its own"));
    }
    Err(format!("{:?}", ours.iter().map(|one| zeek(&one.summary, ZEEK_PORTS).history).collect::<Vec<_>>()))
}

#[test]
fn completeness_is_wiresharks() {
    let Some(files) = files() else { return };
    let (mut equal, mut expected, mut other) = (0, 0, Vec::new());
    for file in &files {
        let streams = file.streams();
        for row in analyse(&file.path) {
            let ours = Stream::of(&row);
            let alike = |stream: &&Stream| {
                let mut theirs = (**stream).clone();
                if theirs.ends != ours.ends {
                    theirs.sent.reverse();
                }
                theirs.pair() == ours.pair() && theirs.first_frame == ours.first_frame && theirs.sent == ours.sent
            };
            let Some(theirs) = streams.iter().find(alike).and_then(|stream| stream.completeness) else { continue };
            let bits = wireshark_completeness(&row.summary);
            if bits == theirs {
                equal += 1;
            } else if bits == theirs | 1 && ours.sent[0].syns > 0 {
                expected += 1; // it prepares a conversation when it reads PORT or PASV, and then misses the SYN
            } else {
                other.push(format!("{} {ours:?}: {bits}, not {theirs}", short(file)));
            }
        }
    }
    println!("completeness equal: {equal}; SYN missed of an FTP data connection that tshark expected: {expected}");
    assert!(other.is_empty(), "unexplained: {other:#?}");
    assert!(equal > 12_000 && expected < 50);
}
