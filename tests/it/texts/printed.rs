//! What tcpdump and tshark print of every recording gives that recording's outcomes and states.
//!
//! Each recording is printed in one of the ways that there are, or in all of them where `SYNFIN_PRINTED` is set.

use crate::containers::{recordings, tool};
use crate::support::{analyse, labels};
use std::process::Command;
use synfin::case::Judged;
use synfin::tcp::judgement::Confidence;

/// Options of tcpdump that change what a line looks like.
const TCPDUMP: [&[&str]; 14] = [
    &["-nn"],
    &["-n", "-tttt"],
    &["-nn", "-tt"],
    &["-nn", "-ttt"],
    &["-nn", "-ttttt"],
    &["-nn", "-e"],
    &["-nn", "-v"],
    &["-nn", "-S"],
    &["-nn", "-S", "-vv", "-e", "-tttt"],
    &["-nn", "-X"],
    &["-nn", "-A"],
    &["-nn", "--number"],
    &["-nn", "-t"],
    &["-nn", "-v", "-t", "--number"],
];

const TSHARK: [&[&str]; 3] = [&["-n"], &["-n", "-t", "ud"], &["-n", "-o", "tcp.relative_sequence_numbers:FALSE"]];

/// Recordings with a RST that only its TTL gives away as a middlebox's, or in which several connections are dropped and
/// rejected at once: tcpdump prints the TTL, and what an ICMP error quotes, with `-v`, and tshark not at all. What is said of
/// them without that may differ, but is not certain then.
const LESSER: [&str; 6] = [
    "firewall_reject/client.pcap",
    "reset_midstream/client.pcap",
    "s22_rst_midstream/cli.pcap",
    "s01_all_states/cli.pcap",
    "s07_fw_reject/cli.pcap",
    "s26_app_logs",
];

/// A connection and what became of it, and whether that is certain.
fn story(rows: &[Judged]) -> Vec<(String, bool)> {
    let ends = |row: &Judged| [row.client, row.server].map(|end| format!("{} {}", end.ip(), end.port)).join(" > ");
    let certain = |row: &Judged| row.judgement.confidence == Confidence::Certain;
    rows.iter().map(|row| (format!("{}: {}", ends(row), labels(row)), certain(row))).collect()
}

/// What differs between the recording and what is printed of it.
fn difference(original: &[(String, bool)], printed: &[(String, bool)], lesser: bool) -> Option<String> {
    if original.len() != printed.len() {
        return Some(format!("{} connections, {} in text", original.len(), printed.len()));
    }
    let mut pairs = original.iter().zip(printed);
    let differ = pairs.find(|((original, _), (printed, certain))| original != printed && (*certain || !lesser));
    differ.map(|((original, _), (printed, _))| format!("\n  {original}\n  {printed}"))
}

fn compare(program: &str, ways: &[&[&str]], tells_all: fn(&[&str]) -> bool) {
    let Some(program) = tool(program) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("printed.txt");
    let (mut texts, mut connections, mut wrong) = (0, 0, Vec::new());
    let all = std::env::var_os("SYNFIN_PRINTED").is_some();
    for (number, recording) in recordings().into_iter().enumerate() {
        let original = story(&analyse(&recording));
        let chosen = |way: &usize| all || way % ways.len() == number % ways.len();
        for options in (0..ways.len()).filter(chosen).filter_map(|way| ways.get(way)) {
            let output = Command::new(program).env("TZ", "UTC").args(*options).arg("-r").arg(&recording).output();
            std::fs::write(&path, output.expect("it runs").stdout).expect("written");
            // Where no line is of TCP, it is no capture in text.
            let printed = if original.is_empty() { Vec::new() } else { story(&analyse(&path)) };
            let lesser =
                LESSER.iter().any(|name| recording.display().to_string().contains(name)) && !tells_all(options);
            texts += 1;
            connections += original.len();
            wrong.extend(
                difference(&original, &printed, lesser)
                    .map(|differ| format!("{} {options:?}: {differ}", recording.display())),
            );
        }
    }
    println!("{texts} texts of {connections} connections compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_tcpdump_prints_of_a_recording_gives_its_outcomes_and_states() {
    compare("tcpdump", &TCPDUMP, |options| options.iter().any(|option| option.starts_with("-v")));
}

#[test]
fn what_tshark_prints_of_a_recording_gives_its_outcomes_and_states() {
    compare("tshark", &TSHARK, |_| false);
}
