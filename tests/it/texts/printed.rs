//! What tcpdump and tshark print of every recording gives that recording's outcomes and states.
//!
//! Each recording is printed in one of the ways that there are, or in all of them where `SYNFIN_PRINTED` is set.

use crate::containers::{recordings, tool};
use crate::support::{analyse, labels};
use std::process::Command;
use synfin::case::Judged;

/// Options of tcpdump that change what a line looks like.
const TCPDUMP: [&[&str]; 10] = [
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
];

const TSHARK: [&[&str]; 3] = [&["-n"], &["-n", "-t", "ud"], &["-n", "-o", "tcp.relative_sequence_numbers:FALSE"]];

/// Recordings with a RST that only its TTL gives away as a middlebox's; tcpdump prints that with `-v`, tshark not at all.
const FORGED: [&str; 2] = ["reset_midstream/client.pcap", "s22_rst_midstream/cli.pcap"];

/// Recordings in which several connections are dropped and rejected at once; tshark does not print which an ICMP error means.
const GUESSED: [&str; 2] = ["s01_all_states/cli.pcap", "s26_app_logs/cli.pcap"];

/// Connections in order, each with what became of it.
fn story(rows: &[Judged]) -> Vec<String> {
    let ends = |row: &Judged| [row.client, row.server].map(|end| format!("{} {}", end.ip(), end.port)).join(" > ");
    rows.iter().map(|row| format!("{}: {}", ends(row), labels(row))).collect()
}

/// What differs between the recording and what is printed of it.
fn difference(original: &[String], printed: &[String]) -> Option<String> {
    if original.len() != printed.len() {
        return Some(format!("{} connections, {} in text", original.len(), printed.len()));
    }
    let differ = original.iter().zip(printed).find(|(original, printed)| original != printed);
    differ.map(|(original, printed)| format!("\n  {original}\n  {printed}"))
}

fn compare(program: &str, ways: &[&[&str]], has_ttl: fn(&[&str]) -> bool) {
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
            let forged = FORGED.iter().any(|name| recording.ends_with(name)) && !has_ttl(options);
            let guessed = program == "tshark" && GUESSED.iter().any(|name| recording.ends_with(name));
            let as_printed = |row: &String| match (forged, guessed) {
                (true, _) => not_forged(row),
                (_, true) => without_icmp(row),
                _ => row.clone(),
            };
            let expected: Vec<String> = original.iter().map(as_printed).collect();
            let printed: Vec<String> = if guessed { printed.iter().map(as_printed).collect() } else { printed };
            texts += 1;
            connections += original.len();
            wrong.extend(
                difference(&expected, &printed).map(|differ| format!("{} {options:?}: {differ}", recording.display())),
            );
        }
    }
    println!("{texts} texts of {connections} connections compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A reset that is taken for the server's own.
fn not_forged(row: &str) -> String {
    let reset = row.contains("reset_by=server");
    if reset { row.replace("server_state=ESTABLISHED", "server_state=CLOSED") } else { row.to_owned() }
}

/// A connection that failed, whether an ICMP error is said to have rejected it or nothing.
fn without_icmp(row: &str) -> String {
    let failed = ["outcome=syn_unanswered", "outcome=icmp_rejected"].iter().any(|outcome| row.contains(outcome));
    if failed { row.split(" outcome").next().unwrap_or_default().to_owned() } else { row.to_owned() }
}

#[test]
fn what_tcpdump_prints_of_a_recording_gives_its_outcomes_and_states() {
    compare("tcpdump", &TCPDUMP, |options| options.iter().any(|option| option.starts_with("-v")));
}

#[test]
fn what_tshark_prints_of_a_recording_gives_its_outcomes_and_states() {
    compare("tshark", &TSHARK, |_| false);
}
