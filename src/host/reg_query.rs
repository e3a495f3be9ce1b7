//! `reg query` of Windows: values of a registry key. Numbers are printed in hexadecimal and kept in decimal.

use super::cells::Cells;
use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "reg-query", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    key(lines.text()).is_some() || row(lines.text()).is_some()
}

fn key(text: &str) -> Option<&str> {
    let text = text.trim_end();
    ["HKEY_LOCAL_MACHINE\\", "HKEY_CURRENT_USER\\", "HKLM\\", "HKEY_USERS\\"]
        .iter()
        .any(|root| text.starts_with(root))
        .then_some(text)
}

/// `    TcpTimedWaitDelay    REG_DWORD    0x1e`
fn row(text: &str) -> Option<(&str, &str, &str)> {
    let at = text.find("REG_").filter(|_| text.starts_with([' ', '\t']))?;
    let (name, rest) = text.split_at_checked(at)?;
    let mut cells = Cells::new(rest);
    let (kind, value) = (cells.next()?, cells.rest());
    let known = ["REG_DWORD", "REG_SZ", "REG_MULTI_SZ", "REG_EXPAND_SZ", "REG_QWORD", "REG_BINARY", "REG_NONE"];
    (known.contains(&kind) && !name.trim().is_empty()).then(|| (name.trim(), kind, value))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut scope = String::new();
    let mut taken = false;
    loop {
        if let Some(key) = lines.take_if(|line| key(line.text).map(str::to_owned)) {
            scope = key.rsplit('\\').next().unwrap_or_default().to_owned();
        } else if let Some(setting) = lines.take_if(|line| setting(line, &scope)) {
            found.settings.push(setting);
        } else {
            // A blank line stands before and after each key.
            let more = lines.clone().nth(1).is_some_and(|line| key(line.text).is_some() || row(line.text).is_some());
            if !taken || !more || lines.take_if(|line| line.text.trim().is_empty().then_some(())).is_none() {
                return;
            }
        }
        taken = true;
    }
}

fn setting(line: Line<'_>, scope: &str) -> Option<Setting> {
    let (name, kind, value) = row(line.text)?;
    let number =
        value.strip_prefix("0x").filter(|_| kind != "REG_SZ").and_then(|hex| u64::from_str_radix(hex, 16).ok());
    let value = number.map_or_else(|| value.to_owned(), |number| number.to_string());
    // Of the stack as a whole; an interface has its identifier for a key.
    let scope = if scope == "Parameters" { "" } else { scope };
    Some(Setting::new(name.to_owned(), &value, line.number).of(scope))
}
