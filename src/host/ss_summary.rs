//! `ss -s`: totals of sockets. What the kernel counts elsewhere has that name; `closed` and the total are of `ss` alone.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ss-summary", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let next = lines.clone().nth(1).map_or("", |line| line.text);
    lines.text().starts_with("Total: ") && next.starts_with("TCP:") || tcp(lines.text()).is_some()
}

/// `TCP:   57 (estab 19, closed 26, orphaned 8, timewait 1)`; older ones have `synrecv 0, timewait 1/0), ports 0`.
fn tcp(text: &str) -> Option<(u64, Vec<(&str, u64)>)> {
    let (total, rest) = text.strip_prefix("TCP:")?.trim_start().split_once(" (")?;
    let pairs = rest.split([',', ')']).filter_map(|pair| {
        let (name, value) = pair.trim().split_once(' ')?;
        Some((name, value.split('/').next()?.parse().ok()?))
    });
    let pairs: Vec<_> = pairs.collect();
    (pairs.first()?.0 == "estab").then_some((total.parse().ok()?, pairs))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let total = |line: Line<'_>| {
        let rest = line.text.strip_prefix("Total: ")?;
        let value = rest.split([' ', '(']).next()?.parse().ok()?;
        Some(Counter::new("ss.sockets", value, line.number))
    };
    found.counters.extend(lines.take_if(total));
    let Some((total, pairs, line)) = lines.take_if(|line| tcp(line.text).map(|(total, pairs)| (total, pairs, line)))
    else {
        return;
    };
    found.counters.push(Counter::new("ss.TCP.total", total, line.number));
    for (name, value) in pairs {
        let canonical = match name {
            "estab" => "TcpCurrEstab".into(),
            "orphaned" => "sockstat.TCP.orphan".into(),
            "timewait" => "sockstat.TCP.tw".into(),
            other => format!("ss.TCP.{other}"),
        };
        found.counters.push(Counter::new(canonical, value, line.number).worded(name));
    }
    transports(lines, found);
}

/// The table below: how many sockets of IPv4 and of IPv6 are in use.
fn transports<'a>(lines: &mut Lines<'a>, found: &mut Found) {
    let mut ahead = lines.clone();
    ahead.skip_blank();
    if !ahead.text().starts_with("Transport ") {
        return;
    }
    ahead.next();
    *lines = ahead;
    let row = |line: Line<'a>| {
        let mut cells = line.text.split_ascii_whitespace();
        let name = cells.next()?;
        // The old table has `*` for what the kernel does not say, and `-` where there is no such thing.
        let numbers: Vec<Option<u64>> = cells.map(|cell| cell.parse().ok()).collect();
        let [_, v4, v6] = <[Option<u64>; 3]>::try_from(numbers).ok()?;
        Some((name, v4, v6, line.number))
    };
    while let Some((name, v4, v6, line)) = lines.take_if(row) {
        if ["TCP", "UDP", "RAW"].contains(&name) {
            let counter = |value, version| Counter::new(format!("sockstat.{name}{version}.inuse"), value, line);
            found.counters.extend(v4.map(|value| counter(value, "")));
            found.counters.extend(v6.map(|value| counter(value, "6")));
        }
    }
}
