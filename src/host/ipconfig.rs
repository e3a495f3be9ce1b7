//! `ipconfig /all` of Windows, in any language: dotted leaders between name and value, under the name of an adapter.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ipconfig", sniff, parse };

const TITLES: [&str; 4] = [
    "Windows IP Configuration",
    "Windows-IP-Konfiguration",
    "Configuration IP de Windows",
    "Configuración IP de Windows",
];

fn sniff(lines: &Lines<'_>) -> bool {
    TITLES.iter().any(|title| lines.text().starts_with(title))
        || adapter(lines.text()).is_some() && lines.clone().nth(2).is_some_and(|line| row(line.text).is_some())
        || row(lines.text()).is_some()
}

/// `   IPv4 Address. . . . . . . . . . . : 192.168.1.10(Preferred)`: the leader tells it from other texts.
fn row(text: &str) -> Option<(&str, &str)> {
    inner_row(text).filter(|_| text.contains(" . ."))
}

/// A row among others; long names leave no room for a leader: `   Verbindungslokale IPv6-Adresse  . : fe80::1%12(Bevorzugt)`,
/// `   Verbindungsspezifisches DNS-Suffix: `.
fn inner_row(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(" :").or_else(|| text.split_once(": "))?;
    let name = name.trim().trim_end_matches([' ', '.']);
    let is_row = text.starts_with("   ") && !text.starts_with("    ") && !name.is_empty() && name.len() < 80;
    is_row.then(|| (name, value.trim()))
}

/// `Ethernet adapter Ethernet 2:`
fn adapter(text: &str) -> Option<&str> {
    let name = text.trim_end().strip_suffix(':')?;
    (name.len() < 120 && name.starts_with(|c: char| c.is_uppercase()) && name.contains(' ')).then_some(name)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut scope = String::new();
    let mut last: Option<String> = None;
    let mut begun = false;
    while let Some(line) = lines.peek() {
        if let Some((name, value)) = inner_row(line.text) {
            found.settings.push(Setting::new(name.to_owned(), value, line.number).of(&scope));
            last = Some(name.to_owned());
        } else if let Some(name) = more(line).zip(last.as_ref()).map(|(value, name)| (name.clone(), value)) {
            // A second server of names or gateway stands alone below the first.
            found.settings.push(Setting::new(name.0, name.1, line.number).of(&scope));
        } else if let Some(name) = adapter(line.text) {
            scope = name.to_owned();
            last = None;
        } else if !line.text.trim().is_empty() && begun {
            return;
        }
        begun = true;
        lines.next();
    }
}

fn more(line: Line<'_>) -> Option<&str> {
    let indented = line.text.starts_with("          ");
    let value = line.text.trim();
    (indented && !value.is_empty() && !value.contains(' ')).then_some(value)
}
