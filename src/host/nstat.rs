//! `nstat` of iproute2: the kernel's names, one a line. Without `-a` the numbers are what came since the last call, which
//! the command at the prompt tells; where there is none they are taken for the whole counts.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "nstat", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    if is_head(text) {
        return lines.clone().nth(1).is_none_or(|line| row(line.text).is_some() || is_head(line.text));
    }
    row(text).is_some_and(|(name, _)| is_mib(name))
}

/// `#kernel`, or `#12345.1804289383 sampling_interval=1 time_const=60` of its daemon.
fn is_head(text: &str) -> bool {
    text.trim_end() == "#kernel"
        || text
            .strip_prefix('#')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(" sampling_interval="))
}

/// `TcpExtListenOverflows           14                 0.0`
fn row(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let mut cells = text.split_ascii_whitespace();
    let (name, value, rate) = (cells.next()?, cells.next()?, cells.next()?);
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (cells.next().is_none() && plain && number(value) && number(rate)).then_some((name, value))
}

/// Begins with a part of the kernel's tables: what `grep` leaves has no head.
fn is_mib(name: &str) -> bool {
    ["Tcp", "Ip", "Udp", "Icmp", "MPTcp", "Sctp"]
        .iter()
        .any(|part| name.starts_with(part) && name.len() > part.len() + 3)
}

/// Whether the command leaves out `-a`.
pub(super) fn is_since_last_call(command: Option<&str>) -> bool {
    let of_nstat = command.and_then(|command| command.split_once("nstat"));
    of_nstat.is_some_and(|(_, rest)| {
        let own = rest.split(['|', ';', '&', '>']).next().unwrap_or_default();
        !own.split_whitespace().any(|word| word == "--ignore" || is_short_option(word, 'a'))
    })
}

fn is_short_option(word: &str, letter: char) -> bool {
    word.strip_prefix('-').is_some_and(|letters| !letters.starts_with('-') && letters.contains(letter))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let is_increase = is_since_last_call(lines.command);
    let headed = lines.take_if(|line| is_head(line.text).then_some(())).is_some();
    if headed && !is_increase {
        found.zeros_hidden.push(""); // without -z
    }
    let mut seen = Seen::default();
    let mut take = |line: Line<'_>| {
        let (name, value) = row(line.text)?;
        if !seen.is_new(name) {
            return None; // a second list without a head
        }
        match value.parse() {
            Ok(value) => {
                found.counters.push(Counter { is_increase, ..Counter::new(name.to_owned(), value, line.number) });
            }
            Err(_) => found.odd.add(line.number, "no count"),
        }
        Some(())
    };
    while lines.take_if(&mut take).is_some() {}
}
