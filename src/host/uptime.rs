//! `uptime` and the head of `w`: how long the host has been up, and its load.

use super::lines::Lines;
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "uptime", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    load(lines.text()).is_some()
}

/// ` 20:04:19 up 1 day,  2:03,  1 user,  load average: 0.52, 0.58, 0.59`: time up, and the three averages.
pub(super) fn load(text: &str) -> Option<(&str, [&str; 3])> {
    let (head, rest) = text.split_once("load average")?;
    let (clock, up) = head.split_once(" up ")?;
    if clock.len() > 16 || !clock.trim().starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let averages = rest.trim_start_matches('s').strip_prefix(':')?;
    // With a decimal comma the blank still separates.
    let mut averages = averages.split_whitespace().map(|word| word.trim_end_matches(','));
    Some((up.trim().trim_end_matches(','), [averages.next()?, averages.next()?, averages.next()?]))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if let Some(line) = lines.next() {
        settings(line.text, line.number, found);
    }
}

pub(super) fn settings(text: &str, line: u32, found: &mut Found) {
    let Some((up, averages)) = load(text) else { return };
    // The number of users is no part of the time up.
    let up = up.rsplit_once(',').filter(|(_, last)| last.contains("user")).map_or(up, |(up, _)| up);
    found.settings.push(Setting::new("uptime", up, line));
    for (name, value) in ["load_average_1m", "load_average_5m", "load_average_15m"].into_iter().zip(averages) {
        found.settings.push(Setting::new(name, value, line));
    }
}
