//! `route -n` and `netstat -rn` of Linux, and `netstat -rn` of the BSD family.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "route", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    is_title(lines.text()) && lines.clone().skip(1).take(3).any(|line| heads(line.text).is_some())
        || heads(lines.text()).is_some()
}

fn is_title(text: &str) -> bool {
    let text = text.trim_end();
    // In other languages it is what stands below that tells.
    ["Routing tables", "Internet:", "Internet6:"].contains(&text)
        || text.starts_with("Kernel IP") && text.ends_with("table")
        || text.starts_with("Kernel") && text.contains("IP")
}

/// `Destination     Gateway         Genmask         Flags Metric Ref    Use Iface`, with its last word for the interface.
fn heads(text: &str) -> Option<Vec<&str>> {
    let heads: Vec<&str> = text.split_whitespace().collect();
    let linux = heads.get(..4)? == ["Destination", "Gateway", "Genmask", "Flags"];
    let bsd = heads.get(..3)? == ["Destination", "Gateway", "Flags"];
    (linux || bsd).then_some(heads)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    loop {
        let mut ahead = lines.clone();
        while ahead.peek().is_some_and(|line| is_title(line.text) || line.text.trim().is_empty()) {
            ahead.next();
        }
        let Some(heads) = ahead.take_if(|line| heads(line.text)) else { return };
        *lines = ahead;
        rows(&heads, lines, found);
        // A second table, as of IPv6, has its title; the same head without one is the next snapshot.
        if !is_title(lines.text()) && !lines.clone().nth(1).is_some_and(|line| is_title(line.text)) {
            return;
        }
        if lines.text().starts_with("Kernel") || lines.text().starts_with("Routing") {
            return;
        }
    }
}

fn rows(heads: &[&str], lines: &mut Lines<'_>, found: &mut Found) {
    let interface = heads.iter().position(|head| ["Iface", "Netif", "If"].contains(head));
    let row = |line: Line<'_>| {
        let cells: Vec<&str> = line.text.split_whitespace().collect();
        let (destination, gateway) = (*cells.first()?, *cells.get(1)?);
        let flags = *cells.get(heads.iter().position(|head| *head == "Flags")?)?;
        let good = flags.starts_with(['U', '!', 'R']) && destination.len() < 60;
        let name = if ["default", "0.0.0.0"].contains(&destination) { "default route" } else { "route" };
        let scope = interface.and_then(|at| cells.get(at)).copied().unwrap_or_default();
        let mask = heads.iter().position(|head| *head == "Genmask").and_then(|at| cells.get(at));
        let value = format!(
            "{destination} {}via {gateway} flags {flags}",
            mask.map_or_else(String::new, |mask| format!("mask {mask} "))
        );
        good.then(|| Setting::new(name, &value, line.number).of(scope))
    };
    found.settings.extend(lines.taking(row));
}
