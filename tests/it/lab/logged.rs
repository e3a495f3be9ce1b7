//! What the real programs of the lab wrote, joined with the captures of the same time: a line that tells the client's end must
//! find its connection, and no line may find one with other ends.

use super::scene;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;
use synfin::time::Timestamp;

type Row = HashMap<String, String>;

fn table(path: &Path) -> Vec<Row> {
    let Ok(mut reader) = csv::Reader::from_path(path) else { return Vec::new() };
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn time(cell: &str) -> i64 {
    Timestamp::from_rfc3339(cell).unwrap_or_else(|| panic!("{cell}: no time")).0
}

/// A line is written within this after the last packet, and clocks of one machine do not differ by more.
const SLACK: i64 = 1_000_000_000;

#[test]
fn what_programs_wrote_of_their_connections_is_joined_with_these() {
    let Some(scenes) = scene::all() else { return };
    let (mut joined, mut left): (BTreeMap<String, usize>, BTreeMap<String, usize>) = Default::default();
    let (mut wrong, mut attempts) = (Vec::new(), BTreeSet::new());
    for scene in scenes.iter().filter(|scene| scene.folder.join("logs").is_dir()) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let report = folder.path().join("report");
        let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
        synfin.arg(&scene.folder).arg("-o").arg(&report).args(["--columns", "all"]);
        let output = synfin.output().expect("synfin runs");
        assert!(output.status.success(), "{}: {}", scene.name, String::from_utf8_lossy(&output.stderr));
        let (lines, connections) = (table(&report.join("log_lines.csv")), table(&report.join("connections.csv")));
        let by_id: HashMap<&str, &Row> = connections.iter().map(|row| (row["id"].as_str(), row)).collect();
        for line in &lines {
            let place = format!("{}:{} {}", line["path"], line["line"], line["event"]);
            let incoming =
                line["direction"] == "in" && !line["remote_address"].is_empty() && !line["remote_port"].is_empty();
            let what = format!("{} {} {}", scene.name, line["direction"], line["event"]);
            match by_id.get(line["connection_id"].as_str()) {
                Some(connection) => {
                    let (own, theirs) =
                        if line["direction"] == "in" { ("server", "client") } else { ("client", "server") };
                    for (end, side) in [("local", own), ("remote", theirs)] {
                        for part in ["address", "port"] {
                            let told = line[&format!("{end}_{part}")].as_str();
                            let has = connection[&format!("{side}_{part}")].as_str();
                            if !told.is_empty() && told != "*" && told != has && line["direction"] != "forward" {
                                wrong.push(format!("{place}: joined with {side} {part} {has}, {told} is told"));
                            }
                        }
                    }
                    if ["s30_login_refused out login-failed", "s40_server_restart out refused"].contains(&what.as_str())
                    {
                        attempts.insert((what.clone(), connection["id"].clone()));
                    }
                    *joined.entry(format!("{what} by {}", line["joined_by"])).or_default() += 1;
                }
                None => {
                    let has_it = |row: &&Row| {
                        let during = !line["time"].is_empty()
                            && time(&row["first_time"]) <= time(&line["time"]) + SLACK
                            && time(&line["time"]) <= time(&row["last_time"]) + SLACK;
                        row["client_address"] == line["remote_address"]
                            && row["client_port"] == line["remote_port"]
                            && during
                    };
                    if incoming && line["connections_that_fit"] != "2" && connections.iter().any(|row| has_it(&row)) {
                        wrong.push(format!("{place}: its connection was captured, and it is not joined"));
                    }
                    *left.entry(format!("{what}, {} fit", line["connections_that_fit"])).or_default() += 1;
                }
            }
        }
    }
    println!("joined: {joined:#?}\nnot joined: {left:#?}");
    // One line an attempt: no two of them tell of the same.
    let told = |what: &str| joined.get(&format!("{what} by part")).copied().unwrap_or_default();
    let all = told("s30_login_refused out login-failed") + told("s40_server_restart out refused");
    assert_eq!((all, attempts.len()), (46, 46), "attempts and their lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(joined.values().sum::<usize>() > 130, "the lab has many lines of captured connections");
}
