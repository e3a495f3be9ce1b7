//! `nft list ruleset`: tables, chains and rules in braces.

use super::{Action, FirewallRule, Matches, PortSide, Protocol, RuleKind, TcpFlags};
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "nft", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    table(lines.text()).is_some()
        || lines.text().starts_with("# Warning: table ")
            && lines.clone().nth(1).is_some_and(|line| table(line.text).is_some())
}

/// `table inet filter {`
fn table(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let families = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
    let head = words.next() == Some("table") && words.next().is_some_and(|family| families.contains(&family));
    let name = words.next().filter(|_| head)?;
    text.contains('{').then_some(name)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen: Vec<Box<str>> = Vec::new();
    while lines.take_if(|line| line.text.starts_with("# Warning: table ").then_some(())).is_some() {}
    loop {
        let head = lines.text();
        let Some(name) = table(head) else { return };
        if seen.iter().any(|known| **known == *head.trim()) {
            return; // the ruleset, once more
        }
        seen.push(head.trim().into());
        lines.next();
        table_body(name, lines, found);
        while lines
            .take_if(|line| (line.text.trim().is_empty() || line.text.starts_with("# Warning: table ")).then_some(()))
            .is_some()
        {}
    }
}

fn table_body(table: &str, lines: &mut Lines<'_>, found: &mut Found) {
    while let Some(line) = lines.take_if(indented_or_closing) {
        let text = line.text.trim();
        if text == "}" {
            return;
        }
        if let Some(name) = text.strip_prefix("chain ").and_then(|rest| rest.strip_suffix('{')) {
            chain_body(table, name.trim(), lines, found);
        } else if text.ends_with('{') {
            skip_braces(lines); // sets, maps, counters, helpers
        }
    }
}

/// The lines of a table are indented but for its closing brace; anything else means that the table was cut.
fn indented_or_closing(line: Line<'_>) -> Option<Line<'_>> {
    (line.text.starts_with(['\t', ' ']) || line.text.trim() == "}" || line.text.trim().is_empty()).then_some(line)
}

fn skip_braces(lines: &mut Lines<'_>) {
    let mut depth = 1_i64;
    while depth > 0 {
        let Some(line) = lines.take_if(indented_or_closing) else { return };
        depth += line.text.matches('{').count() as i64 - line.text.matches('}').count() as i64;
    }
}

fn chain_body(table: &str, own: &str, lines: &mut Lines<'_>, found: &mut Found) {
    let mut chain: Box<str> = own.into();
    let mut count = 0;
    while let Some(line) = lines.take_if(indented_or_closing) {
        let text = line.text.trim();
        if text == "}" {
            return;
        }
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some((hook, policy)) = base(text) {
            // A base chain has any name; what it is for is its hook.
            chain = hook.map_or(chain, Into::into);
            let action = if policy == "drop" { Action::Drop } else { Action::Accept };
            let matches = Matches::default();
            found.rules.push(rule(RuleKind::Policy, table, &chain, 0, action, policy, matches, [None; 2], line));
            continue;
        }
        count += 1;
        let (action, target, matches, counters) = statement(text);
        found.rules.push(rule(RuleKind::Rule, table, &chain, count, action, &target, matches, counters, line));
        // An anonymous set may go over several lines.
        let open = text.matches('{').count() as i64 - text.matches('}').count() as i64;
        if open > 0 {
            skip_braces(lines);
        }
    }
}

/// Chain of iptables and policy of `type filter hook input priority filter; policy accept;`
fn base(text: &str) -> Option<(Option<&'static str>, &str)> {
    let rest = text.strip_prefix("type ")?;
    let hook = rest.split_once(" hook ")?.1.split([' ', ';']).next()?;
    let chain = match hook {
        "input" => Some("INPUT"),
        "forward" => Some("FORWARD"),
        "output" => Some("OUTPUT"),
        "prerouting" => Some("PREROUTING"),
        "postrouting" => Some("POSTROUTING"),
        _ => None,
    };
    let policy = rest.split_once("policy ").and_then(|(_, rest)| rest.split(';').next()).unwrap_or("accept");
    Some((chain, policy.trim()))
}

#[expect(clippy::too_many_arguments, reason = "a row of a table, built in three places")]
fn rule(
    kind: RuleKind,
    table: &str,
    chain: &str,
    number: u32,
    action: Action,
    target: &str,
    matches: Matches,
    [packets, bytes]: [Option<u64>; 2],
    line: Line<'_>,
) -> FirewallRule {
    FirewallRule {
        kind,
        table: table.into(),
        chain: chain.into(),
        number,
        time: None,
        action,
        target: target.into(),
        packets,
        bytes,
        matches,
        raw: line.text.trim().into(),
        line: line.number,
    }
}

/// What a rule wants, and what it does.
fn statement(text: &str) -> (Action, String, Matches, [Option<u64>; 2]) {
    let text = without_strings(text);
    let spread = text.replace('{', " { ").replace('}', " } ").replace(',', " ");
    let mut words = spread.split_whitespace().peekable();
    let mut matches = Matches::default();
    let mut counters = [None; 2];
    let (mut action, mut target) = (Action::Pass, String::new());
    while let Some(word) = words.next() {
        match word {
            "counter" => {
                if words.next_if_eq(&"packets").is_some() {
                    counters[0] = words.next().and_then(|word| word.parse().ok());
                    words.next_if_eq(&"bytes");
                    counters[1] = words.next().and_then(|word| word.parse().ok());
                }
            }
            "accept" => action = Action::Accept,
            "drop" => action = Action::Drop,
            "reject" => {
                action = Action::Reject;
                target = "reject".to_owned();
                if words.peek() == Some(&"with") {
                    words.by_ref().for_each(drop);
                }
                break;
            }
            "return" => action = Action::Return,
            "jump" | "goto" => (action, target) = (Action::Jump, words.next().unwrap_or_default().to_owned()),
            "dnat" | "snat" | "masquerade" | "redirect" | "queue" => {
                target = word.to_owned();
                break;
            }
            "log" => log(&mut words),
            "comment" => {
                words.next();
            }
            "#" => break, // the handle
            "iifname" | "iif" | "oifname" | "oif" => {
                let (list, inverted) = operand(&mut words);
                let name = list.first().filter(|_| list.len() == 1 && !inverted);
                matches.more |= name.is_none();
                let own = if word.starts_with('i') { &mut matches.input } else { &mut matches.output };
                *own = name.map(|name| (*name).into());
            }
            "ip" | "ip6" | "tcp" | "udp" | "th" | "ct" | "meta" | "icmp" | "icmpv6" => {
                let field = words.next().unwrap_or_default();
                condition(word, field, &mut words, &mut matches);
            }
            _ => matches.more = true,
        }
    }
    if target.is_empty() {
        target = action.name().to_owned();
    }
    (action, target, matches, counters)
}

fn condition<'a>(
    of: &str,
    field: &'a str,
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    matches: &mut Matches,
) {
    if of == "tcp" && field == "flags" {
        matches.flags(flags(words), false);
        matches.protocol = Protocol::Tcp;
        return;
    }
    let (list, inverted) = operand(words);
    let joined = list.join(",");
    match (of, field) {
        ("ip" | "ip6", "saddr") => matches.network(PortSide::Source, &joined, inverted),
        ("ip" | "ip6", "daddr") => matches.network(PortSide::Destination, &joined, inverted),
        ("ip", "protocol") | ("ip6", "nexthdr") | ("meta", "l4proto") => {
            let tcp = list.iter().any(|name| Protocol::of(name) == Protocol::Tcp) != inverted;
            matches.protocol = if tcp { Protocol::Tcp } else { Protocol::Other };
        }
        ("tcp" | "th", "sport") => matches.ports(PortSide::Source, &joined, inverted),
        ("tcp" | "th", "dport") => matches.ports(PortSide::Destination, &joined, inverted),
        ("ct", "state") => matches.states(&joined, inverted),
        ("udp" | "icmp" | "icmpv6", _) => {}
        _ => matches.more = true,
    }
    match of {
        "tcp" => matches.protocol = Protocol::Tcp,
        "udp" | "icmp" | "icmpv6" => matches.protocol = Protocol::Other,
        _ => {}
    }
}

/// `& (fin | syn | rst | ack) == syn`, `syn / fin,syn,rst,ack`, or `syn` alone, which must be among those set.
fn flags<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Option<TcpFlags> {
    let plain = |word: &str| word.trim_matches(['(', ')', '&', '|']).to_owned();
    let is_own = |word: &&str| ["==", "/"].contains(word) || TcpFlags::bits(&plain(word)).is_some();
    let mut text = Vec::new();
    while let Some(word) = words.next_if(is_own) {
        text.push(plain(word));
    }
    let text = text.join(" ");
    if let Some((mask, set)) = text.split_once("==") {
        return Some(TcpFlags { mask: TcpFlags::bits(mask)?, set: TcpFlags::bits(set)? });
    }
    if let Some((set, mask)) = text.split_once('/') {
        return Some(TcpFlags { mask: TcpFlags::bits(mask)?, set: TcpFlags::bits(set)? });
    }
    let one = TcpFlags::bits(&text).filter(|bits| bits.count_ones() == 1)?;
    Some(TcpFlags { mask: one, set: one })
}

/// One value or a set of them, and whether it must not be that.
fn operand<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> (Vec<&'a str>, bool) {
    let inverted = words.next_if_eq(&"!=").is_some();
    words.next_if_eq(&"==");
    if words.next_if_eq(&"{").is_some() {
        return (words.take_while(|word| *word != "}").collect(), inverted);
    }
    let mut list: Vec<&str> = words.next().into_iter().collect();
    // `ct state new,established` has lost its commas above: its values are known words.
    let states = ["new", "established", "related", "invalid", "untracked"];
    while list.first().is_some_and(|first| states.contains(first)) {
        let Some(word) = words.next_if(|word| states.contains(word)) else { break };
        list.push(word);
    }
    (list, inverted)
}

fn log<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) {
    while let Some(option) =
        words.next_if(|word| ["prefix", "level", "group", "flags", "snaplen", "queue-threshold"].contains(word))
    {
        let _ = (option, words.next());
    }
}

/// Quoted words without their quotes and blanks, so that each is one word.
fn without_strings(text: &str) -> String {
    let mut quoted = false;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' | ',' | '{' | '}' | '#' if quoted => out.push('_'),
            _ => out.push(letter),
        }
    }
    out
}
