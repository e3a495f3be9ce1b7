//! Flow logs of AWS VPC: one line a flow and interval, in the default fields or in those that a head names.

use super::{Action, FirewallRule, Flow};
use crate::host::{Format, Found, Line, Lines};
use crate::time::Timestamp;

pub const FORMAT: Format = Format { name: "aws-flow-log", sniff, parse };

const FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    is_head(text) || record(Line { number: 0, text }, &fields(FIELDS)).is_some()
}

fn fields(text: &str) -> Vec<&str> {
    text.split_ascii_whitespace().collect()
}

fn is_head(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && ["srcaddr", "dstaddr", "action"].iter().all(|name| text.split(' ').any(|word| word == *name))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let own = lines.take_if(|line| is_head(line.text).then_some(line.text));
    let heads = fields(own.unwrap_or(FIELDS));
    while let Some(line) = lines.peek() {
        if let Some(rule) = record(line, &heads) {
            found.rules.push(rule);
        } else if line.text.contains("NODATA") || line.text.contains("SKIPDATA") {
            found.other_rows += 1; // an interval without traffic, or one that was not recorded
        } else {
            return;
        }
        lines.next();
    }
}

/// `2 123456789010 eni-1235b8ca 10.77.1.2 10.77.2.2 40376 3306 6 6 360 1795205118 1795205178 REJECT OK`
fn record(line: Line<'_>, heads: &[&str]) -> Option<FirewallRule> {
    let mut cells: Vec<&str> = line.text.split_ascii_whitespace().collect();
    if cells.len() == heads.len() + 1 {
        cells.remove(0); // the time before each line of an export
    }
    let cell = |name: &str| heads.iter().position(|head| *head == name).and_then(|at| cells.get(at)).copied();
    let action = match cell("action")? {
        "ACCEPT" => Action::Accept,
        // Nothing comes back, whatever the word says.
        "REJECT" => Action::Drop,
        _ => return None,
    };
    let number = |name: &str| cell(name).and_then(|text| text.parse::<u64>().ok());
    let port = |name: &str| cell(name).and_then(|text| text.parse().ok());
    let flow = Flow {
        table: "aws flow log",
        chain: cell("interface-id").unwrap_or_default(),
        time: number("start")
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map(|seconds| Timestamp::from_parts(seconds, 0)),
        action,
        target: cell("action")?,
        protocol: cell("protocol").unwrap_or("0"),
        source: (cell("srcaddr")?.parse().ok()?, port("srcport")),
        destination: (cell("dstaddr")?.parse().ok()?, port("dstport")),
        packets: number("packets"),
        bytes: number("bytes"),
        line,
    };
    Some(flow.record())
}
