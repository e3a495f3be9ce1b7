//! Events 5152 and 5157 of the Windows security log, in their text: the filtering platform has blocked a packet or a
//! connection.

use super::{Action, Flow};
use crate::host::{Format, Found, Lines};
use crate::time::Timestamp;

pub const FORMAT: Format = Format { name: "wfp-event", sniff, parse };

const PLATFORM: &str = "Windows Filtering Platform has blocked a ";

fn sniff(lines: &Lines<'_>) -> bool {
    lines.text().contains(PLATFORM)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some(head) = lines.next() else { return };
    let mut text = head.text.to_owned();
    // The message goes on below, unless an export has put it on one line.
    while let Some(line) = lines.take_if(|line| (!line.text.contains(PLATFORM) && is_body(line.text)).then_some(line)) {
        text.push('\n');
        text.push_str(line.text);
    }
    let event = if head.text.contains("blocked a packet") { "5152" } else { "5157" };
    let field = |name: &str| {
        text.split_once(name)
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .map(|word| word.trim_end_matches(['"', ',']))
    };
    let address = |name: &str| field(name)?.parse().ok();
    let number = |name: &str| field(name)?.parse().ok();
    let time = head.text.split([' ', ',', '"']).find_map(Timestamp::from_rfc3339);
    match address("Source Address:").zip(address("Destination Address:")) {
        Some((source, destination)) => {
            let flow = Flow {
                table: "windows security log",
                chain: field("Direction:").unwrap_or_default(),
                time,
                action: Action::Drop,
                target: event,
                protocol: field("Protocol:").unwrap_or("0"),
                source: (source, number("Source Port:")),
                destination: (destination, number("Destination Port:")),
                packets: Some(1),
                bytes: None,
                line: head,
            };
            found.rules.push(flow.record());
        }
        None => found.odd.add(head.number, "an event without its addresses"),
    }
}

/// Lines of the message: blank, titles with a colon at their end, or labels with one after them.
fn is_body(text: &str) -> bool {
    const LABELS: [&str; 17] = [
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
    ];
    let text = text.trim();
    text.is_empty() || LABELS.iter().any(|label| text.starts_with(label)) || text.starts_with("Remote Machine ID:")
}
