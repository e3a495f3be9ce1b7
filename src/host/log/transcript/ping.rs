//! `ping`: from its first line to its statistics, of Linux, BSD, BusyBox and Windows.

use crate::host::log::context::Said;
use crate::host::log::{Event, ends, read};
use crate::host::{Format, Found, Line, Lines, Port, SocketAddress};

pub const FORMAT: Format = Format { name: "ping", sniff, parse };

/// Lines of one run that are gone through at most between its first line and the statistics.
const MOST: usize = 100_000;

fn sniff(lines: &Lines<'_>) -> bool {
    target(lines.text()).is_some() || statistics(lines.text()).is_some()
}

/// `PING web (10.0.0.1) 56(84) bytes of data.`, `PING6(56=40+8+8 bytes) a --> b`, `Pinging web [10.0.0.1] with 32 bytes of data:`
fn target(text: &str) -> Option<SocketAddress> {
    if let Some(rest) = text.strip_prefix("PING6(") {
        return ends::first(rest.split_once("--> ")?.1);
    }
    let rest = text
        .strip_prefix("PING ")
        .or_else(|| text.strip_prefix("Pinging "))
        .or_else(|| text.strip_prefix("Ping wird ausgeführt für "))?;
    let is_run = rest.contains("bytes") || rest.contains("Bytes");
    is_run.then(|| ends::first(rest).or_else(|| ends::named(rest)))?.map(|end| SocketAddress { port: Port::Any, ..end })
}

/// `--- 10.0.0.1 ping statistics ---`, `Ping statistics for 10.0.0.1:`
fn statistics(text: &str) -> Option<SocketAddress> {
    let name = text.strip_prefix("--- ").and_then(|rest| rest.strip_suffix(" ping statistics ---"));
    let name = name.or_else(|| text.strip_prefix("Ping statistics for ")?.strip_suffix(':'));
    let name = name.or_else(|| text.strip_prefix("Ping-Statistik für ")?.strip_suffix(':'));
    ends::named(name?)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut remote = None;
    for _ in 0..MOST {
        let Some(line) = lines.peek() else { return };
        let starts = target(line.text).or_else(|| statistics(line.text));
        if remote.is_some() && target(line.text).is_some() {
            return;
        }
        if let Some(end) = starts {
            remote = Some(remote.unwrap_or(end));
        } else if let Some(said) = counted(line.text).or_else(|| unreachable(line)) {
            lines.next();
            let ends = said.event != Event::Unreachable;
            let said = said.by("ping").toward(remote.clone());
            read::keep(read::row(line.number, said, None, None, line.text), found);
            if ends {
                rest(lines);
                return;
            }
            continue;
        } else if !is_reply(line.text) {
            return;
        }
        lines.next();
    }
}

/// `3 packets transmitted, 3 received, 0% packet loss`, `    Packets: Sent = 4, Received = 0, Lost = 4 (100% loss),`
fn counted(text: &str) -> Option<Said> {
    let numbers = || text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let is_counted = text.contains(" packets transmitted, ")
        || text.trim_start().starts_with("Packets: Sent = ")
        || text.trim_start().starts_with("Pakete: Gesendet = ");
    let received: u64 = is_counted.then(|| numbers().nth(1)?.parse().ok())??;
    Some(Said::new(if received > 0 { Event::Answered } else { Event::Unanswered }))
}

/// `From 10.77.1.1 icmp_seq=1 Destination Host Unreachable`, `Reply from 10.0.0.1: Destination host unreachable.`
fn unreachable(line: Line<'_>) -> Option<Said> {
    let text = line.text;
    let says =
        ["nreachable", "Time to live exceeded", "TTL expired", "rohibited"].iter().any(|word| text.contains(word));
    (says && (text.starts_with("From ") || text.starts_with("Reply from "))).then(|| Said::new(Event::Unreachable))
}

fn is_reply(text: &str) -> bool {
    let text = text.trim();
    let starts = [
        "From ",
        "Reply from ",
        "Request timed out",
        "Antwort von ",
        "Zeitüberschreitung",
        "ping: ",
        "no answer yet",
        "General failure",
    ];
    text.is_empty()
        || text.contains(" bytes from ")
        || text.contains("time=")
        || starts.iter().any(|start| text.starts_with(start))
}

/// Round-trip times after the count.
fn rest(lines: &mut Lines<'_>) {
    let is_time = |text: &str| {
        text.starts_with("rtt min")
            || text.starts_with("round-trip min")
            || text.trim_start().starts_with("Approximate round trip")
            || text.trim_start().starts_with("Minimum = ")
    };
    while lines.take_if(|line| is_time(line.text).then_some(())).is_some() {}
}
