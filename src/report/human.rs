//! Numbers as people read them.

use crate::time::{SECOND, Span, Timestamp, Zone};
use crate::wire::Address;
use std::net::SocketAddr;

/// `12 345`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// `1 connection`, `12 345 connections`
pub fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `812 B`, `1.2 MB`; decimal units.
pub fn bytes(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// `8.4 %`; nothing is rounded to none or all that is not.
pub fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    if part >= whole {
        return "100 %".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    if percent < 0.1 { "<0.1 %".to_owned() } else { format!("{:.1} %", percent.min(99.9)) }
}

/// `250 ms`, `3.4 s`, `9 min 41 s`, `2 h 05 min`, `3 d 04 h`
pub fn duration(span: Span) -> String {
    let sign = if span.0 < 0 { "-" } else { "" };
    let nanoseconds = span.0.unsigned_abs();
    let seconds = nanoseconds / SECOND.unsigned_abs();
    let milliseconds = nanoseconds as f64 / 1e6;
    match seconds {
        0 if nanoseconds == 0 => "0 s".to_owned(),
        0 if milliseconds < 10.0 => format!("{sign}{milliseconds:.2} ms"),
        0 => format!("{sign}{milliseconds:.0} ms"),
        1..60 => format!("{sign}{:.1} s", milliseconds / 1000.0),
        60..3600 => two(sign, (seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => two(sign, (seconds / 3600, "h"), (seconds / 60 % 60, "min")),
        _ => two(sign, (seconds / 86_400, "d"), (seconds / 3600 % 24, "h")),
    }
}

/// The smaller unit is left out where it counts nothing.
fn two(sign: &str, (large, unit): (u64, &str), (small, subunit): (u64, &str)) -> String {
    match small {
        0 => format!("{sign}{large} {unit}"),
        _ => format!("{sign}{large} {unit} {small:02} {subunit}"),
    }
}

/// From when to when, the day and the zone said once if they are one: `2026-01-01 00:00:00 to 00:10:00 UTC`.
pub fn period(first: Timestamp, last: Timestamp, zone: Zone) -> String {
    let (from, to) = (first.date_and_time(zone), last.date_and_time(zone));
    let to = to.strip_prefix(from.get(..11).unwrap_or_default()).unwrap_or(&to);
    match (zone.name_at(first), zone.name_at(last)) {
        (before, after) if before == after => format!("{from} to {to} {after}"),
        (before, after) => format!("{from} {before} to {to} {after}"),
    }
}

/// `10.1.0.40:5432`, `[2001:db8::1]:443`
pub fn address(address: Address) -> String {
    SocketAddr::new(address.ip(), address.port).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0, 999, 1000, 12_345, 1_234_567].map(count), ["0", "999", "1 000", "12 345", "1 234 567"]);
        assert_eq!(counted(1, "file") + ", " + &counted(2000, "file"), "1 file, 2 000 files");
        assert_eq!(
            [0, 999, 1000, 1_234_567, 999_960, u64::MAX].map(bytes),
            ["0 B", "999 B", "1.0 kB", "1.2 MB", "1.0 MB", "18.4 EB"]
        );
    }

    #[test]
    fn shares_never_round_to_none_or_all() {
        let shares = [(0, 5), (5, 5), (1, 8), (1, 100_000), (99_999, 100_000), (1, 0)];
        let printed = shares.map(|(part, whole)| share(part, whole));
        assert_eq!(printed, ["0 %", "100 %", "12.5 %", "<0.1 %", "99.9 %", "0 %"]);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let milliseconds = [0, 1, 250, 999, 3400, 59_940, 60_000, 581_000, 7_500_000, 273_600_000, -250];
        let printed = milliseconds.map(|value| duration(Span::from_micros(value * 1000)));
        let wanted = [
            "0 s",
            "1.00 ms",
            "250 ms",
            "999 ms",
            "3.4 s",
            "59.9 s",
            "1 min",
            "9 min 41 s",
            "2 h 05 min",
            "3 d 04 h",
            "-250 ms",
        ];
        assert_eq!(printed, wanted);
        assert_eq!(duration(Span(59_960_000_000)), "60.0 s");
        assert_eq!(duration(Span(i64::MIN)), "-106751 d 23 h");
    }
}
