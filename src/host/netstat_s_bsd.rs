//! `netstat -s` of the BSD family: macOS, FreeBSD and AIX. Sentences with one or two numbers, indented by tabs under
//! `tcp:`; a plural `s` comes and goes with the number.

use super::counter::{Counter, worded};
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};
use std::borrow::Cow;

pub const FORMAT: Format = Format { name: "netstat-s-bsd", sniff, parse };

const TITLES: [&str; 22] = [
    "tcp", "udp", "ip", "icmp", "igmp", "ip6", "ipv6", "icmp6", "icmpv6", "ipsec", "ipsec6", "arp", "rip6", "pim",
    "sctp", "mptcp", "carp", "pfkey", "unix", "kevt", "kctl", "divert",
];

/// Sentences of the section `tcp` without their plurals, with the name of the first number and that of the second one.
/// Where a counter means the same as one of Linux or of the MIB (RFC 4022) it has that name, else the field's of the
/// kernel's `struct tcpstat`.
const TCP: &[(&str, &str, &str)] = &[
    ("# connection request", "TcpActiveOpens", ""),
    ("# connection accept", "TcpPassiveOpens", ""),
    ("# bad connection attempt", "tcps_badsyn", ""),
    ("# listen queue overflow", "TcpExtListenOverflows", ""),
    ("# discarded due to listener' queue full", "TcpExtListenOverflows", ""),
    ("# discarded by listener", "tcp: discarded by listeners", ""),
    ("# connection established (including accept)", "tcps_connects", ""),
    ("# connection closed (including # drop)", "tcps_closed", "tcps_drops"),
    ("# embryonic connection dropped", "tcps_conndrops", ""),
    ("# packet sent", "tcps_sndtotal", ""),
    ("# data packet (# byte)", "tcps_sndpack", "tcps_sndbyte"),
    ("# data packet (# byte) retransmitted", "tcps_sndrexmitpack", "tcps_sndrexmitbyte"),
    ("# data packet unnecessarily retransmitted", "tcps_sndrexmitbad", ""),
    ("# resend initiated by mtu discovery", "tcps_mturesent", ""),
    ("# ack-only packet (# delayed)", "tcps_sndacks", "tcps_delack"),
    ("# urg only packet", "tcps_sndurg", ""),
    ("# window probe packet", "tcps_sndprobe", ""),
    ("# control packet", "tcps_sndctrl", ""),
    ("# packet received", "TcpInSegs", ""),
    ("# ack (for # byte)", "tcps_rcvackpack", "tcps_rcvackbyte"),
    ("# duplicate ack", "tcps_rcvdupack", ""),
    ("# ack for unsent data", "tcps_rcvacktoomuch", ""),
    ("# packet (# byte) received in-sequence", "tcps_rcvpack", "tcps_rcvbyte"),
    ("# completely duplicate packet (# byte)", "tcps_rcvduppack", "tcps_rcvdupbyte"),
    ("# old duplicate packet", "tcps_pawsdrop", ""),
    ("# packet with some dup. data (# byte duped)", "tcps_rcvpartduppack", "tcps_rcvpartdupbyte"),
    ("# out-of-order packet (# byte)", "tcps_rcvoopack", "tcps_rcvoobyte"),
    ("# packet (# byte) of data after window", "tcps_rcvpackafterwin", "tcps_rcvbyteafterwin"),
    ("# window probe", "tcps_rcvwinprobe", ""),
    ("# packet received after close", "tcps_rcvafterclose", ""),
    ("# discarded for bad checksum", "tcps_rcvbadsum", ""),
    ("# discarded for bad header offset field", "tcps_rcvbadoff", ""),
    ("# discarded because packet too short", "tcps_rcvshort", ""),
    ("# segment updated rtt (of # attempt)", "tcps_rttupdated", "tcps_segstimed"),
    ("# retransmit timeout", "tcps_rexmttimeo", ""),
    ("# connection dropped by rexmit timeout", "tcps_timeoutdrop", ""),
    ("# persist timeout", "tcps_persisttimeo", ""),
    ("# connection dropped by persist timeout", "tcps_persistdrop", ""),
    ("# connection dropped due to persist timeout", "tcps_persistdrop", ""),
    ("# connection (fin_wait_2) dropped because of timeout", "tcps_finwait2_drops", ""),
    ("# keepalive timeout", "tcps_keeptimeo", ""),
    ("# keepalive probe sent", "tcps_keepprobe", ""),
    ("# connection dropped by keepalive", "tcps_keepdrops", ""),
    ("# correct ack header prediction", "tcps_predack", ""),
    ("# correct data packet header prediction", "tcps_preddat", ""),
    ("# syncache entry added", "tcps_sc_added", ""),
    ("# syncache entrie added", "tcps_sc_added", ""),
    ("# bucket overflow", "tcps_sc_bucketoverflow", ""),
    ("# cache overflow", "tcps_sc_cacheoverflow", ""),
    ("# reset", "tcps_sc_reset", ""),
    ("# stale", "tcps_sc_stale", ""),
    ("# aborted", "tcps_sc_aborted", ""),
    ("# syn cookie sent", "TcpExtSyncookiesSent", ""),
    ("# cookie sent", "TcpExtSyncookiesSent", ""),
    ("# cookie received", "TcpExtSyncookiesRecv", ""),
];

/// These stand only there, so that a line that `grep` left tells its section.
const LONE: [&str; 8] = [
    "# listen queue overflow",
    "# discarded due to listener' queue full",
    "# discarded by listener",
    "# embryonic connection dropped",
    "# connection closed (including # drop)",
    "# connection dropped by rexmit timeout",
    "# connection dropped by keepalive",
    "# bad connection attempt",
];

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    if title(text).is_some() {
        return lines.clone().nth(1).is_some_and(|line| is_indented(line.text) && leads_with_number(line.text));
    }
    grepped(text).is_some()
}

fn title(text: &str) -> Option<&'static str> {
    let name = text.trim_end().strip_suffix(':')?;
    TITLES.into_iter().find(|title| *title == name)
}

fn is_indented(text: &str) -> bool {
    text.starts_with('\t') || text.starts_with("  ")
}

fn leads_with_number(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

/// The numbers of a sentence and the sentence without them and without plurals.
fn sentence(text: &str) -> Option<(String, Result<u64, &'static str>, Option<u64>)> {
    let (words, first) = worded(text)?;
    let inner = words.split_once('(').and_then(|(head, tail)| {
        let (tail, value) = worded(tail)?;
        Some((format!("{head}({tail}"), value.ok()?))
    });
    let (words, second) = inner.map_or((words, None), |(words, value)| (words, Some(value)));
    Some((singular(&words), first, second))
}

/// Each word without a final `s`, in small letters.
fn singular(words: &str) -> String {
    let one = |word: &str| {
        let (word, end) = word.strip_suffix(')').map_or((word, ""), |word| (word, ")"));
        let word = if word.len() > 3 { word.strip_suffix('s').unwrap_or(word) } else { word };
        format!("{}{end}", word.to_ascii_lowercase())
    };
    words.split_whitespace().map(one).collect::<Vec<_>>().join(" ")
}

fn grepped(text: &str) -> Option<(String, u64, Option<u64>)> {
    if !is_indented(text) || !leads_with_number(text) || text.len() > 120 {
        return None;
    }
    let (words, first, second) = sentence(text)?;
    LONE.contains(&words.as_str()).then_some((words, first.ok()?, second))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if title(lines.text()).is_none() {
        let mut seen = Seen::default();
        let mut take = |line: Line<'_>| {
            let (words, first, second) = grepped(line.text)?;
            if !seen.is_new(&words) {
                return None; // the same command, run again
            }
            push("tcp", "", &words, first, second, line, found);
            Some(())
        };
        while lines.take_if(&mut take).is_some() {}
        return;
    }
    let mut reader = Reader { seen: Seen::default(), title: "", part: "" };
    while lines.take_if(|line| reader.take(line, found)).is_some() {
        reader.skip_blank(lines);
    }
}

struct Reader {
    seen: Seen,
    title: &'static str,
    /// `Input ` or `Output ` below a histogram's title.
    part: &'static str,
}

impl Reader {
    fn take(&mut self, line: Line<'_>, found: &mut Found) -> Option<()> {
        if let Some(title) = title(line.text) {
            if !self.seen.is_new(title) {
                return None; // the next snapshot
            }
            (self.title, self.part) = (title, "");
            return Some(());
        }
        if !is_indented(line.text) {
            return None;
        }
        let text = line.text.trim();
        if text.ends_with("istogram:") {
            self.part = if text.starts_with("Input") || text.starts_with("input") { "Input " } else { "Output " };
            return Some(());
        }
        let Some((words, first, second)) = sentence(text) else {
            found.odd.add(line.number, "no number in it");
            return Some(());
        };
        let own = if leads_with_number(text) { "" } else { self.part };
        match first {
            Ok(first) => push(self.title, own, &words, first, second, line, found),
            Err(why) => found.odd.add(line.number, why),
        }
        Some(())
    }

    /// Blank lines belong to the block if another section follows.
    fn skip_blank(&self, lines: &mut Lines<'_>) {
        lines.skip_blank_before(|below| title(below.text()).is_some_and(|title| !self.seen.has(title)));
    }
}

fn push(title: &str, part: &str, words: &str, first: u64, second: Option<u64>, line: Line<'_>, found: &mut Found) {
    let known = TCP.iter().find(|(own, ..)| title == "tcp" && *own == words);
    let name = match known {
        Some((_, name, _)) => Cow::Borrowed(*name),
        None => Cow::Owned(format!("{title}: {part}{}", own_words(line.text))),
    };
    found.counters.push(Counter::new(name, first, line.number).worded(words));
    if let (Some((.., name)), Some(second)) = (known.filter(|(.., name)| !name.is_empty()), second) {
        found.counters.push(Counter::new(*name, second, line.number).worded(words));
    }
}

/// The sentence as it stands, without its number.
fn own_words(text: &str) -> String {
    worded(text).map_or_else(String::new, |(words, _)| words.replacen("# ", "", 1).trim_end_matches(": #").to_owned())
}
