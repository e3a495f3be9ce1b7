//! `ethtool -S`: what a network card counts, under its driver's names.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ethtool", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    is_head(lines.text()) && lines.clone().nth(1).is_some_and(|line| row(line).is_some())
}

fn is_head(text: &str) -> bool {
    let text = text.trim_end();
    text == "NIC statistics:" || text.starts_with("Standard stats for ") || text.starts_with("PHY statistics:")
}

/// `     rx_queue_0_drops: 12`
fn row(line: Line<'_>) -> Option<(&str, u64, u32)> {
    let (name, value) = line.text.rsplit_once(": ")?;
    Some((name.strip_prefix(' ')?.trim(), value.trim().parse().ok()?, line.number))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let head = lines.next().map_or("", |line| line.text);
    // The list itself does not name the card.
    let asked = lines.command.and_then(|command| command.split_once("ethtool -S ")).map(|(_, name)| name.trim());
    let named = head.trim_end().strip_prefix("Standard stats for ").map(|name| name.trim_end_matches(':'));
    let interface = named.or(asked);
    while let Some((name, value, line)) = lines.take_if(row) {
        let counter = Counter::new(format!("ethtool.{name}"), value, line);
        found.counters.push(interface.map_or(counter.clone(), |interface| counter.of(interface)));
    }
}
