//! Containers that `editcap` writes: small samples that are here, and all of the lab where the program is.

use super::{Clock, assert_same, recordings, table, testdata, tool};
use crate::support::analyse_with;
use std::path::Path;
use std::process::Command;
use synfin::analysis::Options;
use synfin::capture::End;

/// Types that `editcap -F` writes and synfin reads.
const TYPES: [(&str, Clock); 21] = [
    ("pcap", Clock::Kept),
    ("nsecpcap", Clock::Kept),
    ("pcapng", Clock::Kept),
    ("modpcap", Clock::Kept),
    ("nokiapcap", Clock::Kept),
    ("rh6_1pcap", Clock::Kept),
    ("suse6_3pcap", Clock::Kept),
    ("snoop", Clock::Kept),
    ("netmon1", Clock::Coarser),
    ("netmon2", Clock::Kept),
    ("5views", Clock::Kept),
    ("commview-ncf", Clock::Kept),
    ("commview-ncfx", Clock::Kept),
    ("k12text", Clock::Undated),
    // Counts from the first packet, at a whole second.
    ("lanalyzer", Clock::Coarser),
    ("nettl", Clock::Kept),
    ("ngsniffer", Clock::Coarser),
    ("ngwsniffer_1_1", Clock::Kept),
    ("ngwsniffer_2_0", Clock::Kept),
    ("observer", Clock::Kept),
    ("visual", Clock::Coarser),
];

/// The samples' originals, among the incidents.
const ORIGINALS: [&str; 2] = ["firewall_reject", "reset_midstream"];

fn convert(editcap: &str, kind: &str, from: &Path, to: &Path) {
    // Network Monitor's files have the local time of who wrote them.
    let output = Command::new(editcap).env("TZ", "UTC").args(["-F", kind]).args([from, to]).output();
    let output = output.expect("editcap runs");
    assert!(output.status.success(), "{}: {}", from.display(), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_samples_of_each_container_give_the_table_of_their_original() {
    for original in ORIGINALS {
        let pcap = testdata("incidents").join(original).join("client.pcap");
        for (kind, clock) in TYPES.into_iter().chain([("erf", Clock::Kept)]) {
            let sample = testdata("captures").join(kind).join(format!("{original}.{kind}"));
            assert_same(&sample.display().to_string(), &table(&sample, clock), &table(&pcap, clock));
        }
    }
}

#[test]
fn every_recording_that_editcap_converts_keeps_its_connections() {
    let Some(editcap) = tool("editcap") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (mut compared, mut connections) = (0, 0);
    for recording in recordings() {
        let originals = [Clock::Kept, Clock::Undated, Clock::Coarser].map(|clock| (clock, table(&recording, clock)));
        for (kind, clock) in TYPES {
            let to = folder.path().join(kind);
            convert(editcap, kind, &recording, &to);
            let (_, original) = originals.iter().find(|(original, _)| *original == clock).expect("one of each clock");
            assert_same(&format!("{} as {kind}", recording.display()), &table(&to, clock), original);
            compared += 1;
            connections += original.len();
        }
    }
    println!("{compared} converted recordings compared, {connections} connections");
}

/// The names of all types that editcap knows, from its list of them.
fn types(editcap: &str) -> Vec<String> {
    let output = Command::new(editcap).arg("-F").output().expect("editcap runs");
    let list = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    list.lines().filter_map(|line| Some(line.strip_prefix("    ")?.split_once(" - ")?.0.to_owned())).collect()
}

#[test]
fn every_type_that_editcap_writes_of_ethernet_is_read() {
    let Some(editcap) = tool("editcap") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let original = testdata("incidents/reset_midstream/client.pcap");
    let types = types(editcap);
    assert!(TYPES.iter().all(|(read, _)| types.iter().any(|kind| kind == read)), "{types:?}");
    let mut other = Vec::new();
    for kind in types.into_iter().filter(|kind| TYPES.iter().all(|(read, _)| kind != read)) {
        let to = folder.path().join(&kind);
        // Telephone lines, Bluetooth and logs of a telephone hold no Ethernet.
        let output = Command::new(editcap).args(["-F", &kind]).arg(&original).arg(&to).output().expect("editcap runs");
        assert!(!output.status.success(), "{kind} is written and not read");
        other.push(kind);
    }
    println!("{} read, of other networks: {other:?}", TYPES.len());
}

#[test]
fn an_export_as_text_is_a_capture_like_any_other() {
    let sample = testdata("captures/k12text/reset_midstream.k12text");
    let (rows, case) = analyse_with(std::slice::from_ref(&sample), &Options::default());
    let point = &case.facts.points[0];
    let file = &point.files[0];
    assert_eq!((file.format, file.frames, file.end.clone(), point.text_only), ("k12text", 29, End::Clean, false));
    assert!(file.note.as_deref().is_some_and(|note| note.starts_with("its times name no date")), "{:?}", file.note);
    // Cut in the last record: where that is, is a place of the text.
    let text = std::fs::read(&sample).expect("a text");
    let last = text.windows(3).rposition(|word| word == b"\n+-").expect("a record") + 1;
    let folder = tempfile::tempdir().expect("a folder");
    let cut = folder.path().join("cut.txt");
    std::fs::write(&cut, &text[..text.len() - 9]).expect("written");
    let (fewer, case) = analyse_with(std::slice::from_ref(&cut), &Options::default());
    let file = &case.facts.points[0].files[0];
    assert_eq!((file.frames, file.end.clone()), (28, End::Cut { offset: last as u64 }));
    assert_eq!(fewer.len(), rows.len());
}
