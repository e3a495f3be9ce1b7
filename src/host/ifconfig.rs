//! `ifconfig -a` of Linux (net-tools old and new), macOS and the BSDs: interfaces with their addresses, and on Linux what went
//! through them, under the names of `/sys/class/net/*/statistics`.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::setting::Setting;
use super::{Format, Found};
use std::net::{IpAddr, Ipv4Addr};

pub const FORMAT: Format = Format { name: "ifconfig", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    interface(lines.text()).is_some()
}

/// `eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500`; older ones have `eth0      Link encap:Ethernet  HWaddr ...`.
fn interface(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(' ').filter(|(name, _)| !name.is_empty())?;
    let rest = rest.trim_start();
    let is_new = name.ends_with(':') && rest.starts_with("flags=") && rest.contains('<');
    (is_new || rest.starts_with("Link encap:")).then(|| (name.trim_end_matches(':'), rest))
}

fn parse<'a>(lines: &mut Lines<'a>, found: &mut Found) {
    let mut seen = Seen::default();
    // The first interface again is the next snapshot.
    let mut head = |line: Line<'a>| {
        let (name, rest) = interface(line.text).filter(|(name, _)| seen.is_new(name))?;
        Some((name, Line { text: rest, ..line }))
    };
    while let Some((name, rest)) = lines.take_if(&mut head) {
        about(rest, name, found);
        while let Some(line) = lines.take_if(|line| line.text.starts_with([' ', '\t']).then_some(line)) {
            about(Line { text: line.text.trim(), ..line }, name, found);
        }
        lines.skip_blank_before(sniff);
    }
}

/// What one line says of an interface.
fn about(line: Line<'_>, name: &str, found: &mut Found) {
    if ["RX ", "TX ", "collisions"].iter().any(|start| line.text.starts_with(start)) {
        return traffic(line, name, found);
    }
    let cells: Vec<&str> = line.text.split_whitespace().collect();
    let after = |word: &str| cells.iter().position(|cell| *cell == word).and_then(|at| cells.get(at + 1).copied());
    let joined = |start: &str| cells.iter().find_map(|cell| cell.strip_prefix(start)).filter(|rest| !rest.is_empty());
    let address = match cells.first() {
        Some(&"inet") => after("inet").filter(|cell| !cell.starts_with("addr:")).or_else(|| joined("addr:")),
        // `inet6 fe80::1%en0 prefixlen 64`, older `inet6 addr: fe80::1/64 Scope:Link`
        Some(&"inet6") => after("addr:").or_else(|| after("inet6")),
        _ => None,
    };
    let bare = address.and_then(|cell| cell.split(['/', '%']).next()?.parse::<IpAddr>().ok());
    let of_cell = address.and_then(|cell| cell.split_once('/')?.1.parse::<u32>().ok());
    let of_mask = after("netmask").or_else(|| joined("Mask:")).and_then(mask);
    let length = of_cell.or_else(|| after("prefixlen")?.parse().ok()).or(of_mask);
    let address = bare.map(|ip| length.map_or_else(|| ip.to_string(), |length| format!("{ip}/{length}")));
    let told = [
        ("address", address),
        ("interface mtu", after("mtu").or_else(|| joined("MTU:")).map(str::to_owned)),
        ("mac", after("ether").or_else(|| after("HWaddr")).map(str::to_lowercase)),
    ];
    for (what, value) in told {
        found.settings.extend(value.map(|value| Setting::new(what, &value, line.number).of(name)));
    }
}

/// Bits of a mask: `255.255.255.0`, on BSD `0xffffff00`.
fn mask(cell: &str) -> Option<u32> {
    let hexadecimal = cell.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let bits = hexadecimal.or_else(|| cell.parse::<Ipv4Addr>().ok().map(u32::from))?;
    (bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| bits.leading_ones())
}

/// `RX packets 12345  bytes 1234567 (1.2 MB)`, older `RX bytes:1234567 (1.2 MB)  TX bytes:234567 (234.5 KB)`.
fn traffic(line: Line<'_>, name: &str, found: &mut Found) {
    let mut direction = "";
    let mut last = "";
    for cell in line.text.split([' ', ':']).filter(|cell| !cell.is_empty()) {
        match (cell, cell.parse::<u64>()) {
            ("RX", _) => direction = "rx",
            ("TX", _) => direction = "tx",
            (_, Ok(value)) => {
                if let Some(canonical) = canonical(direction, last) {
                    found.counters.push(Counter::new(canonical, value, line.number).of(name).worded(last));
                }
            }
            (word, Err(_)) => last = word,
        }
    }
}

fn canonical(direction: &str, word: &str) -> Option<String> {
    Some(match word {
        "collisions" => "collisions".to_owned(),
        "packets" | "bytes" | "errors" | "dropped" => format!("{direction}_{word}"),
        // net-tools' lib/interface.c prints rx_fifo_errors and tx_fifo_errors under this word.
        "overruns" => format!("{direction}_fifo_errors"),
        "frame" | "carrier" => format!("{direction}_{word}_errors"),
        _ => return None,
    })
}
