//! Lines of tshark and of Wireshark's packet list in their default columns: number, time, source, destination, protocol,
//! length, what it is. Lines of higher protocols do not say ports or numbers; those of TCP do.

use super::hosts::Hosts;
use super::numbers::Numbering;
use super::packet::{ACK, Arp, Error, FIN, PSH, Packet, Quoted, RST, SYN, Tcp, URG, What, after, between, number};
use super::{Dialect, Headers, Stamp, dns, stamp};
use crate::capture::script::{Number, TcpOption};
use std::net::{IpAddr, SocketAddr};

pub(super) const DIALECT: Dialect =
    Dialect::of_headers("text of tshark", Headers { begins, read, numbering: Numbering::Wireshark, hint: HINT });

const HINT: &str = "the default columns of `tshark -n` are read";

/// Protocols that run over something else than TCP, or that are not worth taking a flow's place for.
const NOT_TCP: [&str; 24] = [
    "UDP", "DNS", "MDNS", "LLMNR", "NBNS", "NTP", "DHCP", "DHCPv6", "SSDP", "SNMP", "QUIC", "Syslog", "IGMPv2",
    "IGMPv3", "ICMP", "ICMPv6", "OSPF", "ESP", "RADIUS", "TFTP", "STUN", "RTP", "SCTP", "IPv4",
];

fn begins(line: &str) -> bool {
    start(line).is_some()
}

/// Number and time of a packet, and what stands behind them.
fn start(line: &str) -> Option<(Stamp, &str)> {
    let line = line.trim_start();
    let (first, rest) = line.split_once(' ')?;
    first.parse::<u64>().ok()?;
    let rest = rest.trim_start();
    if let Some((stamp, rest)) = Stamp::read(rest) {
        return Some((stamp, rest.trim_start()));
    }
    let (time, rest) = rest.split_once(' ')?;
    let since = time.contains('.').then(|| stamp::seconds(time))??;
    Some((Stamp::Start(since), rest.trim_start()))
}

fn read(line: &str, _: &mut Hosts) -> Option<Packet> {
    let (at, rest) = start(line)?;
    let mut words = Words(rest);
    let (source, mut destination) = (words.next()?, words.next()?);
    if ["→", "->", "-&gt;"].contains(&destination) {
        destination = words.next()?;
    }
    let (protocol, frame_len) = (words.next()?, words.next()?.parse().ok()?);
    let info = words.0.trim_start();
    let ends = source.parse().ok().zip(destination.parse().ok());
    let what = match ends {
        Some((from, to)) => of_ip(from, to, protocol, info)?,
        None if protocol == "ARP" => arp(info).map_or(What::Ether(0x0806), What::Arp),
        None => What::Ether(0xffff),
    };
    Some(Packet { at: Some(at), frame_len: Some(frame_len), vlan: None, what })
}

/// Words one after another, with the rest behind them.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = self.0.trim_start().split_once(' ')?;
        self.0 = rest;
        Some(word)
    }
}

fn of_ip(from: IpAddr, to: IpAddr, protocol: &str, info: &str) -> Option<What> {
    if let Some(tcp) = segment(from, to, info) {
        return Some(What::Tcp(tcp));
    }
    if let Some(dns) = dns::of_tshark(from, to, protocol, info).filter(|_| ["DNS", "MDNS"].contains(&protocol)) {
        return Some(What::Dns(dns));
    }
    let other = |protocol| What::Ip { from, to, protocol, fragment: false, ports: None };
    Some(match protocol {
        "ICMP" | "ICMPv6" => match error(from, to, info) {
            Some(error) => What::Error(error),
            None => other(if from.is_ipv6() { 58 } else { 1 }),
        },
        "IGMPv2" | "IGMPv3" => other(2),
        "OSPF" => other(89),
        "ESP" => other(50),
        "SCTP" => other(132),
        "IPv4" => What::Ip { from, to, protocol: 6, fragment: true, ports: None },
        _ if NOT_TCP.contains(&protocol) => other(17),
        _ => What::Payload(from, to),
    })
}

/// `[TCP Retransmission] 41144 → 2001 [SYN, ACK] Seq=0 Ack=1 Win=64240 Len=0 MSS=1460 SACK_PERM TSval=1 TSecr=2 WS=128`
fn segment(from: IpAddr, to: IpAddr, info: &str) -> Option<Tcp> {
    // What Wireshark noticed stands before, in brackets.
    let mut rest = info;
    while let Some(inside) = rest.strip_prefix('[') {
        rest = inside.split_once(']')?.1.trim_start();
    }
    let (ports, _) = rest.split_once('[')?;
    let mut ports = ports.split(['→', '>', ' ', '-']).filter(|word| !word.is_empty());
    let (source, destination) = (ports.next()?.parse().ok()?, ports.next()?.parse().ok()?);
    let (flags, fields) = between(rest, "[", "]")?;
    let mut tcp = Tcp::new(SocketAddr::new(from, source), SocketAddr::new(to, destination));
    tcp.flags = flags.split(", ").try_fold(0, |flags, name| Some(flags | flag(name)?))?;
    tcp.seq = Some(whole(fields, "Seq=")?);
    tcp.ack = whole(fields, "Ack=");
    if tcp.has(ACK) && tcp.ack.is_none() {
        return None;
    }
    tcp.win = whole(fields, "Win=")?;
    tcp.urg = whole(fields, "Urg=").unwrap_or(0);
    tcp.len = whole(fields, "Len=")?;
    tcp.options = options(fields);
    Some(tcp)
}

/// The word behind a key, if it is a number and no part of one: a line that was folded within it says something else.
fn whole<N: std::str::FromStr>(fields: &str, key: &str) -> Option<N> {
    let mut words = fields.split(' ').skip_while(|word| !word.starts_with(key));
    let number = words.next()?.strip_prefix(key)?.parse().ok()?;
    words.next().is_none_or(|next| next.parse::<u64>().is_err()).then_some(number)
}

fn flag(name: &str) -> Option<u16> {
    Some(match name {
        "<None>" => 0,
        "FIN" => FIN,
        "SYN" => SYN,
        "RST" => RST,
        "PSH" => PSH,
        "ACK" => ACK,
        "URG" => URG,
        "ECE" | "ECN" => 0x40,
        "CWR" => 0x80,
        "AE" | "NS" | "NONCE" => 0x100,
        _ => return None,
    })
}

fn options(fields: &str) -> Vec<TcpOption> {
    let stamps = after(fields, "TSval=").zip(after(fields, "TSecr="));
    let factor: Option<u32> = after(fields, " WS=");
    let edges = |key: &str| fields.split(key).skip(1).filter_map(number).map(Number::Absolute).collect::<Vec<_>>();
    let blocks: Vec<_> = edges("SLE=").into_iter().zip(edges("SRE=")).take(4).collect();
    let all = [
        after(fields, "MSS=").map(TcpOption::Mss),
        fields.contains("SACK_PERM").then_some(TcpOption::SackPermitted),
        stamps.map(|(value, echo)| TcpOption::Timestamps { value, echo }),
        factor.filter(|factor| factor.is_power_of_two()).map(|factor| TcpOption::WindowScale(factor.ilog2() as u8)),
        (!blocks.is_empty()).then_some(TcpOption::Sack(blocks)),
    ];
    all.into_iter().flatten().collect()
}

/// `Destination unreachable (Port unreachable)`: it names no more.
fn error(from: IpAddr, to: IpAddr, info: &str) -> Option<Error> {
    const V4: [(&str, u8, u8); 9] = [
        ("Network unreachable", 3, 0),
        ("Host unreachable", 3, 1),
        ("Protocol unreachable", 3, 2),
        ("Port unreachable", 3, 3),
        ("Fragmentation needed", 3, 4),
        ("Network administratively prohibited", 3, 9),
        ("Host administratively prohibited", 3, 10),
        ("Communication administratively filtered", 3, 13),
        ("Time to live exceeded in transit", 11, 0),
    ];
    const V6: [(&str, u8, u8); 7] = [
        ("no route to destination", 1, 0),
        ("Administratively prohibited", 1, 1),
        ("Beyond scope of source address", 1, 2),
        ("Address unreachable", 1, 3),
        ("Port unreachable", 1, 4),
        ("Packet Too Big", 2, 0),
        ("hop limit exceeded in transit", 3, 0),
    ];
    let known: &[(&str, u8, u8)] = if from.is_ipv6() { &V6 } else { &V4 };
    let (_, kind, code) = known.iter().find(|(text, ..)| info.contains(text))?;
    Some(Error {
        from,
        to,
        kind: *kind,
        code: *code,
        mtu: after(info, "MTU ").unwrap_or(0),
        quoted: Quoted::SentTo(None, None),
    })
}

/// `Who has 10.0.0.1? Tell 10.0.0.2`, `10.0.0.1 is at 02:00:00:00:00:01`
fn arp(info: &str) -> Option<Arp> {
    if let Some((target, sender)) = info.strip_prefix("Who has ").and_then(|asked| asked.split_once("? Tell ")) {
        let sender = sender.split(' ').next()?.parse().ok()?;
        return Some(Arp { is_reply: false, sender: (None, sender), target: target.parse().ok()? });
    }
    let (sender, address) = info.split_once(" is at ")?;
    let octets: Option<Vec<u8>> =
        address.split(' ').next()?.split(':').map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
    let sender: IpAddr = sender.trim().parse().ok()?;
    Some(Arp { is_reply: true, sender: (octets?.try_into().ok(), sender), target: sender })
}
