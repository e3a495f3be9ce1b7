//! `firewall-cmd --list-all`: what a zone of firewalld lets in. The rest is what its target says: by default it rejects.

use super::matches::{End, service};
use super::{Action, FirewallRule, Matches, Protocol};
use crate::host::seen::Seen;
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "firewall-cmd", sniff, parse };

/// A zone is about what comes in.
const CHAIN: &str = "INPUT";

fn sniff(lines: &Lines<'_>) -> bool {
    zone(lines.text()).is_some() && lines.clone().nth(1).is_some_and(|line| line.text.starts_with("  target: "))
}

/// `public (active)`, `public (default, active)`, `internal`
fn zone(text: &str) -> Option<&str> {
    let name = text.split(" (").next()?.trim_end();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!name.is_empty() && name.len() < 40 && name.bytes().all(word)).then_some(name)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut zones = Seen::default();
    while sniff(lines) {
        let name = zone(lines.text()).unwrap_or_default();
        if !zones.is_new(name) {
            return; // the list, once more
        }
        lines.next();
        one(name, lines, found);
        lines.skip_blank_before(sniff);
    }
}

fn one(zone: &str, lines: &mut Lines<'_>, found: &mut Found) {
    let (mut rich, mut rules, mut policy) = (Vec::new(), Vec::new(), None);
    for line in lines.taking(|line| line.text.starts_with(['\t', ' ']).then_some(line)) {
        let text = line.text.trim();
        if text.starts_with("rule ") {
            rich.push(rich_rule(text, line));
            continue;
        }
        let Some((key, value)) = text.split_once(':') else { continue };
        match key {
            "target" => policy = Some(target(zone, value.trim(), line)),
            "ports" | "services" | "source-ports" => {
                rules.extend(value.split_whitespace().map(|word| listed(key, word, line)));
            }
            _ => {}
        }
    }
    // Rich rules are tried before the lists.
    let all = rich.into_iter().chain(rules).zip(1..);
    let placed = |(rule, number)| FirewallRule { table: zone.into(), chain: CHAIN.into(), number, ..rule };
    found.rules.extend(all.map(placed).chain(policy));
}

/// What becomes of the rest: `default`, which rejects, `%%REJECT%%`, `DROP`, `ACCEPT`.
fn target(zone: &str, target: &str, line: Line<'_>) -> FirewallRule {
    let action = match target {
        "ACCEPT" => Action::Accept,
        "DROP" => Action::Drop,
        _ => Action::Reject,
    };
    FirewallRule::policy(zone, CHAIN, action, target, line)
}

/// One of the words that a list of ports or services lets in.
fn listed(key: &str, word: &str, line: Line<'_>) -> FirewallRule {
    let end = if key == "source-ports" { End::Source } else { End::Destination };
    FirewallRule {
        action: Action::Accept,
        target: "ACCEPT".into(),
        matches: port(key, word, end),
        raw: format!("{key}: {word}").into(),
        ..FirewallRule::at(line)
    }
}

fn port(key: &str, word: &str, end: End) -> Matches {
    let mut matches = Matches::default();
    if key == "services" {
        match service(word) {
            Some(port) => {
                matches.protocol = Protocol::Tcp;
                matches.ports(end, &port.to_string(), false);
            }
            None => matches.more = true,
        }
    } else if let Some((ports, protocol)) = word.split_once('/') {
        matches.protocol = Protocol::of(protocol);
        matches.ports(end, ports, false);
    }
    matches
}

/// `rule family="ipv4" source address="10.0.0.5" port port="3306" protocol="tcp" reject`
fn rich_rule(text: &str, line: Line<'_>) -> FirewallRule {
    let mut matches = Matches::default();
    let mut subject = "";
    let (mut action, mut target) = (Action::Pass, "");
    let mut inverted = false;
    for word in text.split_whitespace().skip(1) {
        match word.split_once('=').map_or((word, ""), |(key, value)| (key, value.trim_matches('"'))) {
            ("source" | "destination" | "port" | "service" | "source-port" | "log" | "audit" | "limit", "") => {
                subject = word
            }
            ("NOT" | "not", "") => inverted = true,
            ("accept", "") => (action, target) = (Action::Accept, word),
            ("drop", "") => (action, target) = (Action::Drop, word),
            ("reject", "") => (action, target) = (Action::Reject, word),
            ("address", value) if subject == "source" => matches.network(End::Source, value, inverted),
            ("address", value) => matches.network(End::Destination, value, inverted),
            ("port", value) if subject == "source-port" => matches.ports(End::Source, value, false),
            ("port", value) => matches.ports(End::Destination, value, false),
            ("protocol", value) => matches.protocol = Protocol::of(value),
            ("name", value) if subject == "service" => matches.ports(End::Destination, value, false),
            ("family" | "priority" | "prefix" | "level" | "type", _) => {}
            _ => matches.more = true,
        }
    }
    FirewallRule { action, target: target.into(), matches, ..FirewallRule::at(line) }
}
