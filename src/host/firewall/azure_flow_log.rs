//! Flow logs of Azure network security groups and virtual networks: tuples in JSON, grouped by the rule that decided.

use super::{Action, FirewallRule, Flow};
use crate::host::{Format, Found, Line, Lines, json};
use crate::time::Timestamp;
use serde_json::Value;

pub const FORMAT: Format = Format { name: "azure-flow-log", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    json::begins_with(lines, &["FlowEvent"]) || json::begins_with(lines, &["\"flowTuples\""])
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let line = lines.number();
    match json::take(lines) {
        Some(value) => walk(&value, "", line, 0, found),
        None => found.odd.add(line, "a JSON text that does not end"),
    }
}

/// The tuples stand in lists of different depth in the two kinds of log; the rule's name stands beside or above them.
fn walk(value: &Value, rule: &str, line: u32, depth: u32, found: &mut Found) {
    match value {
        Value::Array(list) if depth < 16 => list.iter().for_each(|value| walk(value, rule, line, depth + 1, found)),
        Value::Object(object) if depth < 16 => {
            let rule = object.get("rule").and_then(Value::as_str).unwrap_or(rule);
            for (key, value) in object {
                if key == "flowTuples" {
                    let tuples = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    for tuple in tuples.iter().filter_map(Value::as_str) {
                        match record(tuple, rule, line) {
                            Some(record) => found.rules.push(record),
                            None => found.odd.add(line, "a tuple of another shape"),
                        }
                    }
                } else {
                    walk(value, rule, line, depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

/// Of groups: `1542110377,10.0.0.4,13.67.143.118,44931,443,T,O,A,B,12,1000,10,900`; of networks: milliseconds, the number of
/// the protocol, and `D` for denied in the state's place.
fn record(tuple: &str, rule: &str, line: u32) -> Option<FirewallRule> {
    let cells: Vec<&str> = tuple.split(',').collect();
    let time: i64 = cells.first()?.parse().ok()?;
    let nanoseconds = if time > 100_000_000_000 { 1_000_000 } else { 1_000_000_000 };
    let denied = *cells.get(7)? == "D";
    // Packets and bytes of both directions.
    let sum = |a: usize, b: usize| {
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse::<u64>().ok());
        number(a).map(|first| first.saturating_add(number(b).unwrap_or(0)))
    };
    let flow = Flow {
        table: "azure flow log",
        chain: match *cells.get(6)? {
            "I" => "inbound",
            "O" => "outbound",
            _ => return None,
        },
        time: Some(Timestamp(time.saturating_mul(nanoseconds))),
        action: if denied { Action::Drop } else { Action::Accept },
        target: rule,
        protocol: match *cells.get(5)? {
            "T" => "tcp",
            "U" => "udp",
            other => other,
        },
        source: (cells.get(1)?.parse().ok()?, cells.get(3)?.parse().ok()),
        destination: (cells.get(2)?.parse().ok()?, cells.get(4)?.parse().ok()),
        packets: sum(9, 11),
        bytes: sum(10, 12),
        line: Line { number: line, text: tuple },
    };
    Some(flow.record())
}
