//! What packet filters say: columns of `connections`, and those of `firewall`, one row a rule, policy or record.

use super::{Column, Value};
use crate::case::dump::Place;
use crate::case::firewall::Basis;
use crate::case::{Dump, Facts, Judged};
use crate::host::Block;
use crate::host::firewall::{Action, AnyOf, FirewallRule, Network, Ports, Protocol, RuleKind};
use std::fmt::Write;

/// All rows of `firewall`, in the order of files and lines.
pub fn firewall(facts: &Facts) -> Vec<Place> {
    facts.dumps.places(|block| block.found.rules.len()).collect()
}

/// Of connections whose handshake a filter stopped, or that its log names.
pub(super) const DECIDED: &[Column<Judged>] = &[
    more!(
        "firewall_action",
        Kind::Enum(Action::NAMES),
        "",
        "What a packet filter of the dumps did, or would do, with the SYN or SYN-ACK that got no further.",
        |row, _| Value::name(row.firewall.map(|decision| decision.action.name())),
    ),
    more!(
        "firewall_basis",
        Kind::Enum(Basis::NAMES),
        "",
        "On what grounds: record (its log names this flow), matched (the rule that decides has matched packets), would_match (no count is listed), may_match (it or a rule before it has conditions that no capture shows, such as an interface: `-i eth0`).",
        |row, _| Value::name(row.firewall.map(|decision| decision.basis.name())),
    ),
    more!(
        "firewall_packets",
        Kind::U64,
        "packet",
        "Packets that this rule has matched, of whatever connection, or that the records of this flow count; to be held against the client's SYNs.",
        |row, _| Value::number(row.firewall.and_then(|decision| decision.packets)),
    ),
    more!(
        "firewall_rule",
        Kind::Text,
        "",
        "The rule or record: chain and place in it, and how it is listed.",
        |row, facts| of(row, facts).map_or(Value::Null, |(_, rule)| Value::text(named(rule))),
    ),
    more!("firewall_path", Kind::Text, "", "Path of the dump that lists it.", |row, facts| {
        of(row, facts).map_or(Value::Null, |(dump, _)| Value::text(dump.path.as_str()))
    }),
    more!("firewall_line", Kind::U32, "", "Line in that dump, counted from 1.", |row, facts| {
        Value::number(of(row, facts).map(|(_, rule)| rule.line))
    }),
];

fn of<'a>(row: &Judged, facts: &'a Facts) -> Option<(&'a Dump, &'a FirewallRule)> {
    let (dump, _, rule) = facts.dumps.rule(row.firewall?.place)?;
    Some((dump, rule))
}

/// `INPUT 3: DROP tcp -- * * 0.0.0.0/0 ...`
fn named(rule: &FirewallRule) -> String {
    let FirewallRule { chain, number, raw, kind, .. } = rule;
    let raw = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    match kind {
        RuleKind::Rule => format!("{chain} {number}: {raw}"),
        RuleKind::Policy => format!("{chain} policy: {raw}"),
        RuleKind::Record => raw,
    }
}

type Get = for<'a> fn(&'a Dump, &'a Block, &'a FirewallRule) -> Value<'a>;

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, $unit, $doc, |place, facts| {
            const GET: Get = $get;
            facts.dumps.rule(*place).map_or(Value::Null, |(dump, block, rule)| GET(dump, block, rule))
        }),)*]
    };
}

/// The columns of `firewall`, in their order.
#[rustfmt::skip]
pub static FIREWALL: &[Column<Place>] = columns![
    (true, "time", Kind::Time, "", "When the listing was taken, or the flow of a record was seen.", |_, block, rule| Value::time(rule.time.or_else(|| Some(block.stamp()?.time)))),
    (true, "host", Kind::Text, "", "Host that the dump was taken on, where something names it.", |_, block, _| block.host.as_deref().map_or(Value::Null, Value::text)),
    (true, "kind", Kind::Enum(RuleKind::NAMES), "", "A rule, the policy of a chain, or the record of one flow.", |_, _, rule| Value::Name(rule.kind.name())),
    (true, "table", Kind::Text, "", "Table, zone or log that it is of.", |_, _, rule| Value::text(&*rule.table)),
    (true, "chain", Kind::Text, "", "Chain; those of the system have the names of iptables. Of a record the direction or interface.", |_, _, rule| Value::text(&*rule.chain)),
    (true, "number", Kind::U32, "", "Place in the chain, from 1.", |_, _, rule| if rule.number == 0 { Value::Null } else { Value::Number(rule.number.into()) }),
    (true, "action", Kind::Enum(Action::NAMES), "", "What becomes of a packet that matches.", |_, _, rule| Value::Name(rule.action.name())),
    (true, "target", Kind::Text, "", "The same as listed: the target, the chain jumped to, the rule that the log names.", |_, _, rule| Value::text(&*rule.target)),
    (true, "packets", Kind::U64, "packet", "Packets that it has matched; absent where none are listed. Of 14K as listed these are 14000.", |_, _, rule| Value::number(rule.packets)),
    (true, "packet_bytes", Kind::U64, "byte", "Their bytes.", |_, _, rule| Value::number(rule.bytes)),
    (true, "protocol", Kind::Enum(&["any", "tcp", "other"]), "", "Protocol that it is about.", |_, _, rule| Value::Name(protocol(rule.matches.protocol))),
    (true, "source", Kind::Text, "", "Networks that it is for, after `not` if it is for all others.", |_, _, rule| Value::text(list(&rule.matches.source, network))),
    (true, "source_port", Kind::Text, "", "Source ports that it is for.", |_, _, rule| Value::text(list(&rule.matches.source_port, ports))),
    (true, "destination", Kind::Text, "", "Networks of destinations that it is for.", |_, _, rule| Value::text(list(&rule.matches.destination, network))),
    (true, "destination_port", Kind::Text, "", "Destination ports that it is for.", |_, _, rule| Value::text(list(&rule.matches.destination_port, ports))),
    (true, "more", Kind::Bool, "", "Whether it has further conditions that no capture shows.", |_, _, rule| Value::Bool(rule.matches.more)),
    (true, "text", Kind::Text, "", "As it stands in the dump.", |_, _, rule| Value::text(&*rule.raw)),
    (true, "path", Kind::Text, "", "Path of the dump.", |dump, _, _| Value::text(dump.path.as_str())),
    (true, "line", Kind::U32, "", "Line in the dump, counted from 1.", |_, _, rule| Value::Number(rule.line.into())),
    (false, "format", Kind::Text, "", "Format of the dump.", |_, block, _| Value::text(block.format)),
    (false, "zone_known", Kind::Bool, "", "Whether the dump says the zone of its time; otherwise UTC is assumed.", |_, block, rule| zone_known(block, rule)),
];

fn zone_known(block: &Block, rule: &FirewallRule) -> Value<'static> {
    match (rule.time, block.stamp()) {
        (Some(_), _) => Value::Bool(!rule.is_local_time),
        (None, Some(stamp)) => Value::Bool(stamp.zone_known),
        (None, None) => Value::Null,
    }
}

const fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Any => "any",
        Protocol::Tcp => "tcp",
        Protocol::Other => "other",
    }
}

/// `not 10.0.0.0/8;10.77.1.2`
fn list<T: Copy>(any: &AnyOf<T>, print: fn(T, &mut String)) -> String {
    let mut out = String::new();
    for (index, item) in any.list.iter().enumerate() {
        out.push_str(match (index, any.inverted) {
            (0, true) => "not ",
            (0, false) => "",
            _ => ";",
        });
        print(*item, &mut out);
    }
    out
}

fn network(network: Network, out: &mut String) {
    let full = if network.address.is_ipv4() { 32 } else { 128 };
    let _ = match network.bits == full {
        true => write!(out, "{}", network.address),
        false => write!(out, "{}/{}", network.address, network.bits),
    }; // a string takes everything
}

fn ports(ports: Ports, out: &mut String) {
    let _ = match ports.first == ports.last {
        true => write!(out, "{}", ports.first),
        false => write!(out, "{}-{}", ports.first, ports.last),
    }; // a string takes everything
}
