//! Entries of the systemd journal that go over several lines: what `journalctl -o export` and `-o verbose` print.

pub mod export;
pub mod verbose;

use super::clock::{Clock, When};
use super::context::Peers;
use super::frame::Framed;
use super::read;
use crate::host::{Found, Lines};
use crate::time::Timestamp;
use std::borrow::Cow;

/// Fields of an entry that count here; of two that say the same, the better comes first.
const WANTED: [&str; 8] = [
    "MESSAGE",
    "_SOURCE_REALTIME_TIMESTAMP",
    "__REALTIME_TIMESTAMP",
    "_HOSTNAME",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_PID",
    "SYSLOG_PID",
];

/// One entry: the values of [`WANTED`], as far as it has them.
#[derive(Default)]
struct Entry<'a> {
    values: [Option<Cow<'a, str>>; WANTED.len()],
    /// Line of its message.
    line: u32,
}

impl<'a> Entry<'a> {
    fn set(&mut self, name: &str, value: impl Into<Cow<'a, str>>, line: u32) {
        let place = WANTED.iter().position(|wanted| *wanted == name);
        if let Some(place) = place {
            self.line = if place == 0 { line } else { self.line };
            self.values[place] = Some(value.into());
        }
    }

    /// What the first of some fields says that is there.
    fn value(&self, names: &[&str]) -> Option<&str> {
        let place = |name: &&str| WANTED.iter().position(|wanted| wanted == name);
        names.iter().filter_map(place).find_map(|place| self.values[place].as_deref())
    }

    /// `otherwise` is the time where no field tells one.
    fn keep(
        &self,
        otherwise: Option<When>,
        clock: &mut Clock,
        peers: &mut Peers,
        ahead: &Lines<'_>,
        found: &mut Found,
    ) {
        let micros = self.value(&["_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"]);
        let exact = micros.and_then(|micros| micros.parse::<i64>().ok()?.checked_mul(1_000)).map(Timestamp);
        let framed = Framed {
            when: exact.map(When::Exact).or(otherwise),
            host: self.value(&["_HOSTNAME"]),
            program: self.value(&["SYSLOG_IDENTIFIER", "_COMM"]),
            pid: self.value(&["_PID", "SYSLOG_PID"]).and_then(|pid| pid.parse().ok()),
            message: self.value(&["MESSAGE"]).unwrap_or_default().into(),
        };
        read::message(self.line, &framed, clock, peers, ahead, found);
    }
}

/// Names of fields are made of these.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}
