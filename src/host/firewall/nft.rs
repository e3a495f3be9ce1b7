//! `nft list ruleset`, with the numbers that `-a` adds or without: tables, chains and rules in braces.

use super::matches::{End, Version};
use super::{Action, FirewallRule, Matches, Protocol, TcpFlags};
use crate::host::seen::Seen;
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "nft", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    table(lines.text()).is_some()
        || lines.text().starts_with("# Warning: table ")
            && lines.clone().nth(1).is_some_and(|line| table(line.text).is_some())
}

/// A table, and the version of IP that it is of.
#[derive(Clone, Copy)]
struct Table<'a> {
    name: &'a str,
    version: Option<Version>,
}

/// `table inet filter {`
fn table(text: &str) -> Option<Table<'_>> {
    let rest = text.strip_prefix("table ").filter(|_| text.contains('{'))?;
    let mut words = rest.split_whitespace();
    let version = match words.next()? {
        "ip" => Some(Version::V4),
        "ip6" => Some(Version::V6),
        "inet" | "arp" | "bridge" | "netdev" => None,
        _ => return None,
    };
    Some(Table { name: words.next()?, version })
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    while lines.take_if(|line| line.text.starts_with("# Warning: table ").then_some(())).is_some() {}
    // A table that comes again begins the ruleset once more.
    while let Some(table) = table(lines.text()).filter(|_| seen.is_new(lines.text().trim())) {
        lines.next();
        table_body(table, lines, found);
        while lines
            .take_if(|line| (line.text.trim().is_empty() || line.text.starts_with("# Warning: table ")).then_some(()))
            .is_some()
        {}
    }
}

fn table_body(table: Table<'_>, lines: &mut Lines<'_>, found: &mut Found) {
    while let Some(line) = lines.take_if(indented_or_closing) {
        let text = plain(line.text);
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

/// Without the number that `-a` gives tables, chains and rules: ` # handle 4`.
fn plain(text: &str) -> &str {
    let text = text.trim();
    text.rsplit_once(" # handle ").map_or(text, |(text, _)| text.trim_end())
}

/// The lines of a table are indented but for its closing brace; anything else means that the table was cut.
fn indented_or_closing(line: Line<'_>) -> Option<Line<'_>> {
    (line.text.starts_with(['\t', ' ']) || line.text.trim() == "}" || line.text.trim().is_empty()).then_some(line)
}

fn skip_braces(lines: &mut Lines<'_>) {
    let mut depth = 1_i64;
    while depth > 0 {
        let Some(line) = lines.take_if(indented_or_closing) else { return };
        depth += self::depth(line.text);
    }
}

fn chain_body(table: Table<'_>, own: &str, lines: &mut Lines<'_>, found: &mut Found) {
    let mut chain: Box<str> = own.into();
    let mut count = 0;
    while let Some(line) = lines.take_if(indented_or_closing) {
        let text = plain(line.text);
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
            found.rules.push(FirewallRule::policy(table.name, &chain, action, policy, line));
            continue;
        }
        count += 1;
        let text = whole(text, lines);
        let (table_name, chain) = (table.name.into(), chain.clone());
        let mut rule = FirewallRule { table: table_name, chain, number: count, ..statement(&text, line) };
        rule.matches.version(table.version);
        found.rules.push(rule);
    }
}

/// A rule with the lines that its anonymous sets go on for.
fn whole(text: &str, lines: &mut Lines<'_>) -> String {
    let mut whole = text.to_owned();
    let mut depth = depth(text);
    while depth > 0 {
        let Some(line) = lines.take_if(indented_or_closing) else { break };
        depth += self::depth(line.text);
        whole.push(' ');
        whole.push_str(plain(line.text));
    }
    whole
}

/// Braces that a line opens and does not close.
fn depth(text: &str) -> i64 {
    text.bytes().map(|byte| i64::from(byte == b'{') - i64::from(byte == b'}')).sum()
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

type Words<'a, 'b> = std::iter::Peekable<&'b mut dyn Iterator<Item = &'a str>>;

/// What a rule wants, and what it does.
fn statement(text: &str, line: Line<'_>) -> FirewallRule {
    let text = without_strings(text);
    let spread = text.replace('{', " { ").replace('}', " } ").replace(',', " ");
    let mut split = spread.split_whitespace();
    let mut words: Words<'_, '_> = (&mut split as &mut dyn Iterator<Item = &str>).peekable();
    let mut rule = FirewallRule::at(line);
    while let Some(word) = words.next() {
        match word {
            "counter" if words.next_if_eq(&"packets").is_some() => {
                let packets = words.next().and_then(|word| word.parse().ok());
                words.next_if_eq(&"bytes");
                let bytes = words.next().and_then(|word| word.parse().ok());
                (rule.packets, rule.bytes) = (packets, bytes);
            }
            "#" => break, // the handle
            _ if does(word, &mut words, &mut rule) => {}
            _ => wants(word, &mut words, &mut rule.matches),
        }
    }
    if rule.target.is_empty() {
        rule.target = rule.action.name().into();
    }
    rule
}

/// The effect that a word begins, if it does.
fn does(word: &str, words: &mut Words<'_, '_>, rule: &mut FirewallRule) -> bool {
    match word {
        "accept" => rule.action = Action::Accept,
        "drop" => rule.action = Action::Drop,
        "return" => rule.action = Action::Return,
        "jump" | "goto" => (rule.action, rule.target) = (Action::Jump, words.next().unwrap_or_default().into()),
        "reject" => {
            rule.action = Action::Reject;
            if words.peek() == Some(&"with") {
                words.by_ref().for_each(drop);
            }
        }
        // Where it goes on, or to what address, is said behind; no capture tells which entry of a map it was.
        "dnat" | "snat" | "masquerade" | "redirect" | "queue" | "vmap" => {
            rule.target = word.into();
            rule.action = if word == "vmap" { Action::Jump } else { Action::Pass };
            words.by_ref().for_each(drop);
        }
        "counter" => {}
        "log" => log(words),
        "comment" => drop(words.next()),
        _ => return false,
    }
    true
}

/// The condition that a word begins.
fn wants<'a>(word: &'a str, words: &mut Words<'a, '_>, matches: &mut Matches) {
    match word {
        "iifname" | "iif" | "oifname" | "oif" => {
            let (list, inverted) = operand(words);
            let name = list.first().filter(|_| list.len() == 1 && !inverted);
            matches.more |= name.is_none();
            let own = if word.starts_with('i') { &mut matches.input } else { &mut matches.output };
            *own = name.map(|name| (*name).into());
        }
        "ip" | "ip6" | "tcp" | "udp" | "th" | "ct" | "meta" | "icmp" | "icmpv6" => {
            let field = words.next().unwrap_or_default();
            // The values of a map stand in its effect.
            if words.peek() != Some(&"vmap") {
                condition(word, field, words, matches);
            }
        }
        _ => matches.more = true,
    }
}

fn condition<'a>(of: &str, field: &str, words: &mut Words<'a, '_>, matches: &mut Matches) {
    if of == "tcp" && field == "flags" {
        matches.flags(flags(words), false);
        matches.protocol = Protocol::Tcp;
        return;
    }
    let (list, inverted) = operand(words);
    let joined = list.join(",");
    match (of, field) {
        ("ip" | "ip6", "saddr") => matches.network(End::Source, &joined, inverted),
        ("ip" | "ip6", "daddr") => matches.network(End::Destination, &joined, inverted),
        ("ip", "protocol") | ("ip6", "nexthdr") | ("meta", "l4proto") => {
            let tcp = list.iter().any(|name| Protocol::of(name) == Protocol::Tcp);
            matches.protocol = if tcp { Protocol::Tcp } else { Protocol::Other }.inverted(inverted);
        }
        ("tcp" | "th", "sport") => matches.ports(End::Source, &joined, inverted),
        ("tcp" | "th", "dport") => matches.ports(End::Destination, &joined, inverted),
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
fn flags<'a>(words: &mut Words<'a, '_>) -> Option<TcpFlags> {
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
fn operand<'a>(words: &mut Words<'a, '_>) -> (Vec<&'a str>, bool) {
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

fn log(words: &mut Words<'_, '_>) {
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
