//! `/proc/PID/status`: name, memory, threads of a process.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "proc-status", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let mut texts = lines.clone().map(|line| line.text);
    let [first, second] = [texts.next(), texts.next()].map(Option::unwrap_or_default);
    first.starts_with("Name:\t") && (second.starts_with("Umask:\t") || second.starts_with("State:\t"))
}

fn row(line: Line<'_>) -> Option<(&str, &str, u32)> {
    let (name, value) = line.text.split_once(':')?;
    let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (word && value.starts_with(['\t', ' ']) && !name.is_empty()).then_some((name, value.trim(), line.number))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut rows: Vec<(&str, &str, u32)> = Vec::new();
    while let Some(next) = lines.take_if(|line| row(line).filter(|(name, ..)| rows.is_empty() || *name != "Name")) {
        rows.push(next);
    }
    let pid = rows.iter().find(|(name, ..)| *name == "Pid").map_or("", |(_, pid, _)| *pid);
    found
        .settings
        .extend(rows.iter().map(|(name, value, line)| Setting::new((*name).to_owned(), value, *line).of(pid)));
}
