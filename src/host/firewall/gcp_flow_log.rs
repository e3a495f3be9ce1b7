//! Flow logs and firewall logs of Google Cloud: JSON records, one a line or in a list. A flow log says what went through;
//! a firewall log also what was denied, and by which rule.

use super::{Action, FirewallRule, Flow};
use crate::host::{Format, Found, Line, Lines, json};
use crate::time::Timestamp;
use serde_json::Value;

pub const FORMAT: Format = Format { name: "gcp-flow-log", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    json::begins_with(lines, &["\"jsonPayload\"", "\"src_ip\""])
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    while sniff(lines) {
        let line = lines.number();
        match json::take(lines) {
            Some(Value::Array(list)) => list.iter().for_each(|entry| push(entry, line, found)),
            Some(entry) => push(&entry, line, found),
            None => found.odd.add(line, "a JSON text that does not end"),
        }
    }
}

fn push(entry: &Value, line: u32, found: &mut Found) {
    match record(entry, line) {
        Some(record) => found.rules.push(record),
        None => found.other_rows += 1,
    }
}

fn record(entry: &Value, line: u32) -> Option<FirewallRule> {
    let payload = entry.get("jsonPayload")?;
    let connection = payload.get("connection")?;
    let text = |value: &'static str| connection.get(value)?.as_str();
    // Numbers of 64 bits come as strings.
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let port = |name: &str| connection.get(name).and_then(number).and_then(|port| u16::try_from(port).ok());
    let denied = payload.get("disposition").and_then(Value::as_str) == Some("DENIED");
    let rule = payload.get("rule_details").and_then(|rule| rule.get("reference")).and_then(Value::as_str);
    let time = ["start_time", "timestamp"].iter().find_map(|name| payload.get(name).or_else(|| entry.get(name)));
    let protocol =
        connection.get("protocol").and_then(number).map_or_else(|| "0".to_owned(), |number| number.to_string());
    let raw = connection.to_string();
    let flow = Flow {
        table: "gcp flow log",
        chain: payload.get("reporter").and_then(Value::as_str).unwrap_or_default(),
        time: time.and_then(Value::as_str).and_then(Timestamp::from_rfc3339),
        action: if denied { Action::Drop } else { Action::Accept },
        target: rule.unwrap_or(if denied { "DENIED" } else { "ALLOWED" }),
        protocol: &protocol,
        source: (text("src_ip")?.parse().ok()?, port("src_port")),
        destination: (text("dest_ip")?.parse().ok()?, port("dest_port")),
        packets: payload.get("packets_sent").and_then(number),
        bytes: payload.get("bytes_sent").and_then(number),
        line: Line { number: line, text: &raw },
    };
    Some(flow.record())
}
