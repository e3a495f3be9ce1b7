//! `ip addr` and `ip link`: interfaces, their state and addresses.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found, ip_link};

pub const FORMAT: Format = Format { name: "ip-addr", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    ip_link::interface(lines.text()).is_some()
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen: Vec<Box<str>> = Vec::new();
    let head = |line: Line<'_>, seen: &[Box<str>]| {
        let name = ip_link::interface(line.text)?;
        // The first interface again is the next snapshot.
        (!seen.iter().any(|known| **known == *name)).then(|| (name.to_owned(), line.text.to_owned(), line.number))
    };
    while let Some((name, text, line)) = lines.take_if(|line| head(line, &seen)) {
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if ["mtu", "state", "qlen"].contains(&word) {
                let value = words.next().unwrap_or_default();
                found.settings.push(Setting::new(format!("interface {word}"), value, line).of(&name));
            }
        }
        seen.push(name.as_str().into());
        while let Some(line) = lines.take_if(|line| line.text.starts_with(' ').then_some(line)) {
            let mut words = line.text.split_whitespace();
            let setting = match (words.next(), words.next()) {
                (Some("inet" | "inet6"), Some(address)) => Setting::new("address", address, line.number),
                (Some(link), Some(mac)) if link.starts_with("link/") => Setting::new("mac", mac, line.number),
                _ => continue, // lifetimes, altnames, properties of the link
            };
            found.settings.push(setting.of(&name));
        }
    }
}
