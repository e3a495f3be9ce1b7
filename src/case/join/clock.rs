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
/// Zones differ by multiples of this.
const ZONE: i64 = 900 * SECOND;
/// A vote that leaves no more than this open is one by timers (own).
const EXACT: Span = Span(SECOND);
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
    pub offset: Option<During>,
}

impl Placement {
    /// How far the most likely time may be wrong.
    pub fn uncertainty(&self) -> Span {
        Span(self.time.since(self.during.from).0.max(self.during.to.since(self.time).0))
    }
}

/// When a socket's snapshot may have been taken, one range a connection of its flow.
pub(super) type Vote = Vec<During>;

fn is_for(vote: &Vote, range: During) -> bool {
    vote.iter().any(|window| window.overlaps(range))
}

/// Its timers tell rather exactly.
fn tells(vote: &Vote, range: During) -> bool {
    vote.iter().any(|window| window.overlaps(range) && window.uncertainty() <= EXACT)
}

/// The time that a dump states for the `nth` snapshot since its last time line.
pub(super) fn stated(stamp: Option<Stamp>, nth: u32) -> Option<(During, bool)> {
    let stamp = stamp.filter(|stamp| stamp.basis != Basis::FileDate)?;
    let takes = match stamp.basis {
        Basis::FileName => NAMED,
        Basis::Line | Basis::FileDate => Span(COMMAND.0.saturating_mul(i64::from(nth) + 1)),
    };
    Some((During::new(stamp.time, stamp.time.plus(takes)), stamp.zone_known))
}

/// The difference between the capture's clock and that of the snapshots with stated times; `None` if the stated times are
/// to be taken as they are. Each vote comes with the time of its snapshot.
pub(super) fn offset(votes: &[(During, &Vote)], zone_known: bool) -> Option<Offset> {
    let differences = votes.iter().flat_map(|(stated, vote)| vote.iter().map(|window| window.minus(*stated)));
    let (range, _) = densest(&differences.collect::<Vec<_>>(), Timestamp(0))?;
    let none = During::new(Timestamp(0), Timestamp(0)).widened(SLACK);
    if range.overlaps(none) {
        return Some(Offset { range, differs: false });
    }
    let agree = |by: During| votes.iter().filter(|(stated, vote)| is_for(vote, stated.plus(by))).count();
    let tell = |by: During| votes.iter().filter(|(stated, vote)| tells(vote, stated.plus(by))).count();
    let (here, there) = (agree(none), agree(range));
    let many = there >= here + MANY && 3 * there >= 2 * votes.len();
    let timed = tell(range) >= 2 && tell(range) > tell(none) && there >= here;
    // Without a zone the time is known up to whole quarters of an hour.
    let zone = (!zone_known).then(|| whole_zone(range)).flatten();
    match zone {
        Some(zone) if there > here && 2 * there >= votes.len() => Some(Offset { range: zone, differs: true }),
        _ if many || timed => Some(Offset { range, differs: true }),
        _ => None,
    }
}

/// How far the capture's clock is ahead of a dump's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    pub range: During,
    /// It cannot be nothing.
    pub differs: bool,
}

/// The difference of zones within a range, of at most 14 hours.
fn whole_zone(range: During) -> Option<During> {
    let nearest = range.middle().0.saturating_add(ZONE / 2).div_euclid(ZONE).checked_mul(ZONE)?;
    let zone = During::new(Timestamp(nearest), Timestamp(nearest));
    (nearest != 0 && nearest.abs() <= 14 * 4 * ZONE && zone.widened(Span(2 * SLACK.0)).overlaps(range)).then_some(zone)
}

/// Where within `range` most votes of a snapshot meet; all of `range` if none is for any of it.
pub(super) fn refined(votes: &[&Vote], range: During) -> During {
    place(votes, range).map_or(range, |(range, _)| range)
}

/// When within `range` most votes meet, and how many sockets are for that.
pub(super) fn place(votes: &[&Vote], range: During) -> Option<(During, usize)> {
    let ranges = votes.iter().flat_map(|vote| vote.iter()).filter_map(|window| window.meet(range));
    let (best, _) = densest(&ranges.collect::<Vec<_>>(), range.from)?;
    Some((best, votes.iter().filter(|vote| is_for(vote, best)).count()))
}

/// Whether so many sockets of a snapshot without a time can be for one moment by chance only: `here` are those between
/// addresses that the captures know, which have `connections` of them.
pub(super) fn by_chance(agree: usize, here: usize, connections: u64) -> bool {
    let [agree, here] = [agree, here].map(|count| count as u64);
    2 * agree < here && agree.saturating_mul(PORTS) < here.saturating_mul(connections).saturating_mul(10)
}
