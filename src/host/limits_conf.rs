//! `limits.conf`: who may open how many files, for sessions that begin from now on.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "limits-conf", sniff, parse };

const ITEMS: [&str; 18] = [
    "core",
    "data",
    "fsize",
    "memlock",
    "nofile",
    "rss",
    "stack",
    "cpu",
    "nproc",
    "as",
    "maxlogins",
    "maxsyslogins",
    "priority",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
];

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some()
}

/// `*               soft    nofile          65536`
fn row(text: &str) -> Option<[&str; 4]> {
    let text = text.split('#').next()?;
    let mut words = text.split_whitespace();
    let row = [words.next()?, words.next()?, words.next()?, words.next()?];
    let [_, kind, item, value] = row;
    let number = value.strip_prefix('-').unwrap_or(value).bytes().all(|byte| byte.is_ascii_digit());
    let known = ["soft", "hard", "-"].contains(&kind) && ITEMS.contains(&item);
    (words.next().is_none() && known && (number || ["unlimited", "infinity"].contains(&value))).then_some(row)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let take = |line: Line<'_>| {
        if line.text.starts_with('#') {
            return Some(None);
        }
        let [domain, kind, item, value] = row(line.text)?;
        let kind = if kind == "-" { "soft and hard" } else { kind };
        Some(Some(Setting::new(format!("limits.conf {item} ({kind})"), value, line.number).of(domain)))
    };
    while let Some(setting) = lines.take_if(take) {
        found.settings.extend(setting);
    }
}
