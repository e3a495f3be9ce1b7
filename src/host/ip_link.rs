//! `ip -s link`: bytes, packets and losses of each interface, under the names of `/sys/class/net/*/statistics`.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ip-link", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    if interface(ahead.text()).is_none() {
        return false;
    }
    ahead.next();
    // Between the head and the numbers stand the address and, with -d, properties of the link.
    let below = ahead.map(|line| line.text).take(8).take_while(|text| text.starts_with(' '));
    below.into_iter().any(is_receiving)
}

/// `16: eth0@if15: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 ...`
pub(super) fn interface(text: &str) -> Option<&str> {
    let (index, rest) = text.split_once(": ")?;
    let (name, rest) = rest.split_once(": <")?;
    let number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    (number && rest.contains("mtu ")).then(|| name.split('@').next().unwrap_or(name))
}

fn is_receiving(text: &str) -> bool {
    text.trim_start().starts_with("RX:")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    while let Some(name) = lines.take_if(|line| interface(line.text).filter(|name| seen.is_new(name))) {
        while let Some(line) = lines.take_if(|line| line.text.starts_with(' ').then_some(line)) {
            let Some((direction, heads)) = heads(line.text) else { continue };
            let numbers = |line: Line<'_>| {
                let cells = line.text.split_ascii_whitespace().map(|cell| cell.parse::<u64>().ok());
                Some((cells.collect::<Option<Vec<_>>>()?, line.number))
            };
            match lines.take_if(numbers) {
                Some((values, line)) if values.len() == heads.len() => {
                    for (head, value) in heads.iter().zip(values) {
                        found
                            .counters
                            .push(Counter::new(canonical(direction, head), value, line).of(name).worded(head));
                    }
                }
                _ => found.odd.add(line.number, "as many numbers as titles are wanted"),
            }
        }
    }
}

/// `RX:  bytes packets errors dropped  missed   mcast`; older ones have `RX: bytes  packets  errors  dropped overrun mcast`.
fn heads(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let text = text.trim_start();
    let (direction, rest) = match (text.strip_prefix("RX:"), text.strip_prefix("TX:")) {
        (Some(rest), _) => ("rx", rest),
        (_, Some(rest)) => ("tx", rest),
        _ => ("", text.strip_prefix("RX errors:").or_else(|| text.strip_prefix("TX errors:"))?),
    };
    let direction = if direction.is_empty() { if text.starts_with('R') { "rx" } else { "tx" } } else { direction };
    let rest = rest.trim_start().strip_prefix("errors:").unwrap_or(rest);
    Some((direction, rest.split_ascii_whitespace().collect()))
}

fn canonical(direction: &str, head: &str) -> String {
    match (direction, head) {
        ("rx", "mcast") => "multicast".to_owned(),
        ("tx", "collsns") => "collisions".to_owned(),
        (_, "bytes" | "packets" | "errors" | "dropped" | "compressed" | "nohandler") => format!("{direction}_{head}"),
        (_, "overrun") => format!("{direction}_over_errors"),
        (_, "length" | "crc" | "frame" | "fifo" | "missed" | "aborted" | "window" | "heartbeat" | "carrier") => {
            format!("{direction}_{}_errors", if head == "heartbeat" { "heartbeat" } else { head })
        }
        _ => format!("{direction}_{head}"),
    }
}
