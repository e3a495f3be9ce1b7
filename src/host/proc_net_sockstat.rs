//! `/proc/net/sockstat` and `sockstat6`: how many sockets of each kind there are, and their memory in pages. `orphan`,
//! `alloc` and `mem` of TCP are of the whole kernel, even in a network namespace.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "proc-net-sockstat", sniff, parse };

const PROTOCOLS: [&str; 11] =
    ["sockets", "TCP", "UDP", "UDPLITE", "RAW", "FRAG", "TCP6", "UDP6", "UDPLITE6", "RAW6", "FRAG6"];

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some()
}

/// `TCP: inuse 17 orphan 8 tw 1 alloc 56 mem 212`
fn row(text: &str) -> Option<(&str, Vec<(&str, u64)>)> {
    let (protocol, rest) = text.split_once(": ")?;
    if !PROTOCOLS.contains(&protocol) {
        return None;
    }
    let mut words = rest.split_ascii_whitespace();
    let mut pairs = Vec::new();
    while let Some(name) = words.next() {
        pairs.push((name, words.next()?.parse().ok()?));
    }
    let first = pairs.first()?.0;
    (first == "inuse" || protocol == "sockets" && first == "used").then_some((protocol, pairs))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    let mut take = |line: Line<'_>| {
        let (protocol, pairs) = row(line.text)?;
        if !seen.is_new(protocol) {
            return None; // the next snapshot
        }
        let counter = |(name, value)| Counter::new(format!("sockstat.{protocol}.{name}"), value, line.number);
        found.counters.extend(pairs.into_iter().map(counter));
        Some(())
    };
    while lines.take_if(&mut take).is_some() {}
}
