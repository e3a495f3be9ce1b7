//! What must not matter: every script of `testdata`, changed in a way that its meaning survives, is judged as before.

use crate::support::{analyse_bytes, labels};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use synfin::capture::script::{self, Flow, Host, Number, Packet, Script, Step};
use synfin::case::Judged;
use synfin::time::Span;

/// Flags of a closed port's answer.
const RST_ACK: u16 = 0x14;

/// All scripts below `testdata/scripts`.
fn scripts() -> Vec<(PathBuf, Script)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of scripts") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "pkt") {
                let text = std::fs::read_to_string(&path).expect("a script");
                found.push((path, script::parse(&text).expect("a sound script")));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What is said of a connection, times and addresses aside.
fn said(row: &Judged) -> String {
    let judgement = &row.judgement;
    let kind = judgement.reset_kind.map(|kind| kind.name());
    let bytes = row.summary.sides.map(|half| half.bytes);
    let repeats = row.summary.sides.map(|half| half.retransmissions_timeout + half.retransmissions_fast);
    let vanished = judgement.vanished.map(|side| side.name());
    format!("{} {kind:?} {vanished:?} bytes {bytes:?} lost {:?} repeats {repeats:?}", labels(row), judgement.bytes_lost)
}

/// Judges each script before and after the change; those that `change` declines are left out.
fn unchanged_by(least: usize, change: impl Fn(&Script) -> Option<Script>) {
    let (mut tried, mut wrong) = (0, Vec::new());
    for (path, script) in scripts() {
        let Some(changed) = change(&script) else { continue };
        tried += 1;
        let before: Vec<String> = analyse_bytes(&script.capture()).iter().map(said).collect();
        let after: Vec<String> = analyse_bytes(&changed.capture()).iter().map(said).collect();
        if after.get(..before.len()) != Some(&before) {
            wrong.push(format!("{}\n  was {before:#?}\n  got {after:#?}", path.display()));
        }
    }
    println!("{tried} scripts");
    assert!(wrong.is_empty(), "{} of {tried} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried >= least, "only {tried} scripts could be changed so");
}

/// The script names no identifications, interfaces, VLANs and cuts of its own.
fn is_plain(script: &Script) -> bool {
    script.steps.iter().all(|step| {
        let outer = step.line.outer;
        outer.id.is_none() && outer.iface.is_none() && outer.vlan.is_none() && outer.cut.is_none()
    })
}

fn is_segment(step: &Step) -> bool {
    matches!(step.line.packet, Packet::Segment(_))
}

/// Numbers that do not follow the initial ones, but for those of a refusal, which nobody reads.
fn has_absolute_numbers(script: &Script) -> bool {
    let absolute = |number: Number| matches!(number, Number::Absolute(_));
    script.steps.iter().any(|step| match &step.line.packet {
        Packet::Segment(segment) => {
            let refusal = segment.flags == RST_ACK && segment.seq == Number::Absolute(0);
            !refusal && absolute(segment.seq) || segment.ack.is_some_and(absolute)
        }
        Packet::Icmp(icmp) => icmp.seq.is_some_and(absolute),
    })
}

#[test]
fn copies_by_a_mirror_port_change_nothing() {
    unchanged_by(300, |script| {
        let mut changed = Script { steps: Vec::new(), ..script.clone() };
        for (number, step) in script.steps.iter().enumerate().filter(|_| is_plain(script)) {
            let mut step = step.clone();
            step.line.outer.id = Some(number as u16 + 1);
            changed.steps.push(step.clone());
            if is_segment(&step) {
                step.line.outer.vlan = Some(99);
                step.line.at = Span(step.line.at.0 + 5_000);
                changed.steps.push(step);
            }
        }
        is_plain(script).then_some(changed)
    });
}

#[test]
fn sequence_numbers_may_wrap_anywhere() {
    for (client, server) in [(u32::MAX, u32::MAX - 100), (u32::MAX - 50, u32::MAX), ((1 << 31) - 20, (1 << 31) - 150)] {
        unchanged_by(300, |script| {
            let mut changed = script.clone();
            for flow in &mut changed.flows {
                (flow.client.iss, flow.server.iss) = (client, server);
            }
            (!has_absolute_numbers(script)).then_some(changed)
        });
    }
}

#[test]
fn ipv6_is_judged_as_ipv4() {
    let v6 = |host: Host| -> Option<Host> {
        let IpAddr::V4(ip) = host.address.ip() else { return None };
        let [a, b, c, d] = ip.octets().map(u16::from);
        let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, a, b, c, d);
        Some(Host { address: (ip, host.address.port()).into(), ..host })
    };
    unchanged_by(250, |script| {
        let both = |flow: &Flow| Some(Flow { client: v6(flow.client)?, server: v6(flow.server)?, ..flow.clone() });
        let flows = script.flows.iter().map(both).collect::<Option<Vec<_>>>()?;
        let plain = is_plain(script) && script.steps.iter().all(is_segment);
        plain.then(|| Script { flows, ..script.clone() })
    });
}

#[test]
fn the_order_of_the_addresses_does_not_matter() {
    let turned = |host: Host| -> Option<Host> {
        let IpAddr::V4(ip) = host.address.ip() else { return None };
        let [a, b, c, d] = ip.octets();
        Some(Host { address: (Ipv4Addr::new(a, b, c, !d), host.address.port()).into(), ..host })
    };
    unchanged_by(300, |script| {
        let both =
            |flow: &Flow| Some(Flow { client: turned(flow.client)?, server: turned(flow.server)?, ..flow.clone() });
        let flows = script.flows.iter().map(both).collect::<Option<Vec<_>>>()?;
        Some(Script { flows, ..script.clone() })
    });
}

#[test]
fn what_others_say_later_changes_no_label() {
    let more =
        script::parse("flow others\nclient 192.0.2.1:50000\nserver 192.0.2.2:9\n0 > S 0:0(0)\n").expect("a script");
    unchanged_by(300, |script| {
        let mut changed = script.clone();
        let last = script.steps.iter().map(|step| step.line.at).max()?;
        let (flow, mut step) = (more.flows.first()?.clone(), more.steps.first()?.clone());
        (step.flow, step.line.at) = (changed.flows.len(), Span(last.0 + 2_000_000_000));
        changed.flows.push(flow);
        changed.steps.push(step);
        Some(changed)
    });
}
