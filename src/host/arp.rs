//! `arp -a` and `arp -n`, of Linux, the BSD family and Windows: who is known on the link, and who did not answer.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};
use std::net::IpAddr;

pub const FORMAT: Format = Format { name: "arp", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let next = lines.clone().nth(2).map_or("", |line| line.text);
    at_row(lines.text()).is_some()
        || is_linux_head(lines.text())
        || windows_head(lines.text()).is_some() && windows_row(next).is_some()
}

/// `? (10.77.1.1) at 7a:aa:75:e2:2e:7e [ether] on eth0`: address, what stands between, interface.
fn at_row(text: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = text.split_once(") at ")?;
    let (_, address) = head.split_once(" (")?;
    let (known, interface) = rest.split_once(" on ")?;
    address.parse::<IpAddr>().ok()?;
    Some((address, known.trim(), interface.split_whitespace().next()?))
}

fn is_linux_head(text: &str) -> bool {
    text.starts_with("Address ") && text.contains("HWtype") && text.contains("HWaddress")
}

/// `10.77.1.1     ether   7a:aa:75:e2:2e:7e   C       eth0`, `10.77.1.254    (incomplete)     eth0`
fn linux_row(text: &str) -> Option<(&str, String, &str)> {
    let cells: Vec<&str> = text.split_whitespace().collect();
    let (address, interface) = (*cells.first()?, *cells.last()?);
    let known = cells.get(1..cells.len().checked_sub(1)?)?.join(" ");
    (address.parse::<IpAddr>().is_ok() && cells.len() >= 3).then_some((address, known, interface))
}

/// `Interface: 192.168.1.10 --- 0xb`, in any language.
fn windows_head(text: &str) -> Option<&str> {
    let (head, index) = text.split_once(" --- ")?;
    let address = head.rsplit(' ').next()?;
    (index.trim().starts_with("0x") && address.parse::<IpAddr>().is_ok()).then_some(address)
}

/// `  192.168.1.1           00-11-22-33-44-55     dynamic`
fn windows_row(text: &str) -> Option<(&str, &str, &str)> {
    let mut cells = text.split_whitespace();
    let (address, mac, kind) = (cells.next()?, cells.next()?, cells.next()?);
    let good = address.parse::<IpAddr>().is_ok() && mac.bytes().filter(|byte| *byte == b'-').count() == 5;
    (text.starts_with(' ') && good).then_some((address, mac, kind))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let neighbor = |address: &str, known: &str, interface: &str, line: Line<'_>| {
        Setting::new("neighbor", &format!("{address} {known}"), line.number).of(interface)
    };
    if lines.take_if(|line| is_linux_head(line.text).then_some(())).is_some() {
        let take = |line: Line<'_>| {
            let (address, known, interface) = linux_row(line.text)?;
            Some(neighbor(address, &known, interface, line))
        };
        found.settings.extend(lines.taking(take));
        return;
    }
    while let Some(interface) = lines.take_if(|line| windows_head(line.text).map(str::to_owned)) {
        lines.next(); // the heads of the columns
        let take = |line: Line<'_>| {
            let (address, mac, kind) = windows_row(line.text)?;
            Some(neighbor(address, &format!("{mac} {kind}"), &interface, line))
        };
        found.settings.extend(lines.taking(take));
        if lines.clone().nth(1).is_some_and(|line| windows_head(line.text).is_some()) {
            lines.take_blank();
        }
    }
    let take = |line: Line<'_>| {
        let (address, known, interface) = at_row(line.text)?;
        Some(neighbor(address, known, interface, line))
    };
    found.settings.extend(lines.taking(take));
}
