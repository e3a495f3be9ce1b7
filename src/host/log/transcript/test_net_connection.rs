//! `Test-NetConnection HOST -Port N` of PowerShell: a list of properties, and warnings before it.

use crate::host::log::context::Said;
use crate::host::log::{Event, read};
use crate::host::{Format, Found, Line, Lines, Port, SocketAddress};

pub const FORMAT: Format = Format { name: "test-netconnection", sniff, parse };

/// Warnings and blank lines between a warning and the result.
const BETWEEN: usize = 8;

/// What a warning says after its word, which is translated.
const WARNING: &str = ": TCP connect to ";

/// Properties of a result: those that are read, the first of them always there.
const NAMES: [&str; 5] = ["ComputerName", "RemoteAddress", "RemotePort", "SourceAddress", "TcpTestSucceeded"];

fn sniff(lines: &Lines<'_>) -> bool {
    warned(lines.text()).is_some() || is_list(lines) || table(lines).is_some()
}

fn is_list(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone().take(16);
    let begins = ahead.next().and_then(|line| property(line.text)).is_some_and(|(name, _)| name == NAMES[0]);
    begins && ahead.any(|line| line.text.starts_with(NAMES[4]))
}

/// `WARNING: TCP connect to (10.0.0.9 : 444) failed`, of older versions `TCP connect to 10.0.0.9:444 failed`.
fn warned(text: &str) -> Option<SocketAddress> {
    let (word, rest) = text.split_once(WARNING)?;
    let end = rest.strip_suffix(" failed").filter(|_| word.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    let end = end.trim_start_matches('(').trim_end_matches(')');
    let (host, port) = end.rsplit_once(':')?;
    Some(SocketAddress::of(host.trim(), Port::Number(port.trim().parse().ok()?)))
}

/// Where the columns of [`NAMES`] begin and end, of a table with a line of dashes below its header.
fn table(lines: &Lines<'_>) -> Option<[Option<(usize, usize)>; NAMES.len()]> {
    let mut ahead = lines.clone();
    let (header, dashes) = (ahead.next()?.text, ahead.next()?.text);
    let is_table = header.contains(NAMES[4]) && dashes.contains("---") && dashes.chars().all(|c| c == '-' || c == ' ');
    is_table.then_some(())?;
    let is_dash = |at: usize| dashes.as_bytes().get(at) == Some(&b'-');
    let starts: Vec<usize> = (0..dashes.len()).filter(|&at| is_dash(at) && (at == 0 || !is_dash(at - 1))).collect();
    let column = |name: &str| {
        let place = starts.iter().position(|&at| header.get(at..).is_some_and(|rest| rest.starts_with(name)))?;
        Some((*starts.get(place)?, starts.get(place + 1).copied().unwrap_or(usize::MAX)))
    };
    Some(NAMES.map(column))
}

/// `RemotePort       : 443`
fn property(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim_end();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"() ".contains(&byte));
    is_name.then(|| (name, value.trim()))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if let Some(columns) = table(lines) {
        lines.next();
        lines.next();
        let cell = |text: &'_ str, (from, to): (usize, usize)| {
            text.get(from..to.min(text.len())).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty())
        };
        while let Some(line) = lines.peek().filter(|line| !line.text.trim().is_empty()) {
            let cells = columns.map(|column| cell(line.text, column?));
            let Some(succeeded) = cells[4].as_deref().filter(|word| ["True", "False"].contains(word)) else { return };
            keep(line, cells.each_ref().map(Option::as_deref), succeeded, found);
            lines.next();
        }
        return;
    }
    let mut values: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
    while let Some(line) = lines.peek() {
        let text = line.text;
        if let Some(remote) = warned(text) {
            lines.next();
            // The result below says the same and more, unless nobody asked for it.
            let mut below = lines.clone();
            let goes_on = |line: &Line<'_>| line.text.trim().is_empty() || line.text.contains(": ");
            for _ in 0..BETWEEN {
                if !below.peek().is_some_and(|line| goes_on(&line)) || is_list(&below) {
                    break;
                }
                below.next();
            }
            if !is_list(&below) {
                let said = Said::new(Event::ConnectFailed).by("Test-NetConnection").toward(Some(remote));
                read::keep(read::row(line.number, said, None, None, text), found);
                return;
            }
            continue;
        }
        if text.starts_with("WARNING: ") || text.trim().is_empty() {
            lines.next();
            continue;
        }
        let Some((name, value)) = property(text) else { return };
        lines.next();
        if let Some(place) = NAMES.iter().position(|known| *known == name) {
            values[place] = Some(value).filter(|value| !value.is_empty());
        }
        if name == NAMES[4] {
            keep(line, values, value, found);
            return;
        }
    }
}

fn keep(
    line: Line<'_>,
    [computer, remote, port, source, _]: [Option<&str>; NAMES.len()],
    succeeded: &str,
    found: &mut Found,
) {
    let end = |host: Option<&str>, port: Port| host.map(|host| SocketAddress::of(host, port));
    let port = port.and_then(|port| port.parse().ok()).map_or(Port::Any, Port::Number);
    let event = if succeeded == "True" { Event::Connected } else { Event::ConnectFailed };
    let said = Said::new(event).by("Test-NetConnection").toward(end(remote.or(computer), port));
    read::keep(read::row(line.number, said.at(end(source, Port::Any)), None, None, line.text), found);
}
