//! `ip route`: the routes, one a line. `ip neigh` looks alike and ends with a state.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found, ip_neigh};
use std::net::IpAddr;

pub const FORMAT: Format = Format { name: "ip-route", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some()
}

/// Destination and the device of `10.77.1.0/24 dev eth0 proto kernel scope link src 10.77.1.2`.
fn row(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    let mut destination = words.next()?;
    let kinds = ["unreachable", "blackhole", "prohibit", "local", "broadcast", "throw", "anycast", "multicast"];
    let special = kinds.contains(&destination);
    if special {
        destination = words.next()?;
    }
    let rest: Vec<&str> = words.collect();
    let verbs = ["via", "dev", "proto", "nexthop"].contains(rest.first()?);
    let good = (destination == "default" || is_network(destination)) && verbs && text.len() < 400;
    let device = rest.iter().position(|word| *word == "dev").and_then(|at| rest.get(at + 1)).copied();
    // A host and a device alone are words of anybody.
    if rest.len() == 2 && destination != "default" && !destination.contains('/') && !special {
        return None;
    }
    if device.is_none() && !special && !rest.contains(&"nexthop") || ip_neigh::row(text).is_some() {
        return None;
    }
    good.then_some((destination, device.unwrap_or_default()))
}

pub(super) fn is_network(text: &str) -> bool {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    address.parse::<IpAddr>().is_ok() && length.is_none_or(|length| length.parse::<u8>().is_ok())
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let take = |line: Line<'_>| {
        let (destination, device) = row(line.text)?;
        let name = if destination == "default" { "default route" } else { "route" };
        Some(Setting::new(name, line.text, line.number).of(device))
    };
    while let Some(setting) = lines.take_if(take) {
        found.settings.push(setting);
        // The routes over several gateways go on below.
        while lines.take_if(|line| line.text.trim_start().starts_with("nexthop ").then_some(())).is_some() {}
    }
}
