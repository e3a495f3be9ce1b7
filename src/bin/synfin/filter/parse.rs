//! The text of a filter becomes a [`Filter`]: `and` and `or` bind alike and from the left, `not` binds closest, and an address
//! or port without a word before it takes the words of the one before.

use super::token::{Token, number_of, tokens};
use super::{Direction, Family, Filter, Net, What};
use std::net::{IpAddr, Ipv4Addr};
use synfin::service;

/// Parentheses and negations within one another, and operators in a row.
const MOST: usize = 200;
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
/// Protocols by name, with their numbers.
const PROTOCOLS: [(&str, u8); 13] = [
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", TCP),
    ("udp", UDP),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmp6", 58),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("sctp", SCTP),
];
/// Words of libpcap's that are understood and not offered.
const UNSUPPORTED: [&str; 31] = [
    "ether",
    "fddi",
    "tr",
    "wlan",
    "link",
    "ppp",
    "slip",
    "decnet",
    "lat",
    "moprc",
    "mopdl",
    "iso",
    "clnp",
    "esis",
    "isis",
    "atalk",
    "aarp",
    "sca",
    "stp",
    "ipx",
    "netbeui",
    "gateway",
    "broadcast",
    "multicast",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
    "inbound",
    "outbound",
    "protochain",
];

/// Reads a filter; nothing means everything.
pub fn filter(text: &str) -> Result<Filter, String> {
    let mut parser = Parser { tokens: tokens(text), at: 0, end: text.chars().count() + 1, depth: 0, last: None };
    if parser.tokens.is_empty() {
        return Ok(Filter::Least(0));
    }
    let filter = parser.expression()?;
    match parser.next() {
        None => Ok(filter),
        Some(Token { text: ")", at }) => Err(format!("`)` at character {at} closes nothing")),
        Some(token) => Err(parser.stray(token)),
    }
}

/// The words before an address or port.
#[derive(Clone, Copy)]
struct Words<'a> {
    protocol: Option<Token<'a>>,
    direction: Direction,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Host,
    Net,
    Port,
    PortRange,
    Protocol,
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    /// Tokens taken.
    at: usize,
    /// Where the text ends.
    end: usize,
    depth: usize,
    last: Option<Words<'a>>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    /// Takes the next token if it is one of these.
    fn take(&mut self, words: &[&str]) -> Option<Token<'a>> {
        let token = self.peek().filter(|token| words.contains(&token.text))?;
        self.at += 1;
        Some(token)
    }

    /// What must come next.
    fn expect(&mut self, what: &str) -> Result<Token<'a>, String> {
        self.next().ok_or_else(|| format!("{what} is missing at the end, character {}", self.end))
    }

    fn expression(&mut self) -> Result<Filter, String> {
        let mut left = self.term()?;
        for _ in 0..MOST {
            if self.take(&["and", "&&"]).is_some() {
                left = Filter::And(Box::new(left), Box::new(self.term()?));
            } else if self.take(&["or", "||"]).is_some() {
                left = Filter::Or(Box::new(left), Box::new(self.term()?));
            } else {
                return Ok(left);
            }
        }
        Err(format!("more than {MOST} conditions in a row"))
    }

    fn term(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MOST {
            return Err(format!("more than {MOST} parentheses and negations within one another"));
        }
        let term = if self.take(&["not", "!"]).is_some() {
            self.term().map(|inner| Filter::Not(Box::new(inner)))
        } else if let Some(open) = self.take(&["("]) {
            let inner = self.expression()?;
            match self.next() {
                Some(Token { text: ")", .. }) => Ok(inner),
                Some(other) => Err(self.stray(other)),
                None => Err(format!("`(` at character {} is not closed", open.at)),
            }
        } else {
            self.primitive()
        };
        self.depth -= 1;
        term
    }

    fn primitive(&mut self) -> Result<Filter, String> {
        if self.take(&["vlan"]).is_some() {
            return self.vlan();
        }
        if let Some(word) = self.take(&["less", "greater"]) {
            let length = self.expect("a length in bytes")?;
            let bytes = number_of(length, "a length in bytes", u32::MAX)?;
            return Ok(if word.text == "less" { Filter::Most(bytes) } else { Filter::Least(bytes) });
        }
        let protocol = self.peek().filter(|token| of_protocol(token.text).is_some());
        self.at += usize::from(protocol.is_some());
        let direction = self.direction();
        let kind = self.kind();
        match (protocol, direction, kind) {
            (Some(protocol), None, None) => self.protocol_alone(protocol),
            (None, None, None) => self.implied(),
            (protocol, direction, kind) => {
                let words = Words {
                    protocol,
                    direction: direction.unwrap_or(Direction::Either),
                    kind: kind.unwrap_or(Kind::Host),
                };
                // `dst port (80 or 443)`
                if self.take(&["("]).is_some() {
                    self.at -= 1;
                    self.last = Some(words);
                    return self.term();
                }
                let value = self.expect(words.kind.wants())?;
                self.last = Some(words);
                self.about(words, value)
            }
        }
    }

    fn vlan(&mut self) -> Result<Filter, String> {
        let is_number = |token: &Token<'_>| token.text.starts_with(|c: char| c.is_ascii_digit());
        let Some(identifier) = self.peek().filter(is_number) else { return Ok(Filter::Vlan(None)) };
        self.at += 1;
        let identifier = number_of(identifier, "a VLAN identifier", 4095_u16)?;
        Ok(Filter::Vlan(Some(identifier)))
    }

    /// `src`, `dst`, `src or dst`, `src and dst`.
    fn direction(&mut self) -> Option<Direction> {
        let first = self.take(&["src", "dst"])?;
        let other = if first.text == "src" { "dst" } else { "src" };
        let text = |at: usize| self.tokens.get(at).map(|token| token.text);
        let both = match (text(self.at), text(self.at + 1)) {
            (Some("or" | "||"), Some(second)) if second == other => Some(Direction::Either),
            (Some("and" | "&&"), Some(second)) if second == other => Some(Direction::Both),
            _ => None,
        };
        self.at += if both.is_some() { 2 } else { 0 };
        both.or(Some(if first.text == "src" { Direction::Source } else { Direction::Destination }))
    }

    fn kind(&mut self) -> Option<Kind> {
        let word = self.take(&["host", "net", "port", "portrange", "proto"])?;
        Some(match word.text {
            "host" => Kind::Host,
            "net" => Kind::Net,
            "port" => Kind::Port,
            "portrange" => Kind::PortRange,
            _ => Kind::Protocol,
        })
    }

    fn protocol_alone(&mut self, protocol: Token<'a>) -> Result<Filter, String> {
        if let Some(next) = self.take(&["["]) {
            let at = next.at;
            return Err(format!(
                "`[` at character {at} is not supported: filters do not look into the bytes of a header"
            ));
        }
        let (family, number) = of_protocol(protocol.text).unwrap_or_default();
        Ok(Filter::Network { family, protocol: number.map(|number| vec![number]), what: What::Anything })
    }

    /// An address or port alone: of the kind that was named last, else an address.
    fn implied(&mut self) -> Result<Filter, String> {
        let value = self.expect("a condition")?;
        let is_value = value.text.starts_with(|c: char| c.is_ascii_hexdigit())
            && value.text.contains(|c: char| c.is_ascii_digit() || c == ':');
        let is_address = value.text.parse::<IpAddr>().is_ok();
        match self.last {
            Some(words) if is_value || service::port(value.text).is_some() => self.about(words, value),
            None if is_address => {
                let words = Words { protocol: None, direction: Direction::Either, kind: Kind::Host };
                self.last = Some(words);
                self.about(words, value)
            }
            None if is_value => {
                Err(format!("`{}` at character {}: say what it is, such as `port {0}`", value.text, value.at))
            }
            _ => Err(self.stray(value)),
        }
    }

    fn about(&mut self, words: Words<'a>, value: Token<'a>) -> Result<Filter, String> {
        let (family, number) = words.protocol.and_then(|token| of_protocol(token.text)).unwrap_or_default();
        let refuse = |why: &str| {
            let Token { text, at } = words.protocol.unwrap_or(value);
            Err(format!("`{text}` at character {at} {why}"))
        };
        let direction = words.direction;
        match words.kind {
            Kind::Host | Kind::Net => {
                if number.is_some() {
                    return refuse("has ports and no addresses of its own: join the two by `and`");
                }
                let net = if words.kind == Kind::Host { host(value)? } else { self.net(value)? };
                if net.v6 && matches!(family, Some(family) if family != Family::V6)
                    || !net.v6 && family == Some(Family::V6)
                {
                    return refuse(&format!("has no address like `{}`", value.text));
                }
                Ok(Filter::Network { family, protocol: None, what: What::Address(direction, net) })
            }
            Kind::Port | Kind::PortRange => {
                if family.is_some() || number.is_some_and(|number| ![TCP, UDP, SCTP].contains(&number)) {
                    return refuse("has no ports: `tcp`, `udp` and `sctp` have");
                }
                let ports = if words.kind == Kind::Port { port(value).map(|port| port..=port)? } else { ports(value)? };
                let protocol = Some(number.map_or_else(|| vec![TCP, UDP, SCTP], |number| vec![number]));
                Ok(Filter::Network { family: None, protocol, what: What::Port(direction, ports) })
            }
            Kind::Protocol => {
                if number.is_some() || matches!(family, Some(Family::Arp | Family::ReverseArp)) {
                    return refuse("carries no protocol: `ip proto` and `ip6 proto` do");
                }
                let name = value.text.trim_start_matches('\\');
                let known = PROTOCOLS.iter().find(|(other, _)| *other == name).map(|(_, number)| *number);
                let number = known.map_or_else(|| number_of(value, "a protocol", u8::MAX), Ok)?;
                Ok(Filter::Network { family, protocol: Some(vec![number]), what: What::Anything })
            }
        }
    }

    /// `10.0.0.0/8`, `10`, `10.0.0.0 mask 255.0.0.0`, `fd00::/8`
    fn net(&mut self, value: Token<'a>) -> Result<Net, String> {
        let wrong = || {
            format!("`{}` at character {} is no network: write 10.0.0.0/8, 192.168 or fd00::/8", value.text, value.at)
        };
        if self.take(&["mask"]).is_some() {
            let mask = self.expect("a mask")?;
            let bits: Option<Ipv4Addr> = mask.text.parse().ok();
            let length =
                bits.map(|mask| mask.to_bits()).filter(|bits| bits.leading_ones() + bits.trailing_zeros() >= 32);
            let address: Option<Ipv4Addr> = value.text.parse().ok();
            let net =
                address.zip(length).and_then(|(address, bits)| Net::new(address.into(), bits.leading_ones() as u8));
            return net
                .ok_or_else(|| format!("`{}` at character {} is no mask of an IPv4 network", mask.text, mask.at));
        }
        let (address, length) =
            value.text.split_once('/').map_or((value.text, None), |(address, length)| (address, Some(length)));
        let length: Option<u8> = length.map(|length| length.parse().map_err(|_| wrong())).transpose()?;
        if let Ok(address) = address.parse::<IpAddr>() {
            return Net::new(address, length.unwrap_or(if address.is_ipv4() { 32 } else { 128 })).ok_or_else(wrong);
        }
        // Parts that are left out are 0, and count only if a length says so.
        let parts: Vec<u8> = address.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let mut octets = [0; 4];
        octets.get_mut(..parts.len()).ok_or_else(wrong)?.copy_from_slice(&parts);
        Net::new(IpAddr::from(octets), length.unwrap_or(parts.len() as u8 * 8)).ok_or_else(wrong)
    }

    /// Why a token cannot stand where it does.
    fn stray(&self, token: Token<'a>) -> String {
        let Token { text, at } = token;
        if UNSUPPORTED.contains(&text) {
            return format!(
                "`{text}` at character {at} is not supported: host, net, port, portrange, proto, src, dst, vlan, less, greater, ip, ip6, arp, tcp, udp, sctp, icmp and icmp6 are"
            );
        }
        if text.starts_with(['[', '=', '<', '>', '&', '|', '+', '*']) {
            return format!(
                "`{text}` at character {at} is not supported: filters do not look into the bytes of a header"
            );
        }
        format!("`{text}` at character {at} is not understood there: conditions are joined by `and` and `or`")
    }
}

impl Kind {
    fn wants(self) -> &'static str {
        match self {
            Self::Host => "an address",
            Self::Net => "a network",
            Self::Port => "a port",
            Self::PortRange => "a range of ports",
            Self::Protocol => "a protocol",
        }
    }
}

/// The family and the protocol number that a word before an address or port stands for.
fn of_protocol(word: &str) -> Option<(Option<Family>, Option<u8>)> {
    Some(match word {
        "ip" => (Some(Family::V4), None),
        "ip6" => (Some(Family::V6), None),
        "arp" => (Some(Family::Arp), None),
        "rarp" => (Some(Family::ReverseArp), None),
        "icmp" => (Some(Family::V4), Some(1)),
        "icmp6" => (Some(Family::V6), Some(58)),
        "igmp" | "gre" | "esp" | "ah" | "pim" | "vrrp" | "tcp" | "udp" | "sctp" => {
            (None, PROTOCOLS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number))
        }
        _ => return None,
    })
}

fn host(value: Token<'_>) -> Result<Net, String> {
    let Token { text, at } = value;
    let net =
        text.parse::<IpAddr>().ok().and_then(|address| Net::new(address, if address.is_ipv4() { 32 } else { 128 }));
    net.ok_or_else(|| {
        format!("`{text}` at character {at} is no IP address; names are not looked up, networks are named by `net`")
    })
}

fn port(value: Token<'_>) -> Result<u16, String> {
    service::port(value.text).map_or_else(|| number_of(value, "a port", u16::MAX), Ok)
}

fn ports(value: Token<'_>) -> Result<std::ops::RangeInclusive<u16>, String> {
    let Token { text, at } = value;
    let both = text.split_once('-').and_then(|(from, to)| Some((from.parse::<u16>().ok()?, to.parse::<u16>().ok()?)));
    let range = both.filter(|(from, to)| from <= to).map(|(from, to)| from..=to);
    range.ok_or_else(|| format!("`{text}` at character {at} is no range of ports: write 8000-8080"))
}
