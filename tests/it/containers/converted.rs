//! Containers that `editcap` writes: small samples that are here, and all of the lab where the program is.

use super::{Clock, assert_same, recordings, table, testdata, tool};
use std::path::Path;
use std::process::Command;

/// Types that `editcap -F` writes and synfin reads.
const TYPES: [(&str, Clock); 10] = [
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
        let originals = [Clock::Kept, Clock::Coarser].map(|clock| table(&recording, clock));
        for (kind, clock) in TYPES {
            let to = folder.path().join(kind);
            convert(editcap, kind, &recording, &to);
            let original = &originals[usize::from(clock == Clock::Coarser)];
            assert_same(&format!("{} as {kind}", recording.display()), &table(&to, clock), original);
            compared += 1;
            connections += original.len();
        }
    }
    println!("{compared} converted recordings compared, {connections} connections");
}
