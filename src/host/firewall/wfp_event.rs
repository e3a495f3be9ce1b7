//! Events 5152 and 5157 of the Windows security log: the filtering platform has blocked a packet or a connection. As
//! `wevtutil` prints them (text and XML), `Get-WinEvent | Format-List`, an export to CSV, or the message alone.

use super::{Action, FirewallRule, Flow};
use crate::host::{Format, Found, Line, Lines};
use crate::time::Timestamp;
use crate::time::calendar::Written;

pub const FORMAT: Format = Format { name: "wfp-event", sniff, parse };

const PLATFORM: &str = "Windows Filtering Platform has blocked a ";
/// Lines of an event, and those between its head and its message.
const MOST_LINES: usize = 80;
const HEAD_LINES: usize = 20;

/// How the two kinds of line below an event's first one begin: its properties, and the parts of its message.
const LABELS: [&str; 37] = [
    "ProviderName",
    "Id",
    "LevelDisplayName",
    "MachineName",
    "Message",
    "Log Name:",
    "Source:",
    "Date:",
    "Event ID:",
    "Task:",
    "Level:",
    "Opcode:",
    "Keyword:",
    "User:",
    "User Name:",
    "Computer:",
    "Description:",
    "The Windows Filtering Platform has blocked a ",
    "Application Information:",
    "Network Information:",
    "Filter Information:",
    "Process ID:",
    "Application Name:",
    "Direction:",
    "Source Address:",
    "Source Port:",
    "Destination Address:",
    "Destination Port:",
    "Protocol:",
    "Filter Run-Time ID:",
    "Layer Name:",
    "Layer Run-Time ID:",
    "Filter Origin:",
    "Interface Index:",
    "Remote User ID:",
    "Remote Machine ID:",
    "RemoteUserID:",
];

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    text.contains(PLATFORM)
        || is_xml(text) && is_ours(&xml(&mut lines.clone()))
        || is_head(text) && headed(&mut lines.clone().skip(1)).is_some()
}

/// The first line of an event whose message stands below: `TimeCreated  : 11/20/2026 8:04:19 PM`, `Event[0]:`.
fn is_head(text: &str) -> bool {
    text.starts_with("TimeCreated ") && text.contains(" : ") || text.starts_with("Event[")
}

/// The message's first line, if only properties stand above it.
fn headed<'a>(below: &mut impl Iterator<Item = Line<'a>>) -> Option<Line<'a>> {
    below.take(HEAD_LINES).take_while(|line| is_body(line.text)).find(|line| line.text.contains(PLATFORM))
}

fn is_body(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || LABELS.iter().any(|label| text.starts_with(label))
}

fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with("<Event ")
}

/// Takes an event in XML, on one line or many.
fn xml(lines: &mut Lines<'_>) -> String {
    let mut whole = String::new();
    for line in lines.by_ref().take(MOST_LINES) {
        whole.push_str(line.text);
        whole.push('\n');
        if line.text.contains("</Event>") {
            break;
        }
    }
    whole
}

fn is_ours(xml: &str) -> bool {
    let id = xml.split_once("<EventID").and_then(|(_, rest)| rest.split_once('>')).map(|(_, rest)| rest);
    id.is_some_and(|id| id.starts_with("5152<") || id.starts_with("5157<"))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some(head) = lines.peek() else { return };
    let rule = if is_xml(head.text) { of_xml(&xml(lines), head) } else { of_text(&text(lines), head) };
    match rule {
        Some(rule) => found.rules.push(rule),
        None => found.odd.add(head.number, "an event without its addresses"),
    }
}

/// Takes an event in words, up to the next one.
fn text(lines: &mut Lines<'_>) -> String {
    let mut whole = lines.next().map_or("", |line| line.text).to_owned();
    let mut has_message = whole.contains(PLATFORM);
    while let Some(line) = lines.peek().filter(|line| is_body(line.text)) {
        let is_message = line.text.contains(PLATFORM);
        if has_message && is_message {
            break; // of the next event
        }
        has_message |= is_message;
        whole.push('\n');
        whole.push_str(line.text);
        lines.next();
    }
    whole
}

fn of_text(text: &str, head: Line<'_>) -> Option<FirewallRule> {
    let field = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        Some(rest.split_whitespace().next()?.trim_end_matches(['"', ',']))
    };
    let id = if text.contains("blocked a packet") { "5152" } else { "5157" };
    let names = ["Source Address:", "Source Port:", "Destination Address:", "Destination Port:"];
    let cells = head.text.split([',', '\t']).map(|cell| cell.trim_matches('"'));
    let labelled = ["TimeCreated", "Date:"].into_iter().filter_map(|name| text.split_once(name)?.1.lines().next());
    let times = labelled.map(|time| time.trim_start_matches([' ', ':'])).chain(cells);
    rule(id, field("Direction:"), field("Protocol:"), names.map(field), times, head)
}

fn of_xml(xml: &str, head: Line<'_>) -> Option<FirewallRule> {
    // Attributes stand in either kind of quotation mark.
    let plain = xml.replace('"', "'");
    let data = |name: &str| {
        let (_, rest) = plain.split_once(&format!("Name='{name}'>"))?;
        Some(rest.split_once('<')?.0.trim())
    };
    let id = if plain.contains(">5152<") { "5152" } else { "5157" };
    let direction = match data("Direction") {
        Some("%%14592") => Some("Inbound"),
        Some("%%14593") => Some("Outbound"),
        other => other,
    };
    let names = ["SourceAddress", "SourcePort", "DestAddress", "DestPort"];
    let time = plain.split_once("SystemTime='").and_then(|(_, rest)| rest.split_once('\'')).map(|(time, _)| time);
    let head = Line { text: head.text.split("</Event>").next().unwrap_or(head.text), ..head };
    rule(id, direction, data("Protocol"), names.map(data), time.into_iter(), head)
}

/// The event as a record; the first of `times` that is one counts.
fn rule<'a>(
    id: &str,
    direction: Option<&str>,
    protocol: Option<&str>,
    [source, source_port, destination, destination_port]: [Option<&str>; 4],
    mut times: impl Iterator<Item = &'a str>,
    head: Line<'_>,
) -> Option<FirewallRule> {
    let time = times.find_map(|text| time(text.trim()));
    let port = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let flow = Flow {
        table: "windows security log",
        chain: direction.unwrap_or_default(),
        time: time.map(|(time, _)| time),
        action: Action::Drop,
        target: id,
        protocol: protocol.unwrap_or("0"),
        source: (source?.parse().ok()?, port(source_port)),
        destination: (destination?.parse().ok()?, port(destination_port)),
        packets: Some(1),
        bytes: None,
        line: head,
    };
    Some(FirewallRule { is_local_time: time.is_some_and(|(_, is_local)| is_local), ..flow.record() })
}

/// A date with its time, and whether it says no zone.
fn time(text: &str) -> Option<(Timestamp, bool)> {
    let written = Written::read(text)?;
    written.year?;
    Some((written.timestamp(None)?, written.offset.is_none()))
}
