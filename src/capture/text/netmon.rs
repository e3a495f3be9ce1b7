//! Summary lines of Microsoft Network Monitor. Version 2, as in the write-ups of the knowledge base:
//!
//! ```text
//! 12  4.25  WEB1  WEB2  TCP: .A...F, len: 0, seq: 372159795-372159795, ack: 269180010, win: 17212, src: 80 dst: 1160
//! ```
//!
//! and version 3:
//!
//! ```text
//! 7  8:04:19 PM 11/20/2026  0.25  10.0.0.1  10.0.0.2  TCP  TCP:Flags=...A...F, SrcPort=80, DstPort=1160, PayloadLen=0, Seq=1, Ack=2, Win=3
//! ```

use super::hosts::Hosts;
use super::numbers::Numbering;
use super::packet::{ACK, FIN, PSH, Packet, RST, SYN, Tcp, URG, What, after, between};
use super::{Dialect, Headers, Stamp, stamp};
use crate::capture::script::TcpOption;
use std::net::{IpAddr, SocketAddr};

pub(super) const DIALECT: Dialect = Dialect::of_headers(
    "text of Network Monitor",
    Headers { begins, read, numbering: Numbering::Absolute, hint: HINT },
);

const HINT: &str = "its summary lines are read, each in one line";

fn begins(line: &str) -> bool {
    summary(line).is_some()
}

/// What stands before the flags, the flags, and what stands behind them.
fn summary(line: &str) -> Option<(&str, u16, &str)> {
    if let Some((before, rest)) = line.split_once("TCP:Flags=") {
        let (letters, fields) = rest.split_once(',')?;
        return Some((before, flags(letters, "CEUAPRSF", &[0x80, 0x40, URG, ACK, PSH, RST, SYN, FIN])?, fields));
    }
    let (before, rest) = line.split_once("TCP")?;
    let rest = rest.trim_start_matches(':').trim_start();
    let rest = rest.strip_prefix("Control Bits: ").unwrap_or(rest);
    let (letters, fields) = rest.split_once(',')?;
    fields
        .contains("len:")
        .then(|| flags(letters, "UAPRSF", &[URG, ACK, PSH, RST, SYN, FIN]))?
        .map(|flags| (before, flags, fields))
}

/// Each flag has its place, and a dot there where it is not set.
fn flags(letters: &str, places: &str, bits: &[u16]) -> Option<u16> {
    if letters.len() != places.len() {
        return None;
    }
    let each = letters.bytes().zip(places.bytes()).zip(bits);
    each.into_iter().try_fold(0, |flags, ((letter, place), bit)| match letter {
        b'.' => Some(flags),
        _ if letter == place => Some(flags | bit),
        _ => None,
    })
}

fn read(line: &str, hosts: &mut Hosts) -> Option<Packet> {
    let (before, flags, fields) = summary(line)?;
    let source = place(fields, "src:", hosts).or_else(|| place(fields, "SrcPort=", hosts))?;
    let destination = place(fields, "dst:", hosts).or_else(|| place(fields, "DstPort=", hosts))?;
    let (from, to) = ends(before, (source, destination), hosts)?;
    let mut tcp = Tcp::new(SocketAddr::new(from, source), SocketAddr::new(to, destination));
    tcp.flags = flags;
    let (begin, end) = numbers(fields)?;
    tcp.seq = Some(begin);
    // On a SYN version 2 counts the options as length; what it sends in data, numbers tell.
    tcp.len = match after(fields, "PayloadLen=") {
        Some(length) => length,
        None if tcp.has(SYN) => 0,
        None => after(fields, "len:").unwrap_or(end.wrapping_sub(begin)),
    };
    let ack = after(fields, "ack:").or_else(|| after(fields, "Ack="));
    tcp.ack = ack.filter(|_| tcp.has(ACK));
    tcp.win = after(fields, "win:").or_else(|| after(fields, "Win=")).unwrap_or(0);
    let scale =
        between(fields, "Negotiating scale factor 0x", " ").and_then(|(hex, _)| u8::from_str_radix(hex, 16).ok());
    tcp.options.extend(scale.map(TcpOption::WindowScale));
    Some(Packet { at: time(before), frame_len: None, vlan: None, what: What::Tcp(tcp) })
}

/// `seq: 8221822-8221825`, `seq:8221822`, `Seq=8221822 - 8221825`
fn numbers(fields: &str) -> Option<(u32, u32)> {
    let text = fields.split_once("seq:").or_else(|| fields.split_once("Seq="))?.1.split(',').next()?;
    let (begin, end) = text.split_once('-').unwrap_or((text, text));
    Some((begin.trim().parse().ok()?, end.trim().parse().ok()?))
}

/// `dst:  139 (NBT Session)`, `DstPort=HTTP(80)`
fn place(fields: &str, key: &str, hosts: &mut Hosts) -> Option<u16> {
    let text = fields.split_once(key)?.1.trim_start();
    let word = text.split([',', ' ']).next()?;
    let inside = between(word, "(", ")").and_then(|(inside, _)| inside.parse().ok());
    inside.or_else(|| hosts.port(&word.to_ascii_lowercase()))
}

/// Source and destination: the last two words before the protocol that are no time and no number.
fn ends(before: &str, ports: (u16, u16), hosts: &mut Hosts) -> Option<(IpAddr, IpAddr)> {
    let is_name = |word: &&str| {
        !["-->", "->", "TCP", "IP"].contains(word)
            && !word.starts_with('{')
            && !word.ends_with('}')
            && word.parse::<f64>().is_err()
            && !word.contains([':', '/']) | word.parse::<IpAddr>().is_ok()
    };
    let words: Vec<&str> = before.split_whitespace().filter(is_name).collect();
    let mut address = |name: &str| name.parse().ok().or_else(|| hosts.address(name));
    match words.as_slice() {
        [.., source, destination] => Some((address(source)?, address(destination)?)),
        // No names at all: the ports tell the two hosts apart.
        _ => {
            let (source, destination) =
                (format!("the host of port {}", ports.0), format!("the host of port {}", ports.1));
            Some((address(&source)?, address(&destination)?))
        }
    }
}

/// Seconds since the capture began, the last number with a point before the names.
fn time(before: &str) -> Option<Stamp> {
    let since = before.split_whitespace().filter(|word| word.contains('.')).filter_map(stamp::seconds).next_back();
    since.map(Stamp::Start)
}
