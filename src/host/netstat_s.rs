//! `netstat -s` of Linux, whole or as `grep` leaves it: sentences, each with a number, under titles of sections.

mod texts;

use super::counter::{Counter, worded};
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};
use std::borrow::Cow;

pub const FORMAT: Format = Format { name: "netstat-s-linux", sniff, parse };

const TITLES: [&str; 16] = [
    "Ip", "Icmp", "IcmpMsg", "Tcp", "Udp", "UdpLite", "TcpExt", "IpExt", "MPTcpExt", "Sctp", "Ip6", "Icmp6", "Udp6",
    "UdpLite6", "Tcp6", "XfrmExt",
];

/// What the tool says when it could not read a file of `/proc`.
const BROKEN: &str = "error parsing /proc/net/";

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    if text.starts_with(BROKEN) {
        return true;
    }
    if title(text).is_some() {
        // A title alone is a word with a colon; a counter or another title must follow.
        let next = lines.clone().nth(1).map_or("", |line| line.text);
        return title(next).is_some() || next.starts_with(' ') && worded(next).is_some();
    }
    grepped(text).is_some()
}

fn title(text: &str) -> Option<&'static str> {
    let name = text.trim_end().strip_suffix(':')?;
    TITLES.into_iter().find(|title| *title == name)
}

/// A line that tells its counter without a title above it.
fn grepped(text: &str) -> Option<Counter> {
    let trimmed = text.trim_start();
    // Asked of every line of every log: most begin otherwise.
    let sentence = trimmed.starts_with(|c: char| c.is_ascii_digit() || !c.is_ascii());
    if !(sentence || text.starts_with(' ') || text.starts_with("TCP") || text.starts_with("Quick")) {
        return None;
    }
    let (words, value) = worded(trimmed)?;
    if let Some(name) = texts::anywhere(&words) {
        return Some(Counter::new(name, value.ok()?, 0).worded(&words));
    }
    let (name, rest) = trimmed.split_once(": ")?;
    let named = name.starts_with("TCP") || name.starts_with("Listen") || name.starts_with("Syncookies");
    let whole = name.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !rest.trim().is_empty();
    (named && whole && words.ends_with(": #")).then_some(Counter::new(format!("TcpExt{name}"), value.ok()?, 0))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut reader = Reader::default();
    while lines.take_if(|line| reader.take(line, found)).is_some() {}
}

/// Where in the text the reader is.
#[derive(Default)]
struct Reader {
    seen: Vec<&'static str>,
    title: Option<&'static str>,
    histogram: Histogram,
    /// Counters of the section so far, as long as none stood at another place than the tool's own order says.
    position: Option<usize>,
    /// Names of lines without a title, to see where the next snapshot begins.
    names: Seen,
    /// Whether there was any such line.
    lone: bool,
}

/// The two lists within the sections of ICMP; their titles, in whatever language, have no number.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Histogram {
    #[default]
    Before,
    In,
    Out,
}

impl Reader {
    fn take(&mut self, line: Line<'_>, found: &mut Found) -> Option<()> {
        if line.text.starts_with(BROKEN) {
            if !self.seen.is_empty() {
                return None;
            }
            found.odd.add(line.number, "netstat could not read a file of /proc");
            return Some(());
        }
        if let Some(title) = title(line.text) {
            if self.seen.contains(&title) || self.lone {
                return None; // the next snapshot
            }
            self.seen.push(title);
            found.zeros_hidden.push(title);
            (self.title, self.histogram, self.position) = (Some(title), Histogram::Before, Some(0));
            return Some(());
        }
        match self.title {
            Some(title) => self.counter(title, line, found),
            None => self.lone(line, found),
        }
    }

    /// A line without any title above it.
    fn lone(&mut self, line: Line<'_>, found: &mut Found) -> Option<()> {
        let counter = Counter { line: line.number, ..grepped(line.text)? };
        if !self.names.is_new(&counter.name) {
            return None; // the same command, run again
        }
        self.lone = true;
        found.counters.push(counter);
        Some(())
    }

    fn counter(&mut self, title: &'static str, line: Line<'_>, found: &mut Found) -> Option<()> {
        if !line.text.starts_with([' ', '\t']) {
            return None;
        }
        let Some((words, value)) = worded(line.text) else {
            return self.wordless(title, line, found);
        };
        let name = self.name(title, &words);
        match value {
            Ok(value) => {
                let counter = Counter::new(name, value, line.number);
                let own = words.strip_suffix(": #").is_some_and(|own| counter.name.ends_with(own));
                found.counters.push(if own { counter } else { counter.worded(&words) });
            }
            Err(why) => found.odd.add(line.number, why),
        }
        Some(())
    }

    /// A line without a number: the title of a histogram, or something odd.
    fn wordless(&mut self, title: &str, line: Line<'_>, found: &mut Found) -> Option<()> {
        let text = line.text.trim();
        if text.is_empty() {
            return None;
        }
        if title.starts_with("Icmp") && self.histogram != Histogram::Out {
            self.histogram = if self.histogram == Histogram::Before { Histogram::In } else { Histogram::Out };
        } else if !text.starts_with("Forwarding is ") && !text.starts_with("RTO algorithm is ") {
            found.odd.add(line.number, "no number in it");
        }
        Some(())
    }

    fn name(&mut self, title: &'static str, words: &str) -> Cow<'static, str> {
        let list = match (title, self.histogram) {
            ("Icmp", Histogram::In) => "Icmp>",
            ("Icmp", Histogram::Out) => "Icmp<",
            ("Icmp6", Histogram::In) => "Icmp6>",
            ("Icmp6", Histogram::Out) => "Icmp6<",
            _ => title,
        };
        let place = self.position.and_then(|at| texts::order(title).get(at)).copied();
        self.position = self.position.map(|at| at + 1);
        if let Some(name) = texts::named(list, words).or_else(|| texts::named(title, words)) {
            if place != Some(name) {
                self.position = None;
            }
            return Cow::Borrowed(name);
        }
        if let Some(own) = words.strip_suffix(": #").filter(|own| is_name(own)) {
            self.position = None;
            return Cow::Owned(if own.starts_with(title) { own.to_owned() } else { format!("{title}{own}") });
        }
        // In another language the order still tells.
        place.map_or_else(|| Cow::Owned(format!("{title}: {words}")), Cow::Borrowed)
    }
}

/// As the kernel spells them: one word that begins with a capital letter.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
