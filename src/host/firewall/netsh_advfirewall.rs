//! `netsh advfirewall firewall show rule name=all`: rules of the Windows firewall. A rule that blocks goes before all that
//! allow, wherever it stands.

use super::matches::End;
use super::{Action, FirewallRule, Matches, Protocol};
use crate::host::{Format, Found, Lines};

pub const FORMAT: Format = Format { name: "netsh-advfirewall", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    lines.text().starts_with("Rule Name: ") && lines.clone().nth(1).is_some_and(|line| line.text.starts_with("-----"))
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

fn one(lines: &mut Lines<'_>) -> Option<FirewallRule> {
    let head = lines.next()?;
    let name = head.text.split_once(':')?.1.trim();
    lines.next(); // the dashes
    let mut matches = Matches::default();
    let (mut inward, mut enabled, mut action, mut target) = (true, true, Action::Pass, "");
    while let Some((key, value)) =
        lines.take_if(|line| line.text.split_once(':').map(|(key, value)| (key, value.trim())))
    {
        let (local, remote) = if inward { (End::Destination, End::Source) } else { (End::Source, End::Destination) };
        let any = value.eq_ignore_ascii_case("any") || value.is_empty();
        match key.trim() {
            "Enabled" => enabled = value == "Yes",
            "Direction" => inward = value == "In",
            "LocalIP" if !any => matches.network(local, value, false),
            "RemoteIP" if !any => matches.network(remote, value, false),
            "Protocol" => matches.protocol = Protocol::of(value),
            "LocalPort" if !any => matches.ports(local, value, false),
            "RemotePort" if !any => matches.ports(remote, value, false),
            "Program" | "Service" => matches.more |= !any,
            "Action" => {
                target = value;
                action = if value == "Block" { Action::Drop } else { Action::Accept };
            }
            _ => {}
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
