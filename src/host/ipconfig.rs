//! `ipconfig /all` of Windows, in any language: dotted leaders between name and value, under the name of an adapter.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ipconfig", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    lines.text().starts_with("Windows IP Configuration")
        || adapter(lines.text()).is_some() && lines.clone().nth(2).is_some_and(|line| row(line.text).is_some())
        || row(lines.text()).is_some()
}

/// `   IPv4 Address. . . . . . . . . . . : 192.168.1.10(Preferred)`
fn row(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(" :").filter(|_| text.contains(" . ."))?;
    let name = name.trim().trim_end_matches([' ', '.']);
    (text.starts_with("   ") && !name.is_empty()).then(|| (name, value.trim()))
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
        if let Some((name, value)) = row(line.text) {
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
