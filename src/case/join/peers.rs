//! The socket at the other end: two hosts' dumps joined with each other, without any capture.

use super::Joins;
use super::index::{Index, Key, ends};
use crate::case::dump::{Dumps, Place};
use crate::host::{Block, Socket};
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::Address;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Snapshots of two hosts tell of the same connection if so much time is between them at most (own): later the ports may be
/// in use again.
const APART: Span = Span(600 * SECOND);

/// The socket at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub place: Place,
    /// Time of its snapshot less that of the other; absent where a dump has no time.
    pub apart: Option<Span>,
}

/// One end of a flow in one snapshot.
#[derive(Clone, Copy)]
struct End<'a> {
    number: u32,
    place: Place,
    local: Address,
    time: Option<Timestamp>,
    block: &'a Block,
    socket: &'a Socket,
}

/// Finds the other end of each socket: the snapshot nearest in time.
pub(super) fn find(index: &Index, dumps: &Dumps, joins: &mut Joins) {
    let mut found: Vec<(u32, Peer)> = Vec::new();
    let mut known = HashMap::new();
    for numbers in &index.of_flow {
        let ends = sorted(index, dumps, joins, numbers);
        let Some(first) = ends.first() else { continue };
        let (one, other): (Vec<End<'_>>, Vec<End<'_>>) = ends.iter().partition(|end| end.local == first.local);
        for (side, across) in [(&one, &other), (&other, &one)] {
            for end in side {
                let peer = nearest(end, across).or_else(|| translated(index, dumps, joins, end, &mut known));
                found.extend(peer.map(|peer| (end.number, peer)));
            }
        }
    }
    for (number, peer) in found {
        if let Some(joined) = joins.sockets.get_mut(number as usize) {
            joined.peer = Some(peer);
        }
    }
}

/// The other end where a firewall between translates addresses. The ends of each such flow are sorted once.
fn translated<'a>(
    index: &Index,
    dumps: &'a Dumps,
    joins: &Joins,
    end: &End<'_>,
    known: &mut HashMap<(u32, Address), Vec<End<'a>>>,
) -> Option<Peer> {
    index.translated(dumps, end.place).into_iter().find_map(|(local, remote)| {
        let flow = index.flow(local, remote)?;
        let across = known.entry((flow, remote)).or_insert_with(|| {
            let numbers = index.of_flow.get(flow as usize).map_or(&[][..], Vec::as_slice);
            sorted(index, dumps, joins, numbers).into_iter().filter(|end| end.local == remote).collect()
        });
        nearest(end, across)
    })
}

/// The ends of a flow in the order of time.
fn sorted<'a>(index: &Index, dumps: &'a Dumps, joins: &Joins, numbers: &[u32]) -> Vec<End<'a>> {
    let mut ends: Vec<End<'_>> = numbers.iter().filter_map(|&number| end(index, dumps, joins, number)).collect();
    ends.sort_by_key(|end| (end.time, end.number));
    ends
}

fn end<'a>(index: &Index, dumps: &'a Dumps, joins: &Joins, number: u32) -> Option<End<'a>> {
    let known = index.sockets.get(number as usize).filter(|known| matches!(known.key, Key::Flow(_)))?;
    let (_, block, socket) = dumps.socket(known.place)?;
    let (local, _) = ends(socket)?;
    let stated = block.stamp().map(|stamp| stamp.time);
    let time = joins.placed(known.place).map(|placement| placement.time).or(stated);
    Some(End { number, place: known.place, local, time, block, socket })
}

/// The end nearest in time, of those `across` in the order of time.
fn nearest(end: &End<'_>, across: &[End<'_>]) -> Option<Peer> {
    let Some(time) = end.time else { return unplaced(end, across) };
    let timed = across.partition_point(|other| other.time.is_none());
    let (without, with) = across.split_at_checked(timed)?;
    let at = with.partition_point(|other| other.time < Some(time));
    // A snapshot of the same host holds both ends of what stays within it; else any host's will do.
    let around = with.iter().skip(at.saturating_sub(2)).take(4);
    let apart = |other: &End<'_>| other.time.map(|of| Span(of.0.saturating_sub(time.0)));
    let near = around.filter(|other| may_be(end, other));
    let near = near.filter_map(|other| Some((other, apart(other)?))).filter(|(_, apart)| apart.0.abs() <= APART.0);
    let best = near.min_by_key(|(other, apart)| (apart.0.abs(), Reverse(same_block(end, other)), other.number));
    best.map(|(other, apart)| Peer { place: other.place, apart: Some(apart) }).or_else(|| unplaced(end, without))
}

/// Without times only what all snapshots agree on is told.
fn unplaced(end: &End<'_>, across: &[End<'_>]) -> Option<Peer> {
    let mut fitting = across.iter().filter(|other| may_be(end, other));
    let first = fitting.next()?;
    fitting.all(|other| other.socket.state == first.socket.state).then_some(Peer { place: first.place, apart: None })
}

fn same_block(end: &End<'_>, other: &End<'_>) -> bool {
    (end.place.dump, end.place.block) == (other.place.dump, other.place.block)
}

/// Loopback addresses are every host's own: both ends are of one host then.
fn may_be(end: &End<'_>, other: &End<'_>) -> bool {
    let known = end.block.host.is_some() && end.block.host == other.block.host;
    !end.local.ip().is_loopback() || known || end.place.dump == other.place.dump
}
