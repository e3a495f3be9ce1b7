//! Rules of packet filters, and what filters wrote down of single flows, in one shape: what a packet must be, what is
//! done with it, and how many packets that was done with.

pub mod aws_flow_log;
pub mod azure_flow_log;
pub mod firewall_cmd;
pub mod gcp_flow_log;
pub mod iptables_list;
pub mod iptables_save;
pub mod matches;
pub mod netsh_advfirewall;
pub mod nft;
pub mod pfirewall_log;
pub mod ufw;
pub mod wfp_event;

pub use matches::{AnyOf, Matches, Network, Ports, Protocol, TcpFlags, Tracked};

use super::Line;
use crate::time::Timestamp;
use std::net::IpAddr;

/// One rule of a chain, the policy of a chain, or the record of one flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirewallRule {
    pub kind: RuleKind,
    pub table: Box<str>,
    /// Rules are tried in their order within it. Built-in chains have the names of iptables: INPUT, FORWARD, OUTPUT.
    pub chain: Box<str>,
    /// Place in the chain, from 1; 0 of a policy or a record.
    pub number: u32,
    /// When the flow of a record was seen.
    pub time: Option<Timestamp>,
    /// The log gives local times and does not say the zone; they are read as if it were UTC.
    pub is_local_time: bool,
    pub action: Action,
    /// As printed: `DROP`, `REJECT`, the name of another chain.
    pub target: Box<str>,
    /// Packets that it matched; absent where the listing has no counters.
    pub packets: Option<u64>,
    pub bytes: Option<u64>,
    pub matches: Matches,
    /// As it stands in the dump.
    pub raw: Box<str>,
    pub line: u32,
}

impl FirewallRule {
    /// A rule without a name, a condition or an effect, for the parsers to fill in.
    fn at(line: Line<'_>) -> Self {
        Self {
            kind: RuleKind::Rule,
            table: "".into(),
            chain: "".into(),
            number: 0,
            time: None,
            is_local_time: false,
            action: Action::Pass,
            target: "".into(),
            packets: None,
            bytes: None,
            matches: Matches::default(),
            raw: line.text.trim().into(),
            line: line.number,
        }
    }

    /// What becomes of a packet at the end of a chain.
    fn policy(table: &str, chain: &str, action: Action, target: &str, line: Line<'_>) -> Self {
        let (table, chain, target) = (table.into(), chain.into(), target.into());
        Self { kind: RuleKind::Policy, table, chain, action, target, ..Self::at(line) }
    }

    /// With packets and bytes, where the listing has them.
    fn counted(self, counters: Option<[u64; 2]>) -> Self {
        let [packets, bytes] = counters.map_or([None; 2], |both| both.map(Some));
        Self { packets, bytes, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    Rule,
    /// What happens to packets that no rule of the chain has decided on.
    Policy,
    /// One flow, as a log of the filter has it.
    Record,
}

impl RuleKind {
    pub const NAMES: &[&str] = &["rule", "policy", "record"];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::Record => "record",
        }
    }
}

/// What is done with a packet that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Accept,
    /// Nothing comes back.
    Drop,
    /// An ICMP error or a RST comes back.
    Reject,
    /// It goes on in the chain that the target names.
    Jump,
    /// It goes on in the calling chain.
    Return,
    /// It is counted, marked, logged or translated, and goes on.
    Pass,
}

impl Action {
    pub const NAMES: &[&str] = &["accept", "drop", "reject", "jump", "return", "pass"];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Drop => "drop",
            Self::Reject => "reject",
            Self::Jump => "jump",
            Self::Return => "return",
            Self::Pass => "pass",
        }
    }

    /// Of a target of iptables; what is no known one is a chain.
    pub fn of_target(target: &str) -> Self {
        const PASSING: [&str; 16] = [
            "", "LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TCPMSS", "CT", "NOTRACK", "TRACE", "CHECKSUM", "SET",
            "CLASSIFY", "DSCP", "TTL", "RATEEST",
        ];
        const TRANSLATING: [&str; 6] = ["DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP", "TPROXY"];
        match target {
            "ACCEPT" => Self::Accept,
            "DROP" => Self::Drop,
            "REJECT" => Self::Reject,
            "RETURN" => Self::Return,
            other if PASSING.contains(&other) || TRANSLATING.contains(&other) => Self::Pass,
            _ => Self::Jump,
        }
    }

    pub const fn blocks(self) -> bool {
        matches!(self, Self::Drop | Self::Reject)
    }
}

/// One flow as the log of a filter has it.
pub(super) struct Flow<'a> {
    /// Which log.
    pub table: &'static str,
    /// Direction or interface, in the log's word.
    pub chain: &'a str,
    pub time: Option<Timestamp>,
    pub action: Action,
    pub target: &'a str,
    pub protocol: &'a str,
    pub source: (IpAddr, Option<u16>),
    pub destination: (IpAddr, Option<u16>),
    pub packets: Option<u64>,
    pub bytes: Option<u64>,
    /// Where it stands, with the text that is kept of it.
    pub line: Line<'a>,
}

impl Flow<'_> {
    /// The record as a rule that matches this flow alone.
    pub fn record(&self) -> FirewallRule {
        let host = |address: IpAddr| AnyOf {
            list: vec![Network { address, bits: if address.is_ipv4() { 32 } else { 128 } }],
            inverted: false,
        };
        let port = |port: Option<u16>| AnyOf {
            list: port.map(|port| Ports { first: port, last: port }).into_iter().collect(),
            inverted: false,
        };
        let matches = Matches {
            protocol: Protocol::of(self.protocol),
            source: host(self.source.0),
            destination: host(self.destination.0),
            source_port: port(self.source.1),
            destination_port: port(self.destination.1),
            ..Matches::default()
        };
        FirewallRule {
            kind: RuleKind::Record,
            table: self.table.into(),
            chain: self.chain.into(),
            time: self.time,
            action: self.action,
            target: self.target.into(),
            packets: self.packets,
            bytes: self.bytes,
            matches,
            ..FirewallRule::at(self.line)
        }
    }
}
