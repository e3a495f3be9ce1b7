//! `ip neigh`: who answered ARP or neighbour solicitations, and who did not.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};
use std::net::IpAddr;

pub const FORMAT: Format = Format { name: "ip-neigh", sniff, parse };

const STATES: [&str; 8] = ["REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "INCOMPLETE", "PERMANENT", "NOARP"];

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some()
}

/// `10.77.1.1 dev eth0 lladdr 7a:aa:75:e2:2e:7e REACHABLE`
pub(super) fn row(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    let (address, verb, device) = (words.next()?, words.next()?, words.next()?);
    let state = words.last()?;
    (verb == "dev" && STATES.contains(&state) && address.parse::<IpAddr>().is_ok()).then_some((address, device))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let take = |line: Line<'_>| {
        let (address, device) = row(line.text)?;
        let rest = line.text.split_whitespace().skip(3).collect::<Vec<_>>().join(" ");
        Some(Setting::new("neighbor", &format!("{address} {rest}"), line.number).of(device))
    };
    found.settings.extend(lines.taking(take));
}
