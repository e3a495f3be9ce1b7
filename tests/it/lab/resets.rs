//! Every RST of the lab, and who sent it: a RST that only one end's capture holds was made on the way.

use super::plain::{ACK, Plain, RST, segments};
use super::scene::{self, Scene};
use crate::support::analyse;
use std::collections::{BTreeMap, BTreeSet};
use synfin::case::Judged;
use synfin::tcp::Side;

/// Who made a RST, by the captures of both ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Maker {
    Endpoint,
    Middlebox,
    /// No second capture tells.
    Untold,
}

struct Reset {
    capture: String,
    maker: Maker,
    /// What the product says of it: an origin, or that it was not the one that ended the connection.
    said: String,
    /// Its nominal sender sent nothing else: there is nothing to compare it with.
    alone: bool,
    line: String,
}

/// RSTs by what address translation leaves alone.
fn keys(segments: &[Plain]) -> BTreeSet<(u32, u32)> {
    segments.iter().filter(|segment| segment.flags & RST != 0).map(|segment| (segment.seq, segment.ack)).collect()
}

fn row_of<'a>(rows: &'a [Judged], segment: &Plain) -> Option<&'a Judged> {
    let ends = |row: &&Judged| {
        (row.client, row.server) == (segment.from, segment.to) || (row.server, row.client) == (segment.from, segment.to)
    };
    let before = |row: &&Judged| row.summary.first_frame <= segment.frame && segment.frame <= row.summary.last_frame;
    rows.iter().filter(ends).find(before)
}

/// All evidence in one line: TTL beside the side's range, window, options, IP ID, time since the segment before.
fn evidence(row: Option<&Judged>, segments: &[Plain], segment: &Plain) -> String {
    let from_server = row.is_some_and(|row| row.server == segment.from);
    let side = row.map(|row| &row.summary[if from_server { Side::Server } else { Side::Client }]);
    let baseline =
        side.filter(|side| side.packets > side.rsts).map(|side| format!("{}-{}", side.ttl_min, side.ttl_max));
    let same = |other: &&Plain| (other.from, other.to) == (segment.to, segment.from) && other.frame < segment.frame;
    let gap = segments.iter().rev().find(same).map(|other| (segment.time - other.time) / 1000);
    format!(
        "frame {:5} {}:{} > {}:{} {} ttl {:3} baseline {:7} win {:5} options {:2} id {:5} us after {:7}",
        segment.frame,
        segment.from.ip(),
        segment.from.port,
        segment.to.ip(),
        segment.to.port,
        if segment.flags & ACK == 0 { "R " } else { "RA" },
        segment.ttl,
        baseline.unwrap_or_default(),
        segment.window,
        segment.options,
        segment.ip_id,
        gap.map(|gap| gap.to_string()).unwrap_or_default()
    )
}

/// The RSTs of one scenario, from each capture.
fn resets(scene: &Scene) -> Vec<Reset> {
    let captures = scene.captures();
    let read: Vec<(String, Vec<Judged>, Vec<Plain>)> = captures
        .iter()
        .map(|(host, path)| (host.clone(), analyse(path), segments(&std::fs::read(path).expect("a capture"))))
        .collect();
    let mut found = Vec::new();
    for (host, rows, segments) in &read {
        let elsewhere: Vec<_> = read.iter().filter(|(other, ..)| other != host).map(|(.., all)| keys(all)).collect();
        let own = scene.addresses(host.trim_end_matches(char::is_numeric));
        for segment in segments.iter().filter(|segment| segment.flags & RST != 0) {
            let seen = elsewhere.iter().any(|keys| keys.contains(&(segment.seq, segment.ack)));
            let maker = match (own.contains(&segment.from.ip()) || seen, elsewhere.is_empty()) {
                (true, _) => Maker::Endpoint,
                (false, false) => Maker::Middlebox,
                (false, true) => Maker::Untold,
            };
            let row = row_of(rows, segment);
            let reset = row.and_then(|row| row.summary.reset).filter(|reset| reset.frame == segment.frame);
            let said = reset.map_or("not effective", |reset| reset.origin.name()).to_owned();
            let line = evidence(row, segments, segment);
            let alone = segments.iter().all(|other| other.from != segment.from || other.flags & RST != 0);
            found.push(Reset { capture: format!("{} {host}", scene.name), maker, said, alone, line });
        }
    }
    found
}

#[test]
fn every_forged_reset_is_suspected_and_no_genuine_one() {
    let Some(scenes) = scene::all() else { return };
    let resets: Vec<Reset> = scenes.iter().flat_map(resets).collect();
    let mut table: BTreeMap<(&str, Maker, &str), usize> = BTreeMap::new();
    for reset in &resets {
        *table.entry((&reset.capture, reset.maker, &reset.said)).or_default() += 1;
        if reset.capture.starts_with("s22") {
            println!("{:?} {} {}", reset.maker, reset.line, reset.said);
        }
    }
    table.iter().for_each(|(kind, count)| println!("{count:6}  {kind:?}"));
    let forged: Vec<&Reset> = resets.iter().filter(|reset| reset.maker == Maker::Middlebox).collect();
    let (alone, beside): (Vec<&Reset>, Vec<&Reset>) = forged.into_iter().partition(|reset| reset.alone);
    println!("forged: {} beside the server's own segments, {} alone (a refusal)", beside.len(), alone.len());
    assert!(beside.len() == 3 && beside.iter().all(|reset| reset.said == "middlebox_suspected"), "forged RSTs pass");
    assert!(alone.len() == 1 && alone.iter().all(|reset| reset.said == "unknown"), "nothing tells a refusal's maker");
    let suspected = |reset: &&Reset| reset.maker != Maker::Middlebox && reset.said == "middlebox_suspected";
    let suspected: Vec<&str> = resets.iter().filter(suspected).map(|reset| reset.line.as_str()).collect();
    assert!(suspected.is_empty(), "genuine RSTs are suspected: {suspected:#?}");
}
