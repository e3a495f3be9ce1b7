//! `ip addr` and `ip link`: interfaces, their state and addresses.

use super::lines::{Line, Lines};
use super::seen::Seen;
use super::setting::Setting;
use super::{Format, Found, ip_link};

pub const FORMAT: Format = Format { name: "ip-addr", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    ip_link::interface(lines.text()).is_some()
}

fn parse<'a>(lines: &mut Lines<'a>, found: &mut Found) {
    let mut seen = Seen::default();
    // The first interface again is the next snapshot.
    let mut head = |line: Line<'a>| {
        let name = ip_link::interface(line.text).filter(|name| seen.is_new(name))?;
        Some((name, line.text, line.number))
    };
    while let Some((name, text, line)) = lines.take_if(&mut head) {
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if ["mtu", "state", "qlen"].contains(&word) {
                let value = words.next().unwrap_or_default();
                found.settings.push(Setting::new(format!("interface {word}"), value, line).of(name));
            }
        }
        while let Some(line) = lines.take_if(|line| line.text.starts_with(' ').then_some(line)) {
            let mut words = line.text.split_whitespace();
            let setting = match (words.next(), words.next()) {
                (Some("inet" | "inet6"), Some(address)) => Setting::new("address", address, line.number),
                (Some(link), Some(mac)) if link.starts_with("link/") => Setting::new("mac", mac, line.number),
                _ => continue, // lifetimes, altnames, properties of the link
            };
            found.settings.push(setting.of(name));
        }
    }
}
