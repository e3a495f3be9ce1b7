//! Places every snapshot on the clock of every capture, and gives each socket the connection that was there then.

use super::candidate::{Candidate, as_socket};
use super::clock::{self, HORIZON, Offset, Placed, Placement, SLACK, Vote};
use super::during::During;
use super::index::{self, Key};
use super::opened::Owner;
use super::whole::Whole;
use super::{Disagreement, Joined, JoinedBy, Joiner, Joins, Link, MOST, part, peers, ran};
use crate::case::Point;
use crate::case::dump::{Dumps, Place};
use crate::host::Socket;
use crate::tcp::{Side, State};
use crate::time::Timestamp;
use crate::wire::Address;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Everything at hand.
struct Scene<'a> {
    joiner: &'a Joiner<'a>,
    dumps: &'a Dumps,
    points: &'a [Point],
    /// The host of each point, where the dumps beside its capture name one.
    hosts: Vec<Option<&'a str>>,
    /// The dumps are of several hosts.
    several: bool,
}

/// The sockets of one snapshot that have a peer: places in the index from one to before another.
struct Snapshot {
    place: Place,
    sockets: std::ops::Range<usize>,
    stated: Option<(During, bool)>,
}

pub(super) fn settle(joiner: &Joiner<'_>, dumps: &Dumps, points: &[Point]) -> Joins {
    let hosts = points.iter().map(|point| host_of(point, dumps)).collect();
    let scene = Scene { joiner, dumps, points, hosts, several: dumps.are_of_several_hosts() };
    let snapshots = scene.snapshots();
    let mut placements: HashMap<(u32, u32), Vec<Placement>> = HashMap::new();
    for dump in snapshots.chunk_by(|a, b| a.place.dump == b.place.dump) {
        for (point, placement) in scene.placed(dump) {
            placements.entry(point).or_default().push(placement);
        }
    }
    let mut joins = Joins {
        sockets: Vec::with_capacity(joiner.index.sockets.len()),
        placements,
        translations: Arc::clone(&joiner.index.translations),
        ..Joins::default()
    };
    for snapshot in &snapshots {
        let placements = joins.placements.get(&(snapshot.place.dump, snapshot.place.block));
        let placements = placements.map_or(&[][..], Vec::as_slice);
        let mut links: Vec<Vec<Link>> =
            snapshot.sockets.clone().map(|number| scene.links(number, placements)).collect();
        leave_out_shared(&mut links);
        for (number, links) in snapshot.sockets.clone().zip(links) {
            let Some(known) = joiner.index.sockets.get(number) else { continue };
            let without_packets = links.is_empty() && scene.lacks_packets(number, placements);
            joins.sockets.push(Joined { place: known.place, links: links.into(), peer: None, without_packets });
        }
    }
    peers::find(joiner.index, dumps, &mut joins);
    joins.connections = by_connection(&joins);
    joins.whole = Whole::of(dumps, &joins);
    joins
}

/// The host that all dumps beside a point's capture name.
fn host_of<'a>(point: &Point, dumps: &'a Dumps) -> Option<&'a str> {
    let folder = Path::new(&point.files.first()?.path).parent()?;
    let beside = dumps.0.iter().filter(|dump| Path::new(&dump.path).starts_with(folder));
    let mut hosts = beside.flat_map(|dump| &dump.document.blocks).filter_map(|block| block.host.as_deref());
    let first = hosts.next()?;
    hosts.all(|host| host == first).then_some(first)
}

/// What is not found by its own addresses is not joined if another socket of the same snapshot fits it too.
fn leave_out_shared(links: &mut [Vec<Link>]) {
    let mut taken: HashMap<(u32, u64, Side), u32> = HashMap::new();
    for link in links.iter().flatten() {
        *taken.entry((link.point, link.first_frame, link.side)).or_default() += 1;
    }
    let is_shared = |link: &Link| taken.get(&(link.point, link.first_frame, link.side)).is_some_and(|count| *count > 1);
    links.iter_mut().for_each(|links| links.retain(|link| link.by == JoinedBy::Flow || !is_shared(link)));
}

/// The sockets of each connection, in the order of the time of their snapshots.
fn by_connection(joins: &Joins) -> HashMap<(u32, u64), Vec<(Side, u32)>> {
    let mut all: HashMap<(u32, u64), Vec<(Side, u32)>> = HashMap::new();
    for (number, joined) in (0..).zip(&joins.sockets) {
        for link in &joined.links {
            all.entry((link.point, link.first_frame)).or_default().push((link.side, number));
        }
    }
    for (&(point, _), sockets) in &mut all {
        let time = |number: u32| {
            let place = joins.sockets.get(number as usize)?.place;
            joins.placement(place, point).map(|placement| placement.time)
        };
        sockets.sort_by_cached_key(|&(side, number)| (side == Side::Server, time(number), number));
    }
    all
}

impl<'a> Scene<'a> {
    fn socket(&self, number: usize) -> Option<&'a Socket> {
        let known = self.joiner.index.sockets.get(number)?;
        self.dumps.socket(known.place).map(|(_, _, socket)| socket)
    }

    fn snapshots(&self) -> Vec<Snapshot> {
        let sockets = &self.joiner.index.sockets;
        let same = |a: Place, b: Place| (a.dump, a.block) == (b.dump, b.block);
        let (mut snapshots, mut from): (Vec<Snapshot>, usize) = (Vec::new(), 0);
        let mut since: (Option<crate::host::Stamp>, u32, u32) = (None, 0, 0);
        for group in sockets.chunk_by(|a, b| same(a.place, b.place)) {
            let Some(first) = group.first() else { continue };
            let stamp = self.dumps.block(first.place).and_then(|(_, block)| block.stamp());
            let nth = if since.0 == stamp && since.1 == first.place.dump { since.2 + 1 } else { 0 };
            since = (stamp, first.place.dump, nth);
            let sockets = from..from + group.len();
            from = sockets.end;
            snapshots.push(Snapshot { place: first.place, sockets, stated: clock::stated(stamp, nth) });
        }
        snapshots
    }

    /// Connections that a socket may be, with the side that it is of each, and what they have in common.
    fn candidates(&self, number: usize) -> Vec<(&'a Candidate, Side, JoinedBy)> {
        let (Some(known), Some(socket)) = (self.joiner.index.sockets.get(number), self.socket(number)) else {
            return Vec::new();
        };
        let of = |list: Option<&'a Vec<u32>>| {
            let all = list.into_iter().flatten().filter_map(|&of| self.joiner.candidates.get(of as usize));
            all.filter(|of| self.sees(of.point, known.place, socket))
        };
        let flow = match known.key {
            Key::Flow(flow) => flow,
            Key::Part(part) => {
                let list = self.joiner.of_part.get(part as usize).filter(|list| list.len() < MOST);
                let fits = |candidate| Some((candidate, side_of_part(candidate, socket)?, JoinedBy::Part));
                return of(list).filter_map(fits).collect();
            }
        };
        let own = index::ends(socket).map(|ends| (flow, ends, JoinedBy::Flow));
        let index = self.joiner.index;
        let numbered = |ends: (Address, Address)| Some((index.flow(ends.0, ends.1)?, ends, JoinedBy::Translation));
        let translated = index.translated(self.dumps, known.place).into_iter().filter_map(numbered);
        let flows = own.into_iter().chain(translated);
        let of_flow = flows.flat_map(|(flow, (local, remote), by)| {
            let list = of(self.joiner.of_flow.get(flow as usize));
            list.filter_map(move |candidate| Some((candidate, candidate.side(local, remote)?, by)))
        });
        of_flow.collect()
    }

    /// Whether a capture can have packets of a socket: what a host does with itself is seen there only.
    fn sees(&self, point: u32, place: Place, socket: &Socket) -> bool {
        if !index::full(&socket.local).is_some_and(|local| local.ip().is_loopback()) {
            return true;
        }
        let own = self.dumps.block(place).and_then(|(_, block)| block.host.as_deref());
        let there = self.hosts.get(point as usize).copied().flatten();
        own.zip(there).map_or(!self.several, |(own, there)| own == there)
    }

    /// When an observation point could know of sockets.
    fn horizon(&self, point: u32) -> Option<During> {
        ran(self.points, point).map(|ran| ran.widened(HORIZON))
    }

    /// What each socket of a snapshot says of its time, for each point that has its flow.
    fn votes(&self, snapshot: &Snapshot) -> BTreeMap<u32, Vec<Vote>> {
        let mut votes: BTreeMap<u32, Vec<Vote>> = BTreeMap::new();
        for number in snapshot.sockets.clone() {
            let Some(socket) = self.socket(number) else { continue };
            let mut of_socket: BTreeMap<u32, Vote> = BTreeMap::new();
            for (candidate, side, _) in self.candidates(number) {
                let Some(horizon) = self.horizon(candidate.point) else { continue };
                let windows = candidate.windows(side, socket).filter_map(|range| range.meet(horizon));
                let vote = of_socket.entry(candidate.point).or_default();
                vote.windows.extend(windows);
                vote.timed |=
                    candidate.by_timers(side, socket).is_some_and(|range| range.uncertainty() <= clock::EXACT);
            }
            of_socket.into_iter().for_each(|(point, vote)| votes.entry(point).or_default().push(vote));
        }
        votes
    }

    /// Places the snapshots of one dump, which has one clock.
    fn placed(&self, dump: &[Snapshot]) -> Vec<((u32, u32), Placement)> {
        let votes: Vec<BTreeMap<u32, Vec<Vote>>> = dump.iter().map(|snapshot| self.votes(snapshot)).collect();
        let points: BTreeSet<u32> = votes.iter().flat_map(|of| of.keys().copied()).collect();
        let mut placed = Vec::new();
        for point in points {
            let none = Vec::new();
            let of_point =
                || dump.iter().zip(&votes).map(|(snapshot, votes)| (snapshot, votes.get(&point).unwrap_or(&none)));
            let stated = of_point().filter_map(|(snapshot, votes)| Some((snapshot.stated?, votes)));
            let zone_known = stated.clone().all(|((_, zone_known), _)| zone_known);
            let ran = ran(self.points, point);
            let counted = ran.map_or_else(Vec::new, |ran| self.counted(dump, zone_known, point, ran));
            let counted = counted.iter().map(|(stated, vote)| (*stated, vote));
            let all: Vec<(During, &Vote)> = stated
                .flat_map(|((time, _), votes)| votes.iter().map(move |vote| (time, vote)))
                .chain(counted)
                .collect();
            let offset = ran.and_then(|ran| clock::offset(&all, zone_known, ran));
            for (snapshot, votes) in of_point() {
                let votes: Vec<&Vote> = votes.iter().collect();
                let placement = match snapshot.stated {
                    Some((stated, _)) => self.placed_by_time(point, stated, offset, &votes),
                    None => self.placed_by_contents(point, snapshot, &votes),
                };
                placed.extend(placement.map(|placement| ((snapshot.place.dump, snapshot.place.block), placement)));
            }
        }
        placed
    }

    /// What the counters of a dump's host say of its clock.
    fn counted(&self, dump: &[Snapshot], zone_known: bool, point: u32, ran: During) -> Vec<(During, Vote)> {
        let first = dump.first().and_then(|snapshot| Some((snapshot.place, self.dumps.block(snapshot.place)?.1)));
        first.map_or_else(Vec::new, |(place, block)| {
            let owner = Owner::of(place.dump, block);
            self.joiner.index.opened.votes(&self.joiner.seen, &owner, zone_known, point, ran)
        })
    }

    fn placed_by_time(&self, point: u32, stated: During, offset: Option<Offset>, votes: &[&Vote]) -> Option<Placement> {
        let moved = offset.filter(|offset| offset.differs).map_or(stated, |offset| stated.plus(offset.range));
        if !moved.overlaps(self.horizon(point)?) {
            return None;
        }
        let placed = if offset.is_some_and(|offset| offset.differs) { Placed::Aligned } else { Placed::Stated };
        let during = clock::refined(votes, moved);
        Some(Placement { point, during, time: during.middle(), placed, offset })
    }

    fn placed_by_contents(&self, point: u32, snapshot: &Snapshot, votes: &[&Vote]) -> Option<Placement> {
        let (during, agree) = clock::place(votes, self.horizon(point)?)?;
        let (mut here, mut connections) = (0, 0);
        for number in snapshot.sockets.clone() {
            let known = self.socket(number).and_then(|socket| self.joiner.index.connections_of_pair(socket));
            let known = known.filter(|known| *known > 0);
            here += usize::from(known.is_some());
            connections = connections.max(known.unwrap_or_default());
        }
        // Most likely the capture ran, or had just ended.
        let ran = ran(self.points, point)?;
        let time = ran.meet(during).map_or(during.middle().clamp(ran.from, ran.to), During::middle);
        let time = time.clamp(during.from, during.to);
        let placement = Placement { point, during, time, placed: Placed::Contents, offset: None };
        (!clock::by_chance(agree, here, connections)).then_some(placement)
    }

    /// The connections that a socket is, one of each point and way to find it at most.
    fn links(&self, number: usize, placements: &[Placement]) -> Vec<Link> {
        let Some(socket) = self.socket(number) else { return Vec::new() };
        let candidates = self.candidates(number);
        let mut links: Vec<Link> = Vec::new();
        for (placement, by) in placements.iter().flat_map(|placement| JoinedBy::ALL.map(|by| (placement, by))) {
            let at = placement.during;
            let here = || candidates.iter().filter(|&&(of, _, found_by)| (of.point, found_by) == (placement.point, by));
            let mut fitting = here().filter(|(of, side, _)| of.windows(*side, socket).any(|range| range.overlaps(at)));
            let mut alive = here().filter(|(of, ..)| of.life().overlaps(at.widened(SLACK)));
            let found = match by {
                JoinedBy::Flow => fitting.next_back().or_else(|| alive.next_back()),
                JoinedBy::Part => only(fitting),
                JoinedBy::Translation => only(fitting).or_else(|| only(alive)),
            };
            links.extend(found.map(|(candidate, side, _)| link(candidate, *side, socket, placement, by)));
        }
        links.sort_by_key(|link| (link.by, link.disagreement.is_some(), link.point));
        links
    }

    /// The captures know the addresses of a socket, and ran when it was there, but have no packet of it.
    fn lacks_packets(&self, number: usize, placements: &[Placement]) -> bool {
        let Some(socket) = self.socket(number) else { return false };
        let is_known = self.joiner.index.connections_of_pair(socket).is_some_and(|known| known > 0);
        let Some(known) = self.joiner.index.sockets.get(number) else { return false };
        let ran = |placement: &Placement| {
            let point = placement.point;
            self.sees(point, known.place, socket)
                && ran(self.points, point).is_some_and(|ran| ran.overlaps(placement.during))
        };
        is_known && self.candidates(number).is_empty() && placements.iter().any(ran)
    }
}

/// The one thing that there is; `None` if there is another.
pub(super) fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    found.next().filter(|_| found.next().is_none())
}

/// The one way round in which what is left of a socket fits.
fn side_of_part(candidate: &Candidate, socket: &Socket) -> Option<Side> {
    let fits = |local, remote| part::fits(&socket.local, local) && part::fits(&socket.remote, remote);
    match (fits(candidate.client, candidate.server), fits(candidate.server, candidate.client)) {
        (true, false) => Some(Side::Client),
        (false, true) => Some(Side::Server),
        (true, true) | (false, false) => None,
    }
}

fn link(candidate: &Candidate, side: Side, socket: &Socket, placement: &Placement, by: JoinedBy) -> Link {
    let meant = |shown: &State| socket.state.is_none_or(|state| state == as_socket(*shown));
    let agreed = candidate.state_within(side, placement.during.widened(SLACK), meant);
    let shown = candidate.state_at(side, placement.time);
    let disagreement = agreed.is_none().then(|| disagreement(candidate, shown, placement.time));
    let (point, first_frame, id) = (candidate.point, candidate.first_frame, candidate.id);
    Link { point, first_frame, id, side, by, wire: agreed.or(shown), disagreement }
}

fn disagreement(candidate: &Candidate, wire: Option<State>, time: Timestamp) -> Disagreement {
    match wire {
        Some(State::Closed) if candidate.reset.is_some_and(|reset| reset <= time) => Disagreement::ResetOnWire,
        Some(State::Closed) => Disagreement::ClosedOnWire,
        _ => Disagreement::OtherState,
    }
}
