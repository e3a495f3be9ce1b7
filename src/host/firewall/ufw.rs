//! `ufw status`, also verbose and numbered: rules without counters.

use super::matches::End;
use super::{Action, FirewallRule, Matches, Protocol};
use crate::host::setting::wide_cells;
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "ufw", sniff, parse };

const TABLE: &str = "ufw";

fn sniff(lines: &Lines<'_>) -> bool {
    ["Status: active", "Status: inactive"].contains(&lines.text().trim_end()) || is_head(lines.text())
}

fn is_head(text: &str) -> bool {
    text.split_whitespace().eq(["To", "Action", "From"])
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut count = 0;
    let mut active = lines.text().trim_end() != "Status: inactive";
    lines.take_if(|line| line.text.starts_with("Status: ").then_some(()));
    loop {
        let mut ahead = lines.clone();
        ahead.skip_blank();
        let Some(line) = ahead.next() else { return };
        let text = line.text;
        if let Some(rest) = text.strip_prefix("Default: ") {
            found.rules.extend(rest.split(", ").filter_map(|part| policy(part, line)));
        } else if let Some((action, direction, cells)) = row(text).filter(|_| active) {
            count += 1;
            found.rules.push(rule(action, direction, cells, count, line));
        } else if !(is_head(text)
            || is_rulers(text)
            || text.starts_with("Logging: ")
            || text.starts_with("New profiles: "))
        {
            return;
        }
        *lines = ahead;
        active = true;
    }
}

fn is_rulers(text: &str) -> bool {
    text.contains("--") && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_whitespace())
}

/// `deny (incoming)`
fn policy(part: &str, line: Line<'_>) -> Option<FirewallRule> {
    let (word, rest) = part.trim().split_once(" (")?;
    let chain = chain_of(rest.strip_suffix(')')?)?;
    Some(FirewallRule { raw: part.trim().into(), ..FirewallRule::policy(TABLE, chain, action_of(word)?, word, line) })
}

fn chain_of(direction: &str) -> Option<&'static str> {
    match direction {
        "incoming" | "IN" => Some("INPUT"),
        "outgoing" | "OUT" => Some("OUTPUT"),
        "routed" | "FWD" => Some("FORWARD"),
        _ => None,
    }
}

fn action_of(word: &str) -> Option<Action> {
    match word.to_ascii_lowercase().as_str() {
        "allow" | "limit" => Some(Action::Accept),
        "deny" => Some(Action::Drop),
        "reject" => Some(Action::Reject),
        _ => None,
    }
}

/// `[ 1] 3306/tcp    DENY IN     192.168.1.0/24`: action, direction, and the cells before and after.
fn row(text: &str) -> Option<(&str, &str, [&str; 2])> {
    let mut cells: Vec<&str> = wide_cells(text).collect();
    // A comment, or the direction once more.
    while cells.len() > 3 && cells.last().is_some_and(|cell| cell.starts_with(['#', '('])) {
        cells.pop();
    }
    let [to, middle, from] = <[&str; 3]>::try_from(cells).ok()?;
    let to = to.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(to, |(_, to)| to.trim());
    let mut words = middle.split(' ');
    let action =
        words.next().filter(|word| action_of(word).is_some() && word.bytes().all(|byte| byte.is_ascii_uppercase()))?;
    Some((action, words.next().unwrap_or("IN"), [to, from]))
}

fn rule(action: &str, direction: &str, [to, from]: [&str; 2], number: u32, line: Line<'_>) -> FirewallRule {
    let mut matches = Matches::default();
    end(to, End::Destination, &mut matches);
    end(from, End::Source, &mut matches);
    matches.more |= action == "LIMIT"; // to so many connections a minute
    FirewallRule {
        table: TABLE.into(),
        chain: chain_of(direction).unwrap_or("INPUT").into(),
        number,
        action: action_of(action).unwrap_or(Action::Pass),
        target: action.into(),
        matches,
        ..FirewallRule::at(line)
    }
}

/// `Anywhere`, `22/tcp`, `10.0.0.1 3306/tcp`, `80,443/tcp (v6)`, `Nginx Full`, `22/tcp on eth0`
fn end(text: &str, side: End, matches: &mut Matches) {
    let (text, interface) = text.split_once(" on ").map_or((text, None), |(text, name)| (text, Some(name)));
    if let Some(name) = interface {
        matches.input = Some(name.trim_end_matches("(v6)").trim().into());
    }
    let text = text.trim_end_matches("(v6)").trim();
    for word in text.split_whitespace() {
        let (value, protocol) = word.rsplit_once('/').map_or((word, None), |(value, protocol)| (value, Some(protocol)));
        match protocol {
            Some(name @ ("tcp" | "udp" | "esp" | "ah" | "gre")) => {
                matches.protocol = Protocol::of(name);
                if value != "Anywhere" {
                    matches.ports(side, value, false);
                }
            }
            _ if value == "Anywhere" => {}
            _ if word.parse::<std::net::IpAddr>().is_ok() || protocol.is_some() => matches.network(side, word, false),
            _ => matches.ports(side, word, false),
        }
    }
}
