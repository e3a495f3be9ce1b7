//! Places the clock of each log on that of each capture, and gives each line the connection that fits alone.

use super::super::clock::{self, HORIZON, Offset, Placed, Vote};
use super::super::during::During;
use super::super::index::full;
use super::super::settle::only;
use super::super::{JoinedBy, Joins, ran};
use super::candidate::Candidate;
use super::index::Known;
use super::{JoinedLine, LineJoiner, LineLink, Lines, MOST};
use crate::case::Point;
use crate::case::dump::{Dumps, Place};
use crate::host::{Basis, Block, Direction, Event, LogLine, SocketAddress};
use crate::tcp::Side;
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::Address;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Lines of one log that are asked for its clock, and connections of each that may answer.
const MOST_VOTES: usize = 4096;
const MOST_OF_VOTE: usize = 64;

/// A time that is cut to the millisecond is exact enough to tell attempts apart.
const EXACT: Span = Span(1_000_000);

/// A command typed at a prompt has opened its connection within this (own).
const RUN: Span = Span(10 * SECOND);

/// When something was written.
#[derive(Clone, Copy)]
struct Written {
    during: During,
    by: By,
    /// It is cut to the millisecond or less.
    is_exact: bool,
}

/// What tells the time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The line itself: when it was written, after what it tells.
    Line,
    /// A time printed before a command: when that began, before what it tells.
    Prompt,
}

impl Written {
    /// When this could have been written of a connection.
    fn window(self, event: Event, of: &Candidate) -> During {
        match self.by {
            By::Line => of.written(event),
            By::Prompt => of.opened(),
        }
    }
}

/// Everything at hand.
struct Scene<'a> {
    joiner: &'a LineJoiner<'a>,
    dumps: &'a Dumps,
    points: &'a [Point],
    sockets: &'a Joins,
}

/// What has one clock: the lines of one host in one file, those that count from the boot apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Writer<'a> {
    dump: u32,
    host: Option<&'a str>,
    from_boot: bool,
}

/// What a line says of the time when it was written.
struct Told {
    stated: During,
    vote: Vote,
    /// It tells an end that no other connection of its time has, and is the first to tell it: such lines can set a clock,
    /// others only agree with one.
    sets: bool,
}

/// A clock placed on that of an observation point.
#[derive(Clone, Copy)]
struct Clock {
    point: u32,
    placed: Placed,
    offset: Offset,
}

/// A line, and when it was written by its writer's clock.
#[derive(Clone, Copy)]
struct Dated<'a> {
    known: &'a Known,
    line: &'a LogLine,
    written: Written,
    zone_known: bool,
}

pub(super) fn settle(joiner: &LineJoiner<'_>, dumps: &Dumps, points: &[Point], sockets: &Joins) -> Lines {
    let scene = Scene { joiner, dumps, points, sockets };
    let mut writers: BTreeMap<Writer<'_>, Vec<Dated<'_>>> = BTreeMap::new();
    let mut lines: Vec<JoinedLine> = Vec::with_capacity(joiner.index.lines.len());
    for known in &joiner.index.lines {
        match scene.dated(known) {
            Some((writer, dated)) => writers.entry(writer).or_default().push(dated),
            None => {
                lines.push(JoinedLine { place: known.place, links: [].into(), fits: 0, placed: None, offset: None })
            }
        }
    }
    for (writer, dated) in &writers {
        let clocks = scene.clocks(*writer, dated);
        lines.extend(dated.iter().map(|dated| scene.joined(dated, &clocks)));
    }
    lines.sort_unstable_by_key(|line| line.place);
    let mut connections: HashMap<(u32, u64), Vec<u32>> = HashMap::new();
    for (number, line) in (0..).zip(&lines) {
        for link in &line.links {
            connections.entry((link.point, link.first_frame)).or_default().push(number);
        }
    }
    Lines { lines, connections }
}

impl<'a> Scene<'a> {
    /// Who wrote a line, and when by his clock; `None` if it has no time.
    fn dated(&self, known: &'a Known) -> Option<(Writer<'a>, Dated<'a>)> {
        let (_, block, line) = self.dumps.log_line(known.place)?;
        let own = line.time.map(|time| time.time).or(line.uptime.map(|uptime| Timestamp(uptime.0)));
        let (during, by) = match own {
            Some(time) => (During::new(time, time.plus(exactness(time))), By::Line),
            None => (self.run(known.place)?, By::Prompt),
        };
        let written = Written { during, by, is_exact: exactness(during.from) <= EXACT };
        let zone_known =
            line.time.map_or_else(|| block.time.is_none_or(|time| time.zone_known), |time| time.zone_known);
        let writer = Writer {
            dump: known.place.dump,
            host: line.host.as_deref().or(block.host.as_deref()),
            from_boot: line.time.is_none() && line.uptime.is_some(),
        };
        Some((writer, Dated { known, line, written, zone_known }))
    }

    /// When the command ran whose answer a line is: from the time printed before it to the next, or for a while.
    fn run(&self, place: Place) -> Option<During> {
        let said = |block: &Block| block.time.filter(|stamp| stamp.basis == Basis::Line).map(|stamp| stamp.time);
        let blocks = &self.dumps.0.get(place.dump as usize)?.document.blocks;
        let from = said(blocks.get(place.block as usize)?)?;
        let later =
            blocks.iter().skip(place.block as usize + 1).find_map(|block| said(block).filter(|next| *next > from));
        let until = later.unwrap_or(from.plus(RUN)).min(from.plus(RUN));
        Some(During::new(from, until.plus(exactness(from))))
    }

    /// The connections that have a key of a line.
    fn candidates(&self, known: &Known) -> impl Iterator<Item = &'a Candidate> {
        let joiner = self.joiner;
        // A key that too many connections have is none.
        let lists = known.keys.iter().filter_map(|key| joiner.of_key.get(*key as usize));
        let numbers = lists.filter(|list| list.len() <= MOST).flatten();
        numbers.filter_map(|&number| joiner.candidates.get(number as usize))
    }

    /// The clocks of a log on those of all points that have connections for it.
    fn clocks(&self, writer: Writer<'a>, lines: &[Dated<'_>]) -> Vec<Clock> {
        let mut votes: BTreeMap<u32, Vec<Told>> = BTreeMap::new();
        let asked = || lines.iter().take(MOST_VOTES);
        let zone_known = asked().all(|dated| dated.zone_known);
        let mut seen = HashSet::new();
        for Dated { known, line, written, .. } in asked() {
            let mut of_line: BTreeMap<u32, Vote> = BTreeMap::new();
            for candidate in self.candidates(known).take(MOST_OF_VOTE + 1) {
                let Some(ran) = ran(self.points, candidate.point) else { continue };
                let window = written.window(line.event, candidate).meet(ran.widened(HORIZON));
                of_line.entry(candidate.point).or_default().windows.extend(window);
            }
            let few = of_line.into_iter().filter(|(_, vote)| (1..=MOST_OF_VOTE).contains(&vote.windows.len()));
            let sets = known.is_own && known.keys.first().is_some_and(|key| seen.insert(*key));
            few.for_each(|(point, vote)| {
                votes.entry(point).or_default().push(Told { stated: written.during, vote, sets })
            });
        }
        let points = 0..u32::try_from(self.points.len()).unwrap_or(u32::MAX);
        let clock = |point: u32| {
            let votes = votes.get(&point).map_or(&[][..], Vec::as_slice);
            self.by_lines(point, writer, votes, zone_known).or_else(|| self.by_dumps(point, writer, zone_known))
        };
        points.filter_map(clock).collect()
    }

    /// By what the log's own lines fit.
    fn by_lines(&self, point: u32, writer: Writer<'_>, told: &[Told], zone_known: bool) -> Option<Clock> {
        let votes: Vec<(During, &Vote)> =
            told.iter().filter(|told| told.sets).map(|told| (told.stated, &told.vote)).collect();
        let offset = clock::offset(&votes, zone_known, ran(self.points, point)?);
        if let Some(offset) = offset.filter(|offset| offset.differs) {
            let placed = if writer.from_boot { Placed::Contents } else { Placed::Aligned };
            return Some(Clock { point, placed, offset });
        }
        let fits = |told: &Told| told.vote.windows.iter().any(|window| window.overlaps(told.stated));
        let agrees = !writer.from_boot && told.iter().any(fits);
        let none = Offset { range: During::new(Timestamp(0), Timestamp(0)), differs: false };
        agrees.then(|| Clock { point, placed: Placed::Stated, offset: offset.unwrap_or(none) })
    }

    /// By the dumps of the same host, whose clock is the same. What is written without a zone may be of another zone.
    fn by_dumps(&self, point: u32, writer: Writer<'_>, zone_known: bool) -> Option<Clock> {
        let host = writer.host.filter(|_| !writer.from_boot)?;
        let placements = self.sockets.placements.iter().filter_map(|(&(dump, block), placements)| {
            let block = self.dumps.0.get(dump as usize)?.document.blocks.get(block as usize)?;
            let same_zone = zone_known || block.stamp().is_some_and(|stamp| !stamp.zone_known);
            let placement = placements.iter().find(|placement| placement.point == point)?;
            (block.host.as_deref() == Some(host) && same_zone).then_some(placement.offset?)
        });
        // Whatever the order of the map: the most exact.
        let best = placements.min_by_key(|offset| (offset.uncertainty(), offset.range.from, offset.range.to))?;
        let placed = if best.differs { Placed::Aligned } else { Placed::Stated };
        Some(Clock { point, placed, offset: best })
    }

    fn joined(&self, dated: &Dated<'_>, clocks: &[Clock]) -> JoinedLine {
        let (mut links, mut fits) = (Vec::new(), 0);
        for clock in clocks {
            let fitting = self.fitting(dated, clock);
            fits = fits.max(u32::try_from(fitting.len()).unwrap_or(u32::MAX));
            links.extend(meant(dated, clock, &fitting).map(|candidate| link(dated, candidate)));
        }
        let linked = links.first().map(|link: &LineLink| link.point);
        let clock = clocks.iter().find(|clock| linked.is_none_or(|point| point == clock.point));
        JoinedLine {
            place: dated.known.place,
            links: links.into(),
            fits,
            placed: clock.map(|clock| clock.placed),
            offset: clock.map(|clock| (clock.offset.best(), clock.offset.uncertainty())),
        }
    }

    /// The connections of a point that a line may tell of.
    fn fitting(&self, dated: &Dated<'_>, clock: &Clock) -> Vec<&'a Candidate> {
        let at = clock.on_capture(dated.written.during);
        let here = self.candidates(dated.known).filter(|candidate| candidate.point == clock.point);
        here.filter(|of| dated.written.window(dated.line.event, of).overlaps(at) && ends_fit(dated, of)).collect()
    }
}

/// The one of those that fit which is meant: the only one; else the only one of a flow that lived then; else the only one
/// that had just ended, or began while the command ran, if the log tells milliseconds by a clock that is the capture's.
fn meant<'a>(dated: &Dated<'_>, clock: &Clock, fitting: &[&'a Candidate]) -> Option<&'a Candidate> {
    let written = dated.written;
    let at = clock.on_capture(written.during);
    let alone = |fits: &dyn Fn(&Candidate) -> bool| only(fitting.iter().copied().filter(|of| fits(of)));
    let is_exact = written.is_exact && !clock.offset.differs;
    let just_then = |of: &Candidate| match written.by {
        By::Line => of.ended_just_before(at),
        By::Prompt => of.opened_within(at),
    };
    alone(&|_| true)
        .or_else(|| alone(&|of| dated.known.is_whole && of.life().overlaps(at)))
        .or_else(|| alone(&|of| is_exact && just_then(of)))
}

impl Clock {
    /// A time of the log by the clock of the capture.
    fn on_capture(&self, stated: During) -> During {
        if self.offset.differs { stated.plus(self.offset.range) } else { stated }
    }
}

/// How exact a written time is: logs cut it to the second, the millisecond or the microsecond.
fn exactness(time: Timestamp) -> Span {
    let steps = [SECOND, 1_000_000, 1_000];
    Span(steps.into_iter().find(|step| time.0 % step == 0).unwrap_or(1))
}

fn link(dated: &Dated<'_>, candidate: &Candidate) -> LineLink {
    let local = dated.line.local.as_deref().and_then(full);
    let side = match (dated.line.direction, local) {
        (Some(Direction::Forward), _) => None,
        (_, Some(local)) if local == candidate.client => Some(Side::Client),
        (_, Some(local)) if local == candidate.server => Some(Side::Server),
        (Some(Direction::In), _) => Some(Side::Server),
        (Some(Direction::Out), _) => Some(Side::Client),
        (None, _) => None,
    };
    let by = if dated.known.is_whole { JoinedBy::Flow } else { JoinedBy::Part };
    LineLink { point: candidate.point, first_frame: candidate.first_frame, id: candidate.id, side, by }
}

/// Whether what else a line tells of the ends holds too. What tells both is found by them.
fn ends_fit(dated: &Dated<'_>, candidate: &Candidate) -> bool {
    let (local, remote) = match dated.line.direction {
        Some(Direction::In) => (candidate.server, candidate.client),
        Some(Direction::Out) => (candidate.client, candidate.server),
        // Only what tells both ends has another direction.
        Some(Direction::Forward) | None => return true,
    };
    let fit = || fits(dated.line.local.as_deref(), local) && fits(dated.line.remote.as_deref(), remote);
    dated.known.is_whole || fit()
}

fn fits(end: Option<&SocketAddress>, address: Address) -> bool {
    let Some(end) = end else { return true };
    let same_host = end.host.ip().is_none_or(|ip| ip.is_unspecified() || ip == address.ip());
    same_host && end.port.number().is_none_or(|port| port == address.port)
}
