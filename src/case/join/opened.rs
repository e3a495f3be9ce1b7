//! What counters say of clocks: between two readings a host opened and accepted so many connections, and a capture shows when
//! it did so. Where the numbers are equal, the first reading may have been.

use super::During;
use super::clock::{self, EXACT, SLACK, Vote};
use super::index::full;
use crate::case::{Dumps, hosts};
use crate::host::Block;
use crate::tcp::{Facts, Side, Summary};
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::Address;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// Fewer connections between two readings tell no time (own).
const FEWEST: u64 = 5;
/// Connections looked at of all hosts together; of more nothing is said.
const MOST: usize = 1 << 22;
/// Each reading's time is cut to the second.
const CUT: Span = Span(SECOND);

/// Counters of connections, and whose they are: Linux counts those that it opens at connect() (net/ipv4/tcp_output.c tcp_connect()),
/// those that it accepts once the handshake is done (net/ipv4/tcp_minisocks.c tcp_create_openreq_child()).
const COUNTERS: [(&str, Side); 2] = [("TcpActiveOpens", Side::Client), ("TcpPassiveOpens", Side::Server)];

/// Whose counters: a host's by its name, else those of one dump.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    Host(Box<str>),
    Dump(u32),
}

impl Owner {
    pub fn of(dump: u32, block: &Block) -> Self {
        block.host.clone().map_or(Self::Dump(dump), Self::Host)
    }
}

/// Connections that a host counted between two readings.
#[derive(Clone, Copy, Debug)]
struct Interval {
    side: Side,
    /// When the first reading was, as the dump says.
    stated: During,
    zone_known: bool,
    gap: Span,
    count: u64,
}

/// When a counter was read, whether its zone is known, and what it was.
type Reading = (During, bool, u64);

#[derive(Debug, Default)]
struct Host {
    intervals: Vec<Interval>,
    addresses: HashSet<IpAddr>,
}

/// Counters of all dumps.
#[derive(Debug, Default)]
pub(super) struct Opened {
    hosts: BTreeMap<Owner, Host>,
    /// Addresses of all hosts.
    wanted: HashSet<IpAddr>,
}

/// When the connections of the captures were opened and accepted that the counters may have counted.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By point, address and side.
    times: HashMap<(u32, IpAddr, Side), Vec<Timestamp>>,
    count: usize,
}

impl Opened {
    pub fn new(dumps: &Dumps) -> Self {
        let mut hosts: BTreeMap<Owner, Host> = BTreeMap::new();
        for (name, side) in COUNTERS {
            for (owner, readings) in readings(dumps, name) {
                let pairs = readings.iter().zip(readings.iter().skip(1));
                let intervals: Vec<Interval> = pairs.filter_map(|(a, b)| interval(side, a, b)).collect();
                if !intervals.is_empty() {
                    hosts.entry(owner).or_default().intervals.extend(intervals);
                }
            }
        }
        if !hosts.is_empty() {
            for (number, dump) in (0_u32..).zip(&dumps.0) {
                for block in &dump.document.blocks {
                    let Some(host) = hosts.get_mut(&Owner::of(number, block)) else { continue };
                    host.addresses.extend(own_addresses(block));
                }
            }
        }
        let wanted = hosts.values().flat_map(|host| &host.addresses).copied().collect();
        Self { hosts, wanted }
    }

    /// Whether counters may have counted a connection.
    pub fn wants(&self, summary: &Summary) -> bool {
        !self.wanted.is_empty()
            && summary.has(Facts::SYN)
            && Side::BOTH.iter().any(|side| self.wanted.contains(&summary.address(*side).ip()))
    }

    /// What the counters of a host say of its clock, by one point's connections: stated times, and when they may have been.
    pub fn votes(&self, seen: &Seen, owner: &Owner, zone_known: bool, point: u32, ran: During) -> Vec<(During, Vote)> {
        let Some(host) = self.hosts.get(owner).filter(|_| seen.count <= MOST) else { return Vec::new() };
        let mut votes = Vec::new();
        for interval in host.intervals.iter().filter(|interval| interval.zone_known == zone_known) {
            let of = |ip: &IpAddr| seen.times.get(&(point, *ip, interval.side));
            let mut times: Vec<Timestamp> = host.addresses.iter().filter_map(of).flatten().copied().collect();
            times.sort_unstable();
            let windows = equal(&times, interval.gap, interval.count, ran);
            if !windows.is_empty() {
                let timed = matches!(windows[..], [only] if only.uncertainty() <= EXACT);
                votes.push((interval.stated, Vote { windows, timed }));
            }
        }
        votes
    }
}

/// The readings of one counter, by whose it is, in the order of time.
fn readings(dumps: &Dumps, name: &str) -> BTreeMap<Owner, Vec<Reading>> {
    let mut readings: BTreeMap<Owner, Vec<Reading>> = BTreeMap::new();
    for (number, dump) in (0_u32..).zip(&dumps.0) {
        for block in &dump.document.blocks {
            let mut counters = block.found.counters.iter();
            let counted = counters.find(|counter| counter.name == name && !counter.is_increase);
            if let Some((counter, (stated, zone_known))) = counted.zip(clock::stated(block.stamp(), 0)) {
                let owner = Owner::of(number, block);
                readings.entry(owner).or_default().push((stated, zone_known, counter.value));
            }
        }
    }
    readings.values_mut().for_each(|readings| readings.sort_by_key(|(stated, ..)| stated.from));
    readings
}

/// What two readings counted, if it tells a time.
fn interval(side: Side, first: &Reading, second: &Reading) -> Option<Interval> {
    let (stated, zone_known, before) = *first;
    let (later, same_zone, after) = *second;
    let (gap, count) = (later.from.since(stated.from), after.checked_sub(before)?);
    let tells = count >= FEWEST && gap > CUT && same_zone == zone_known;
    tells.then_some(Interval { side, stated, zone_known, gap, count })
}

impl Seen {
    /// Takes a connection that is wanted.
    pub fn note(&mut self, opened: &Opened, summary: &Summary) {
        if !opened.wants(summary) {
            return;
        }
        for (side, time) in [(Side::Client, summary.syn.get()), (Side::Server, summary.established.get())] {
            let ip = summary.address(side).ip();
            if let Some(time) = time.filter(|_| opened.wanted.contains(&ip)) {
                self.count += 1;
                if self.count <= MOST {
                    self.times.entry((summary.point, ip, side)).or_default().push(time);
                }
            }
        }
    }
}

/// Addresses of a host that others can see.
fn own_addresses(block: &Block) -> impl Iterator<Item = IpAddr> {
    let sockets = block.found.sockets.iter().filter_map(|socket| full(&socket.local).map(Address::ip));
    sockets.chain(hosts::interfaces(block)).filter(|ip| !ip.is_loopback())
}

/// Ranges of time, within which a capture ran, from which on so many connections were opened until the gap had passed.
fn equal(times: &[Timestamp], gap: Span, count: u64, ran: During) -> Vec<During> {
    let before = |time: Timestamp| times.partition_point(|opened| *opened <= time) as u64;
    let earlier = |time: Timestamp, by: i64| Timestamp(time.0.saturating_sub(by));
    let [least, most] = [gap.0 - CUT.0, gap.0 + CUT.0];
    let may_be = |from: Timestamp| {
        let counted = |gap: i64| before(from.plus(Span(gap))) - before(from);
        counted(least) <= count && count <= counted(most)
    };
    // The numbers change only where a connection comes in at one end of the gap or goes out at the other.
    let mut edges: Vec<Timestamp> =
        times.iter().flat_map(|&time| [time, earlier(time, least), earlier(time, most)]).collect();
    edges.sort_unstable();
    edges.dedup();
    // The capture must have run from the one reading to the other.
    let whole = During::new(ran.from, earlier(ran.to, least)).widened(SLACK);
    let mut found: Vec<During> = Vec::new();
    for (from, to) in edges.iter().zip(edges.iter().skip(1)) {
        let Some(range) = During::new(*from, *to).meet(whole).filter(|_| may_be(*from)) else { continue };
        match found.last_mut() {
            Some(last) if last.to == range.from => last.to = range.to,
            _ => found.push(range),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * SECOND)
    }

    #[test]
    fn a_burst_tells_when_the_first_reading_was() {
        // One connection a second for a minute, and ten more at once at its middle.
        let times: Vec<Timestamp> = (0..60).map(at).chain([at(30); 10]).collect();
        let mut sorted = times;
        sorted.sort_unstable();
        let ran = During::new(at(0), at(60));
        let windows = equal(&sorted, Span(10 * SECOND), 20, ran);
        let [only] = windows[..] else { panic!("{windows:?}") };
        assert!(only.from >= at(18) && only.to <= at(31), "the burst is within the ten seconds: {only:?}");
        assert_eq!(equal(&sorted, Span(10 * SECOND), 40, ran), [], "never as many");
        assert_eq!(equal(&sorted, Span(90 * SECOND), 70, ran), [], "the capture did not run so long");
        assert_eq!(equal(&[], Span(10 * SECOND), 5, ran), []);
    }
}
