//! `free` and `/proc/meminfo`: memory of the host.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "free", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    meminfo(lines.text()).is_some_and(|(name, _)| name == "MemTotal")
        || heads(lines.text()).is_some() && lines.clone().nth(1).is_some_and(|line| row(line).is_some())
}

/// `               total        used        free      shared  buff/cache   available`: words alone, the first ones indented.
fn heads(text: &str) -> Option<Vec<&str>> {
    let heads: Vec<&str> = text.split_whitespace().collect();
    let words = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'/' || byte >= 0x80);
    (text.starts_with("     ") && (3..=7).contains(&heads.len()) && heads.iter().all(words)).then_some(heads)
}

/// `Mem:        16296160     1234567  ...`
fn row(line: Line<'_>) -> Option<(&str, Vec<&str>, u32)> {
    let (title, rest) = line.text.split_once(':')?;
    let values: Vec<&str> = rest.split_whitespace().collect();
    let number = |value: &&str| value.starts_with(|c: char| c.is_ascii_digit() || c == '-') && value.len() < 24;
    let short = title.len() < 24 && !title.is_empty() && !title.starts_with(' ');
    (short && values.len() >= 2 && values.iter().all(number)).then_some((title, values, line.number))
}

/// `MemTotal:       16296160 kB`
fn meminfo(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let mut words = value.split_whitespace();
    let number = words.next()?.bytes().all(|byte| byte.is_ascii_digit());
    let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_()".contains(&byte)) && !name.is_empty();
    (number && word && words.next().is_none_or(|unit| unit == "kB")).then_some((name, value))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut taken = false;
    let mut row_of_meminfo = |line: Line<'_>| {
        let (name, value) = meminfo(line.text).filter(|(name, _)| !taken || *name != "MemTotal")?;
        taken = true;
        Some(Setting::new(name.to_owned(), value, line.number))
    };
    while let Some(setting) = lines.take_if(&mut row_of_meminfo) {
        found.settings.push(setting);
    }
    let Some(heads) = lines.take_if(|line| heads(line.text)) else { return };
    while let Some((title, values, line)) = lines.take_if(row) {
        for (head, value) in heads.iter().zip(values) {
            found.settings.push(Setting::new(format!("free {title} {head}"), value, line));
        }
    }
}
