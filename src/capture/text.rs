//! Captures as text, pasted into tickets: what tcpdump, tshark and Network Monitor print of packets. One line is one packet
//! and becomes one frame, written as far as its headers were printed; the frames are a pcap in memory, which is read like
//! any other. So frame numbers count packet lines.
//!
//! What a line does not say is missing from the frame: payload, the Ethernet header, of an acknowledgement without payload
//! its sequence number (`numbers` fills in what is expected there). So whoever judges such frames says `text_only`.

mod hosts;
mod netmon;
mod numbers;
mod packet;
mod sent;
mod stamp;
mod tcpdump;
mod tshark;
mod write;

use hosts::Hosts;
use numbers::Numbering;
use packet::Packet;
use stamp::Stamp;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The registry: one program's way of printing packets, one line.
pub static DIALECTS: &[Dialect] = &[tcpdump::DIALECT, tshark::DIALECT, netmon::DIALECT];

/// One program's way of printing packets.
pub struct Dialect {
    /// As `inputs.format` prints it.
    pub name: &'static str,
    /// Whether a packet begins with this line; else it goes on, or is none.
    begins: fn(&str) -> bool,
    /// Reads a packet, its lines joined by spaces.
    read: fn(&str, &mut Hosts) -> Option<Packet>,
    numbering: Numbering,
}

/// A text that has become a capture.
#[derive(Debug)]
pub struct Converted {
    pub pcap: Vec<u8>,
    /// What was assumed, for the person who reads the report.
    pub note: String,
    /// ICMP errors of which the text does not say what they are about.
    pub unsettled: BTreeSet<Unsettled>,
}

/// The host that got an ICMP error, and the address and port that what it is about was sent to, as far as the text says.
pub type Unsettled = (IpAddr, Option<IpAddr>, Option<u16>);

/// Longer texts are not read: somebody has the capture itself.
const LONGEST: usize = 256 << 20;
/// A packet goes on for at most so many lines; a hex dump or a payload is longer.
const LINES: usize = 6;
/// Nobody prints a packet in a line longer than this.
const LONGEST_LINE: usize = 8 << 10;

/// The dialect that most lines of a text that begins with `head` are written in; `None` if no TCP packet stands there.
pub fn recognise(head: &[u8]) -> Option<&'static Dialect> {
    let text = decode(head)?;
    let packets = |dialect: &&Dialect| {
        let mut hosts = Hosts::default();
        records(&text, dialect)
            .filter_map(|(_, record)| (dialect.read)(&record, &mut hosts))
            .filter(|packet| packet.tcp().is_some())
            .count()
    };
    let counted = DIALECTS.iter().map(|dialect| (packets(&dialect), dialect));
    counted.filter(|(packets, _)| *packets > 0).max_by_key(|(packets, _)| *packets).map(|(_, dialect)| dialect)
}

impl Dialect {
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
        let text = decode(bytes).unwrap_or_default();
        let mut hosts = Hosts::default();
        let records = records(&text, self).map(|(indented, record)| (indented, (self.read)(&record, &mut hosts)));
        let (mut packets, mut unread) = (Vec::new(), 0);
        for (indented, packet) in records {
            match packet {
                Some(mut packet) => {
                    packet.at = packet.at.map(|stamp| if indented { stamp.indented() } else { stamp });
                    packets.push(packet);
                }
                None => unread += 1,
            }
        }
        let (times, of_time) = stamp::times(&packets);
        let unsettled = self.numbering.resolve(&mut packets, &times);
        let pcap = write::pcap(&packets, &times);
        let mut note = format!("text as {} prints it", self.name.trim_start_matches("text of "));
        for more in [of_time, hosts.note(), (unread > 0).then(|| format!("{unread} packets could not be read"))] {
            note.extend(more.map(|more| format!("; {more}")));
        }
        Ok(Converted { pcap, note, unsettled })
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

/// The packets of a text, each in one line, with whether its first line began with blanks.
fn records<'a>(text: &'a str, dialect: &'a Dialect) -> impl Iterator<Item = (bool, Cow<'a, str>)> {
    // Mail programs quote with this.
    let line = |line: &'a str| line.trim_end().trim_start_matches("> ");
    let mut lines = text.lines().map(line).filter(|line| line.len() <= LONGEST_LINE).peekable();
    std::iter::from_fn(move || {
        let first = lines.by_ref().find(|line| (dialect.begins)(line))?;
        let mut record = Cow::Borrowed(first.trim_start());
        for _ in 1..LINES {
            let next = lines.next_if(|line| !line.trim().is_empty() && !(dialect.begins)(line));
            match next {
                // tcpdump's hex dumps of payload.
                Some(next) if next.trim_start().starts_with("0x") => {}
                Some(next) => record = format!("{record} {}", next.trim_start()).into(),
                None => break,
            }
        }
        Some((first.starts_with([' ', '\t']), record))
    })
}
