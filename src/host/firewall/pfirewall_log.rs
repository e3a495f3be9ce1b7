//! `pfirewall.log` of Windows: one line a packet or connection, with the fields that its head names. Its times are local
//! and say no zone.

use super::{Action, FirewallRule, Flow};
use crate::host::{Format, Found, Line, Lines};
use crate::time::Timestamp;

pub const FORMAT: Format = Format { name: "pfirewall-log", sniff, parse };

/// The fields of version 1.5, for a log without its head.
const FIELDS: &str = "date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path";

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    text.starts_with("#Fields: date time action protocol src-ip")
        || text.starts_with("#Software: Microsoft Windows Firewall")
        || text.starts_with("#Version: ")
            && lines.clone().nth(1).is_some_and(|line| line.text.contains("Windows Firewall"))
        || record(Line { number: 0, text }, &fields(FIELDS)).is_some()
}

fn fields(text: &str) -> Vec<&str> {
    text.split_ascii_whitespace().collect()
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut heads = fields(FIELDS);
    while let Some(line) = lines.peek() {
        if let Some(rest) = line.text.strip_prefix("#Fields: ") {
            heads = fields(rest);
        } else if let Some(rule) = record(line, &heads) {
            found.rules.push(rule);
        } else if !line.text.starts_with('#') && !line.text.trim().is_empty() {
            if !line.text.starts_with("20") {
                return;
            }
            found.other_rows += 1; // INFO-EVENTS-LOST, rows of ICMP without ports
        }
        lines.next();
    }
}

/// `2026-11-20 20:04:19 DROP TCP 10.77.1.2 10.77.2.2 40376 3306 52 S 1234 0 64240 - - - RECEIVE`
fn record(line: Line<'_>, heads: &[&str]) -> Option<FirewallRule> {
    if !line.text.starts_with("20") {
        return None;
    }
    let cells: Vec<&str> = line.text.split_ascii_whitespace().collect();
    let cell = |name: &str| heads.iter().position(|head| *head == name).and_then(|at| cells.get(at)).copied();
    let action = match cell("action")? {
        "DROP" => Action::Drop,
        "ALLOW" => Action::Accept,
        "OPEN" | "CLOSE" | "OPEN-INBOUND" => Action::Accept,
        _ => return None,
    };
    let number = |name: &str| cell(name).and_then(|text| text.parse().ok());
    let flow = Flow {
        table: "pfirewall.log",
        chain: cell("path").unwrap_or_default(),
        time: Timestamp::from_rfc3339(&format!("{}T{}Z", cell("date")?, cell("time")?)),
        action,
        target: cell("action")?,
        protocol: cell("protocol")?,
        source: (cell("src-ip")?.parse().ok()?, number("src-port")),
        destination: (cell("dst-ip")?.parse().ok()?, number("dst-port")),
        packets: Some(1),
        bytes: cell("size").and_then(|text| text.parse().ok()),
        line,
    };
    Some(FirewallRule { is_local_time: true, ..flow.record() })
}
