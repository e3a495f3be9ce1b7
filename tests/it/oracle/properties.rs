//! What holds for any list of segments, and for any way to go through one.

use super::flows::{Random, Scene};
use super::page::{ACK, FIN, RST, SYN, Seg};
use super::{finished, give, judged, segment, summaries};
use crate::support::{analyse_bytes_with, capture};
use proptest::prelude::*;
use std::fmt::Write;
use synfin::analysis::Options;
use synfin::report::columns::COLUMNS;
use synfin::seq::Seq;
use synfin::tcp::judgement::{ClosedBy, Handshake};
use synfin::tcp::{Outcome, Side, State, Summary, Table};
use synfin::wire::{FlowHash, Rare, Segment};

/// Any segment; numbers crowd where they can matter.
fn hostile() -> impl Strategy<Value = Seg> {
    let number = || prop_oneof![4 => 0_u32..6, 2 => 95_u32..105, 1 => Just(u32::MAX), 1 => 1_u32 << 30..1 << 31, 1 => any::<u32>()];
    let flags = prop_oneof![
        6 => prop::sample::select(vec![SYN, SYN | ACK, ACK, ACK, ACK | FIN, RST, RST | ACK, FIN, 0, SYN | FIN]),
        1 => 0_u8..64,
    ];
    let len = prop_oneof![3 => Just(0_u32), 2 => 1_u32..101, 1 => 0_u32..1 << 20];
    let win = prop_oneof![Just(0_u16), Just(100_u16), any::<u16>()];
    let wait = prop_oneof![4 => 0_i64..400, 1 => -2000_i64..100_000];
    (0_usize..2, wait, flags, number(), number(), len, win).prop_map(|(from, at, flags, seq, ack, len, win)| Seg {
        from,
        at,
        flags,
        seq,
        ack,
        len,
        win,
    })
}

/// Times are gaps until here.
fn in_order(mut list: Vec<Seg>) -> Vec<Seg> {
    let mut at = 0;
    for seg in &mut list {
        at += seg.at;
        seg.at = at;
    }
    list
}

/// What the labels of one connection say must fit together.
fn consistent(summary: &Summary) -> Result<(), String> {
    use State::{CloseWait, Closed, FinWait1, FinWait2, LastAck};
    let (outcome, judgement) = judged(summary);
    let [client, server] = judgement.states;
    let one_sided = summary.one_sided().is_some();
    let both_fins = one_sided || summary.sides.iter().all(|half| half.fins > 0);
    let waits = |state: Option<State>| matches!(state, Some(FinWait1 | FinWait2));
    let holds = match outcome {
        Outcome::Completed | Outcome::Closed => both_fins && judgement.closed_by.is_some(),
        Outcome::RstRefused | Outcome::IcmpRejected | Outcome::SynChallenged | Outcome::SynUnanswered => {
            matches!(server, None | Some(Closed))
        }
        Outcome::ResetByClient => judgement.reset_by == Some(Side::Client),
        Outcome::ResetByServer => judgement.reset_by == Some(Side::Server),
        Outcome::HandshakeAborted => judgement.reset_by.is_some(),
        Outcome::LastAck => both_fins && [client, server].contains(&Some(LastAck)),
        Outcome::Closing => both_fins && ![client, server].contains(&Some(LastAck)),
        Outcome::ServerCloseWait => server == Some(CloseWait) && waits(client),
        Outcome::ClientCloseWait => client == Some(CloseWait) && waits(server),
        Outcome::HalfClosed => [client, server].contains(&Some(CloseWait)),
        Outcome::FinUnanswered => matches!(judgement.closed_by, Some(ClosedBy::Client | ClosedBy::Server)),
        Outcome::Open | Outcome::WindowStalled => judgement.closed_by.is_none() && judgement.reset_by.is_none(),
        Outcome::Probe | Outcome::Stray => judgement.closed_by.is_none() && judgement.reset_phase.is_none(),
        Outcome::SynackUnanswered | Outcome::AcceptStalled | Outcome::PeerVanished => true,
    };
    let unseen = matches!(judgement.handshake, Handshake::Unseen | Handshake::Complete);
    let handshake = matches!(
        outcome,
        Outcome::RstRefused
            | Outcome::IcmpRejected
            | Outcome::SynChallenged
            | Outcome::SynUnanswered
            | Outcome::HandshakeAborted
            | Outcome::SynackUnanswered
            | Outcome::AcceptStalled
    );
    let vanished = (outcome == Outcome::PeerVanished) == judgement.vanished.is_some();
    let reset = judgement.reset_by.is_some() == judgement.reset_phase.is_some();
    if holds && unseen != handshake && vanished && reset {
        return Ok(());
    }
    Err(format!("{} with {judgement:#?}", outcome.name()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_prefix_of_any_segments_gives_a_consistent_answer(list in prop::collection::vec(hostile(), 1..24)) {
        let list = in_order(list);
        for n in 1..=list.len() {
            for summary in summaries(&list[..n]) {
                prop_assert_eq!(consistent(&summary), Ok(()), "{}", super::story(&list[..n]));
            }
        }
    }
}

#[test]
fn any_prefix_of_a_plausible_flow_gives_a_consistent_answer() {
    for seed in 0..3000 {
        let list = Scene::play(seed);
        for n in 1..=list.len() {
            for summary in summaries(&list[..n]) {
                assert_eq!(consistent(&summary), Ok(()), "{}", super::story(&list[..n]));
            }
        }
    }
}

/// Flows one after another by time, each with its number.
fn interleaved(flows: u64) -> Vec<(u64, Seg)> {
    let start = |flow: u64| (flow * 7919 % 20_000) as i64;
    let mut all: Vec<(u64, Seg)> = (0..flows)
        .flat_map(|flow| {
            let list = Scene::play(flow).into_iter();
            list.map(move |seg| (flow, Seg { at: seg.at + start(flow), ..seg })).collect::<Vec<_>>()
        })
        .collect();
    all.sort_by_key(|(_, seg)| seg.at);
    all
}

#[test]
fn a_crowd_of_flows_is_judged_as_each_of_them_alone() {
    const FLOWS: u64 = 6000;
    let all = interleaved(FLOWS);
    let flow_of = |flow: u64| FlowHash([flow.wrapping_mul(0x9e37_79b9_7f4a_7c15), flow]);
    let record = |number: usize, flow: u64, seg: &Seg| Segment { flow: flow_of(flow), ..segment(number, seg) };
    let mut crowd = Table::default();
    let mut alone: Vec<Table> = (0..FLOWS).map(|_| Table::default()).collect();
    for (number, (flow, seg)) in all.iter().enumerate() {
        let segment = record(number, *flow, seg);
        give(&mut crowd, &segment, None);
        give(&mut alone[*flow as usize], &segment, None);
    }
    let mut apart: Vec<Summary> = alone.into_iter().flat_map(finished).collect();
    apart.sort_by_key(|summary| summary.first_frame);
    let together = finished(crowd);
    assert_eq!(together.len(), apart.len());
    for (together, apart) in together.iter().zip(&apart) {
        assert_eq!(together, apart);
    }
}

/// All of them as one script, with the packets of all flows mixed by time.
fn crowd_script(flows: u64, first_line_more: &str) -> String {
    let mut script = String::new();
    for flow in 0..flows {
        let port = 80 + 40_000 * u64::from(flow % 3 == 0);
        let (high, low) = (flow / 200, flow % 200);
        let _ = writeln!(script, "flow f{flow}\nclient 10.{high}.{low}.1:49160\nserver 10.9.9.9:{port}");
    }
    for (number, (flow, seg)) in interleaved(flows).iter().enumerate() {
        let more = if number == 0 { first_line_more } else { "" };
        let _ = writeln!(script, "flow f{flow}\n{}{more}", super::story(&[*seg]));
    }
    script
}

/// Every cell of every row.
fn cells(capture: &[u8], options: &Options) -> Vec<String> {
    let (rows, case) = analyse_bytes_with(capture, options);
    let of_path = |name: &str| matches!(name, "point" | "first_file" | "last_file");
    let columns: Vec<_> = COLUMNS.iter().filter(|column| !of_path(column.name)).collect();
    let line = |row| columns.iter().map(|column| (column.get)(row, &case.facts).print()).collect::<Vec<_>>().join(",");
    rows.iter().map(line).collect()
}

#[test]
fn rows_depend_on_neither_threads_nor_chunks_nor_keys_nor_memory() {
    // A second interface makes the capture a pcapng.
    for more in ["", " iface 1"] {
        let capture = capture(&crowd_script(2500, more));
        let base = Options { threads: 1, chunk: 4 << 20, keys: Some([1, 2, 3, 4]), ..Options::default() };
        let expected = cells(&capture, &base);
        assert!(expected.len() > 2400, "{} rows", expected.len());
        for (threads, chunk, key, memory) in [
            (2, 64 << 10, 5, 1 << 30),
            (7, 64 << 10, 5, 0),
            (7, 4 << 20, 6, 100_000),
            (2, 1000, 7, 0),
            (1, 64 << 10, 1, 0),
        ] {
            let options = Options { threads, chunk, keys: Some([key, 2, 3, 4]), memory, ..Options::default() };
            let got = cells(&capture, &options);
            let different = expected.iter().zip(&got).position(|(expected, got)| expected != got);
            let shown = different.map(|at| (&expected[at], &got[at]));
            assert_eq!(shown, None, "threads {threads}, chunk {chunk}, memory {memory}");
            assert_eq!(got.len(), expected.len());
        }
    }
}

/// Heap bytes that one connection may ever take above those that it takes from its first segment on, whatever comes: both
/// scoreboards full, and RSTs that may be taken back.
const MOST_BYTES: u64 = 6 << 10;

/// The most heap bytes that a table of one flow holds while it takes these segments, above those for the first one.
fn most_bytes(segments: &[(Seg, Option<Rare>)]) -> u64 {
    let held = |segments: &[(Seg, Option<Rare>)]| {
        let mut table = Table::default();
        allocation_counter::measure(|| {
            for (number, (seg, rare)) in segments.iter().enumerate() {
                give(&mut table, &segment(number, seg), rare.as_ref());
            }
        })
        .bytes_max
    };
    held(segments).saturating_sub(held(&segments[..1]))
}

/// A segment with numbers near `next`, or anywhere; overlapping and skipped ranges, RSTs and FINs among them.
fn storm() -> impl Strategy<Value = Vec<(Seg, Option<Rare>)>> {
    let seq = prop_oneof![8 => -5000_i64..5000, 2 => 0_i64..1 << 20, 1 => any::<u32>().prop_map(i64::from)];
    let flags = prop_oneof![40 => Just(ACK), 2 => Just(FIN | ACK), 1 => Just(RST), 1 => Just(RST | ACK)];
    let sack = prop::array::uniform4(any::<(u32, u32)>());
    let one =
        (0_usize..2, seq, flags, prop_oneof![1_u32..6, any::<u32>()], 0_u32..3000, 0_u16..3, sack, 0_u32..100_000);
    prop::collection::vec(one, 500..3000).prop_map(|list| {
        let mut next = [0_u32; 2];
        let handshake = [(0, SYN, 0, 0), (1, SYN | ACK, 0, 1), (0, ACK, 1, 1)];
        let opened = handshake
            .map(|(from, flags, seq, ack)| (Seg { from, flags, seq, ack, win: u16::MAX, ..Seg::default() }, None));
        let storm = list.into_iter().enumerate().map(|(number, (from, near, flags, ack, len, win, sack, step))| {
            let seq = next[from].wrapping_add(near as u32);
            next[from] = next[from].wrapping_add(step);
            let sack = sack.map(|(a, b)| (Seq(a), Seq(b)));
            let seg = Seg { from, at: number as i64, flags, seq, ack, len, win };
            (seg, Some(Rare { sack, sack_count: 4, ..Rare::default() }))
        });
        opened.into_iter().chain(storm).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_hostile_connection_takes_no_more_memory_than_its_bound(segments in storm()) {
        let most = most_bytes(&segments);
        prop_assert!(most <= MOST_BYTES, "{most} bytes");
    }
}

#[test]
fn a_hundred_thousand_hostile_segments_take_no_more_memory_than_the_bound() {
    let mut random = Random::new(1);
    let mut next = 1_u32;
    let mut hostile = |number: usize| {
        let seq = match random.below(6) {
            0 => next.wrapping_add(random.below(1 << 20) as u32),
            1 => random.below(1 << 32) as u32,
            _ => next.wrapping_sub(random.below(5000) as u32),
        };
        next = next.wrapping_add(random.below(100_000) as u32);
        let (from, ack) = (usize::from(random.percent(30)), random.below(1 << 32) as u32);
        let seg = Seg { from, at: number as i64, flags: ACK, seq, ack, len: random.below(3000) as u32, win: 2 };
        let sack = [(); 4].map(|()| (Seq(random.below(1 << 32) as u32), Seq(random.below(1 << 32) as u32)));
        (seg, Some(Rare { sack, sack_count: 4, ..Rare::default() }))
    };
    let segments: Vec<_> = (0..100_000).map(&mut hostile).collect();
    let most = most_bytes(&segments);
    println!("{most} bytes");
    assert!(most <= MOST_BYTES, "{most} bytes");
}
