//! Lines of tcpdump: with any of its `-t`, `-e`, `-v`, `-S` and `-n` options, and as it printed before version 4.

mod icmp;

use super::hosts::Hosts;
use super::numbers::Numbering;
use super::packet::{ACK, Arp, FIN, PSH, Packet, RST, SYN, Tcp, URG, What, after, between, number};
use super::{Dialect, Headers, Stamp, dns};
use crate::capture::script::TcpOption;
use std::net::{IpAddr, SocketAddr};

pub(super) const DIALECT: Dialect =
    Dialect::of_headers("text of tcpdump", Headers { begins, read, numbering: Numbering::Tcpdump, hint: HINT });

const HINT: &str = "`tcpdump -nn` prints addresses and ports as numbers";

/// A packet begins with a time or, printed with `-t`, with its protocol, behind its number if there is one (`-#`); what an
/// error quotes is indented.
fn begins(line: &str) -> bool {
    let plain = unnumbered(line.trim_start());
    let indented = line.starts_with([' ', '\t']) && plain.len() == line.trim_start().len();
    Stamp::read(plain).is_some()
        || !indented && ["IP ", "IP6 ", "ARP, "].iter().any(|protocol| plain.starts_with(protocol))
}

/// A line without the number that `-#` prints before it, with two blanks.
fn unnumbered(line: &str) -> &str {
    let behind = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = behind.len() < line.len() && behind.starts_with("  ");
    if numbered { behind.trim_start() } else { line }
}

fn read(line: &str, hosts: &mut Hosts) -> Option<Packet> {
    let line = unnumbered(line.trim_start());
    let (at, rest) = Stamp::read(line).map_or((None, line), |(stamp, rest)| (Some(stamp), rest));
    let frame_len = rest.split_once(" > ").and_then(|_| after(rest, ", length ")).filter(|_| has_link_header(rest));
    let vlan = after(rest, "vlan ").filter(|_| has_link_header(rest));
    let what = what(rest, hosts)?;
    Some(Packet { at, frame_len, vlan, what })
}

/// Printed with `-e`.
fn has_link_header(rest: &str) -> bool {
    rest.contains(", ethertype ")
}

fn what(rest: &str, hosts: &mut Hosts) -> Option<What> {
    if let Some(arp) = arp(rest) {
        return Some(What::Arp(arp));
    }
    match Line::read(rest, hosts) {
        Some(line) => line.what(hosts),
        // Spanning tree and other things without addresses that are known here; counted, so that numbers stay right.
        None if rest.contains("ARP, ") || rest.contains("ethertype ARP") => Some(What::Ether(0x0806)),
        None if rest.contains("LLDP, ") => Some(What::Ether(0x88cc)),
        None => ["STP ", "802.3", "LLC", "CDPv", "EAPOL", "PPPoE", "MPLS"]
            .iter()
            .any(|other| rest.contains(other))
            .then_some(What::Ether(0xffff)),
    }
}

/// One end of an IP packet, with its port if it has one.
type End = (IpAddr, Option<u16>);

/// So many arrows are looked at: a payload of nothing else must not be looked through again from each.
const ARROWS: usize = 4;

/// The line of an IP packet: `... A > B: what it is`.
struct Line<'a> {
    before: &'a str,
    from: End,
    to: End,
    tail: &'a str,
}

impl<'a> Line<'a> {
    fn read(rest: &'a str, hosts: &mut Hosts) -> Option<Self> {
        let mut at = 0;
        // With `-e`, Ethernet addresses stand before those of IP.
        for _ in 0..ARROWS {
            let arrow = at + rest.get(at..)?.find(" > ")?;
            let (before, behind) = (rest.get(..arrow)?, rest.get(arrow + 3..)?);
            let left = before.rsplit([' ', '(']).next().unwrap_or_default();
            let (right, tail) = behind.split_once(": ").unwrap_or((behind, ""));
            let tail = tail.trim_start();
            let is_dns = [left, right].iter().any(|end| end.ends_with(".domain") || end.ends_with(".mdns"));
            let known = ["Flags [", "tcp ", "UDP, "].iter().any(|of| tail.starts_with(of));
            let named = known || is_dns || old_flags(tail).is_some();
            let ends = end(left, named, hosts).zip(end(right, named, hosts));
            if let Some((from, to)) = ends.filter(|((a, _), (b, _))| a.is_ipv4() == b.is_ipv4()) {
                return Some(Self { before, from, to, tail });
            }
            at = arrow + 3;
        }
        None
    }

    fn tcp(&self) -> Option<Tcp> {
        let (source, destination) = self.from.1.zip(self.to.1)?;
        let mut tcp = Tcp::new(SocketAddr::new(self.from.0, source), SocketAddr::new(self.to.0, destination));
        tcp.ttl = after(self.before, "ttl ").or_else(|| after(self.before, "hlim "));
        tcp.id = after(self.before, ", id ");
        fields(self.tail, tcp.clone()).or_else(|| old_fields(self.tail, tcp))
    }

    fn what(&self, hosts: &mut Hosts) -> Option<What> {
        let Self { before, from, to, tail } = *self;
        if let Some(tcp) = self.tcp() {
            return Some(What::Tcp(tcp));
        }
        if tail.starts_with("Flags") {
            return None; // cut off, or not put together as it was
        }
        if let Some(error) = icmp::error(from.0, to.0, tail, hosts) {
            return Some(What::Error(error));
        }
        let fragment = after::<u32>(before, "offset ").is_some_and(|offset| offset > 0);
        let ports = from.1.zip(to.1);
        if let (Some((source, destination)), true) = (ports, tail.starts_with("tcp ")) {
            return Some(What::Quick { from: SocketAddr::new(from.0, source), to: SocketAddr::new(to.0, destination) });
        }
        if let Some((source, destination)) = ports.filter(|(a, b)| [a, b].iter().any(|port| dns::PORTS.contains(port)))
        {
            let ends = (SocketAddr::new(from.0, source), SocketAddr::new(to.0, destination));
            if let Some(dns) = dns::of_tcpdump(ends.0, ends.1, tail) {
                return Some(What::Dns(dns));
            }
        }
        let protocol = protocol(before, tail, ports.is_some());
        Some(What::Ip { from: from.0, to: to.0, protocol, fragment: fragment || protocol == 6, ports })
    }
}

/// The protocol of what is no TCP: by its number with `-v`, else by what is printed of it.
fn protocol(before: &str, tail: &str, has_ports: bool) -> u8 {
    let printed = between(before, "proto ", ")").or_else(|| between(before, "next-header ", ")"));
    let numbered = printed.and_then(|(text, _)| number(text.split_once('(')?.1));
    let known = [("ICMP6", 58), ("ICMP", 1), ("igmp", 2), ("GRE", 47), ("ESP", 50), ("AH", 51), ("OSPF", 89)];
    let named = known.iter().find(|(name, _)| tail.starts_with(name)).map(|(_, number)| *number);
    let other = after(tail, "ip-proto-").filter(|_| tail.starts_with("ip-proto-"));
    let named = named.or_else(|| (tail.starts_with("HBH") && tail.contains("ICMP6")).then_some(58));
    let text = if tail.starts_with("tcp") { 6 } else { 17 };
    numbered.filter(|number| *number != 0).or(named).or(other).unwrap_or(if has_ports { 17 } else { text })
}

/// An address, perhaps with a port; a name only where the line is surely of TCP.
fn end(word: &str, named: bool, hosts: &mut Hosts) -> Option<End> {
    let word = word.trim_end_matches([':', ',']);
    let plain = |word: &str| word.split('%').next().unwrap_or_default().parse::<IpAddr>().ok();
    if word.contains(':') {
        let with_port =
            word.rsplit_once('.').and_then(|(address, service)| Some((plain(address)?, Some(hosts.port(service)?))));
        return with_port.or_else(|| Some((plain(word)?, None)));
    }
    if let Some(address) = plain(word) {
        return Some((address, None));
    }
    let (host, service) = word.rsplit_once('.')?;
    let is_name = named && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let address = plain(host).or_else(|| if is_name { hosts.address(host) } else { None })?;
    Some((address, Some(hosts.port(service)?)))
}

/// `Flags [P.], seq 1:501, ack 1, win 63, options [nop,nop,TS val 1 ecr 2], length 500`
fn fields(tail: &str, mut tcp: Tcp) -> Option<Tcp> {
    let (letters, mut rest) = between(tail, "Flags [", "]").filter(|_| tail.starts_with("Flags ["))?;
    tcp.flags = flags(letters)?;
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        let (field, behind) = match rest.strip_prefix("options [") {
            Some(inside) => {
                let (inside, behind) = inside.split_once(']')?;
                tcp.options = options(inside);
                ("", behind)
            }
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        match field.split_once(' ') {
            Some(("seq", value)) => {
                let (begin, end) = value.split_once(':').unwrap_or((value, "0"));
                end.parse::<u32>().ok()?;
                tcp.seq = Some(begin.parse().ok()?);
            }
            Some(("ack", value)) => tcp.ack = Some(value.parse().ok()?),
            Some(("win", value)) => tcp.win = value.parse().ok()?,
            Some(("urg", value)) => tcp.urg = value.parse().ok()?,
            Some(("length", value)) => {
                tcp.len = number(value)?;
                let more = value.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(' ');
                let goes_on = more.is_some_and(|more| more.starts_with(|c: char| c.is_ascii_digit()));
                return (!goes_on && tcp.has(ACK) == tcp.ack.is_some()).then_some(tcp);
            }
            // A line that was folded within a word says something else.
            _ if field.is_empty() || field.starts_with(['[', 'c']) => {}
            _ => return None,
        }
        if behind.is_empty() {
            // `-q` and what was cut off before the length: nothing to go by.
            return None;
        }
        rest = behind;
    }
}

fn flags(letters: &str) -> Option<u16> {
    if letters == "none" {
        return Some(0);
    }
    let bit = |letter| {
        Some(match letter {
            'F' => FIN,
            'S' => SYN,
            'R' => RST,
            'P' => PSH,
            '.' => ACK,
            'U' => URG,
            'E' => 0x40,
            'W' => 0x80,
            'e' => 0x100,
            _ => return None,
        })
    };
    letters.chars().try_fold(0, |flags, letter| Some(flags | bit(letter)?))
}

/// The flags as versions before 4 print them, and what stands behind: `S 123:123(0) win 5840 <mss 1460>`.
fn old_flags(tail: &str) -> Option<(u16, &str)> {
    let (letters, rest) = tail.split_once(' ')?;
    let known = letters.len() <= 6 && letters.bytes().all(|letter| b"SFRPWE.".contains(&letter));
    let rest = rest.strip_prefix("[tcp sum ok] ").unwrap_or(rest);
    let goes_on = rest.starts_with("ack ") || range(rest.split(' ').next()?).is_some();
    // A lone `.` stands for no other flag, not for an acknowledgement.
    (known && goes_on).then(|| flags(&letters.replace('.', "")).map(|flags| (flags, rest)))?
}

/// `1:501(500)`
fn range(word: &str) -> Option<(u32, u32)> {
    let (begin, rest) = word.split_once(':')?;
    let (_, length) = rest.split_once('(')?;
    Some((begin.parse().ok()?, length.strip_suffix(')')?.parse().ok()?))
}

fn old_fields(tail: &str, mut tcp: Tcp) -> Option<Tcp> {
    let (flags, mut rest) = old_flags(tail)?;
    tcp.flags = flags;
    if let Some((begin, length)) = rest.split(' ').next().and_then(range) {
        (tcp.seq, tcp.len) = (Some(begin), length);
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    }
    if let Some(ack) = rest.strip_prefix("ack ").and_then(number) {
        tcp.flags |= ACK;
        tcp.ack = Some(ack);
    }
    tcp.win = after(rest, "win ").unwrap_or(0);
    tcp.options = between(rest, " <", ">").map(|(inside, _)| options(inside)).unwrap_or_default();
    Some(tcp)
}

/// Options between their brackets. Those that cannot be written down in full are left out.
fn options(inside: &str) -> Vec<TcpOption> {
    let option = |text: &str| {
        let text = text.trim();
        let mut words = text.split_whitespace();
        Some(match (words.next()?, text) {
            ("mss", _) => TcpOption::Mss(words.next()?.parse().ok()?),
            ("sackOK", _) => TcpOption::SackPermitted,
            ("wscale", _) => TcpOption::WindowScale(words.next()?.parse().ok()?),
            ("nop", _) => TcpOption::Nop,
            ("eol", _) => TcpOption::EndOfList,
            ("TS", _) => TcpOption::Timestamps { value: after(text, "val ")?, echo: after(text, "ecr ")? },
            ("timestamp", _) => {
                TcpOption::Timestamps { value: words.next()?.parse().ok()?, echo: words.next()?.parse().ok()? }
            }
            ("sack", _) if text.contains('{') => TcpOption::Sack(blocks(text)),
            _ => return None,
        })
    };
    inside.split(',').filter_map(option).collect()
}

/// `sack 2 {1:5}{9:12}`
fn blocks(text: &str) -> Vec<(crate::capture::script::Number, crate::capture::script::Number)> {
    use crate::capture::script::Number::Absolute;
    let edges = |block: &str| {
        let (left, right) = block.split_once(':')?;
        Some((Absolute(number(left)?), Absolute(number(right)?)))
    };
    text.split('{').skip(1).filter_map(edges).take(4).collect()
}

/// `Request who-has 10.0.0.1 tell 10.0.0.2, length 28`, `Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28`
fn arp(rest: &str) -> Option<Arp> {
    let word = |text: &str| text.split([' ', ',']).next().unwrap_or_default().parse::<IpAddr>().ok();
    if let Some((_, asked)) = rest.split_once("who-has ").filter(|_| rest.contains("ARP") || rest.starts_with("arp")) {
        let target = word(asked)?;
        let sender = word(asked.split_once("tell ")?.1)?;
        return Some(Arp { is_reply: false, sender: (None, sender), target });
    }
    let (before, address) = rest.split_once(" is-at ").filter(|_| rest.contains("ARP") || rest.starts_with("arp"))?;
    let sender = before.rsplit(' ').next().and_then(word)?;
    let octets = address.split([' ', ',']).next()?.split(':').map(|octet| u8::from_str_radix(octet, 16).ok());
    let octets: Vec<u8> = octets.collect::<Option<_>>()?;
    Some(Arp { is_reply: true, sender: (octets.try_into().ok(), sender), target: sender })
}
