//! Every netstat of our own recordings shows the sockets that the kernel had at that moment.

use crate::shared;
use serde_json::Value;
use std::path::{Path, PathBuf};
use synfin::host::{Hints, read};

/// Local and remote port, state, and bytes or connections that wait: what `netstat` prints and never cuts.
type Row = (Option<u64>, Option<u64>, String, u64);

#[test]
fn every_netstat_shows_what_the_kernel_had() {
    let Some(lab) = shared::path("lab") else { return };
    let (mut files, mut rows, mut wrong) = (0, 0, Vec::new());
    for truth in truths(&lab) {
        let text = std::fs::read_to_string(&truth).expect("a truth file");
        let truth_of: Value = serde_json::from_str(&text).expect("JSON");
        if truth_of["stable_during_snapshot"] != true {
            continue;
        }
        let expected = kernel(&truth_of);
        for path in netstats(truth.parent().expect("a folder")) {
            let sockets = sockets(&path);
            files += 1;
            rows += sockets.len();
            if sockets != expected {
                wrong.push(path.display().to_string());
            }
        }
    }
    println!("{files} files, {rows} rows");
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(files > 400 && rows > 4000, "{files} files, {rows} rows");
}

fn truths(lab: &Path) -> Vec<PathBuf> {
    let below = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let hosts = below(lab.to_owned()).flat_map(below).flat_map(below);
    hosts.map(|host| host.join("truth.json")).filter(|path| path.is_file()).collect()
}

/// Numeric ones of all sockets; an empty file is of a program that failed.
fn netstats(host: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(host).expect("a folder").flatten().map(|entry| entry.path());
    let is_wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_all =
            ["netstat-tan", "busybox-netstat-tan", "toybox-netstat-tan"].iter().any(|head| name.starts_with(head));
        is_all && path.metadata().is_ok_and(|metadata| metadata.len() > 0)
    };
    entries.filter(is_wanted).collect()
}

fn kernel(truth: &Value) -> Vec<Row> {
    let row = |socket: &Value| {
        let state = socket["state"].as_str().unwrap_or_default().to_owned();
        let port = |name: &str| socket[name].as_u64().filter(|&port| port > 0);
        (port("local_port"), port("remote_port"), state, socket["recv_q"].as_u64().unwrap_or_default())
    };
    let mut rows: Vec<Row> = truth["sockets"].as_array().into_iter().flatten().map(row).collect();
    rows.sort();
    rows
}

fn sockets(path: &Path) -> Vec<Row> {
    let document = read(&std::fs::read(path).expect("a dump"), &Hints::default());
    let sockets = document.blocks.iter().flat_map(|block| &block.found.sockets);
    let mut rows: Vec<Row> = sockets
        .map(|socket| {
            let [local, remote] = [&socket.local, &socket.remote].map(|end| end.port.number().map(u64::from));
            let state = socket.state.map_or("", |state| state.name()).to_owned();
            (local, remote, state, socket.recv_q.unwrap_or_default().into())
        })
        .collect();
    rows.sort();
    rows
}
