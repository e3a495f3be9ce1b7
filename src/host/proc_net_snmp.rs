//! `/proc/net/netstat` and `/proc/net/snmp`: a line of names and a line of numbers for each prefix. A pair whose lengths
//! differ is refused: nobody can say which number belongs to which name.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "proc-net-snmp", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    head(lines.text()).is_some()
}

/// `TcpExt: SyncookiesSent SyncookiesRecv ...`
fn head(text: &str) -> Option<(&str, &str)> {
    let (prefix, names) = text.split_once(": ")?;
    let first = names.split_ascii_whitespace().next()?;
    let known = ["Ip", "Icmp", "IcmpMsg", "Tcp", "Udp", "UdpLite", "TcpExt", "IpExt", "MPTcpExt"].contains(&prefix);
    let words = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte.is_ascii_whitespace();
    // Words of people begin with capital letters too, but then a small one stands somewhere behind a blank.
    let capital = names.split_ascii_whitespace().all(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
    (known && capital && names.bytes().all(words) && first.len() > 1).then_some((prefix, names))
}

fn values<'a>(prefix: &str, text: &'a str) -> Option<&'a str> {
    let values = text.strip_prefix(prefix)?.strip_prefix(':')?;
    let numbers = |byte: u8| byte.is_ascii_digit() || byte == b'-' || byte.is_ascii_whitespace();
    values.bytes().all(numbers).then_some(values)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    while let Some((prefix, names)) = head(lines.text()) {
        if !seen.is_new(prefix) {
            return; // the next snapshot
        }
        let Some(names_line) = lines.next() else { return };
        match lines.take_if(|line| values(prefix, line.text).map(|values| (line, values))) {
            Some((line, values)) => pair(prefix, names, values, line, found),
            None => found.odd.add(names_line.number, "names without the line of their numbers"),
        }
    }
}

fn pair(prefix: &str, names: &str, values: &str, line: Line<'_>, found: &mut Found) {
    if names.split_ascii_whitespace().count() != values.split_ascii_whitespace().count() {
        found.odd.add(line.number, "as many numbers as names are wanted: the pair is refused");
        return;
    }
    for (name, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
        match value.parse() {
            Ok(value) => found.counters.push(Counter::new(format!("{prefix}{name}"), value, line.number)),
            // No limit, says the kernel.
            Err(_) if name == "MaxConn" && value == "-1" => {}
            Err(_) => found.odd.add(line.number, "a number that is no count"),
        }
    }
}
