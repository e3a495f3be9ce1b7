//! Connections that a firewall tracks: `conntrack -L` (plain, extended, XML), `conntrack -E`, `/proc/net/nf_conntrack`.
//!
//! Each entry has two tuples: the first packet's, and the one that an answer is expected to have; where addresses are
//! translated they differ, and so join both sides of the translation.

mod xml;

use super::table::{self, Verdict};
use super::{Format, Found, Host, Line, Lines, Port, SocketAddress};

pub(super) const FORMAT: Format = Format { name: "conntrack", sniff, parse };

/// One tracked connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Line of the dump, counted from 1.
    pub line: u32,
    /// State of the tracker's own machine, which is not the sockets'.
    pub state: Option<&'static str>,
    /// Seconds until it is forgotten.
    pub left_s: Option<u32>,
    /// Of the packet that began it.
    pub original: Tuple,
    /// Of the expected answer.
    pub reply: Option<Tuple>,
    /// No answer has come.
    pub unreplied: bool,
    /// It is kept when the table is full.
    pub assured: bool,
}

/// Addresses of one direction, with what has gone that way if that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple {
    pub source: SocketAddress,
    pub destination: SocketAddress,
    pub packets: Option<u64>,
    pub bytes: Option<u64>,
}

impl Tracked {
    /// The answer is expected from elsewhere than the first packet went to, or at another address than it came from.
    pub fn is_translated(&self) -> bool {
        let [first, reply] = [Some(&self.original), self.reply.as_ref()];
        first
            .zip(reply)
            .is_some_and(|(first, reply)| first.source != reply.destination || first.destination != reply.source)
    }
}

/// States of the tracker (nf_conntrack_proto_tcp.c).
pub const STATES: [&str; 11] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "LISTEN",
    "SYN_SENT2",
];

fn state(word: &str) -> Option<&'static str> {
    STATES.into_iter().find(|state| *state == word)
}

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    Entry::read(text).is_some() || is_count(text) || xml::sniff(lines)
}

/// `conntrack v1.4.7 (conntrack-tools): 5 flow entries have been shown.`: that of an empty table stands alone.
fn is_count(text: &str) -> bool {
    text.starts_with("conntrack v") && text.contains("(conntrack-tools)")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if xml::sniff(lines) {
        return xml::parse(lines, found);
    }
    let mut counted = false;
    let take = |line: Line<'_>, found: &mut Found| {
        // What follows the count is of the next call.
        if counted {
            return Verdict::End;
        }
        counted = is_count(line.text);
        match Entry::read(line.text) {
            _ if counted => {}
            Some(Entry::Other) => found.other_rows += 1,
            Some(Entry::Tcp(cells)) => match tracked(line.number, cells) {
                Some(tracked) => found.tracked.push(tracked),
                None => return Verdict::Strange,
            },
            None => return Verdict::Strange,
        }
        Verdict::Taken
    };
    table::read(lines, found, take);
}

/// A line of the table, by its protocol.
enum Entry<'a> {
    /// With the cells after the protocol.
    Tcp(&'a str),
    Other,
}

impl<'a> Entry<'a> {
    /// `[ipv4     2 ]tcp      6 110 SYN_SENT src=...`, of an event with `[NEW]` and the like in front.
    fn read(text: &'a str) -> Option<Self> {
        let mut rest = text.trim_start();
        while let Some((_, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            rest = after.trim_start();
        }
        for family in ["ipv4", "ipv6"] {
            if let Some(after) = rest.strip_prefix(family) {
                rest = after.trim_start().split_once(' ')?.1.trim_start();
            }
        }
        let (name, rest) = rest.split_once(' ')?;
        let (number, cells) = rest.trim_start().split_once(' ')?;
        let is_protocol = name.len() <= 8 && number.parse::<u8>().is_ok() && cells.contains("src=");
        is_protocol.then(|| if name == "tcp" && number == "6" { Self::Tcp(cells) } else { Self::Other })
    }
}

fn tracked(line: u32, cells: &str) -> Option<Tracked> {
    let (mut left_s, mut name, mut flags) = (None, None, Vec::new());
    let mut tuples: [Partial<'_>; 2] = Default::default();
    let mut at = 0;
    for cell in cells.split_ascii_whitespace() {
        match cell.split_once('=') {
            Some((key, value)) => {
                // The second tuple begins with the second `src`.
                if key == "src" && !tuples[0].source.is_empty() {
                    at = 1;
                }
                tuples[at].set(key, value);
            }
            None if cell.starts_with('[') => flags.push(cell),
            None => {
                left_s = left_s.or(cell.parse().ok());
                name = name.or(state(cell));
            }
        }
    }
    let [original, reply] = tuples;
    Some(Tracked {
        line,
        state: name,
        left_s,
        original: original.whole()?,
        reply: reply.whole(),
        unreplied: flags.contains(&"[UNREPLIED]"),
        assured: flags.contains(&"[ASSURED]"),
    })
}

/// A tuple being read.
#[derive(Default)]
struct Partial<'a> {
    source: &'a str,
    source_port: &'a str,
    destination: &'a str,
    destination_port: &'a str,
    packets: Option<u64>,
    bytes: Option<u64>,
}

impl<'a> Partial<'a> {
    fn set(&mut self, key: &str, value: &'a str) {
        match key {
            "src" => self.source = value,
            "dst" => self.destination = value,
            "sport" => self.source_port = value,
            "dport" => self.destination_port = value,
            "packets" => self.packets = value.parse().ok(),
            "bytes" => self.bytes = value.parse().ok(),
            _ => {}
        }
    }

    fn whole(self) -> Option<Tuple> {
        let end = |host: &str, port| {
            let address = SocketAddress::of(host, Port::read(port)?);
            // The tracker prints numbers only, but somebody may have masked them.
            matches!(address.host, Host::Ip(_) | Host::Masked(_)).then_some(address)
        };
        Some(Tuple {
            source: end(self.source, self.source_port)?,
            destination: end(self.destination, self.destination_port)?,
            packets: self.packets,
            bytes: self.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    fn tracked(text: &str) -> Vec<Tracked> {
        read(text.as_bytes(), &Hints::default()).blocks.into_iter().flat_map(|block| block.found.tracked).collect()
    }

    const CELLS: &str = "tcp      6 110 SYN_SENT src=10.77.1.2 dst=10.77.2.2 sport=40376 dport=8080 packets=3 bytes=180 [UNREPLIED] src=10.77.2.2 dst=192.0.2.1 sport=8080 dport=1024 packets=0 bytes=0 mark=0 use=1";

    #[test]
    fn every_layout_gives_the_same_entry() {
        let flow = "<flow><meta direction=\"original\"><layer3 protonum=\"2\" protoname=\"ipv4\"><src>10.77.1.2</src><dst>10.77.2.2</dst></layer3><layer4 protonum=\"6\" protoname=\"tcp\"><sport>40376</sport><dport>8080</dport></layer4><counters><packets>3</packets><bytes>180</bytes></counters></meta><meta direction=\"reply\"><layer3><src>10.77.2.2</src><dst>192.0.2.1</dst></layer3><layer4><sport>8080</sport><dport>1024</dport></layer4><counters><packets>0</packets><bytes>0</bytes></counters></meta><meta direction=\"independent\"><state>SYN_SENT</state><timeout>110</timeout><mark>0</mark><use>1</use><unreplied/></meta></flow>";
        let expected = tracked(CELLS);
        assert!(expected[0].is_translated() && expected[0].unreplied && !expected[0].assured);
        assert_eq!(expected[0].reply.as_ref().map(|reply| reply.destination.port.number()), Some(Some(1024)));
        for text in [
            format!("ipv4     2 {CELLS}"),
            format!("[1795205059.123] [NEW] {CELLS}"),
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<conntrack>\n{flow}\n</conntrack>\n"),
        ] {
            let mut got = tracked(&text);
            got.iter_mut().for_each(|tracked| tracked.line = 1);
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn an_empty_table_is_a_result() {
        let count = "conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.\n";
        let document = read(
            format!("{count}{count}udp 17 29 src=1.2.3.4 dst=1.2.3.5 sport=1 dport=53\n").as_bytes(),
            &Hints::default(),
        );
        assert_eq!(document.blocks.iter().map(|block| block.found.other_rows).collect::<Vec<_>>(), [0, 0, 1]);
    }
}
