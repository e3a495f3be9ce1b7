//! `/proc/net/snmp6`: a name and a number a line.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "proc-net-snmp6", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some()
}

/// `Ip6InReceives        21`
fn row(text: &str) -> Option<(&str, &str)> {
    let parts = ["Ip6", "Icmp6", "Udp6", "UdpLite6"];
    if !parts.iter().any(|part| text.starts_with(part)) {
        return None;
    }
    let mut cells = text.split_ascii_whitespace();
    let (name, value) = (cells.next()?, cells.next()?);
    let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric()) && value.bytes().all(|byte| byte.is_ascii_digit());
    (cells.next().is_none() && good).then_some((name, value))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let first = row(lines.text()).map(|(name, _)| name);
    let mut taken = false;
    let mut take = |line: Line<'_>| {
        let (name, value) = row(line.text)?;
        if taken && Some(name) == first {
            return None; // the next snapshot
        }
        taken = true;
        match value.parse() {
            Ok(value) => found.counters.push(Counter::new(name.to_owned(), value, line.number)),
            Err(_) => found.odd.add(line.number, "a count beyond 64 bits"),
        }
        Some(())
    };
    while lines.take_if(&mut take).is_some() {}
}
