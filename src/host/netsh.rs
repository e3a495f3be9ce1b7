//! `netsh int tcp show global` and `netsh int ipv4 show dynamicport tcp` of Windows: a title, a line of dashes, then
//! `name : value`. The titles are translated, but name the protocol.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "netsh", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let mut below = lines.clone();
    let title = below.next().map_or("", |line| line.text);
    is_title(title)
        && is_dashes(below.next().map_or("", |line| line.text))
        && below.next().is_some_and(|line| row(line.text).is_some())
}

fn is_title(text: &str) -> bool {
    let words = ["TCP", "tcp", "UDP", "udp"];
    !text.contains(':') && text.len() < 100 && words.iter().any(|word| text.split([' ', '-']).any(|part| part == *word))
}

fn is_dashes(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 10 && text.bytes().all(|byte| byte == b'-')
}

/// `Receive Window Auto-Tuning Level    : normal`
fn row(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(" : ").or_else(|| text.split_once(": "))?;
    let name = name.trim();
    (!name.is_empty() && name.len() < 80 && value.len() < 80).then(|| (name, value.trim()))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let title = lines.next().map_or("", |line| line.text);
    lines.next(); // the dashes
    let mut rows = Vec::new();
    let take = |line: Line<'_>| match row(line.text) {
        Some((name, value)) => Some(Some(Setting::new(name.to_owned(), value, line.number))),
        None => is_dashes(line.text).then_some(None), // further dashes part the global ones from the rest
    };
    while let Some(setting) = lines.take_if(take) {
        rows.extend(setting);
    }
    // The range of ephemeral ports is two numbers, in whatever language.
    let protocol = title.split_whitespace().find(|word| ["tcp", "udp"].contains(word));
    if let (Some(protocol), [start, count]) = (protocol, rows.as_mut_slice()) {
        for (setting, name) in [(start, "start"), (count, "number")] {
            if setting.value.bytes().all(|byte| byte.is_ascii_digit()) {
                setting.name = format!("dynamicport {protocol} {name}").into();
            }
        }
    }
    found.settings.append(&mut rows);
}
