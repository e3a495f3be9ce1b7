//! What the packet filters of the dumps say about a connection: the rule that decides on its SYN or SYN-ACK, as the kernel
//! would find it, and what their logs wrote down of its flow.
//!
//! A listing with counters proves that a rule matched packets; without them it only would match. Nothing is said of a
//! handshake that went through, and no rule that drops explains a refusal: somebody answered.

use super::Judged;
use super::dump::{Dumps, Place};
use super::hosts;
use crate::host::firewall::{Action, FirewallRule, Matches, Protocol, RuleKind};
use crate::tcp::Side;
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::Address;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// Chains within chains that are followed.
const DEEPEST: u32 = 16;
/// Rules that are tried for one connection in one listing; beyond these nothing is said.
const MOST_RULES: u32 = 1 << 16;
/// How far a record's time may lie outside of its connection's: logs are written by the minute, flow logs by the ten.
const RECORD_SPAN: Span = Span(15 * 60 * SECOND);
/// Zones differ by quarters of an hour, and by no more than 14 hours.
const ZONE_STEP: i64 = 15 * 60 * SECOND;
const WIDEST_ZONE: i64 = 14 * 3600 * SECOND;

/// Rules and records of all dumps, found by flow.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    listings: Vec<Listing>,
    records: HashMap<[Address; 2], Vec<Place>>,
}

/// What a filter did, or would do, with the packets of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The rule, policy or record.
    pub place: Place,
    pub action: Action,
    pub basis: Basis,
    /// Packets that the rule has matched, or that the records of this flow tell.
    pub packets: Option<u64>,
}

/// How sure it is that the rule met these packets, from the best on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A log of the filter names this flow.
    Record,
    /// The rule is the one that decides, and it has matched packets.
    Matched,
    /// The rule is the one that decides; whether it ever matched a packet is not listed, or was listed too early.
    WouldMatch,
    /// Conditions that no capture shows (interfaces, sets, rates) stand in it or before it.
    MayMatch,
}

impl Basis {
    pub const NAMES: &[&str] = &["record", "matched", "would_match", "may_match"];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Matched => "matched",
            Self::WouldMatch => "would_match",
            Self::MayMatch => "may_match",
        }
    }
}

/// The rules of one host at one moment.
#[derive(Clone, Debug)]
struct Listing {
    /// Its block; items are rules.
    at: Place,
    /// When it was taken, where the dump says it with its zone.
    time: Option<Timestamp>,
    /// Addresses of the host; empty where no dump tells them.
    own: HashSet<IpAddr>,
    /// Of each table the chains, with the numbers of their items in order.
    tables: Vec<HashMap<Box<str>, Vec<u32>>>,
}

/// The packet of a handshake that got no further.
#[derive(Clone, Copy)]
struct Packet {
    source: IpAddr,
    destination: IpAddr,
    ports: [u16; 2],
    flags: u8,
    is_new: bool,
}

impl Firewall {
    pub fn of(dumps: &Dumps) -> Self {
        let mut own = Self::default();
        let hosts = addresses(dumps);
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        for (dump, of) in dumps.0.iter().enumerate() {
            for (index, block) in of.document.blocks.iter().enumerate() {
                let at = Place { dump: number(dump), block: number(index), item: 0 };
                let mut tables: HashMap<&str, HashMap<Box<str>, Vec<u32>>> = HashMap::new();
                for (rule, item) in block.found.rules.iter().zip(0..) {
                    if let Some(flow) = flow(rule) {
                        own.records.entry(flow).or_default().push(Place { item, ..at });
                    } else if rule.kind != RuleKind::Record {
                        let chains = tables.entry(&rule.table).or_default();
                        chains.entry(rule.chain.clone()).or_default().push(item);
                    }
                }
                if !tables.is_empty() {
                    let time = block.stamp().filter(|stamp| stamp.zone_known).map(|stamp| stamp.time);
                    let of_host = block.host.as_deref().and_then(|host| hosts.get(host));
                    let tables = tables.into_values().collect();
                    own.listings.push(Listing { at, time, own: of_host.cloned().unwrap_or_default(), tables });
                }
            }
        }
        own
    }

    /// What the filters say of a connection: the best grounds count, then the order of the dumps.
    pub fn decision(&self, dumps: &Dumps, row: &Judged) -> Option<Decision> {
        if self.records.is_empty() && self.listings.is_empty() {
            return None;
        }
        if let Some(record) = self.record(dumps, row) {
            return Some(record);
        }
        let packet = stuck(row)?;
        let is_answered = row.summary.refusals > 0 || row.summary.reset.is_some() || row.summary.icmp.is_some();
        let decisions = self.listings.iter().filter_map(|listing| listing.decision(dumps, &packet, row.summary.first));
        let explains = |decision: &Decision| decision.action == Action::Reject || !is_answered;
        // Of several listings of a host the last has counted the most.
        decisions.filter(explains).min_by_key(|decision| (decision.basis, Reverse(decision.packets)))
    }

    /// Records of this flow and time; those that say that it was blocked go before others.
    fn record(&self, dumps: &Dumps, row: &Judged) -> Option<Decision> {
        let ways = [[row.client, row.server], [row.server, row.client]];
        let places = ways.iter().filter_map(|way| self.records.get(way)).flatten();
        let records = places.filter_map(|place| Some((*place, dumps.rule(*place)?.2)));
        let of_its_time = |(_, rule): &(Place, &FirewallRule)| fits(rule, row.summary.first, row.summary.last);
        let records: Vec<_> = records.filter(of_its_time).collect();
        let &(place, first) = records.iter().min_by_key(|(place, rule)| (!rule.action.blocks(), *place))?;
        let same = records.iter().filter(|(_, rule)| rule.action == first.action);
        let packets =
            same.map(|(_, rule)| rule.packets).try_fold(0_u64, |sum, packets| Some(sum.saturating_add(packets?)));
        Some(Decision { place, action: first.action, basis: Basis::Record, packets })
    }
}

/// Addresses that the dumps of each named host tell.
fn addresses(dumps: &Dumps) -> HashMap<&str, HashSet<IpAddr>> {
    let mut told: HashMap<&str, HashSet<IpAddr>> = HashMap::new();
    for block in dumps.0.iter().flat_map(|dump| &dump.document.blocks) {
        let Some(host) = block.host.as_deref() else { continue };
        told.entry(host).or_default().extend(hosts::interfaces(block));
    }
    told
}

/// Source and destination of a record that names both ends whole.
fn flow(rule: &FirewallRule) -> Option<[Address; 2]> {
    let Matches { source, destination, source_port, destination_port, .. } = &rule.matches;
    let address = |ip: IpAddr, port: u16| match ip {
        IpAddr::V4(ip) => Address::v4(ip.octets(), port),
        IpAddr::V6(ip) => Address::v6(ip.octets(), port),
    };
    let is_record = rule.kind == RuleKind::Record && rule.matches.protocol == Protocol::Tcp;
    let source = address(source.list.first()?.address, source_port.list.first()?.first);
    let destination = address(destination.list.first()?.address, destination_port.list.first()?.first);
    is_record.then_some([source, destination])
}

/// Whether a record's time is that of the connection. A log of local times without their zone may be off by that.
fn fits(rule: &FirewallRule, first: Timestamp, last: Timestamp) -> bool {
    let Some(time) = rule.time else { return true };
    let outside = Span(first.since(time).0.max(time.since(last).0).max(0));
    if !rule.is_local_time {
        return outside.0 <= RECORD_SPAN.0;
    }
    // A minute for the seconds that the log leaves out and clocks that differ.
    let rest = outside.0 % ZONE_STEP;
    outside.0 <= WIDEST_ZONE + RECORD_SPAN.0 && rest.min(ZONE_STEP - rest) <= 60 * SECOND
}

/// The packet that got no further: a SYN without any SYN-ACK, or a SYN-ACK that the client never acknowledged.
fn stuck(row: &Judged) -> Option<Packet> {
    let [client, server] = [&row.summary[Side::Client], &row.summary[Side::Server]];
    if row.summary.established.get().is_some() || client.tries == 0 {
        return None;
    }
    let packet = |from: Address, to: Address, flags, is_new| Packet {
        source: from.ip(),
        destination: to.ip(),
        ports: [from.port, to.port],
        flags,
        is_new,
    };
    match server.synacks {
        0 => Some(packet(row.client, row.server, 0x02, true)),
        _ if client.acked_plainly.get().is_none() => Some(packet(row.server, row.client, 0x12, false)),
        _ => None,
    }
}

/// Whether a rule is one for this packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    Maybe,
    No,
}

fn fit(wants: &Matches, packet: &Packet) -> Fit {
    let state = wants.state.is_none_or(|state| if packet.is_new { state.new } else { state.established });
    let is_one = wants.protocol != Protocol::Other
        && wants.source.holds(|network| network.contains(packet.source))
        && wants.destination.holds(|network| network.contains(packet.destination))
        && wants.source_port.holds(|ports| ports.contains(packet.ports[0]))
        && wants.destination_port.holds(|ports| ports.contains(packet.ports[1]))
        && wants.flags.is_none_or(|flags| packet.flags & flags.mask == flags.set)
        && state;
    // Of interfaces a capture shows the host's own: what goes to itself.
    let is_inside = packet.source == packet.destination || packet.source.is_loopback();
    let mut interfaces = [&wants.input, &wants.output].into_iter().flatten();
    if !is_one || interfaces.clone().any(|name| &**name == "lo" && !is_inside) {
        return Fit::No;
    }
    let is_known = !wants.more && interfaces.all(|name| &**name == "lo");
    if is_known { Fit::Yes } else { Fit::Maybe }
}

/// What a walk through chains has come to.
#[derive(Clone, Copy, Default)]
struct Walk {
    /// The rule that decides.
    end: Option<u32>,
    /// A rule before it that blocks, if its conditions hold.
    maybe: Option<u32>,
    /// Conditions that nobody knows stood on the way.
    unsure: bool,
    tried: u32,
}

impl Listing {
    /// The best that any way through the host gives.
    fn decision(&self, dumps: &Dumps, packet: &Packet, first: Timestamp) -> Option<Decision> {
        let ways = self.tables.iter().flat_map(|chains| self.hooks(packet).map(move |hook| (chains, hook)));
        let decide = |(chains, hook)| {
            let mut walk = Walk::default();
            self.walk(dumps, chains, hook, packet, 0, &mut walk);
            self.settled(dumps, &walk, first)
        };
        ways.filter_map(decide).min_by_key(|decision| decision.basis)
    }

    /// Where a packet passes by: all ways, as long as nobody says which addresses are the host's own.
    fn hooks(&self, packet: &Packet) -> impl Iterator<Item = &'static str> + use<> {
        let is_known = !self.own.is_empty();
        let [from, to] = [packet.source, packet.destination].map(|address| self.own.contains(&address));
        let hooks =
            [("PREROUTING", !from), ("INPUT", to), ("FORWARD", !from && !to), ("OUTPUT", from), ("POSTROUTING", !to)];
        hooks.into_iter().filter(move |(_, passes)| *passes || !is_known).map(|(hook, _)| hook)
    }

    fn rule<'a>(&self, dumps: &'a Dumps, item: u32) -> Option<&'a FirewallRule> {
        Some(dumps.rule(Place { item, ..self.at })?.2)
    }

    /// Tries the rules of a chain in their order; the policy of a chain is its end wherever it is listed. True when a rule
    /// has decided.
    fn walk(
        &self,
        dumps: &Dumps,
        chains: &HashMap<Box<str>, Vec<u32>>,
        chain: &str,
        packet: &Packet,
        depth: u32,
        walk: &mut Walk,
    ) -> bool {
        let Some(items) = chains.get(chain).filter(|_| depth < DEEPEST) else {
            walk.unsure |= depth > 0; // a chain that is not listed
            return false;
        };
        let rules = || items.iter().filter_map(|item| Some((*item, self.rule(dumps, *item)?)));
        for (item, rule) in rules().filter(|(_, rule)| rule.kind == RuleKind::Rule) {
            walk.tried += 1;
            walk.unsure |= walk.tried > MOST_RULES;
            if walk.tried > MOST_RULES {
                return true;
            }
            let fit = fit(&rule.matches, packet);
            match (fit, rule.action) {
                (Fit::No, _) | (_, Action::Pass) => {}
                (Fit::Yes, Action::Accept | Action::Drop | Action::Reject) => {
                    walk.end = Some(item);
                    return true;
                }
                (Fit::Yes, Action::Return) => return false,
                (Fit::Yes, Action::Jump) => {
                    if self.walk(dumps, chains, &rule.target, packet, depth + 1, walk) {
                        return true;
                    }
                }
                (Fit::Maybe, Action::Accept | Action::Return) => walk.unsure = true,
                (Fit::Maybe, Action::Drop | Action::Reject) => {
                    walk.maybe = walk.maybe.or(Some(item));
                    walk.unsure = true;
                }
                (Fit::Maybe, Action::Jump) => {
                    walk.unsure = true;
                    let mut inner = Walk { end: None, ..*walk };
                    self.walk(dumps, chains, &rule.target, packet, depth + 1, &mut inner);
                    let blocking = inner.end.filter(|item| self.blocks(dumps, *item));
                    walk.maybe = walk.maybe.or(inner.maybe).or(blocking);
                    walk.tried = inner.tried;
                }
            }
        }
        let policy = rules().find(|(_, rule)| rule.kind == RuleKind::Policy).filter(|_| depth == 0);
        walk.end = policy.map(|(item, _)| item);
        policy.is_some()
    }

    fn blocks(&self, dumps: &Dumps, item: u32) -> bool {
        self.rule(dumps, item).is_some_and(|rule| rule.action.blocks())
    }

    /// What the walk says, if it says that the packet is blocked.
    fn settled(&self, dumps: &Dumps, walk: &Walk, first: Timestamp) -> Option<Decision> {
        let end = walk.end.filter(|item| self.blocks(dumps, *item));
        // What may have blocked it before is as good as what blocks it in the end.
        let item = end.filter(|_| walk.maybe.is_none()).or(walk.maybe).or(end)?;
        let rule = self.rule(dumps, item)?;
        let is_earlier = self.time.is_some_and(|time| time < first);
        let basis = match rule.packets {
            Some(0) if !is_earlier => return None, // it has never matched anything
            _ if walk.unsure => Basis::MayMatch,
            Some(_) if !is_earlier => Basis::Matched,
            _ => Basis::WouldMatch,
        };
        Some(Decision { place: Place { item, ..self.at }, action: rule.action, basis, packets: rule.packets })
    }
}
