//! Every socket of a dump whose packets were captured is joined to its connection, and the packets show the kernel's state:
//! the whole folder of each scene goes into the program, and its tables are read.

use super::scene::{self, Scene, json, nanoseconds};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use synfin::time::Timestamp;

type Row = HashMap<String, String>;
/// Addresses and ports of a flow, the lower end first.
type Flow = [(String, String); 2];

/// A table of a report.
fn table(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn report(scene: &Scene, folder: &Path) -> (Vec<Row>, Vec<Row>) {
    let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
    synfin.arg(&scene.folder).arg("-o").arg(folder).args(["--columns", "all"]);
    let output = synfin.output().expect("synfin runs");
    assert!(output.status.success(), "{}: {}", scene.name, String::from_utf8_lossy(&output.stderr));
    (table(&folder.join("sockets.csv")), table(&folder.join("connections.csv")))
}

fn flow(a: (&str, &str), b: (&str, &str)) -> Flow {
    let mut ends = [a, b].map(|(address, port)| (address.to_owned(), port.to_owned()));
    ends.sort();
    ends
}

fn time(cell: &str) -> i64 {
    Timestamp::from_rfc3339(cell).unwrap_or_else(|| panic!("{cell}: no time")).0
}

fn seconds(cell: &str) -> i64 {
    (cell.parse::<f64>().unwrap_or_else(|_| panic!("{cell}: no seconds")) * 1e9) as i64
}

/// Whether a host's sockets stayed as they were meanwhile, and when the program that wrote each file was started.
type Truth = (bool, HashMap<String, i64>);

/// What is known of each folder of dumps.
#[derive(Default)]
struct Truths(HashMap<PathBuf, Option<Truth>>);

impl Truths {
    fn of(&mut self, path: &Path) -> Option<(bool, Option<i64>)> {
        let folder = path.parent()?;
        let truth = self.0.entry(folder.to_owned()).or_insert_with(|| {
            let truth = folder.join("truth.json");
            let stable = truth.exists().then(|| json(&truth)["stable_during_snapshot"] == true)?;
            let commands = std::fs::read_to_string(folder.join("commands.tsv")).unwrap_or_default();
            let begun = commands.lines().skip(1).filter_map(|line| {
                let mut cells = line.split('\t');
                let (file, epoch) = (cells.next()?, cells.nth(1)?);
                Some((file.to_owned(), nanoseconds(&epoch.parse::<f64>().ok()?.into())))
            });
            Some((stable, begun.collect()))
        });
        let (stable, begun) = truth.as_ref()?;
        Some((*stable, begun.get(path.file_name()?.to_str()?).copied()))
    }
}

/// The three sockets of s01 whose own host drops what they send: no observer sees their last step.
fn sent_into_own_filter(scene: &Scene, row: &Row) -> bool {
    let rule = format!("iptables -I OUTPUT -p tcp --dport 5432 --sport {} -j DROP", row["local_port"]);
    scene.commands().any(|(_, host, command)| host == "cli" && command == rule)
        && matches!(row["state"].as_str(), "CLOSE_WAIT" | "CLOSING" | "LAST_ACK")
}

#[derive(Default)]
struct Counts {
    dumps: BTreeSet<String>,
    joined: BTreeMap<String, usize>,
    states: BTreeMap<String, usize>,
    placed: BTreeMap<String, usize>,
    exceptions: BTreeSet<String>,
    not_captured: BTreeMap<String, usize>,
    without_packets: usize,
    peers: usize,
    wrong: Vec<String>,
}

fn check(scene: &Scene, sockets: &[Row], connections: &[Row], truths: &mut Truths, counts: &mut Counts) {
    let mut of_flow: HashMap<Flow, Vec<&Row>> = HashMap::new();
    for row in connections {
        let ends = [("client_address", "client_port"), ("server_address", "server_port")];
        let [client, server] = ends.map(|(address, port)| (row[address].as_str(), row[port].as_str()));
        of_flow.entry(flow(client, server)).or_default().push(row);
    }
    let by_id: HashMap<&str, &Row> = connections.iter().map(|row| (row["id"].as_str(), row)).collect();
    for row in sockets.iter().filter(|row| !row["remote_address"].is_empty() || !row["remote_text"].is_empty()) {
        let path = Path::new(&row["path"]);
        let Some((stable, begun)) = truths.of(path) else { continue };
        counts.dumps.insert(row["path"].clone());
        let ends = [("local_address", "local_port"), ("remote_address", "remote_port")];
        let [local, remote] = ends.map(|(address, port)| (row[address].as_str(), row[port].as_str()));
        let captured = of_flow.get(&flow(local, remote));
        let place = format!("{}:{} {}", row["path"], row["line"], row["state"]);
        counts.peers += usize::from(!row["peer_line"].is_empty());
        let Some(connection) = by_id.get(row["connection_id"].as_str()) else {
            counts.without_packets += usize::from(row["disagreement"] == "no_packets");
            if captured.is_some() {
                counts.wrong.push(format!("{place}: captured, and not joined"));
            }
            *counts.not_captured.entry(scene.name.clone()).or_default() += 1;
            continue;
        };
        let ports = |row: &Row, a: &str, b: &str| BTreeSet::from([row[a].clone(), row[b].clone()]);
        let (own, theirs) = (ports(row, "local_port", "remote_port"), ports(connection, "client_port", "server_port"));
        let begins_later = begun.is_some_and(|begun| time(&connection["first_time"]) > begun + SLACK);
        if begins_later || !own.iter().all(|port| port.is_empty() || theirs.contains(port)) {
            counts.wrong.push(format!("{place}: another connection, {}", connection["id"]));
        }
        *counts.joined.entry(row["joined_by"].clone()).or_default() += 1;
        *counts.placed.entry(row["placed"].clone()).or_default() += 1;
        if let Some(begun) = begun {
            let uncertain = seconds(&row["capture_time_uncertainty_s"]) + SLACK;
            if (time(&row["capture_time"]) - begun).abs() > uncertain {
                counts.wrong.push(format!("{place}: placed at {}", row["capture_time"]));
            }
        }
        if !stable || row["state"].is_empty() {
            continue;
        }
        if row["state"] == row["wire_state"] && row["disagreement"].is_empty() {
            *counts.states.entry(row["state"].clone()).or_default() += 1;
        } else if sent_into_own_filter(scene, row) {
            counts.exceptions.insert(format!("{} {}", row["local_port"], row["state"]));
        } else {
            counts.wrong.push(format!("{place}: packets show {} ({})", row["wire_state"], row["disagreement"]));
        }
    }
}

/// A command takes some time to start and to print.
const SLACK: i64 = 300_000_000;

#[test]
fn every_captured_socket_of_the_lab_is_joined_and_in_the_state_that_the_packets_show() {
    let Some(scenes) = scene::all() else { return };
    let (mut truths, mut counts) = (Truths::default(), Counts::default());
    let mut without_socket: BTreeMap<String, usize> = BTreeMap::new();
    for scene in &scenes {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (sockets, connections) = report(scene, &folder.path().join("report"));
        check(scene, &sockets, &connections, &mut truths, &mut counts);
        for row in connections.iter().filter(|row| row["kernel_disagrees"].contains("no_socket")) {
            let what = format!("{} {} {}", scene.name, row["outcome"], row["kernel_disagrees"]);
            *without_socket.entry(what).or_default() += 1;
        }
    }
    let joined = counts.joined.values().sum::<usize>();
    println!("{} dumps, {joined} sockets joined by {:?}", counts.dumps.len(), counts.joined);
    println!("their snapshots placed by: {:?}", counts.placed);
    println!("kernel and packets agree: {:?}", counts.states);
    println!("exception, own filter before the tap: {:?}", counts.exceptions);
    println!("sockets whose packets no capture has: {:?}", counts.not_captured);
    println!("of these, said to lack packets: {}; sockets with a peer: {}", counts.without_packets, counts.peers);
    println!("open connections without a socket: {without_socket:?}");
    assert!(counts.wrong.is_empty(), "{}", counts.wrong.join("\n"));
    assert_eq!(counts.exceptions.len(), 3, "sockets behind their own filter");
    assert!(without_socket.is_empty(), "no host of the lab lost the socket of an open connection");
    assert!(counts.dumps.len() > 900 && joined > 15_000, "the lab has many dumps with many sockets");
}
