//! Captures as text, pasted into tickets: what tcpdump, tshark and Network Monitor print of packets. One line is one packet
//! and becomes one frame, written as far as its headers were printed; the frames are a pcap in memory, which is read like
//! any other. So frame numbers count packet lines. An export of whole frames in hex becomes a capture in the same way.
//!
//! What a line does not say is missing from the frame: payload, the Ethernet header, of an acknowledgement without payload
//! its sequence number (`numbers` fills in what is expected there). So whoever judges such frames says `text_only`.

mod dns;
mod hosts;
mod k12;
mod netmon;
mod numbers;
mod packet;
mod records;
mod sent;
mod stamp;
mod tcpdump;
mod tshark;
mod write;

use super::End;
use hosts::Hosts;
use numbers::Numbering;
use packet::{Packet, What};
use records::{Fold, Lines, Record};
use stamp::Stamp;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The registry: one program's way of printing packets, one line.
pub static DIALECTS: &[Dialect] = &[k12::DIALECT, tcpdump::DIALECT, tshark::DIALECT, netmon::DIALECT];

/// One program's way of printing packets.
pub struct Dialect {
    /// As `inputs.format` prints it.
    pub name: &'static str,
    prints: Prints,
}

/// How much of a packet is printed.
enum Prints {
    /// What its headers say.
    Headers(Headers),
    /// All its bytes.
    Frames {
        /// Whether a text begins so.
        recognises: fn(&[u8]) -> bool,
        convert: fn(&[u8]) -> Converted,
    },
}

/// Packets line by line.
struct Headers {
    /// Whether a packet begins with this line; else it goes on, or is none.
    begins: fn(&str) -> bool,
    /// Reads a packet, its lines joined by spaces.
    read: fn(&str, &mut Hosts) -> Option<Packet>,
    numbering: Numbering,
    /// How to print what can be read, for those who printed something else.
    hint: &'static str,
}

/// A text that has become a capture.
#[derive(Debug)]
pub struct Converted {
    pub pcap: Vec<u8>,
    /// How the text ended, at an offset of its own.
    pub end: End,
    /// What was assumed, for the person who reads the report.
    pub note: String,
    /// Lines were left out, or could not be read, between packets; or packets were dropped while capturing.
    pub lacks_lines: bool,
    /// ICMP errors of which the text does not say what they are about.
    pub unsettled: BTreeSet<Unsettled>,
}

/// The host that got an ICMP error, and the address and port that what it is about was sent to, as far as the text says.
pub type Unsettled = (IpAddr, Option<IpAddr>, Option<u16>);

/// Longer texts are not read: somebody has the capture itself.
const LONGEST: usize = 256 << 20;

/// The dialect of a text that begins with `head`: that of an export, or the one that most packets are written in; `None` if
/// no packet stands there.
pub fn recognise(head: &[u8]) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|dialect| dialect.exports(head)).or_else(|| {
        let text = decode(head)?;
        let counted = DIALECTS.iter().map(|dialect| (dialect.packets(&text), dialect));
        counted.filter(|(packets, _)| *packets > 0).max_by_key(|(packets, _)| *packets).map(|(_, dialect)| dialect)
    })
}

/// What was read of a text, and what was not.
#[derive(Default)]
struct Read {
    packets: Vec<Packet>,
    hosts: Hosts,
    /// Packets that could not be read, and other lines.
    unread: Count,
    others: Count,
    /// Some of these stand between packets.
    lacks_between: bool,
    /// The line of the first packet.
    first: usize,
}

/// So many, and the numbers of the first one's line and of the last one's.
#[derive(Default)]
struct Count {
    count: u64,
    first: usize,
    last: usize,
}

impl Count {
    fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
        self.last = line;
    }
}

impl Dialect {
    const fn of_headers(name: &'static str, headers: Headers) -> Self {
        Self { name, prints: Prints::Headers(headers) }
    }

    /// Whether payload, and whatever else is no header, was not printed.
    pub fn is_of_headers(&self) -> bool {
        matches!(self.prints, Prints::Headers(_))
    }

    fn exports(&self, head: &[u8]) -> bool {
        matches!(self.prints, Prints::Frames { recognises, .. } if recognises(head))
    }

    /// How many packets a text shows that say what they are.
    fn packets(&self, text: &str) -> usize {
        let Prints::Headers(headers) = &self.prints else { return 0 };
        let read = headers.read_all(&Lines::new(text, headers), Fold::AtBlanks);
        read.packets.iter().filter(|packet| packet.is_telling()).count()
    }

    /// The capture that a text tells of.
    ///
    /// # Errors
    /// When the text is too long to be kept in memory as often as this takes.
    pub fn convert(&self, bytes: &[u8]) -> Result<Converted, String> {
        if bytes.len() > LONGEST {
            return Err(format!(
                "a text of {} bytes; at most {LONGEST} are read: name the capture itself",
                bytes.len()
            ));
        }
        Ok(match &self.prints {
            Prints::Headers(headers) => headers.convert(bytes, self.name),
            Prints::Frames { convert, .. } => convert(bytes),
        })
    }
}

impl Headers {
    fn convert(&self, bytes: &[u8], name: &str) -> Converted {
        let text = decode(bytes).unwrap_or_default();
        let lines = Lines::new(&text, self);
        let mut read = self.read_all(&lines, Fold::AtBlanks);
        if lines.may_be_folded {
            let at_column = self.read_all(&lines, Fold::AtColumn);
            if at_column.success() > read.success() {
                read = at_column;
            }
        }
        let (times, of_time) = stamp::times(&mut read.packets, lines.margin);
        let unsettled = self.numbering.resolve(&mut read.packets, &times);
        let pcap = write::pcap(&read.packets, &times);
        let mut note = format!("text as {} prints it", name.trim_start_matches("text of "));
        for more in [of_time].into_iter().chain(read.notes(self.hint)) {
            note.extend(more.map(|more| format!("; {more}")));
        }
        let dropped = records::dropped(&text);
        if dropped > 0 {
            note.push_str(&format!("; packets that the capturing program dropped: {dropped}"));
        }
        let lacks_lines = read.lacks_between || dropped > 0;
        Converted { pcap, end: End::Clean, note, lacks_lines, unsettled }
    }

    fn read_all(&self, lines: &Lines<'_>, fold: Fold) -> Read {
        let mut read = Read::default();
        let is_whole = |record: &str| (self.read)(record, &mut Hosts::default()).is_some();
        lines.records(fold, &is_whole, |record| match record {
            Record::Packet(record, line) => match (self.read)(&record, &mut read.hosts) {
                Some(packet) => read.push(packet, line),
                None => read.unread.add(line),
            },
            Record::Other(line) => read.others.add(line),
        });
        read
    }
}

impl Read {
    /// Takes the packet that begins in that line.
    fn push(&mut self, packet: Packet, line: usize) {
        if self.packets.is_empty() {
            self.first = line;
        }
        let lacking = self.unread.last.max(self.others.last);
        self.lacks_between |= (self.first..line).contains(&lacking);
        self.packets.push(packet);
    }

    /// How well the lines were put together: by segments, then by what was not read.
    fn success(&self) -> (usize, Reverse<u64>) {
        let segments = self.packets.iter().filter(|packet| packet.tcp().is_some()).count();
        (segments, Reverse(self.unread.count + self.others.count))
    }

    /// What was assumed, and what was not read, for the person who reads the report.
    fn notes(&self, hint: &str) -> [Option<String>; 5] {
        let quick = self.packets.iter().filter(|packet| matches!(packet.what, What::Quick { .. })).count();
        let Self { unread, others, hosts, .. } = self;
        [
            hosts.note(),
            hosts.note_of_ports(),
            (quick > 0)
                .then(|| format!("segments without flags and numbers (`-q`), of which nothing can be told: {quick}")),
            (unread.count > 0).then(|| {
                format!("packets that could not be read: {}, the first in line {} ({hint})", unread.count, unread.first)
            }),
            (others.count > 0)
                .then(|| format!("lines of no packet: {}, the first is line {}", others.count, others.first)),
        ]
    }
}

/// Text of a file, in UTF-8 or, as PowerShell writes it, UTF-16; `None` of what is binary.
fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        _ if bytes.contains(&0) => None,
        _ => Some(String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))),
    }
}
