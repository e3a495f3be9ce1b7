//! What `connect` returned to the program is what the connection's label says.

use super::scene::{self, Scene, nanoseconds};
use crate::support::analyse;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use synfin::case::Judged;
use synfin::tcp::Outcome;

/// The kernel's clock of an event and tcpdump's of a frame agree to this.
const CLOCKS: i64 = 5_000_000;

/// What the program was told at last: of a connect that did not wait, what it asked for later.
fn told(scene: &Scene, call: &Value) -> String {
    let result = &call["result"];
    let error = result["err"].as_str();
    if error != Some("EINPROGRESS") {
        return error.unwrap_or("connected").to_owned();
    }
    let same = |event: &&Value| event["pid"] == call["pid"] && event["key"] == call["key"];
    let mut later =
        scene.events().iter().filter(|event| nanoseconds(&event["t"]) > nanoseconds(&call["t"])).filter(same);
    let asked = later.rfind(|event| event["op"] == "soerr");
    match asked.map(|event| event["result"]["soerr"].as_i64()) {
        None => "EINPROGRESS, never asked again".to_owned(),
        Some(Some(0)) => "EINPROGRESS, no error when asked".to_owned(),
        Some(error) => format!("EINPROGRESS, then error {error:?}"),
    }
}

/// Whether the label is what such an answer looks like on the wire; no row where none can have been captured.
fn agrees(told: &str, row: Option<&Judged>, loopback: bool) -> bool {
    let Some(row) = row else {
        return loopback || matches!(told, "EADDRNOTAVAIL" | "EHOSTUNREACH");
    };
    let outcome = row.outcome;
    let refused = matches!(outcome, Outcome::RstRefused);
    let failed = refused
        || matches!(
            outcome,
            Outcome::Probe
                | Outcome::Stray
                | Outcome::IcmpRejected
                | Outcome::SynChallenged
                | Outcome::SynUnanswered
                | Outcome::HandshakeAborted
                | Outcome::SynackUnanswered
        );
    // A port-unreachable is ECONNREFUSED to the program, any other unreachable EHOSTUNREACH (icmp_err_convert).
    let kind = row.judgement.icmp.map(|icmp| (icmp.kind.v6, icmp.kind.kind, icmp.kind.code));
    let port_unreachable = matches!(kind, Some((false, 3, 3) | (true, 1, 4)));
    match told {
        "connected" => !failed,
        "ECONNREFUSED" => refused || outcome == Outcome::IcmpRejected && port_unreachable,
        "EHOSTUNREACH" => outcome == Outcome::IcmpRejected && !port_unreachable,
        "ETIMEDOUT" => outcome == Outcome::SynUnanswered,
        "EINPROGRESS, never asked again" => true,
        "EINPROGRESS, no error when asked" => !refused && outcome != Outcome::IcmpRejected,
        _ => false,
    }
}

/// The connection that a call opened: by its local port, or, as a failed call does not say that, by its time.
fn opened<'a>(rows: &'a [Judged], call: &Value, taken: &mut BTreeSet<u64>) -> Option<&'a Judged> {
    let to = scene::address(&call["ip"], &call["port"]);
    let local = &call["result"]["laddr"];
    let from = local.is_array().then(|| scene::address(&local[0], &local[1]));
    let begun = nanoseconds(&call["t"]);
    let span = begun - CLOCKS..begun + (call["dt"].as_f64().expect("a duration") * 1e9) as i64 + CLOCKS;
    let row = rows.iter().find(|row| {
        row.server == to
            && from.is_none_or(|from| row.client == from)
            && span.contains(&row.summary.first.0)
            && !taken.contains(&row.id())
    });
    taken.extend(row.map(|row| row.id()));
    row
}

#[test]
fn every_label_is_what_the_program_was_told() {
    let Some(scenes) = scene::all() else { return };
    let mut table: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for scene in &scenes {
        let captures: BTreeMap<_, _> =
            scene.captures().into_iter().map(|(host, path)| (host, analyse(&path))).collect();
        let mut taken = BTreeSet::new();
        for call in scene.events().iter().filter(|event| event["op"] == "connect") {
            let rows = captures.get(&scene::host_of(call)).or_else(|| captures.get("srv"));
            let row = opened(rows.expect("a capture"), call, &mut taken);
            let told = told(scene, call);
            let loopback = matches!(call["ip"].as_str(), Some("127.0.0.1" | "::1"));
            let label = row.map_or(if loopback { "loopback" } else { "nothing sent" }, |row| row.outcome.name());
            if !agrees(&told, row, loopback) {
                wrong.push(format!("{}: {told} {label} {call}", scene.name));
            }
            *table.entry((told, label.to_owned())).or_default() += 1;
        }
    }
    table.iter().for_each(|((told, label), count)| println!("{count:6}  {told}: {label}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(table.values().sum::<usize>() > 300, "the lab has many calls");
}
