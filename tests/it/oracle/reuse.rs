//! Two random flows one after another on the same ports are two connections, each judged as if it stood alone.

use super::flows::Scene;
use super::page::{ACK, RST, SYN, Seg};
use super::{judged, story, summaries};
use crate::support::labels_of;
use synfin::tcp::Summary;

/// So far do the numbers of the second flow lie from the first one's.
const APART: u32 = 0x6000_0000;

fn labels(summary: &Summary) -> String {
    let (outcome, judgement) = judged(summary);
    labels_of(outcome, &judgement)
}

/// The flow's labels, if it is one connection.
fn alone(list: &[Seg]) -> Option<String> {
    let [summary] = &summaries(list)[..] else { return None };
    Some(labels(summary))
}

/// The same flow later, with other initial sequence numbers, opened by the other side if `turned`.
fn later(list: &[Seg], after: i64, turned: bool) -> Vec<Seg> {
    let moved = |seg: &Seg| Seg {
        from: if turned { 1 - seg.from } else { seg.from },
        at: seg.at + after,
        seq: if seg.flags == RST | ACK && seg.seq == 0 { 0 } else { seg.seq.wrapping_add(APART) },
        ack: seg.ack.wrapping_add(APART),
        ..*seg
    };
    list.iter().map(moved).collect()
}

#[test]
fn two_flows_on_the_same_ports_are_two_connections() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for seed in 0..8_000 {
        let (old, new) = (Scene::play(2 * seed), Scene::play(2 * seed + 1));
        let begins_with_syn = new.first().is_some_and(|seg| seg.flags == SYN);
        let (Some(first), Some(second), true) = (alone(&old), alone(&new), begins_with_syn) else { continue };
        // A SYN back at somebody who waits for an answer is a simultaneous open.
        let turned = seed % 3 == 0 && old.iter().any(|seg| seg.flags != SYN);
        let end = old.last().map_or(0, |seg| seg.at);
        let waits = first.contains("client_state=SYN_SENT");
        let both = [old, later(&new, end + 500, turned && !waits)].concat();
        tried += 1;
        let got: Vec<String> = summaries(&both).iter().map(labels).collect();
        if got != [first.clone(), second.clone()] && wrong.len() < 10 {
            wrong.push(format!(
                "seed {seed}\n{}\n  alone:    {first}\n            {second}\n  together: {got:#?}",
                story(&both)
            ));
        }
    }
    println!("{tried} pairs");
    assert!(wrong.is_empty(), "{} of {tried} pairs differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 4_000, "only {tried} pairs");
}
