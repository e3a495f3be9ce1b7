//! The state read off the wire is the state the kernel had: every socket of every stable dump.

use super::scene::{self, Dump, Scene, Socket};
use crate::support::analyse_bytes;
use std::collections::BTreeMap;
use synfin::case::Judged;
use synfin::tcp::{Side, State};

/// A socket beside what its host's capture showed of it until the dump began.
struct Pair {
    scene: String,
    dump: String,
    host: String,
    kernel: String,
    inferred: String,
    far: String,
    row: String,
}

#[derive(Default)]
struct Compared {
    pairs: Vec<Pair>,
    unstable: usize,
    stable: usize,
    /// Sockets of which the capture has no packet.
    not_captured: BTreeMap<String, usize>,
    /// Connections whose host lists no socket, by state inferred.
    no_socket: BTreeMap<(String, String), usize>,
}

fn name(state: Option<State>) -> String {
    state.map_or("unknown", State::name).to_owned()
}

/// The newest connection between two addresses, and which side is local.
fn newest<'a>(rows: &'a [Judged], socket: &Socket) -> Option<(&'a Judged, Side)> {
    let side = |row: &Judged| {
        let ends = [(Side::Client, row.client, row.server), (Side::Server, row.server, row.client)];
        ends.into_iter().find(|(_, local, remote)| (*local, *remote) == (socket.local, socket.remote)).map(|end| end.0)
    };
    let matching = rows.iter().filter_map(|row| side(row).map(|side| (row, side)));
    matching.max_by_key(|(row, _)| row.summary.first_frame)
}

fn compare(scene: &Scene, dump: &Dump, compared: &mut Compared) {
    let captures = scene.captures();
    let captures: Vec<_> = captures.iter().filter(|(host, _)| host.starts_with(&dump.host)).collect();
    if captures.is_empty() {
        *compared.not_captured.entry(format!("{} {}: no capture", scene.name, dump.host)).or_default() +=
            dump.sockets.len();
        return;
    }
    let rows: Vec<Judged> = captures
        .iter()
        .flat_map(|(_, path)| {
            let capture = std::fs::read(path).expect("a capture of the lab");
            analyse_bytes(&scene::prefix(&capture, dump.begun))
        })
        .collect();
    for socket in &dump.sockets {
        let Some((row, side)) = newest(&rows, socket) else {
            *compared.not_captured.entry(format!("{} {}", scene.name, dump.host)).or_default() += 1;
            continue;
        };
        compared.pairs.push(Pair {
            scene: scene.name.clone(),
            dump: dump.label.clone(),
            host: dump.host.clone(),
            kernel: socket.state.clone(),
            inferred: name(row.judgement.states[side as usize]),
            far: name(row.judgement.states[side.peer() as usize]),
            row: format!(
                "{}:{} > {}:{} {} {}",
                row.client.ip(),
                row.client.port,
                row.server.ip(),
                row.server.port,
                row.outcome.name(),
                row.summary.pattern.print(row.summary.client_way)
            ),
        });
    }
}

#[test]
fn every_state_read_off_the_wire_is_the_kernels() {
    let Some(scenes) = scene::all() else { return };
    let mut compared = Compared::default();
    for scene in &scenes {
        for dump in scene.dumps() {
            if dump.stable {
                compared.stable += 1;
                compare(scene, &dump, &mut compared);
            } else {
                compared.unstable += 1;
            }
        }
    }
    println!("{} stable dumps, {} unstable left out", compared.stable, compared.unstable);
    println!("not captured: {:#?}", compared.not_captured);
    let (same, other): (Vec<&Pair>, Vec<&Pair>) = compared.pairs.iter().partition(|pair| pair.kernel == pair.inferred);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    same.iter().for_each(|pair| *counts.entry(&pair.kernel).or_default() += 1);
    println!("{} sockets compared, {} agree: {counts:?}", compared.pairs.len(), same.len());
    let mut differ: BTreeMap<_, (usize, &str, &str)> = BTreeMap::new();
    for pair in &other {
        let key = (&pair.scene, &pair.dump, &pair.host, &pair.kernel, &pair.inferred);
        differ.entry(key).or_insert((0, &pair.far, &pair.row)).0 += 1;
    }
    for (key, (count, far, row)) in &differ {
        println!("{count:4} {key:?} far {far} e.g. {row}");
    }
    assert!(other.is_empty());
}
