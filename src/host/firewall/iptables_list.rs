//! `iptables -L`, with or without `-n -v -x --line-numbers`, also of ip6tables.

use super::matches::End;
use super::{Action, FirewallRule, Matches, Network, Protocol, TcpFlags};
use crate::host::seen::Seen;
use crate::host::{Format, Found, Line, Lines};

pub const FORMAT: Format = Format { name: "iptables-list", sniff, parse };

/// The list does not name its table; without `-t` it is this one.
const TABLE: &str = "filter";

fn sniff(lines: &Lines<'_>) -> bool {
    chain(lines.text()).is_some() && lines.clone().nth(1).is_some_and(|line| Heads::of(line.text).is_some())
}

/// Packets and bytes, where they are listed.
type Counters = Option<[u64; 2]>;

/// Name, policy and counters of `Chain INPUT (policy ACCEPT 12 packets, 720 bytes)`; a chain of the user has `(3 references)`.
fn chain(text: &str) -> Option<(&str, Option<&str>, Counters)> {
    let (name, rest) = text.strip_prefix("Chain ")?.split_once(" (")?;
    let inside = rest.trim_end().strip_suffix(')')?;
    let Some(policy) = inside.strip_prefix("policy ") else {
        return inside.ends_with(" references").then_some((name, None, None));
    };
    let mut words = policy.split_ascii_whitespace();
    let policy = words.next()?;
    let packets = words.next().and_then(number);
    let bytes = words.nth(1).and_then(number);
    Some((name, Some(policy), packets.zip(bytes).map(|(packets, bytes)| [packets, bytes])))
}

/// `14K` is what is printed without -x: thousands, not 1024 each.
fn number(text: &str) -> Option<u64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (text.get(..text.len() - 1)?, 1_000),
        b'M' => (text.get(..text.len() - 1)?, 1_000_000),
        b'G' => (text.get(..text.len() - 1)?, 1_000_000_000),
        b'T' => (text.get(..text.len() - 1)?, 1_000_000_000_000),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Which columns there are.
#[derive(Clone, Copy)]
struct Heads {
    numbered: bool,
    counted: bool,
}

impl Heads {
    fn of(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace().peekable();
        let numbered = words.next_if_eq(&"num").is_some();
        let counted = words.next_if_eq(&"pkts").is_some();
        if counted {
            words.next_if_eq(&"bytes")?;
        }
        (words.next() == Some("target") && words.next() == Some("prot")).then_some(Self { numbered, counted })
    }
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    // A chain that comes again begins the list once more, or that of another table.
    while let Some((name, policy, counters)) = chain(lines.text()).filter(|(name, ..)| seen.is_new(name)) {
        let Some(line) = lines.next() else { return };
        if let Some(policy) = policy {
            let action = Action::of_target(policy);
            found.rules.push(FirewallRule::policy(TABLE, name, action, policy, line).counted(counters));
        }
        let Some(heads) = lines.take_if(|line| Heads::of(line.text)) else { return };
        rules(name, heads, lines, found);
        lines.skip_blank_before(|below| chain(below.text()).is_some());
    }
}

/// The rules of a chain. A prompt or a time ends the list.
fn rules(name: &str, heads: Heads, lines: &mut Lines<'_>, found: &mut Found) {
    let mut count = 0;
    let is_end = |text: &str| {
        let is_row = text.starts_with(|c: char| c.is_ascii_whitespace() || c.is_ascii_alphanumeric());
        text.trim().is_empty() || chain(text).is_some() || !is_row
    };
    for line in lines.taking(|line| (!is_end(line.text)).then_some(line)) {
        match rule(name, heads, line, count + 1) {
            Some(rule) => {
                count += 1;
                found.rules.push(rule);
            }
            None => found.odd.add(line.number, "not a rule"),
        }
    }
}

/// The addresses are found by their shape: target, `opt` and, in old ip6tables, other cells may be empty.
fn rule(chain: &str, heads: Heads, line: Line<'_>, count: u32) -> Option<FirewallRule> {
    let mut words: Vec<&str> = line.text.split_ascii_whitespace().collect();
    let mut take = |wanted: bool| if wanted && !words.is_empty() { number(words.remove(0)) } else { None };
    let place = take(heads.numbered);
    let (packets, bytes) = (take(heads.counted), take(heads.counted));
    if heads.counted && (packets.is_none() || bytes.is_none()) {
        return None;
    }
    let is_address = |word: &&str| {
        let word = word.trim_start_matches('!');
        word == "anywhere" || Network::parse(word).is_some()
    };
    let at = words.windows(2).position(|pair| pair.iter().all(is_address)).or_else(|| names_at(&words, heads))?;
    let mut head: Vec<&str> = words.get(..at)?.to_vec();
    let mut matches = Matches::default();
    if heads.counted {
        matches.output = interface(head.pop()?, &mut matches.more);
        matches.input = interface(head.pop()?, &mut matches.more);
    }
    if head.last().is_some_and(|word| is_option(word)) {
        head.pop();
    }
    let protocol = head.pop()?;
    let target = head.pop().unwrap_or_default();
    if !head.is_empty() {
        return None;
    }
    matches.protocol = Protocol::of(protocol.trim_start_matches('!')).inverted(protocol.starts_with('!'));
    for (end, word) in [End::Source, End::Destination].into_iter().zip(words.get(at..at + 2)?) {
        matches.network(end, word.trim_start_matches('!'), word.starts_with('!'));
    }
    conditions(words.get(at + 2..)?, target, &mut matches);
    Some(FirewallRule {
        table: TABLE.into(),
        chain: chain.into(),
        number: place.and_then(|place| u32::try_from(place).ok()).unwrap_or(count),
        action: Action::of_target(target),
        target: target.into(),
        packets,
        bytes,
        matches,
        ..FirewallRule::at(line)
    })
}

fn is_option(word: &str) -> bool {
    ["--", "-f", "!f"].contains(&word)
}

/// Without -n an address may be a name: then the column before them tells.
fn names_at(words: &[&str], heads: Heads) -> Option<usize> {
    let option = words.iter().position(|word| is_option(word))?;
    let at = option + if heads.counted { 3 } else { 1 };
    (words.len() >= at + 2).then_some(at)
}

fn interface(word: &str, more: &mut bool) -> Option<Box<str>> {
    *more |= word.starts_with('!');
    (!["*", "any"].contains(&word) && !word.starts_with('!')).then(|| word.into())
}

/// `0x17/0x02`, and of old versions `FIN,SYN,RST,ACK/SYN`
fn flags(text: &str) -> Option<TcpFlags> {
    let (mask, set) = text.split_once('/')?;
    let bits = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => TcpFlags::bits(text),
    };
    Some(TcpFlags { mask: bits(mask)?, set: bits(set)? })
}

/// `tcp dpt:3306`, `multiport dports 80,443`, `ctstate NEW,ESTABLISHED`, `flags:0x17/0x02`, `/* a comment */`
fn conditions(words: &[&str], target: &str, matches: &mut Matches) {
    let mut words = words.iter().copied();
    let mut inverted = false;
    while let Some(word) = words.next() {
        let not = std::mem::take(&mut inverted);
        if let Some((key, value)) = word.split_once(':') {
            let (value, not) = value.strip_prefix('!').map_or((value, not), |value| (value, true));
            match key {
                "dpt" | "dpts" => matches.ports(End::Destination, value, not),
                "spt" | "spts" => matches.ports(End::Source, value, not),
                "flags" => matches.flags(flags(value), not),
                "to" => {}
                _ => matches.more = true,
            }
            continue;
        }
        match word {
            "!" => inverted = true,
            "tcp" | "udp" | "multiport" => {}
            "state" | "ctstate" => matches.states(words.next().unwrap_or_default(), not),
            "dports" => matches.ports(End::Destination, words.next().unwrap_or_default(), not),
            "sports" => matches.ports(End::Source, words.next().unwrap_or_default(), not),
            "/*" => while words.next().is_some_and(|word| word != "*/") {},
            // What follows is about the target.
            "reject-with" | "LOG" | "NFLOG" | "prefix" | "redir" | "random" | "random-fully" => return,
            _ if target == "LOG" || target == "NFLOG" => return,
            _ => matches.more = true,
        }
    }
}
