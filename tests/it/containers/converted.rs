//! Containers that `editcap` writes: small samples that are here, and all of the lab where the program is.

use super::{Clock, assert_same, recordings, table, testdata, tool};
use std::path::Path;
use std::process::Command;
use synfin::analysis::{self, Options};

/// Types that `editcap -F` writes and synfin reads.
const TYPES: [(&str, Clock); 19] = [
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

/// The names of all types that editcap knows, from its list of them.
fn types(editcap: &str) -> Vec<String> {
    let output = Command::new(editcap).arg("-F").output().expect("editcap runs");
    let list = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    list.lines().filter_map(|line| Some(line.strip_prefix("    ")?.split_once(" - ")?.0.to_owned())).collect()
}

#[test]
fn every_type_that_editcap_writes_is_read_or_named_with_the_way_out() {
    let Some(editcap) = tool("editcap") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let original = testdata("incidents/reset_midstream/client.pcap");
    let (mut named, mut other) = (Vec::new(), Vec::new());
    let types = types(editcap);
    assert!(TYPES.iter().all(|(read, _)| types.iter().any(|kind| kind == read)), "{types:?}");
    for kind in types.into_iter().filter(|kind| TYPES.iter().all(|(read, _)| kind != read)) {
        let to = folder.path().join(&kind);
        // Telephone lines, Bluetooth and logs of a telephone hold no Ethernet.
        let output = Command::new(editcap).args(["-F", &kind]).arg(&original).arg(&to).output().expect("editcap runs");
        if !output.status.success() {
            other.push(kind);
            continue;
        }
        let plan = analysis::plan(std::slice::from_ref(&to), &Options::default());
        let said: Vec<_> = plan.unread.iter().map(|error| error.cause.as_str()).collect();
        assert!(
            said.len() == 1 && said[0].contains(": recognised, but not read here: convert it with"),
            "{kind}: {said:?}"
        );
        named.push(kind);
    }
    println!("{} read, named: {named:?}, of other networks: {other:?}", TYPES.len());
    assert!(named.contains(&"k12text".to_owned()), "{named:?}");
}
