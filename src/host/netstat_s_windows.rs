//! `netstat -s` of Windows: `words = number` under titles such as `TCP Statistics for IPv4`, in the language of the system.
//! The words are translated, their order is not.

use super::counter::{Counter, worded};
use super::lines::{Line, Lines};
use super::{Format, Found};
use std::borrow::Cow;

pub const FORMAT: Format = Format { name: "netstat-s-windows", sniff, parse };

/// A section's counters: English words and the kernel's name, in the order of printing.
type List = &'static [(&'static str, &'static str)];

const TCP: List = &[
    ("Active Opens", "TcpActiveOpens"),
    ("Passive Opens", "TcpPassiveOpens"),
    ("Failed Connection Attempts", "TcpAttemptFails"),
    ("Reset Connections", "TcpEstabResets"),
    ("Current Connections", "TcpCurrEstab"),
    ("Segments Received", "TcpInSegs"),
    ("Segments Sent", "TcpOutSegs"),
    ("Segments Retransmitted", "TcpRetransSegs"),
];

const UDP: List = &[
    ("Datagrams Received", "UdpInDatagrams"),
    ("No Ports", "UdpNoPorts"),
    ("Receive Errors", "UdpInErrors"),
    ("Datagrams Sent", "UdpOutDatagrams"),
];

const IP: List = &[
    ("Packets Received", "IpInReceives"),
    ("Received Header Errors", "IpInHdrErrors"),
    ("Received Address Errors", "IpInAddrErrors"),
    ("Datagrams Forwarded", "IpForwDatagrams"),
    ("Unknown Protocols Received", "IpInUnknownProtos"),
    ("Received Packets Discarded", "IpInDiscards"),
    ("Received Packets Delivered", "IpInDelivers"),
    ("Output Requests", "IpOutRequests"),
    ("Routing Discards", "IpRoutingDiscards"),
    ("Discarded Output Packets", "IpOutDiscards"),
    ("Output Packet No Route", "IpOutNoRoutes"),
    ("Reassembly Required", "IpReasmReqds"),
    ("Reassembly Successful", "IpReasmOKs"),
    ("Reassembly Failures", "IpReasmFails"),
    ("Datagrams Successfully Fragmented", "IpFragOKs"),
    ("Datagrams Failing Fragmentation", "IpFragFails"),
    ("Fragments Created", "IpFragCreates"),
];

/// These have a column received and a column sent; the direction goes before the word.
const ICMP: List = &[
    ("Messages", "Msgs"),
    ("Errors", "Errors"),
    ("Destination Unreachable", "DestUnreachs"),
    ("Time Exceeded", "TimeExcds"),
    ("Parameter Problems", "ParmProbs"),
    ("Source Quenches", "SrcQuenchs"),
    ("Redirects", "Redirects"),
    ("Echo Replies", "EchoReps"),
    ("Echos", "Echos"),
    ("Timestamps", "Timestamps"),
    ("Timestamp Replies", "TimestampReps"),
    ("Address Masks", "AddrMasks"),
    ("Address Mask Replies", "AddrMaskReps"),
    ("Router Solicitations", "RouterSolicits"),
    ("Router Advertisements", "RouterAdvertisements"),
    ("Packet Too Big", "PktTooBigs"),
    ("Neighbor Solicitations", "NeighborSolicits"),
    ("Neighbor Advertisements", "NeighborAdvertisements"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Section {
    list: Option<List>,
    icmp: bool,
    version6: bool,
}

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    if grepped(text).is_some() {
        return true;
    }
    title(text).is_some_and(|section| {
        let mut below = lines.clone().skip(1).map(|line| line.text).filter(|text| !text.trim().is_empty());
        let first = below.next().unwrap_or_default();
        match section.icmp {
            true => below.next().is_some_and(|text| pair_of_columns(text).is_some()),
            false => assignment(first).is_some(),
        }
    })
}

/// `TCP Statistics for IPv4`, `Statistiques TCP pour IPv6`, `IPv4-Statistik`, `ICMPv4 の統計`.
fn title(text: &str) -> Option<Section> {
    let text = text.trim_end();
    let versions = ["IPv4", "IPv6", "ICMPv4", "ICMPv6"];
    if text.len() > 100 || text.contains(['=', ':', '/']) || !versions.iter().any(|version| text.contains(version)) {
        return None;
    }
    let icmp = text.contains("ICMPv");
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let list = match () {
        () if text.contains("TCP") => Some(TCP),
        () if text.contains("UDP") => Some(UDP),
        () if icmp => None,
        () => Some(IP),
    };
    (digits == 1 && !text.starts_with(' ')).then_some(Section { list, icmp, version6: text.contains("v6") })
}

/// `  Active Opens                        = 347883`
fn assignment(text: &str) -> Option<(&str, Result<u64, &'static str>)> {
    let (words, value) = text.rsplit_once('=')?;
    let (words, value) = (words.trim(), value.trim());
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let spaced = text.starts_with([' ', '\t']) && words.starts_with(char::is_alphanumeric);
    (digits && spaced && words.len() < 80).then(|| (words, value.parse().map_err(|_| "a count beyond 64 bits")))
}

/// `  Messages                  1234        56`
fn pair_of_columns(text: &str) -> Option<(&str, [u64; 2])> {
    let mut cells = text.rsplitn(2, char::is_whitespace);
    let sent = cells.next()?.parse().ok()?;
    let (words, received) = cells.next()?.trim_end().rsplit_once(char::is_whitespace)?;
    let words = words.trim();
    (text.starts_with(' ') && !words.is_empty()).then_some((words, [received.parse().ok()?, sent]))
}

/// A line of the TCP section without its title.
fn grepped(text: &str) -> Option<(&'static str, u64)> {
    let (words, value) = assignment(text)?;
    let (_, name) = TCP.iter().find(|(own, _)| *own == words)?;
    Some((name, value.ok()?))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut reader = Reader { seen: Vec::new(), section: None, place: 0 };
    if title(lines.text()).is_none() {
        return lone(lines, found);
    }
    while lines.take_if(|line| reader.take(line, found)).is_some() {
        reader.skip_blank(lines);
    }
}

/// What `findstr` leaves: the line of IPv4, then that of IPv6, then the next snapshot.
fn lone(lines: &mut Lines<'_>, found: &mut Found) {
    let mut names: Vec<&str> = Vec::new();
    let mut take = |line: Line<'_>| {
        let (name, value) = grepped(line.text)?;
        let before = names.iter().filter(|known| **known == name).count();
        if before == 2 {
            return None;
        }
        names.push(name);
        let text = worded(line.text).map_or_else(String::new, |(text, _)| text);
        found.counters.push(Counter::new(versioned(name, before == 1), value, line.number).worded(&text));
        Some(())
    };
    while lines.take_if(&mut take).is_some() {}
}

struct Reader {
    seen: Vec<Section>,
    section: Option<Section>,
    /// Counters of the section so far: in another language it is the order that tells.
    place: usize,
}

impl Reader {
    fn take(&mut self, line: Line<'_>, found: &mut Found) -> Option<()> {
        if let Some(section) = title(line.text) {
            if self.seen.contains(&section) {
                return None; // the next snapshot
            }
            self.seen.push(section);
            (self.section, self.place) = (Some(section), 0);
            return Some(());
        }
        let section = self.section?;
        let Some(list) = section.list else { return icmp(section, line, found) };
        let (words, value) = assignment(line.text)?;
        let known = list.iter().find(|(own, _)| *own == words).or_else(|| list.get(self.place));
        self.place += 1;
        match value {
            Ok(value) => {
                let name = known.map_or_else(|| words.to_owned().into(), |(_, name)| versioned(name, section.version6));
                found.counters.push(Counter::new(name, value, line.number).worded(words));
            }
            Err(why) => found.odd.add(line.number, why),
        }
        Some(())
    }

    /// Blank lines belong to the block if more of it follows.
    fn skip_blank(&self, lines: &mut Lines<'_>) {
        lines.skip_blank_before(|below| {
            let text = below.text();
            title(text).is_some_and(|section| !self.seen.contains(&section))
                || assignment(text).is_some()
                || text.starts_with(' ') && self.section.is_some_and(|own| own.icmp)
        });
    }
}

fn icmp(section: Section, line: Line<'_>, found: &mut Found) -> Option<()> {
    if !line.text.starts_with(' ') {
        return None;
    }
    let Some((words, values)) = pair_of_columns(line.text) else {
        return line.text.bytes().all(|byte| !byte.is_ascii_digit()).then_some(()); // the heads of the columns
    };
    let known = ICMP.iter().find(|(own, _)| *own == words).map(|(_, name)| name);
    let prefix = if section.version6 { "Icmp6" } else { "Icmp" };
    for (direction, value) in ["In", "Out"].into_iter().zip(values) {
        let name =
            known.map_or_else(|| format!("{prefix}{direction}: {words}"), |name| format!("{prefix}{direction}{name}"));
        found.counters.push(Counter::new(name, value, line.number).worded(words));
    }
    Some(())
}

/// The same counter of IPv6 has the digit after the protocol.
fn versioned(name: &'static str, version6: bool) -> Cow<'static, str> {
    let protocol = ["Tcp", "Udp", "Ip"].into_iter().find(|protocol| name.starts_with(protocol));
    match protocol.and_then(|protocol| Some((protocol, name.strip_prefix(protocol)?))) {
        Some((protocol, rest)) if version6 => Cow::Owned(format!("{protocol}6{rest}")),
        _ => Cow::Borrowed(name),
    }
}
