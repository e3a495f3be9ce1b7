//! Every TCP connection of every capture is found, by a count that shares no code with the product.

use super::plain::{ACK, Plain, RST, SYN, segments};
use super::scene;
use crate::support::analyse;
use std::collections::{BTreeMap, BTreeSet};
use synfin::wire::Address;

/// How a connection of a flow began: with this SYN, or unseen.
type Start = Option<(Address, u32)>;

/// One connection for each initial sequence number of a sender, and one for a flow's segments before its first SYN.
fn count(segments: &[Plain]) -> usize {
    let mut flows: BTreeMap<(Address, Address), BTreeSet<Start>> = BTreeMap::new();
    for segment in segments {
        let ends = (segment.from.min(segment.to), segment.from.max(segment.to));
        let lives = flows.entry(ends).or_default();
        let opens = segment.flags & (SYN | ACK | RST) == SYN;
        if opens || lives.is_empty() {
            lives.insert(opens.then_some((segment.from, segment.seq)));
        }
    }
    flows.values().map(BTreeSet::len).sum()
}

#[test]
fn every_connection_of_every_capture_is_found() {
    let Some(scenes) = scene::all() else { return };
    let (mut captures, mut all, mut wrong) = (0, 0, Vec::new());
    for scene in &scenes {
        for (host, path) in scene.captures() {
            let plain = segments(&std::fs::read(&path).expect("a capture of the lab"));
            let rows = analyse(&path);
            let carried: u64 = rows.iter().flat_map(|row| row.summary.sides).map(|side| u64::from(side.packets)).sum();
            let (expected, got) = ((count(&plain), plain.len() as u64), (rows.len(), carried));
            captures += 1;
            all += got.0;
            if expected != got {
                wrong.push(format!("{} {host}: (connections, segments) {got:?} for {expected:?}", scene.name));
            }
        }
    }
    println!("{captures} captures, {all} connections");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(captures > 50 && all > 7000, "the lab has many captures");
}
