//! ICMP errors as tcpdump words them. What they quote is printed with `-v` only.

use super::{Hosts, Line};
use crate::capture::text::packet::{Error, Quoted, after};
use std::net::IpAddr;

/// How a quoted packet begins; with `-e` it does not say `IP`.
const QUOTES: [&str; 6] = [" IP (", " IP6 (", " (tos ", " (class ", " (flowlabel ", " (hlim "];

/// The error about TCP that `tail` tells of.
pub(super) fn error(from: IpAddr, to: IpAddr, tail: &str, hosts: &mut Hosts) -> Option<Error> {
    let (text, quoted) = match QUOTES.iter().find_map(|opening| tail.split_once(opening)) {
        Some((text, quoted)) => (text, Some(quoted)),
        None => (tail, None),
    };
    let message = text.split_once("ICMP")?.1;
    let (kind, code) = if from.is_ipv6() { v6(message.strip_prefix("6, ")?)? } else { v4(message.trim_start())? };
    let quoted = match quoted {
        Some(quoted) => Quoted::Tcp(Line::read(quoted, hosts)?.tcp()?),
        None if message.contains(" udp port ") || message.contains(" protocol ") => return None,
        None => Quoted::SentTo(address(message), after(message, " tcp port ")),
    };
    Some(Error { from, to, kind, code, mtu: after(message, "mtu ").unwrap_or(0), quoted })
}

/// The address that an error names: where the packet went that it is about.
fn address(message: &str) -> Option<IpAddr> {
    message.split([' ', ',']).find_map(|word| word.parse().ok())
}

/// Type and code of ICMP (RFC 792, RFC 1812).
fn v4(message: &str) -> Option<(u8, u8)> {
    const ENDINGS: [(&str, u8); 14] = [
        ("host unreachable - admin prohibited filter", 13),
        ("host unreachable - admin prohibited", 10),
        ("net unreachable - admin prohibited", 9),
        ("unreachable - need to frag", 4),
        ("unreachable - source route failed", 5),
        ("net unreachable - unknown", 6),
        ("host unreachable - unknown", 7),
        ("net unreachable - tos prohibited", 11),
        ("host unreachable - tos prohibited", 12),
        ("host unreachable - host precedence violation", 14),
        ("host unreachable - precedence cutoff", 15),
        ("net unreachable", 0),
        ("host unreachable", 1),
        ("port unreachable", 3),
    ];
    if message.starts_with("time exceeded in-transit") {
        return Some((11, 0));
    }
    if message.starts_with("ip reassembly time exceeded") {
        return Some((11, 1));
    }
    if !message.contains("unreachable") {
        return None;
    }
    // `host 10.0.0.1 unreachable - ...`, `10.0.0.1 tcp port 80 unreachable`: without what differs between packets.
    let is_variable = |word: &&str| word.parse::<IpAddr>().is_ok() || word.parse::<u32>().is_ok() || *word == "tcp";
    let words: Vec<&str> = message.split([' ', ',']).filter(|word| !word.is_empty() && !is_variable(word)).collect();
    let text = words.join(" ");
    let known = ENDINGS.iter().find(|(ending, _)| text.starts_with(ending));
    known.map(|(_, code)| (3, *code)).or_else(|| text.starts_with("protocol unreachable").then_some((3, 2)))
}

/// Type and code of ICMPv6 (RFC 4443).
fn v6(message: &str) -> Option<(u8, u8)> {
    const REASONS: [(&str, u8); 6] = [
        ("unreachable route", 0),
        ("unreachable prohibited", 1),
        ("beyond scope", 2),
        ("unreachable address", 3),
        ("unreachable port", 4),
        ("reject route", 6),
    ];
    if let Some((_, reason)) =
        message.split_once("destination unreachable, ").or_else(|| message.split_once("unreachable, "))
    {
        return REASONS.iter().find(|(text, _)| reason.starts_with(text)).map(|(_, code)| (1, *code));
    }
    if message.starts_with("packet too big") {
        return Some((2, 0));
    }
    message.starts_with("time exceeded in-transit").then_some((3, 0))
}
