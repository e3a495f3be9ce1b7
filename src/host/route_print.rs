//! `route print` of Windows, in any language: tables of routes between lines of equals signs.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};
use std::net::{IpAddr, Ipv4Addr};

pub const FORMAT: Format = Format { name: "route-print", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    is_ruler(lines.text()) && lines.clone().skip(1).take(6).any(|line| interface(line.text) || v4(line).is_some())
}

fn is_ruler(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 40 && text.bytes().all(|byte| byte == b'=')
}

/// ` 11...08 00 27 5c 5f 0e ......Intel(R) PRO/1000`
fn interface(text: &str) -> bool {
    let text = text.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && text.get(digits..).is_some_and(|rest| rest.starts_with("..."))
}

/// `          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.10     25`; a gateway of one's own link is a word.
fn v4(line: Line<'_>) -> Option<Setting> {
    let mut cells = line.text.split_whitespace();
    let (destination, mask) = (cells.next()?, cells.next()?);
    let rest: Vec<&str> = cells.collect();
    destination.parse::<Ipv4Addr>().ok()?;
    mask.parse::<Ipv4Addr>().ok()?;
    let at = rest.len().checked_sub(2)?;
    let (gateway, interface) = (rest.get(..at)?.join(" "), *rest.get(at)?);
    interface.parse::<Ipv4Addr>().ok()?;
    let name = if destination == "0.0.0.0" { "default route" } else { "route" };
    Some(Setting::new(name, &format!("{destination} mask {mask} via {gateway}"), line.number).of(interface))
}

/// ` 11    281 ::/0                     fe80::1`
fn v6(line: Line<'_>) -> Option<Setting> {
    let mut cells = line.text.split_whitespace();
    let (interface, metric, network) = (cells.next()?, cells.next()?, cells.next()?);
    let (address, length) = network.split_once('/')?;
    let good = [interface, metric].iter().all(|cell| cell.parse::<u32>().is_ok());
    let v6 = address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) && length.parse::<u8>().is_ok();
    let gateway = cells.collect::<Vec<_>>().join(" ");
    let name = if network == "::/0" { "default route" } else { "route" };
    (good && v6)
        .then(|| Setting::new(name, &format!("{network} via {gateway}"), line.number).of(&format!("if{interface}")))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut rulers = 0;
    while let Some(line) = lines.peek() {
        let blank = line.text.trim().is_empty();
        if is_ruler(line.text) {
            rulers += 1;
        } else if let Some(setting) = v4(line).or_else(|| v6(line)) {
            found.settings.push(setting);
        } else if !blank && rulers % 2 == 0 && !line.text.contains("IPv") && !line.text.starts_with(' ') && rulers > 2 {
            // Between two tables stand their titles only.
            let more = lines.clone().take(6).any(|line| is_ruler(line.text));
            if !more {
                return;
            }
        }
        lines.next();
        // Nothing of it follows: the rest belongs to somebody else.
        let more = lines.clone().take(40).any(|line| is_ruler(line.text) || v4(line).is_some() || v6(line).is_some());
        if !more {
            return;
        }
    }
}
