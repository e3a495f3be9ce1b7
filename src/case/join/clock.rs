//! When a snapshot was taken, on the clock of a capture: what its sockets are in is what the packets show at some time.
//!
//! Each socket whose flow was captured votes for the ranges of time in which the packets show its state and its timers fit;
//! where most votes meet, the snapshot was taken. A time that the dump states is believed unless the votes speak against it
//! together.

use super::during::{During, densest};
use crate::host::{Basis, Stamp};
use crate::time::{SECOND, Span, Timestamp};

/// A dump may be from so long before the capture's first frame or after its last (own): beyond, ports are used again.
pub(super) const HORIZON: Span = Span(600 * SECOND);
/// Kernel and tap see one segment at different times: the packet's way, and what waits in queues (own).
pub(super) const SLACK: Span = Span(200_000_000);
/// A command takes some time after its time line, which is cut to the second.
const COMMAND: Span = Span(2 * SECOND);
/// A file's name tells minutes.
const NAMED: Span = Span(60 * SECOND);
/// A report's commands run for minutes before and after its date is taken (own).
const REPORT: Span = Span(300 * SECOND);
/// Zones differ by multiples of this.
const ZONE: i64 = 900 * SECOND;
/// Timers that leave no more than this open tell the time (own).
pub(super) const EXACT: Span = Span(SECOND);
/// Clocks are set by states only where these leave no more than this open (own).
const CLOSE: Span = Span(120 * SECOND);
/// Sockets that must agree before a stated time is held for wrong (own), unless timers tell.
const MANY: usize = 3;
/// Ports that Linux gives to outgoing connections by default (ip_local_port_range): how likely one is met by chance.
const PORTS: u64 = 28_232;

/// How it is known when a snapshot was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The dump states its time, and the packets agree or say nothing.
    Stated,
    /// The dump states its time by a clock or zone that differs from the capture's.
    Aligned,
    /// The dump states none: when most sockets are in the states that the packets show.
    Contents,
}

impl Placed {
    pub const ALL: [Self; 3] = [Self::Stated, Self::Aligned, Self::Contents];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Aligned => "aligned",
            Self::Contents => "contents",
        }
    }
}

/// When a snapshot was taken, on the clock of one observation point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    pub point: u32,
    /// Earliest and latest possible.
    pub during: During,
    /// The most likely.
    pub time: Timestamp,
    pub placed: Placed,
    /// The capture's clock less the dump's, where the dump has one.
    pub offset: Option<Offset>,
}

impl Placement {
    /// How far the most likely time may be wrong.
    pub fn uncertainty(&self) -> Span {
        self.during.uncertainty_of(self.time)
    }
}

/// What a socket says of the time of its snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Vote {
    /// When it may have been taken, one range a connection of the flow.
    pub windows: Vec<During>,
    /// Timers of the socket say so, and leave little open.
    pub timed: bool,
}

impl Vote {
    fn is_for(&self, range: During) -> bool {
        self.windows.iter().any(|window| window.overlaps(range))
    }
}

/// The time that a dump states for the `nth` snapshot since its last time line.
pub(super) fn stated(stamp: Option<Stamp>, nth: u32) -> Option<(During, bool)> {
    let stamp = stamp?;
    let at = During::new(stamp.time, stamp.time);
    let during = match stamp.basis {
        Basis::FileName => During::new(stamp.time, stamp.time.plus(NAMED)),
        Basis::Report => at.widened(REPORT),
        Basis::Line | Basis::FileDate => {
            During::new(stamp.time, stamp.time.plus(Span(COMMAND.0.saturating_mul(i64::from(nth) + 1))))
        }
    };
    Some((during, stamp.zone_known))
}

/// The difference between the capture's clock and that of the snapshots with stated times; `None` if nothing tells, and the
/// stated times are to be taken as they are. Each vote comes with the time of its snapshot; the capture `ran` so long.
pub(super) fn offset(votes: &[(During, &Vote)], zone_known: bool, ran: During) -> Option<Offset> {
    let differences = votes.iter().flat_map(|(stated, vote)| vote.windows.iter().map(|window| window.minus(*stated)));
    let (range, _) = densest(&differences.collect::<Vec<_>>(), Timestamp(0))?;
    let none = During::new(Timestamp(0), Timestamp(0)).widened(SLACK);
    if range.overlaps(none) {
        return Some(Offset { range, differs: false });
    }
    let agree = |by: During| votes.iter().filter(|(stated, vote)| vote.is_for(stated.plus(by))).count();
    let tell = |by: During| votes.iter().filter(|(stated, vote)| vote.timed && vote.is_for(stated.plus(by))).count();
    let (here, there) = (agree(none), agree(range));
    // What stays as it is for hours tells no time: the votes must leave little open.
    let many = range.uncertainty() <= CLOSE && there >= here + MANY && 3 * there >= 2 * votes.len();
    let timed = tell(range) >= 2 && tell(range) > tell(none) && there >= here;
    if many || timed {
        return Some(Offset { range, differs: true });
    }
    let stated = During::new(
        votes.iter().map(|(stated, _)| stated.from).min()?,
        votes.iter().map(|(stated, _)| stated.to).max()?,
    );
    let zone = (!zone_known).then(|| zone(range, ran.minus(stated))).flatten()?;
    (there > here && 2 * there >= votes.len()).then_some(Offset { range: zone, differs: true })
}

/// How far the capture's clock is ahead of a dump's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Least and most.
    pub range: During,
    /// It cannot be nothing.
    pub differs: bool,
}

impl Offset {
    /// Most likely.
    pub fn best(self) -> Span {
        Span(if self.differs { self.range.middle().0 } else { 0_i64.clamp(self.range.from.0, self.range.to.0) })
    }

    /// How far that may be wrong.
    pub fn uncertainty(self) -> Span {
        self.range.uncertainty_of(Timestamp(self.best().0))
    }
}

/// The difference of zones that takes a dump without one into the time when the capture ran: whole quarters of an hour, of at
/// most 14 hours; `None` if several would do.
fn zone(range: During, ran: During) -> Option<During> {
    let within = range.widened(SLACK).meet(ran.widened(SLACK))?;
    let first = within.from.0.saturating_add(ZONE - 1).div_euclid(ZONE).checked_mul(ZONE)?;
    let zone = During::new(Timestamp(first), Timestamp(first));
    (zone.overlaps(within) && first + ZONE > within.to.0 && first.abs() <= 14 * 4 * ZONE).then_some(zone)
}

/// Where within `range` most votes of a snapshot meet; all of `range` if none is for any of it.
pub(super) fn refined(votes: &[&Vote], range: During) -> During {
    place(votes, range).map_or(range, |(range, _)| range)
}

/// When within `range` most votes meet, and how many sockets are for that.
pub(super) fn place(votes: &[&Vote], range: During) -> Option<(During, usize)> {
    let ranges = votes.iter().flat_map(|vote| &vote.windows).filter_map(|window| window.meet(range));
    let (best, _) = densest(&ranges.collect::<Vec<_>>(), range.from)?;
    Some((best, votes.iter().filter(|vote| vote.is_for(best)).count()))
}

/// Whether so many sockets of a snapshot without a time can be for one moment by chance only: `here` are those between
/// addresses that the captures know, which have `connections` of them.
pub(super) fn by_chance(agree: usize, here: usize, connections: u64) -> bool {
    let [agree, here] = [agree, here].map(|count| count as u64);
    2 * agree < here && agree.saturating_mul(PORTS) < here.saturating_mul(connections).saturating_mul(10)
}
