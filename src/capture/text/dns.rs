//! Questions and answers of DNS as tcpdump and tshark print them, and the messages that they stand for.

use crate::record_type::{self, A, AAAA};
use std::net::{IpAddr, SocketAddr};

/// A message as far as a line tells of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dns {
    pub from: SocketAddr,
    /// Port 0 where none was printed.
    pub to: SocketAddr,
    pub id: u16,
    pub is_answer: bool,
    pub code: u8,
    pub truncated: bool,
    /// Name and record type that were asked for; tcpdump does not print them with the answer.
    pub question: Option<(String, u16)>,
    /// Answer records.
    pub answers: u16,
    /// Those of them that are addresses.
    pub addresses: Vec<IpAddr>,
}

/// Ports of DNS and of multicast DNS.
pub(super) const PORTS: [u16; 2] = [53, 5353];

/// Response codes by their number, as tcpdump and as tshark print them (IANA `dns-parameters`).
const CODES: [(u8, &str, &str); 5] = [
    (1, "FormErr", "Format error"),
    (2, "ServFail", "Server failure"),
    (3, "NXDomain", "No such name"),
    (4, "NotImp", "Not implemented"),
    (5, "Refused", "Refused"),
];

/// `0 PTR (QM)? _ipps._tcp.local. (35)`, `12345+ A? www.example. (29)`, `12345* 1/0/0 A 192.0.2.1 (45)`, `12345 NXDomain- 0/1/0 (96)`
pub(super) fn of_tcpdump(from: SocketAddr, to: SocketAddr, tail: &str) -> Option<Dns> {
    let tail = tail.split_once(']').filter(|_| tail.starts_with('[')).map_or(tail, |(_, behind)| behind.trim_start());
    let mut words = tail.split(' ').peekable();
    let first = words.next()?;
    let digits = first.trim_end_matches(|c: char| !c.is_ascii_digit());
    let mut marks = first.get(digits.len()..)?;
    let mut dns = empty(from, to, digits.parse().ok()?);
    let is_code = |word: &&str| CODES.iter().any(|(_, name, _)| word.starts_with(name));
    if let Some(word) = words.next_if(is_code) {
        let (number, name, _) = CODES.iter().find(|(_, name, _)| word.starts_with(name))?;
        (dns.code, marks) = (*number, word.get(name.len()..)?);
    }
    dns.truncated = marks.contains('|');
    while words.next_if(|word| word.starts_with('[') || *word == "q:").is_some() {}
    if let Some(kind) = words.next_if(|word| word.ends_with('?') || record_type::number(word).is_some()) {
        words.next_if(|word| word.starts_with('('));
        dns.question = Some((words.next()?.to_owned(), record_type::number(kind.trim_end_matches('?'))?));
    }
    let mut counts = words.peek().copied().unwrap_or_default().split('/').map(str::parse::<u16>);
    if let (Some(Ok(answers)), Some(Ok(_)), Some(Ok(_)), None) =
        (counts.next(), counts.next(), counts.next(), counts.next())
    {
        (dns.is_answer, dns.answers, dns.addresses) = (true, answers, addresses(words));
    }
    (dns.is_answer || dns.question.is_some()).then_some(dns)
}

/// `Standard query 0x309f A www.example`, `Standard query response 0x309f No such name A www.example`
pub(super) fn of_tshark(from: IpAddr, to: IpAddr, protocol: &str, info: &str) -> Option<Dns> {
    let rest = info.strip_prefix("Standard query ")?;
    let (is_answer, rest) = rest.strip_prefix("response ").map_or((false, rest), |rest| (true, rest));
    let (id, mut rest) = rest.strip_prefix("0x")?.split_once(' ')?;
    let (source, destination) = match (protocol, is_answer) {
        ("MDNS", _) => (PORTS[1], PORTS[1]),
        (_, true) => (PORTS[0], 0),
        (_, false) => (0, PORTS[0]),
    };
    let ends = (SocketAddr::new(from, source), SocketAddr::new(to, destination));
    let mut dns = Dns { is_answer, ..empty(ends.0, ends.1, u16::from_str_radix(id, 16).ok()?) };
    if let Some((number, _, text)) = CODES.iter().find(|(.., text)| rest.starts_with(text)) {
        (dns.code, rest) = (*number, rest.get(text.len()..)?.trim_start());
    }
    let mut words = rest.split(' ');
    if let Some(kind) = words.next().and_then(record_type::number) {
        dns.question = words.next().map(|name| (name.trim_end_matches(',').to_owned(), kind));
    }
    let records = words.clone().filter(|word| !["SOA", "NS"].contains(word) && record_type::number(word).is_some());
    dns.answers = if is_answer { u16::try_from(records.count()).ok()? } else { 0 };
    dns.addresses = addresses(words);
    Some(dns)
}

fn empty(from: SocketAddr, to: SocketAddr, id: u16) -> Dns {
    Dns { from, to, id, is_answer: false, code: 0, truncated: false, question: None, answers: 0, addresses: Vec::new() }
}

/// The addresses behind their record types.
fn addresses<'a>(words: impl Iterator<Item = &'a str>) -> Vec<IpAddr> {
    let (mut found, mut is_address) = (Vec::new(), false);
    for word in words {
        let address = word.trim_end_matches(',').parse::<IpAddr>().ok().filter(|_| is_address);
        found.extend(address);
        is_address = matches!(record_type::number(word), Some(A | AAAA));
    }
    found
}

impl Dns {
    /// Client, server and number: what an answer has in common with its question.
    pub fn exchange(&self) -> (SocketAddr, SocketAddr, u16) {
        let (client, server) = if self.is_answer { (self.to, self.from) } else { (self.from, self.to) };
        (client, server, self.id)
    }

    /// The UDP datagram (RFC 768, RFC 1035 4.1). Records that were not printed are counted only.
    pub fn datagram(&self) -> Vec<u8> {
        let question = self.question.as_ref().and_then(|(name, kind)| Some((encoded(name)?, *kind)));
        let flags =
            if self.is_answer { 0x8000 } else { 0 } | if self.truncated { 0x0200 } else { 0 } | u16::from(self.code);
        let mut message = Vec::new();
        message
            .extend([self.id, flags, u16::from(question.is_some()), self.answers, 0, 0].map(u16::to_be_bytes).concat());
        if let Some((name, kind)) = question {
            message.extend(name);
            message.extend([kind, 1].map(u16::to_be_bytes).concat());
        }
        for address in &self.addresses {
            let (kind, data) = match address {
                IpAddr::V4(address) => (A, address.octets().to_vec()),
                IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
            };
            // Of the name that was asked for, which stands behind the header.
            message.extend([0xc00c, kind, 1, 0, 0, data.len() as u16].map(u16::to_be_bytes).concat());
            message.extend(data);
        }
        let length = u16::try_from(message.len() + 8).unwrap_or(0);
        let mut out = [self.from.port(), self.to.port(), length, 0].map(u16::to_be_bytes).concat();
        out.extend(message);
        out
    }
}

/// A name as labels with their lengths; `None` if it is longer than a name can be.
fn encoded(name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).ok().filter(|length| *length < 64)?);
        out.extend(label.as_bytes());
    }
    out.push(0);
    (out.len() < 256).then_some(out)
}
