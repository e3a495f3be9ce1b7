//! `Get-NetTCPConnection | Format-List`: blocks of `name : value`, parted by blank lines.

use super::Cell;
use crate::host::{Format, Found, Lines};

pub(in crate::host) const FORMAT: Format = Format { name: "powershell-nettcp-list", sniff, parse };

/// Blank lines that may stand between two blocks.
const GAP: usize = 3;

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    if !pair(ahead.text()).is_some_and(|(name, _)| KNOWN.contains(&name)) {
        return false;
    }
    ahead.by_ref().take(16).any(|line| pair(line.text).is_some_and(|(name, _)| name == "LocalPort"))
}

/// Any of these may stand first.
const KNOWN: [&str; 8] = [
    "LocalAddress",
    "LocalPort",
    "RemoteAddress",
    "RemotePort",
    "State",
    "AppliedSetting",
    "OwningProcess",
    "CreationTime",
];

fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric());
    (is_name && text.starts_with(|letter: char| letter.is_ascii_alphabetic())).then_some((name, value.trim()))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    loop {
        let mut cell = Cell::default();
        let line = lines.number();
        while let Some((name, value)) = lines.take_if(|line| pair(line.text)) {
            cell.set(name, value);
        }
        match cell.socket(line) {
            Some(socket) if !cell.local_port.is_empty() => found.sockets.push(socket),
            _ => found.odd.add(line, "a block without a local port"),
        }
        let mut ahead = lines.clone();
        let gap = ahead.by_ref().take(GAP).take_while(|line| line.text.trim().is_empty()).count();
        for _ in 0..gap.min(GAP) {
            if !lines.take_blank() {
                break;
            }
        }
        if gap == 0 || !sniff(lines) {
            return;
        }
    }
}
