//! What follows the addresses in a row of `ss` and stands in its further lines: `key:value` in any order, any of them
//! missing.

use crate::host::address::number_or_mask;
use crate::host::measure::Gathered;
use crate::host::text::Texts;
use crate::host::{Owner, Shutdown, Socket, Timer, TimerKind};
use memchr::memchr_iter;

/// No name of a process, and no context of it, is longer.
const LONGEST: usize = 256;

/// Reads details; keeps its stores between the rows.
#[derive(Default)]
pub(super) struct Reader {
    owners: Vec<Owner>,
    measures: Gathered,
    texts: Texts,
}

impl Reader {
    /// Adds what a row's tail or a further line says to the socket.
    pub(super) fn read(&mut self, text: &str, socket: &mut Socket) {
        let mut rest = text.trim_ascii_start();
        while !rest.is_empty() {
            let after = match rest.strip_prefix("users:((") {
                Some(users) => self.owners(users),
                None => None,
            };
            rest = after.unwrap_or_else(|| {
                let (key, value, after) = token(rest);
                match value {
                    Some(value) => self.pair(key, value, socket),
                    None => self.word(key, socket),
                }
                after
            });
            rest = rest.trim_ascii_start();
        }
        if !self.owners.is_empty() {
            socket.owners = self.owners.as_slice().into();
            self.owners.clear();
        }
        self.measures.give(&mut socket.measures);
    }

    /// `"name",pid=1,fd=3),("name",pid=2,fd=3))`: a name may hold anything, quotes and brackets too. What follows the list.
    fn owners<'a>(&mut self, users: &'a str) -> Option<&'a str> {
        let mut rest = users;
        loop {
            let (owner, after) = self.owner(rest)?;
            self.owners.push(owner);
            match after.strip_prefix(",(") {
                Some(next) => rest = next,
                None => return Some(after.strip_prefix(')').unwrap_or(after)),
            }
        }
    }

    /// `"name",pid=1,fd=3)`, of older versions `"name",1,3)`; with `-Z` contexts stand in between.
    fn owner<'a>(&mut self, text: &'a str) -> Option<(Owner, &'a str)> {
        let text = text.strip_prefix('"')?;
        let quotes = memchr_iter(b'"', text.as_bytes()).take_while(|&end| end < LONGEST);
        let ends = quotes.filter(|end| text.as_bytes().get(end + 1) == Some(&b','));
        let (end, (pid, fd, rest)) = ends.filter_map(|end| Some((end, ids(text.get(end + 2..)?)?))).next()?;
        let name = text.get(..end).filter(|name| !name.is_empty());
        let program = name.map(|name| self.texts.get(name));
        Some((Owner { pid, program, fd }, rest))
    }

    fn word(&mut self, word: &str, socket: &mut Socket) {
        match word {
            "<->" => socket.shutdown = Some(Shutdown::None),
            "-->" => socket.shutdown = Some(Shutdown::Receive),
            "<--" => socket.shutdown = Some(Shutdown::Send),
            "---" => socket.shutdown = Some(Shutdown::Both),
            "app_limited" => self.measures.add("app_limited", 1),
            _ => {}
        }
    }

    fn pair(&mut self, key: &str, value: &str, socket: &mut Socket) {
        match key {
            "timer" => socket.timer = timer(value),
            "ino" => socket.inode = value.parse().ok().filter(|&inode: &u64| inode != 0),
            "uid" => socket.user = Some(self.texts.get(value)),
            "cgroup" => socket.service = Some(self.texts.get(value)),
            "skmem" | "mem" => self.memory(key, value),
            _ => self.measure(key, value),
        }
    }

    /// `skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d14)`; an older `mem:(r0,w0,f0,t0)`.
    fn memory(&mut self, key: &str, value: &str) {
        for part in value.trim_matches(['(', ')']).split(',') {
            let at = part.bytes().position(|byte| byte.is_ascii_digit()).unwrap_or(part.len());
            let Some((letters, digits)) = part.split_at_checked(at) else { continue };
            let name = match (key, letters) {
                (_, "r") => "skmem_rmem",
                (_, "rb") => "skmem_rcvbuf",
                (_, "w") => "skmem_wmem",
                (_, "tb") => "skmem_sndbuf",
                (_, "bl") => "skmem_backlog",
                (_, "d") => "skmem_drops",
                _ => continue,
            };
            if let Ok(value) = digits.parse() {
                self.measures.add(name, value);
            }
        }
    }

    fn measure(&mut self, key: &str, value: &str) {
        let (first, second) = value.split_once(['/', ',']).unwrap_or((value, ""));
        let (names, scale) = match key {
            "rto" => (["rto_us", ""], 1000),
            "rtt" => (["rtt_us", "rttvar_us"], 1000),
            "minrtt" => (["minrtt_us", ""], 1000),
            "rcv_rtt" => (["rcv_rtt_us", ""], 1000),
            "ato" => (["ato_us", ""], 1000),
            "retrans" => (["retrans", "retrans_total"], 1),
            "wscale" => (["wscale_send", "wscale_receive"], 1),
            "lastsnd" => (["lastsnd_ms", ""], 1),
            "lastrcv" => (["lastrcv_ms", ""], 1),
            "lastack" => (["lastack_ms", ""], 1),
            "busy" => (["busy_ms", ""], 1),
            "rwnd_limited" => (["rwnd_limited_ms", ""], 1),
            "sndbuf_limited" => (["sndbuf_limited_ms", ""], 1),
            "notsent" => (["notsent_bytes", ""], 1),
            _ => ([key, ""], 1),
        };
        for (name, text) in names.into_iter().zip([first, second]) {
            if let Some(value) = decimal(text, scale) {
                self.measures.add(name, value);
            }
        }
    }
}

/// Letters up to the next blank, parted at their first colon if there is one, and what follows them.
fn token(text: &str) -> (&str, Option<&str>, &str) {
    let bytes = text.as_bytes();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let key = bytes.iter().position(|byte| *byte == b':' || byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    if bytes.get(key) != Some(&b':') {
        return (part(0, key), None, part(key, text.len()));
    }
    let after = bytes.get(key + 1..).unwrap_or_default();
    let value = key + 1 + after.iter().position(u8::is_ascii_whitespace).unwrap_or(after.len());
    (part(0, key), Some(part(key + 1, value)), part(value, text.len()))
}

/// What stands before the first comma, and what follows it. The texts are short: looking at each letter is quickest.
fn before_comma(text: &str) -> (&str, &str) {
    let at = text.bytes().position(|byte| byte == b',').unwrap_or(text.len());
    (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}

/// Process and descriptor, and what follows their bracket. Either may be masked.
fn ids(text: &str) -> Option<(Option<u32>, Option<u32>, &str)> {
    let end = text.bytes().take(LONGEST).position(|byte| byte == b')')?;
    let (ids, rest) = (text.get(..end)?, text.get(end + 1..)?);
    let (pid, _) = ids.split_once(',')?;
    let fd = ids.rsplit(',').next()?;
    let (pid, fd) = (pid.strip_prefix("pid=").unwrap_or(pid), fd.strip_prefix("fd=").unwrap_or(fd));
    Some((number_or_mask(pid)?, number_or_mask(fd)?, rest))
}

/// `(on,4.104ms,5)`
fn timer(value: &str) -> Option<Timer> {
    let inner = value.strip_prefix('(')?;
    let (kind, rest) = before_comma(inner.strip_suffix(')').unwrap_or(inner));
    let has_more = !rest.is_empty();
    let (left, rest) = before_comma(rest);
    let kind = match kind {
        "on" => TimerKind::On,
        "keepalive" => TimerKind::Keepalive,
        "timewait" => TimerKind::TimeWait,
        "persist" => TimerKind::Probe,
        "off" => TimerKind::Off,
        _ => TimerKind::Unknown,
    };
    let left_ms = span_ms(left).filter(|_| has_more);
    let retransmits = before_comma(rest).0.parse().ok();
    Some(Timer { kind, left_ms, retransmits, probes: None })
}

/// `104ms`, `4.104ms` (4 s and 104 ms), `50sec`, `6.516sec`, `1min35sec`, `119min`; nothing if the timer is due.
fn span_ms(text: &str) -> Option<u32> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let end = rest.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'.')?;
        let (number, unit) = rest.split_at_checked(end)?;
        let is_seconds = number.bytes().any(|byte| byte == b'.');
        let (scale, after) = match unit.as_bytes() {
            [b'm', b's', ..] => (if is_seconds { 1000 } else { 1 }, 2),
            [b's', b'e', b'c', ..] => (1000, 3),
            [b'm', b'i', b'n', ..] => (60_000, 3),
            _ => return None,
        };
        sum = sum.checked_add(decimal(number, scale)?)?;
        rest = unit.get(after..)?;
    }
    u32::try_from(sum).ok()
}

/// A decimal number times a power of ten; whatever stands after the number does not count.
fn decimal(text: &str, scale: u64) -> Option<u64> {
    let bytes = text.as_bytes();
    let digit =
        |at: usize| bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10).map(u64::from);
    let mut at = 0;
    let mut value = digit(0)?;
    while let Some(next) = digit(at + 1) {
        value = value.checked_mul(10)?.checked_add(next)?;
        at += 1;
    }
    value = value.checked_mul(scale)?;
    if bytes.get(at + 1) == Some(&b'.') {
        let mut place = scale / 10;
        at += 2;
        while let Some(next) = digit(at).filter(|_| place > 0) {
            value = value.checked_add(next * place)?;
            place /= 10;
            at += 1;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_say_seconds_before_the_point() {
        for (text, ms) in [
            ("104ms", Some(104)),
            ("4.104ms", Some(4104)),
            ("50sec", Some(50_000)),
            ("6.516sec", Some(6516)),
            ("1min35sec", Some(95_000)),
            ("119min", Some(7_140_000)),
            ("", Some(0)),
            ("soon", None),
            ("99999999999min", None),
        ] {
            assert_eq!(span_ms(text), ms, "{text}");
        }
    }

    #[test]
    fn a_name_may_hold_quotes_and_brackets() {
        let mut reader = Reader::default();
        let rest = reader
            .owners(r#""my ",(x",pid=1,fd=3),("b",pid=22,proc_ctx=unconfined,fd=44),("c",pid=<pid>,fd=xx)) uid:0"#);
        assert_eq!(rest, Some(" uid:0"));
        let shown: Vec<_> = reader.owners.iter().map(|owner| (owner.program.as_deref(), owner.pid, owner.fd)).collect();
        let expected = [(Some("my \",(x"), Some(1), Some(3)), (Some("b"), Some(22), Some(44)), (Some("c"), None, None)];
        assert_eq!(shown, expected);
    }
}
