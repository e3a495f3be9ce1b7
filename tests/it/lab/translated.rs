//! Sockets on one side of a firewall that translates addresses, and a capture made on the other: what the firewall tracks joins
//! them, each with the one connection that its entry names.

use super::scene::{self, Scene};
use std::path::Path;
use std::process::Command;

/// `10.77.1.2:54904 10.77.2.2:80`, of a first packet.
type Flow = String;

/// Both flows of each entry of a `conntrack -L`: before the translation, and behind it.
fn tracked(text: &str) -> Vec<[Flow; 2]> {
    let value = |cell: &str| cell.split_once('=').map(|(_, value)| value.to_owned());
    let entry = |line: &str| {
        let wanted = |cell: &&str| ["src=", "dst=", "sport=", "dport="].iter().any(|key| cell.starts_with(key));
        let cells: Vec<String> = line.split_whitespace().filter(wanted).filter_map(value).collect();
        let [src, dst, sport, dport, answer_src, answer_dst, answer_sport, answer_dport] = &cells[..] else {
            panic!("{line}: two tuples")
        };
        [format!("{src}:{sport} {dst}:{dport}"), format!("{answer_dst}:{answer_dport} {answer_src}:{answer_sport}")]
    };
    text.lines().map(entry).collect()
}

fn show(folder: &Path, table: &str, columns: &str) -> Vec<Vec<String>> {
    let mut synfin = Command::new(env!("CARGO_BIN_EXE_synfin"));
    let output = synfin.current_dir(folder).args(["show", table, ".", "--columns", columns]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Joins the dump of one host with the capture of the other; how many sockets were joined.
fn check(scene: &Scene, host: &str, capture: &str) -> usize {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dumps = scene.folder.join("t1-after");
    let copy = |from: &Path, to: &str| {
        std::fs::copy(from, folder.path().join(to)).expect("copied");
    };
    copy(&dumps.join(host).join("ss-tan.txt"), "ss.txt");
    copy(&dumps.join("fw/conntrack-L.txt"), "conntrack.txt");
    copy(&scene.folder.join(format!("{capture}.pcap")), "capture.pcap");
    let entries = tracked(&std::fs::read_to_string(dumps.join("fw/conntrack-L.txt")).expect("a table"));

    let connections = show(folder.path(), "connections", "id,client_address,client_port,server_address,server_port");
    let flow_of = |id: &str| {
        let row = connections.iter().find(|row| row[0] == id)?;
        Some(format!("{}:{} {}:{}", row[1], row[2], row[3], row[4]))
    };
    let columns = "local_address,local_port,remote_address,remote_port,state,connection_id,side,wire_state,disagreement,joined_by";
    let mut joined = 0;
    for row in show(folder.path(), "sockets", columns).iter().filter(|row| row[4] != "LISTEN") {
        let (local, remote) = (format!("{}:{}", row[0], row[1]), format!("{}:{}", row[2], row[3]));
        let (own, other, side) = if host == "cli" { (0, 1, "client") } else { (1, 0, "server") };
        let flow = if host == "cli" { format!("{local} {remote}") } else { format!("{remote} {local}") };
        let entry = entries.iter().find(|entry| entry[own] == flow).unwrap_or_else(|| panic!("{flow}: not tracked"));
        let place = format!("{} {host} {flow}: {row:?}", scene.name);
        assert_ne!(entry[0], entry[1], "{place}: translated");
        assert_eq!(flow_of(&row[5]).as_ref(), Some(&entry[other]), "{place}");
        assert_eq!((row[6].as_str(), row[9].as_str()), (side, "translation"), "{place}");
        assert_eq!((row[4].as_str(), row[8].as_str()), (row[7].as_str(), ""), "{place}: the state of the packets");
        joined += 1;
    }
    joined
}

#[test]
fn sockets_before_a_translation_are_joined_with_what_was_captured_behind_it() {
    let Some(scenes) = scene::all() else { return };
    let mut counts = Vec::new();
    for scene in scenes.iter().filter(|scene| scene.name.starts_with("s37") || scene.name.starts_with("s39")) {
        for (host, capture) in [("cli", "srv"), ("srv", "cli")] {
            counts.push(format!("{} {host} with {capture}.pcap: {}", scene.name, check(scene, host, capture)));
        }
    }
    println!("{}", counts.join("\n"));
    // The source is translated in s37; in s39 the destination, and its server has no sockets left.
    assert_eq!(
        counts.iter().map(|count| count.rsplit(' ').next().expect("a count")).collect::<Vec<_>>(),
        ["14", "3", "20", "0"]
    );
}
