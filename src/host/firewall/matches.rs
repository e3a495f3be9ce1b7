//! What a packet must be for a rule to match it, as far as a capture can tell.

use crate::service;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a packet must be to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    pub protocol: Protocol,
    pub source: AnyOf<Network>,
    pub destination: AnyOf<Network>,
    pub source_port: AnyOf<Ports>,
    pub destination_port: AnyOf<Ports>,
    /// Interface by which it comes in.
    pub input: Option<Box<str>>,
    pub output: Option<Box<str>>,
    /// Whether it must be of a known connection (RELATED, ESTABLISHED) or open one (NEW).
    pub state: Option<Tracked>,
    /// Which of the flags are looked at, and which of these must be set.
    pub flags: Option<TcpFlags>,
    /// There are conditions that no capture can tell: rate limits, owners, sets, names.
    pub more: bool,
}

/// Flags of the TCP header, as bits of its fourteenth byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags {
    pub mask: u8,
    pub set: u8,
}

impl TcpFlags {
    /// What `--syn` means.
    pub const SYN: Self = Self { mask: 0x17, set: 0x02 };

    /// Of their names, joined by commas or blanks.
    pub(super) fn bits(names: &str) -> Option<u8> {
        names.split([',', ' ', '|']).filter(|name| !name.is_empty()).try_fold(0, |bits, name| {
            let bit = match name.to_ascii_uppercase().as_str() {
                "FIN" => 0x01,
                "SYN" => 0x02,
                "RST" => 0x04,
                "PSH" => 0x08,
                "ACK" => 0x10,
                "URG" => 0x20,
                "ALL" => 0x3f,
                "NONE" => 0,
                _ => return None,
            };
            Some(bits | bit)
        })
    }
}

/// The states of connection tracking that a rule wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    pub new: bool,
    pub established: bool,
    pub invalid: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Any,
    Tcp,
    Other,
}

impl Protocol {
    /// By name or number; 0 and `all` are any.
    pub fn of(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "all" | "0" | "any" | "ip" => Self::Any,
            "tcp" | "6" => Self::Tcp,
            _ => Self::Other,
        }
    }
}

impl Protocol {
    /// What is left when the condition is turned round, seen from TCP.
    pub(super) fn inverted(self, inverted: bool) -> Self {
        match self {
            own if !inverted => own,
            Self::Any | Self::Tcp => Self::Other,
            Self::Other => Self::Any,
        }
    }
}

/// One of these, or, inverted, none of them; an empty list asks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyOf<T> {
    pub list: Vec<T>,
    pub inverted: bool,
}

impl<T> Default for AnyOf<T> {
    fn default() -> Self {
        Self { list: Vec::new(), inverted: false }
    }
}

impl<T> AnyOf<T> {
    pub fn holds(&self, test: impl FnMut(&T) -> bool) -> bool {
        self.list.is_empty() || self.list.iter().any(test) != self.inverted
    }
}

/// An address with the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub bits: u8,
}

impl Network {
    /// `10.77.1.0/24`, `10.77.1.2`, `10.0.0.0/255.0.0.0`
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let full = if address.is_ipv4() { 32 } else { 128 };
        let bits = match length {
            None => full,
            Some(length) => match length.parse::<u8>() {
                Ok(bits) => bits,
                Err(_) => prefix_of(length.parse().ok()?)?,
            },
        };
        (bits <= full).then_some(Self { address, bits })
    }

    pub fn contains(self, address: IpAddr) -> bool {
        let shifted = |value: u128, width: u8| value.checked_shr(u32::from(width - self.bits.min(width))).unwrap_or(0);
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                shifted(u128::from(own.to_bits()), 32) == shifted(u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => shifted(own.to_bits(), 128) == shifted(other.to_bits(), 128),
            _ => false,
        }
    }

    /// All addresses of a version.
    pub(super) fn all(version: Version) -> Self {
        let address = match version {
            Version::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Version::V6 => Ipv6Addr::UNSPECIFIED.into(),
        };
        Self { address, bits: 0 }
    }
}

/// The length of the prefix that a mask stands for; none of one with holes.
fn prefix_of(mask: Ipv4Addr) -> Option<u8> {
    let ones = mask.to_bits().leading_ones();
    (mask.to_bits().count_ones() == ones).then_some(ones as u8)
}

/// A port or a range of them, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub first: u16,
    pub last: u16,
}

impl Ports {
    /// `80`, `8000:8010`, `8000-8010`
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once([':', '-']).unwrap_or((text, text));
        let bound = |text: &str, open: u16| if text.is_empty() { Some(open) } else { text.parse().ok() };
        Some(Self { first: bound(first, 0)?, last: bound(last, u16::MAX)? })
    }

    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl Matches {
    /// Adds ports joined by commas; with a name among them the condition cannot be told.
    pub(super) fn ports(&mut self, end: End, text: &str, inverted: bool) {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part| Ports::parse(part).or_else(|| service(part).map(|port| Ports { first: port, last: port }));
        let Some(list) = parts.map(read).collect::<Option<Vec<_>>>() else {
            self.more = true;
            return;
        };
        let own = match end {
            End::Source => &mut self.source_port,
            End::Destination => &mut self.destination_port,
        };
        if own.list.is_empty() {
            *own = AnyOf { list, inverted };
        } else {
            self.more = true; // two conditions on one port
        }
    }

    /// Networks joined by commas; with a name or a set among them the condition cannot be told.
    pub(super) fn network(&mut self, end: End, text: &str, inverted: bool) {
        let parts = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
        if parts().any(|part| part.eq_ignore_ascii_case("any") || part == "anywhere") {
            self.more |= inverted; // nothing at all, which nobody means
            return;
        }
        let Some(list) = parts().map(Network::parse).collect::<Option<Vec<_>>>() else {
            self.more = true;
            return;
        };
        let own = match end {
            End::Source => &mut self.source,
            End::Destination => &mut self.destination,
        };
        *own = AnyOf { list, inverted };
    }

    /// Of a table of one version of IP: a rule of it without any address matches that version only.
    pub(super) fn version(&mut self, version: Option<Version>) {
        if let Some(version) = version.filter(|_| self.source.list.is_empty()) {
            self.source = AnyOf { list: vec![Network::all(version)], inverted: false };
        }
    }

    /// Flags of which none or a negation cannot be told.
    pub(super) fn flags(&mut self, flags: Option<TcpFlags>, inverted: bool) {
        self.flags = flags.filter(|_| !inverted);
        self.more |= self.flags.is_none();
    }

    /// Names of tracking states, joined by commas.
    pub(super) fn states(&mut self, names: &str, inverted: bool) {
        let mut tracked = Tracked::default();
        for name in names.split([',', ' ']).filter(|name| !name.is_empty()) {
            match name.to_ascii_uppercase().as_str() {
                "NEW" | "UNTRACKED" => tracked.new = true,
                "ESTABLISHED" | "RELATED" => tracked.established = true,
                "INVALID" => tracked.invalid = true,
                // DNAT, SNAT: whether it was translated cannot be told.
                _ => self.more = true,
            }
        }
        if inverted {
            let Tracked { new, established, invalid } = tracked;
            tracked = Tracked { new: !new, established: !established, invalid: !invalid };
        }
        self.state = Some(tracked);
    }
}

/// The version of IP that a whole table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

/// Which end of a packet a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

/// The services of listings without `-n`, and those that firewalld calls otherwise than `/etc/services` does.
pub(super) fn service(name: &str) -> Option<u16> {
    service::port(match name {
        "dns" => "domain",
        "rpc-bind" => "sunrpc",
        "samba" => "microsoft-ds",
        "smtp-submission" => "submission",
        "mssql" => "ms-sql-s",
        "rdp" => "ms-wbt-server",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_their_prefix_says() {
        let holds = |network: &str, address: &str| {
            Network::parse(network)
                .is_some_and(|network| address.parse().is_ok_and(|address| network.contains(address)))
        };
        assert!(holds("10.77.1.0/24", "10.77.1.200"));
        assert!(!holds("10.77.1.0/24", "10.77.2.1"));
        assert!(holds("10.0.0.0/255.0.0.0", "10.9.9.9"));
        assert!(holds("0.0.0.0/0", "1.2.3.4"));
        assert!(!holds("0.0.0.0/0", "fd77::1"));
        assert!(holds("fd77:1::/64", "fd77:1::99"));
        assert!(!holds("fd77:1::/64", "fd77:2::99"));
        assert!(holds("::/0", "fd77:2::99"));
        assert_eq!(Network::parse("10.0.0.0/33"), None);
        assert_eq!(Network::parse("web01"), None);
        assert_eq!(Network::parse("10.0.0.0/255.0.255.0"), None, "no prefix");
    }

    #[test]
    fn ranges_have_both_spellings_and_open_ends() {
        let ports = |text| Ports::parse(text).map(|ports| (ports.first, ports.last));
        assert_eq!(ports("80"), Some((80, 80)));
        assert_eq!(ports("8000:8010"), Some((8000, 8010)));
        assert_eq!(ports("8000-8010"), Some((8000, 8010)));
        assert_eq!(ports("1024:"), Some((1024, 65535)));
        assert_eq!(ports("ssh"), None);
    }
}
