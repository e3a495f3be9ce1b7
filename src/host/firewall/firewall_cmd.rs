//! `firewall-cmd --list-all`: what a zone of firewalld lets in. The rest is what its target says: by default it rejects.

use super::{Action, FirewallRule, Matches, PortSide, Protocol, RuleKind, service};
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "firewall-cmd", sniff, parse };

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
    let mut zones: Vec<Box<str>> = Vec::new();
    while sniff(lines) {
        let name = zone(lines.text()).unwrap_or_default();
        if zones.iter().any(|known| **known == *name) {
            return; // the list, once more
        }
        zones.push(name.into());
        lines.next();
        one(name, lines, found);
        let mut ahead = lines.clone();
        while ahead.peek().is_some_and(|line| line.text.trim().is_empty()) {
            ahead.next();
        }
        if sniff(&ahead) {
            *lines = ahead;
        }
    }
}

fn one(zone: &str, lines: &mut Lines<'_>, found: &mut Found) {
    let mut policy = None;
    let mut count = 0;
    let mut rules: Vec<FirewallRule> = Vec::new();
    let mut rich: Vec<FirewallRule> = Vec::new();
    let mut push =
        |list: &mut Vec<FirewallRule>, action: Action, target: &str, matches: Matches, raw: &str, line: Line<'_>| {
            count += 1;
            list.push(FirewallRule {
                kind: RuleKind::Rule,
                table: zone.into(),
                chain: "INPUT".into(),
                number: count,
                time: None,
                action,
                target: target.into(),
                packets: None,
                bytes: None,
                matches,
                raw: raw.into(),
                line: line.number,
            });
        };
    while let Some(line) = lines.take_if(|line| line.text.starts_with(['\t', ' ']).then_some(line)) {
        let text = line.text.trim();
        if text.starts_with("rule ") {
            let (action, target, matches) = rich_rule(text);
            push(&mut rich, action, target, matches, text, line);
            continue;
        }
        let Some((key, value)) = text.split_once(':') else { continue };
        match key {
            "target" => policy = Some((value.trim().to_owned(), line)),
            "ports" | "services" | "source-ports" => {
                for word in value.split_whitespace() {
                    let side = if key == "source-ports" { PortSide::Source } else { PortSide::Destination };
                    push(&mut rules, Action::Accept, "ACCEPT", port(key, word, side), &format!("{key}: {word}"), line);
                }
            }
            _ => {}
        }
    }
    // Rich rules are tried before the lists.
    let all = rich.into_iter().chain(rules);
    found.rules.extend(all.zip(1..).map(|(rule, number)| FirewallRule { number, ..rule }));
    if let Some((target, line)) = policy {
        let action = match target.as_str() {
            "ACCEPT" => Action::Accept,
            "DROP" => Action::Drop,
            _ => Action::Reject,
        };
        found.rules.push(FirewallRule {
            kind: RuleKind::Policy,
            table: zone.into(),
            chain: "INPUT".into(),
            number: 0,
            time: None,
            action,
            target: target.as_str().into(),
            packets: None,
            bytes: None,
            matches: Matches::default(),
            raw: format!("target: {target}").into(),
            line: line.number,
        });
    }
}

fn port(key: &str, word: &str, side: PortSide) -> Matches {
    let mut matches = Matches::default();
    if key == "services" {
        match service(word) {
            Some(port) => {
                matches.protocol = Protocol::Tcp;
                matches.ports(side, &port.to_string(), false);
            }
            None => matches.more = true,
        }
    } else if let Some((ports, protocol)) = word.split_once('/') {
        matches.protocol = Protocol::of(protocol);
        matches.ports(side, ports, false);
    }
    matches
}

/// `rule family="ipv4" source address="10.0.0.5" port port="3306" protocol="tcp" reject`
fn rich_rule(text: &str) -> (Action, &str, Matches) {
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
            ("address", value) if subject == "source" => matches.network(PortSide::Source, value, inverted),
            ("address", value) => matches.network(PortSide::Destination, value, inverted),
            ("port", value) if subject == "source-port" => matches.ports(PortSide::Source, value, false),
            ("port", value) => matches.ports(PortSide::Destination, value, false),
            ("protocol", value) => matches.protocol = Protocol::of(value),
            ("name", value) if subject == "service" => matches.ports(PortSide::Destination, value, false),
            ("family" | "priority" | "prefix" | "level" | "type", _) => {}
            _ => matches.more = true,
        }
    }
    (action, target, matches)
}
