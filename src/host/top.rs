//! `top -b`: load, memory, and the processes, one block a repeat.

use super::lines::Lines;
use super::setting::Setting;
use super::{Format, Found, ps, uptime};

pub const FORMAT: Format = Format { name: "top", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    lines.text().strip_prefix("top - ").is_some_and(|rest| uptime::load(rest).is_some())
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if let Some(line) = lines.next() {
        uptime::settings(line.text.strip_prefix("top - ").unwrap_or(line.text), line.number, found);
    }
    let summary = |text: &str| {
        let title = text.split(':').next().unwrap_or_default().trim();
        [
            "Tasks", "Threads", "%Cpu(s)", "Cpu(s)", "KiB Mem", "KiB Swap", "MiB Mem", "MiB Swap", "GiB Mem", "Mem",
            "Swap",
        ]
        .contains(&title)
            || title.starts_with("%Cpu")
    };
    while let Some(line) = lines.take_if(|line| summary(line.text).then_some(line)) {
        let Some((title, rest)) = line.text.split_once(':') else { continue };
        for pair in rest.replace(". ", ", ").split(',') {
            // `7822.5 total`, and of the old tool `1234k total` and `0.3%us`.
            let pair = pair.trim();
            let split = pair.split_once(' ').or_else(|| pair.split_once('%'));
            if let Some((value, name)) = split {
                found.settings.push(Setting::new(format!("top {} {}", title.trim(), name.trim()), value, line.number));
            }
        }
    }
    lines.take_blank();
    if let Some(heads) = lines.take_if(|line| ps::head(line.text)) {
        ps::processes(&heads, lines, found);
    }
}
