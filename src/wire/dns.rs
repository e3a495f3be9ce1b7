//! DNS messages (RFC 1035) over UDP and TCP port 53, and multicast DNS (RFC 6762): what was asked, and what came back.
//!
//! Read by hand: libraries parse whole messages or nothing, and the snap length or a second segment often has the end.
//! Names are bounded and escaped as zone files write them, so that no label can act on a terminal or break a line.

use super::ip::{self, Ip};
use super::strip::{array, be16};
use super::{Address, Packet, Segment, Why};
use crate::capture::Frame;
use crate::record_type::{A, AAAA};
use crate::time::Timestamp;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

const PORT: u16 = 53;
const MULTICAST: u16 = 5353;

const UDP_HEADER: usize = 8;
const HEADER: usize = 12;
/// Bytes of a name on the wire (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 255;
/// Pointers followed in one name. Each must lead backwards, so there is no loop; compressors write one.
const MOST_JUMPS: usize = 16;
/// Questions and records read of one message.
const MOST_RECORDS: usize = 64;
/// Messages read of one segment.
const MOST_MESSAGES: usize = 16;

/// Classes that are in use: IN, CH, HS, NONE, ANY. Multicast DNS has a flag in the highest bit.
const CLASSES: [u16; 5] = [1, 3, 4, 254, 255];

/// A DNS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    pub time: Timestamp,
    /// Frame number within its chunk.
    pub frame: u32,
    /// Who asks, and who is asked: by the message's own direction.
    pub client: Address,
    pub server: Address,
    pub transport: Transport,
    pub id: u16,
    /// An answer; else a question.
    pub is_answer: bool,
    /// What the answer is (IANA `dns-parameters`): 0 no error, 2 server failure, 3 no such name.
    pub code: u8,
    /// The answer did not fit: it has to be asked for again over TCP.
    pub truncated: bool,
    /// The first question: there is no message with several.
    pub question: Option<Question>,
    /// Answer records as the header counts them.
    pub answers: u16,
    /// Addresses that the answer tells.
    pub addresses: Vec<Told>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
    Multicast,
}

impl Transport {
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Multicast];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Multicast => "multicast",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In lower case, escaped, without the dot at the end; `.` is the root.
    pub name: Arc<str>,
    /// Record type by number.
    pub kind: u16,
}

/// An address, and the name that was asked for; of multicast DNS the record's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub name: Arc<str>,
    pub address: IpAddr,
}

/// Whether a UDP datagram goes from or to a port of DNS.
pub(super) fn is_port_of(datagram: &[u8]) -> bool {
    let port = |at| matches!(be16(datagram, at), Ok(PORT | MULTICAST));
    port(0) || port(2)
}

/// Whether TCP between these ports may carry DNS.
#[inline]
pub(super) fn is_port(source: u16, destination: u16) -> bool {
    source == PORT || destination == PORT
}

/// Decodes the datagram that `ip` carries.
#[inline(never)]
pub(super) fn decode(frame: &Frame<'_>, ip: &Ip) -> Packet {
    let datagram = ip.payload(frame.bytes);
    let multicast = [be16(datagram, 0), be16(datagram, 2)].contains(&Ok(MULTICAST));
    let transport = if multicast { Transport::Multicast } else { Transport::Udp };
    let message = datagram.get(UDP_HEADER..).unwrap_or_default();
    let found = ip.ends(frame.bytes).and_then(|ends| read(message, transport, ends));
    match found {
        Some(dns) => Packet::Dns(Box::new(Dns { time: frame.time, frame: frame.number as u32, ..dns })),
        None => Packet::Other(Why::IpProtocol(ip::UDP)),
    }
}

/// The messages that begin in a segment of port 53, each behind its length (RFC 1035 4.2.2): a message that goes on in the
/// next segment says what it can, and that next segment nothing.
pub fn in_segment(frame: &[u8], segment: &Segment) -> Vec<Dns> {
    let mut found = Vec::new();
    let Some((ends, mut rest)) = super::payload(frame, segment.ip_at) else { return found };
    while let Ok(length @ 12..) = be16(rest, 0)
        && found.len() < MOST_MESSAGES
    {
        let end = (2 + usize::from(length)).min(rest.len());
        let Some(dns) = rest.get(2..end).and_then(|message| read(message, Transport::Tcp, ends)) else { break };
        found.push(Dns { time: segment.time, frame: segment.frame, ..dns });
        rest = rest.get(end..).unwrap_or_default();
    }
    found
}

/// Reads a message, as far as there is one; what is not DNS gives none.
fn read(message: &[u8], transport: Transport, (source, destination): (Address, Address)) -> Option<Dns> {
    let [flags, code] = array(message, 2).ok()?;
    let [questions, answers] = [4, 6].map(|at| be16(message, at).ok());
    let (questions, answers) = (questions?, answers?);
    let is_answer = flags & 0x80 != 0;
    let operation = flags >> 3 & 0x0f;
    let mut at = HEADER;
    let mut question = None;
    for _ in 0..questions.min(MOST_RECORDS as u16) {
        let read = name(message, &mut at).zip(be16(message, at).ok()).zip(be16(message, at + 2).ok());
        let Some(((name, kind), class)) = read else { break };
        if !CLASSES.contains(&(class & 0x7fff)) {
            return None;
        }
        at += 4;
        question.get_or_insert_with(|| Question { name: name.into(), kind });
    }
    // Queries for something else than records (notify, update) tell nothing here; a message of which not even the
    // question can be read may be anything.
    let empty_answer = is_answer && questions == 0 && (transport == Transport::Multicast || message.len() == HEADER);
    if operation != 0 || message.len() < HEADER || question.is_none() && !empty_answer {
        return None;
    }
    let addresses = if is_answer { addresses(message, at, answers, transport, question.as_ref()) } else { Vec::new() };
    let (client, server) = if is_answer { (destination, source) } else { (source, destination) };
    Some(Dns {
        time: Timestamp(0),
        frame: 0,
        client,
        server,
        transport,
        id: be16(message, 0).ok()?,
        is_answer,
        code: code & 0x0f,
        truncated: flags & 0x02 != 0,
        question,
        answers,
        addresses,
    })
}

/// The addresses among the answer records that begin at `at`.
fn addresses(
    message: &[u8],
    mut at: usize,
    count: u16,
    transport: Transport,
    question: Option<&Question>,
) -> Vec<Told> {
    // The client knows the address by the name that it asked for, whatever aliases lie between.
    let asked = question.filter(|_| transport != Transport::Multicast).map(|question| &question.name);
    let mut told = Vec::new();
    for _ in 0..usize::from(count).min(MOST_RECORDS) {
        let owner_at = at;
        let Some(()) = labels(message, &mut at, |_| {}) else { break };
        let (Ok(kind), Ok(length)) = (be16(message, at), be16(message, at + 8)) else { break };
        let data = at + 10;
        let address = match (kind, length) {
            (A, 4) => array::<4>(message, data).ok().map(IpAddr::from),
            (AAAA, 16) => array::<16>(message, data).ok().map(IpAddr::from),
            _ => None,
        };
        let owner = || -> Arc<str> {
            let owner = name(message, &mut { owner_at }).unwrap_or_default();
            told.last()
                .filter(|last: &&Told| *last.name == *owner)
                .map_or_else(|| owner.into(), |last| Arc::clone(&last.name))
        };
        let known_as = || asked.map_or_else(owner, Arc::clone);
        let found = address.map(|address| Told { name: known_as(), address: address.to_canonical() });
        told.extend(found);
        at = data + usize::from(length);
    }
    told
}

/// Reads the name at `at`, and moves `at` behind it.
fn name(message: &[u8], at: &mut usize) -> Option<String> {
    let mut text = String::with_capacity(64);
    labels(message, at, |label| {
        if !text.is_empty() {
            text.push('.');
        }
        label.iter().for_each(|&byte| escape(&mut text, byte));
    })?;
    if text.is_empty() {
        text.push('.');
    }
    Some(text)
}

/// Gives `take` the labels of the name at `at`, and moves `at` behind it.
#[inline(always)]
fn labels(message: &[u8], at: &mut usize, mut take: impl FnMut(&[u8])) -> Option<()> {
    let (mut place, mut length, mut jumps) = (*at, 0, 0);
    // Where the name goes on in the message, before any pointer; pointers lead to before here.
    let (mut behind, mut before) = (None, *at);
    loop {
        let first = *message.get(place)?;
        match first {
            0 => break,
            1..=63 => {
                let label = message.get(place + 1..)?.get(..usize::from(first))?;
                length += label.len() + 1;
                if length >= LONGEST_NAME {
                    return None;
                }
                take(label);
                place += 1 + label.len();
            }
            0xc0.. => {
                let target = usize::from(be16(message, place).ok()? & 0x3fff);
                jumps += 1;
                if target >= before || jumps > MOST_JUMPS {
                    return None;
                }
                behind.get_or_insert(place + 2);
                (place, before) = (target, target);
            }
            64..=0xbf => return None,
        }
    }
    *at = behind.unwrap_or(place + 1);
    Some(())
}

/// RFC 1035 5.1: what is no plain character of a name is written by its number.
fn escape(text: &mut String, byte: u8) {
    match byte {
        b'.' | b'\\' => text.extend(['\\', char::from(byte)]),
        b'!'..=b'~' => text.push(char::from(byte.to_ascii_lowercase())),
        _ => {
            let _ = write!(text, "\\{byte:03}"); // a string takes everything
        }
    }
}

/// The name of a response code (IANA `dns-parameters`).
pub fn code_name(code: u8) -> std::borrow::Cow<'static, str> {
    match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        _ => return format!("RCODE{code}").into(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fixture::{KEYS, before, frame, hex, why};
    use crate::wire::{Marks, decode as decode_frame};
    use proptest::prelude::*;

    /// `www.example`, type A.
    const QUESTION: &str = "03 777777 07 6578616d706c65 00 0001 0001";

    fn datagram(ports: (u16, u16), message: &str) -> Vec<u8> {
        let message = hex(message);
        let header = format!(
            "4500 {:04x} 0000 0000 4011 0000 0a000001 0a000002 {:04x} {:04x} {:04x} 0000",
            28 + message.len(),
            ports.0,
            ports.1,
            8 + message.len()
        );
        before(&header, &message)
    }

    fn dns(bytes: &[u8]) -> Dns {
        match decode_frame(&frame(101, bytes), &KEYS) {
            Packet::Dns(dns) => *dns,
            other => panic!("no DNS: {other:?}"),
        }
    }

    #[test]
    fn a_question_and_its_answer_name_each_other() {
        let asked = dns(&datagram((40_000, 53), &format!("beef 0100 0001 0000 0000 0000 {QUESTION}")));
        assert_eq!((asked.id, asked.is_answer, asked.client.port, asked.server.port), (0xbeef, false, 40_000, 53));
        assert_eq!(asked.question, Some(Question { name: "www.example".into(), kind: 1 }));
        // An alias, and the address of that: both belong to the name asked for.
        let records = "c00c 0005 0001 00000000 0006 03 636e64 c010  c029 0001 0001 00000000 0004 c0000201";
        let answer = dns(&datagram((53, 40_000), &format!("beef 8180 0001 0002 0000 0000 {QUESTION} {records}")));
        assert_eq!((answer.is_answer, answer.client.port, answer.code, answer.answers), (true, 40_000, 0, 2));
        let told = Told { name: "www.example".into(), address: [192, 0, 2, 1].into() };
        assert_eq!(answer.addresses, [told]);
        let none = dns(&datagram((53, 40_000), &format!("beef 8183 0001 0000 0000 0000 {QUESTION}")));
        assert_eq!((none.code, code_name(none.code).as_ref()), (3, "NXDOMAIN"));
    }

    #[test]
    fn multicast_answers_name_their_own_records() {
        let record = "03 746573 05 6c6f63616c 00 001c 8001 00000078 0010 fe800000 00000000 00000000 00000001";
        let told = dns(&datagram((5353, 5353), &format!("0000 8400 0000 0001 0000 0000 {record}")));
        assert_eq!((told.transport, told.question), (Transport::Multicast, None));
        assert_eq!(told.addresses, [Told { name: "tes.local".into(), address: "fe80::1".parse().unwrap() }]);
    }

    #[test]
    fn hostile_names_are_escaped_bounded_and_never_loop() {
        let ask = |name: &str| format!("0001 0100 0001 0000 0000 0000 {name} 0001 0001");
        let odd = dns(&datagram((9, 53), &ask("07 1b5b333141 2e5c 00")));
        assert_eq!(odd.question.map(|question| question.name), Some(r"\027[31a\.\\".into()));
        let root = dns(&datagram((9, 53), &ask("00")));
        assert_eq!(root.question.map(|question| question.name), Some(".".into()));
        let label = format!("3f{}", "61".repeat(63));
        for name in ["c00c", "c00e c00c", "0161 c00c", "40 00", &format!("{} 00", label.repeat(4))] {
            assert_eq!(why(101, &datagram((9, 53), &ask(name))), Why::IpProtocol(17), "{name}");
        }
        let longest = format!("{} 3d{} 00", label.repeat(3), "61".repeat(61));
        assert_eq!(dns(&datagram((9, 53), &ask(&longest))).question.map(|question| question.name.len()), Some(253));
    }

    #[test]
    fn other_datagrams_on_its_port_are_plain_udp() {
        for message in ["", "0001 0100 0001 0000 0000 0000", "0001 2800 0001 0000 0000 0000 00 0006 0001"] {
            assert_eq!(why(101, &datagram((9, 53), message)), Why::IpProtocol(17));
        }
    }

    /// A segment to port 53 with this payload.
    fn over_tcp(payload: &str) -> Vec<Dns> {
        let payload = hex(payload);
        let header = format!(
            "4500 {:04x} 0000 0000 4006 0000 0a000001 0a000002 9c40 0035 00000001 00000001 5018 1000 0000 0000",
            40 + payload.len()
        );
        let bytes = before(&header, &payload);
        let segment = crate::wire::fixture::segment(101, &bytes);
        assert!(segment.marks.has(Marks::DNS));
        in_segment(&bytes, &segment)
    }

    #[test]
    fn messages_over_tcp_stand_behind_their_lengths_and_may_be_cut() {
        let message = format!("beef 0100 0001 0000 0000 0000 {QUESTION}");
        assert_eq!(over_tcp(&format!("001d {message} 001d {message}")).len(), 2);
        let cut = over_tcp(&format!("0400 beef 8180 0001 0010 0000 0000 {QUESTION} c00c 0001"));
        assert_eq!((cut.len(), cut[0].answers, cut[0].addresses.len()), (1, 16, 0));
        assert!(over_tcp("6161 6161 6161 6161 6161 6161 6161 6161").is_empty());
    }

    proptest! {
        #[test]
        fn no_message_makes_reading_panic(message in prop::collection::vec(prop_oneof![Just(0u8), Just(0xc0), any::<u8>()], 0..300)) {
            let end = Address::v4([10, 0, 0, 1], 53);
            for transport in Transport::ALL {
                let found = read(&message, transport, (end, end));
                let text = found.iter().flat_map(|dns| dns.question.iter().map(|question| &question.name));
                prop_assert!(text.into_iter().all(|name| name.len() <= 4 * LONGEST_NAME && !name.contains(char::is_control)));
            }
        }
    }
}
