//! What a dump prints of one end of a socket: more than an address and a port, because cells hold wildcards, names,
//! masks, and cut-off text.

use super::Text;
use memchr::memchr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One end of a socket, as a dump shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketAddress {
    pub host: Host,
    /// Interface of a link-local address, or the one the socket is bound to.
    pub zone: Option<Text>,
    pub port: Port,
}

/// The address of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// IPv4-mapped addresses as IPv4; also the unspecified addresses `0.0.0.0` and `::`.
    Ip(IpAddr),
    /// `*`: any address.
    Any,
    /// A resolved name.
    Name(Text),
    /// What is left of an address or name that did not fit into its column.
    Clipped(Text),
    /// Somebody made it unrecognisable: `xxx.xxx.xxx.187`.
    Masked(Text),
}

/// The port of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    Number(u16),
    /// `*`, or the 0 of a system that prints it for no port.
    Any,
    /// A service name.
    Name(Text),
    /// The first digits or letters of a port that did not fit.
    Clipped(Text),
    /// Somebody made it unrecognisable.
    Masked(Text),
}

impl SocketAddress {
    /// Of a cell with a colon before the port: `10.0.0.1:80`, `[::1%lo]:80`, `[fe80::1]%eth0:80`, `:::22`, `*:*`, `host:http`.
    pub fn with_colon(cell: &str) -> Option<Self> {
        // A port is short: looked for from the end it is found at once.
        let at = cell.bytes().rposition(|byte| byte == b':')?;
        Some(Self::of(cell.get(..at)?, Port::read(cell.get(at + 1..)?)?))
    }

    /// Of a cell with a dot before the port: `10.0.0.1.80`, `fe80::1%lo0.80`, `*.*`, `host.http`.
    pub fn with_dot(cell: &str) -> Option<Self> {
        let (host, port) = cell.rsplit_once('.')?;
        Some(Self::of(host, Port::read(port)?))
    }

    /// Of a host with or without brackets and zone.
    pub fn of(host: &str, port: Port) -> Self {
        let (host, zone) = parts(host);
        Self { host: Host::read(host), zone: zone.map(Into::into), port }
    }

    /// Whether the address is an IPv6 one.
    pub fn is_v6(&self) -> bool {
        matches!(self.host, Host::Ip(IpAddr::V6(_)))
    }

    /// Neither address nor port is set, as of the peer of a listener.
    pub fn is_unset(&self) -> bool {
        self.host.is_any() && matches!(self.port, Port::Any)
    }
}

/// Host and zone of `[fe80::1]%eth0`, `[fe80::1%eth0]`, `fe80::1%eth0`, `127.0.0.53%lo`.
fn parts(host: &str) -> (&str, Option<&str>) {
    if !host.starts_with('[') && memchr(b'%', host.as_bytes()).is_none() {
        return (host, None);
    }
    let (host, zone) = host.split_once('%').map_or((host, None), |(host, zone)| (host, Some(zone)));
    (host.trim_start_matches('[').trim_end_matches(']'), zone.map(|zone| zone.trim_end_matches(']')))
}

impl Host {
    /// Of a text without brackets, zone and port. A text that is no address is a name, or masked.
    pub fn read(text: &str) -> Self {
        if text == "*" || text.is_empty() {
            return Self::Any;
        }
        if let Some(ip) = ip(text) {
            return Self::Ip(ip);
        }
        if is_masked(text) { Self::Masked(text.into()) } else { Self::Name(text.into()) }
    }

    /// The address, if a certain one is known.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Any | Self::Name(_) | Self::Clipped(_) | Self::Masked(_) => None,
        }
    }

    /// Whether it stands for any address.
    pub fn is_any(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_unspecified(),
            Self::Any => true,
            Self::Name(_) | Self::Clipped(_) | Self::Masked(_) => false,
        }
    }
}

/// IPv4-mapped addresses as IPv4.
fn ip(text: &str) -> Option<IpAddr> {
    if memchr(b':', text.as_bytes()).is_some() {
        let ip: Ipv6Addr = text.parse().ok()?;
        return Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4));
    }
    if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return ipv4(text).map(IpAddr::V4);
    }
    None
}

/// As the standard library reads it, in a third of the time: a dump has two in every row.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let (mut octets, mut place, mut value, mut digits) = ([0_u8; 4], 0, 0_u16, 0_u8);
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 && (digits == 0 || value != 0) && digits < 3 {
            (value, digits) = (value * 10 + u16::from(digit), digits + 1);
        } else if byte == b'.' && digits > 0 && place < 3 {
            *octets.get_mut(place)? = u8::try_from(value).ok()?;
            (place, value, digits) = (place + 1, 0, 0);
        } else {
            return None;
        }
    }
    *octets.get_mut(place).filter(|_| place == 3 && digits > 0)? = u8::try_from(value).ok()?;
    Some(octets.into())
}

impl Port {
    /// `None` if the text cannot be a port.
    pub fn read(text: &str) -> Option<Self> {
        if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            if let Ok(number) = text.parse() {
                return Some(if number == 0 { Self::Any } else { Self::Number(number) });
            }
            // Some service names begin with a digit: `3com-tsmux`.
            let is_name = text.contains(|letter: char| letter.is_ascii_alphabetic());
            return is_name.then(|| Self::Name(text.into()));
        }
        match text {
            "" => None,
            "*" => Some(Self::Any),
            _ if is_masked(text) => Some(Self::Masked(text.into())),
            _ => Some(Self::Name(text.into())),
        }
    }

    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Any | Self::Name(_) | Self::Clipped(_) | Self::Masked(_) => None,
        }
    }
}

/// `xxx.xxx.xxx.187`, `10.x.x.3`, `<client>`, `***`: every part is a number or a mask, and one is a mask.
pub fn is_masked(text: &str) -> bool {
    if text.contains(['<', '>', '*', '#']) {
        return true;
    }
    let is_mask = |part: &str| !part.is_empty() && part.chars().all(|letter| matches!(letter, 'x' | 'X'));
    let is_number = |part: &str| part.chars().all(|letter| letter.is_ascii_hexdigit());
    let mut parts = text.split(['.', ':']);
    parts.clone().any(is_mask) && parts.all(|part| is_mask(part) || is_number(part))
}

/// Whether a cell with a colon before its port is of an IPv6 socket, an IPv4-mapped address too: `:::22`, `[::1]:25`,
/// `::ffff:10.0.0.1:80`.
pub fn is_v6_cell(cell: &str) -> bool {
    cell.starts_with('[') || cell.bytes().filter(|&byte| byte == b':').nth(1).is_some()
}

/// A number, or `None` where somebody made it unrecognisable: `4711`, `<pid>`, `xxxx`.
pub fn number_or_mask(text: &str) -> Option<Option<u32>> {
    text.parse().ok().map(Some).or_else(|| is_masked(text).then_some(None))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Any => f.write_str("*"),
            Self::Name(text) | Self::Clipped(text) | Self::Masked(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Any => f.write_str("*"),
            Self::Clipped(text) => write!(f, "{text}.."),
            Self::Name(text) | Self::Masked(text) => f.write_str(text),
        }
    }
}

/// As it is commonly written, for snapshots and messages: `10.0.0.1:80`, `[fe80::1%eth0]:80`, `*:*`.
impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.as_deref().map_or_else(String::new, |zone| format!("%{zone}"));
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}{zone}]:{}", self.port),
            Host::Clipped(text) => write!(f, "{text}..:{}", self.port),
            host @ (Host::Ip(IpAddr::V4(_)) | Host::Any | Host::Name(_) | Host::Masked(_)) => {
                write!(f, "{host}{zone}:{}", self.port)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colon(cell: &str) -> String {
        SocketAddress::with_colon(cell).map_or_else(|| "none".to_owned(), |address| address.to_string())
    }

    #[test]
    fn cells_are_split_at_the_last_colon() {
        for (cell, shown) in [
            ("10.0.0.1:80", "10.0.0.1:80"),
            (":::22", "[::]:22"),
            ("::1:25", "[::1]:25"),
            ("[::ffff:10.77.2.2]:9090", "10.77.2.2:9090"),
            ("[fe80::1]%eth0:22", "[fe80::1%eth0]:22"),
            ("[fe80::1%12]:445", "[fe80::1%12]:445"),
            ("127.0.0.53%lo:53", "127.0.0.53%lo:53"),
            ("*:*", "*:*"),
            ("0.0.0.0:0", "0.0.0.0:*"),
            ("web-frontend:http-alt", "web-frontend:http-alt"),
            ("no port", "none"),
            ("10.0.0.1:70000", "none"),
            ("10.0.0.1:", "none"),
        ] {
            assert_eq!(colon(cell), shown, "{cell}");
        }
    }

    #[test]
    fn ipv4_addresses_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0.0.0.0",
            "10.77.1.2",
            "255.255.255.255",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            "1.2.3.",
            ".1.2.3",
            "1.2.3.4 ",
            "",
            "1000.1.1.1",
            "1.2.3.0",
            "00.0.0.0",
            "1.2.3.999",
            "a.b.c.d",
            "1.2.3.4a",
        ] {
            assert_eq!(ipv4(text), text.parse().ok(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_looks_like_an_ipv4_address_is_read_as_by_the_standard_library(text in "[0-9.]{0,17}") {
            proptest::prop_assert_eq!(ipv4(&text), text.parse().ok());
        }
    }

    #[test]
    fn masks_are_neither_names_nor_addresses() {
        for text in ["xxx.xxx.xxx.187", "10.x.x.3", "<client>", "***", "X.X.X.X", "xxxx::1"] {
            assert!(is_masked(text), "{text}");
        }
        for text in ["xxx.example.com", "x", "10.0.0.3", "fe80::1", "xenon.3", "box"] {
            assert_eq!(is_masked(text), text == "x", "{text}");
        }
    }
}
