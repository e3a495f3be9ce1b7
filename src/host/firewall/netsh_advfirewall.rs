//! `netsh advfirewall firewall show rule name=all`: rules of the Windows firewall, in English and German. A rule that blocks
//! goes before all that allow, wherever it stands.

use super::matches::End;
use super::{Action, FirewallRule, Matches, Protocol};
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "netsh-advfirewall", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let is_title = ["Rule Name: ", "Regelname: "].iter().any(|title| lines.text().starts_with(title));
    is_title && lines.clone().nth(1).is_some_and(|line| line.text.starts_with("-----"))
}

/// What a line of a rule says.
#[derive(Clone, Copy)]
enum Key {
    Enabled,
    Direction,
    LocalIp,
    RemoteIp,
    Protocol,
    LocalPort,
    RemotePort,
    Owner,
    Action,
}

const KEYS: [(&str, Key); 18] = [
    ("Enabled", Key::Enabled),
    ("Aktiviert", Key::Enabled),
    ("Direction", Key::Direction),
    ("Richtung", Key::Direction),
    ("LocalIP", Key::LocalIp),
    ("Lokales IP", Key::LocalIp),
    ("RemoteIP", Key::RemoteIp),
    ("Remote-IP", Key::RemoteIp),
    ("Protocol", Key::Protocol),
    ("Protokoll", Key::Protocol),
    ("LocalPort", Key::LocalPort),
    ("Lokaler Port", Key::LocalPort),
    ("RemotePort", Key::RemotePort),
    ("Remoteport", Key::RemotePort),
    ("Program", Key::Owner),
    ("Programm", Key::Owner),
    ("Service", Key::Owner),
    ("Dienst", Key::Owner),
];

fn key(word: &str) -> Option<Key> {
    let action = ["Action", "Aktion"].contains(&word).then_some(Key::Action);
    action.or_else(|| KEYS.into_iter().find(|(name, _)| *name == word).map(|(_, key)| key))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut blocking = Vec::new();
    let mut others = Vec::new();
    while sniff(lines) {
        let rule = one(lines);
        // A rule that is switched off does nothing.
        if let Some(rule) = rule {
            if rule.action.blocks() { blocking.push(rule) } else { others.push(rule) }
        }
        lines.skip_blank_before(sniff);
    }
    let ordered = blocking.into_iter().chain(others).zip(1..);
    found.rules.extend(ordered.map(|(rule, number)| FirewallRule { number, ..rule }));
}

fn row<'a>(line: Line<'a>) -> Option<(&'a str, &'a str)> {
    let (name, value) = line.text.split_once(':')?;
    Some((name.trim(), value.trim()))
}

fn one(lines: &mut Lines<'_>) -> Option<FirewallRule> {
    let head = lines.next()?;
    let name = head.text.split_once(':')?.1.trim();
    lines.next(); // the dashes
    let mut matches = Matches::default();
    let (mut inward, mut enabled, mut action, mut target) = (true, true, Action::Pass, "");
    while let Some((name, value)) = lines.take_if(row) {
        let (local, remote) = if inward { (End::Destination, End::Source) } else { (End::Source, End::Destination) };
        let any = ["any", "beliebig", ""].contains(&&*value.to_ascii_lowercase());
        match key(name) {
            Some(Key::Enabled) => enabled = ["Yes", "Ja"].contains(&value),
            Some(Key::Direction) => inward = ["In", "Ein", "Eingehend"].contains(&value),
            Some(Key::LocalIp) if !any => matches.network(local, value, false),
            Some(Key::RemoteIp) if !any => matches.network(remote, value, false),
            Some(Key::Protocol) => matches.protocol = if any { Protocol::Any } else { Protocol::of(value) },
            Some(Key::LocalPort) if !any => matches.ports(local, value, false),
            Some(Key::RemotePort) if !any => matches.ports(remote, value, false),
            Some(Key::Owner) => matches.more |= !any,
            Some(Key::Action) => {
                target = value;
                action = if ["Block", "Blockieren"].contains(&value) { Action::Drop } else { Action::Accept };
            }
            Some(Key::LocalIp | Key::RemoteIp | Key::LocalPort | Key::RemotePort) | None => {}
        }
    }
    enabled.then(|| FirewallRule {
        table: "windows".into(),
        chain: if inward { "INPUT" } else { "OUTPUT" }.into(),
        action,
        target: target.into(),
        matches,
        raw: name.into(),
        ..FirewallRule::at(head)
    })
}
