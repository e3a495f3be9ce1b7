//! `netstat -s` of Solaris and illumos: `name = number` in two columns, under the protocol's name in the first one.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::seen::Seen;
use super::{Format, Found};
use std::borrow::Cow;

pub const FORMAT: Format = Format { name: "netstat-s-solaris", sniff, parse };

/// Counters of RFC 4022, 4113 and 4293, spelled as the kernel of Linux spells them.
const SAME: &[&str] = &[
    "TcpRtoAlgorithm",
    "TcpRtoMin",
    "TcpRtoMax",
    "TcpActiveOpens",
    "TcpPassiveOpens",
    "TcpAttemptFails",
    "TcpEstabResets",
    "TcpCurrEstab",
    "TcpInSegs",
    "TcpOutSegs",
    "TcpRetransSegs",
    "TcpInErrs",
    "TcpOutRsts",
    "UdpInDatagrams",
    "UdpInErrors",
    "UdpOutDatagrams",
    "UdpNoPorts",
    "IpForwarding",
    "IpDefaultTTL",
    "IpInReceives",
    "IpInHdrErrors",
    "IpInAddrErrors",
    "IpForwDatagrams",
    "IpInUnknownProtos",
    "IpInDiscards",
    "IpInDelivers",
    "IpOutRequests",
    "IpOutDiscards",
    "IpOutNoRoutes",
    "IpReasmTimeout",
    "IpReasmReqds",
    "IpReasmOKs",
    "IpReasmFails",
    "IpFragOKs",
    "IpFragFails",
    "IpFragCreates",
    "IcmpInMsgs",
    "IcmpInErrors",
    "IcmpInDestUnreachs",
    "IcmpInTimeExcds",
    "IcmpInEchos",
    "IcmpInEchoReps",
    "IcmpOutMsgs",
    "IcmpOutErrors",
    "IcmpOutDestUnreachs",
    "IcmpOutTimeExcds",
    "IcmpOutEchos",
    "IcmpOutEchoReps",
];

/// Of the same meaning under other names: Q is the accept queue, Q0 that of half-open connections.
const LIKE: [(&str, &str); 2] =
    [("tcpListenDrop", "TcpExtListenOverflows"), ("tcpListenDropQ0", "TcpExtTCPReqQFullDrop")];

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    // Counters of Solaris begin with their protocol in small letters; without that, anything with an equals sign would do.
    text.contains('=') && pairs(text).is_some_and(|(_, pairs)| pairs.iter().any(|(name, _)| is_counter(name)))
}

fn is_counter(name: &str) -> bool {
    let protocols = ["tcp", "udp", "ip", "icmp", "rawip", "ipv6", "icmp6", "igmp", "sctp"];
    protocols.into_iter().any(|protocol| {
        name.strip_prefix(protocol).is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_uppercase()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    })
}

type Pairs<'a> = Vec<(&'a str, Option<u64>)>;

/// The protocol, if the line begins with one, and one or two counters.
fn pairs(text: &str) -> Option<(Option<&str>, Pairs<'_>)> {
    let mut words = text.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty()).peekable();
    if text.len() > 200 || text.bytes().filter(|byte| *byte == b'=').count() > 2 {
        return None;
    }
    let protocol = words
        .next_if(|word| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'v'));
    let mut pairs = Vec::new();
    while let Some(name) = words.next() {
        let value = words.next()?;
        let number = value.strip_prefix('-').unwrap_or(value);
        let good =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if !good || number.is_empty() {
            return None;
        }
        pairs.push((name, value.parse().ok()));
    }
    (!pairs.is_empty()).then_some((protocol, pairs))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut seen = Seen::default();
    loop {
        if lines.take_if(|line| take(line, &mut seen, found)).is_none() {
            break;
        }
        lines.skip_blank_before(sniff);
    }
}

fn take(line: Line<'_>, seen: &mut Seen, found: &mut Found) -> Option<()> {
    let (_, pairs) = pairs(line.text)?;
    let names: Vec<_> = pairs.iter().map(|(name, _)| canonical(name)).collect();
    if names.iter().any(|name| seen.has(name)) {
        return None; // the next snapshot
    }
    for ((own, value), name) in pairs.into_iter().zip(names) {
        seen.is_new(&name);
        // -1 stands for "no limit" in tcpMaxConn.
        if let Some(value) = value {
            let counter = Counter::new(name, value, line.number);
            found.counters.push(if counter.name == own { counter } else { counter.worded(own) });
        }
    }
    Some(())
}

fn canonical(name: &str) -> Cow<'static, str> {
    if let Some((_, like)) = LIKE.iter().find(|(own, _)| *own == name) {
        return Cow::Borrowed(like);
    }
    let same = SAME.iter().find(|same| {
        same.get(1..).is_some_and(|rest| name.get(1..) == Some(rest))
            && same.as_bytes().first().map(u8::to_ascii_lowercase) == name.bytes().next()
    });
    same.map_or_else(|| Cow::Owned(name.to_owned()), |same| Cow::Borrowed(*same))
}
