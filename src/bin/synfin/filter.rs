//! `--filter`: packets chosen in the syntax of libpcap (`pcap-filter(7)`).
//!
//! It differs in two points, in favour of whoever asks. A tag or a tunnel hides nothing: `host`, `net`, `port` and protocols hold
//! where they hold of any IP header of the frame, of a tunnel's or of what it carries, with and without `vlan` before them. And
//! fragments stay together: the whole packet is asked about, where libpcap finds ports in the first piece only.

mod parse;
mod token;

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use synfin::analysis::{Condition, PacketTest};
use synfin::wire::{Headers, Network, NetworkKind};

/// Reads a filter.
///
/// # Errors
/// In words, with the place in the text.
pub fn read(text: &str) -> Result<Condition<PacketTest>, String> {
    let filter = parse::filter(text)?;
    Ok(Condition { words: text.trim().to_owned(), test: Arc::new(move |headers| filter.takes(headers)) })
}

/// A filter's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    /// Some tag, or the tag with this identifier.
    Vlan(Option<u16>),
    /// At least, or at most, so many bytes on the wire.
    Least(u32),
    Most(u32),
    /// Some IP header or ARP packet is like this.
    Network {
        family: Option<Family>,
        protocol: Option<Vec<u8>>,
        what: What,
    },
}

/// Which kind of network header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
    Arp,
    ReverseArp,
}

/// What a network header must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Anything,
    Address(Direction, Net),
    Port(Direction, RangeInclusive<u16>),
}

/// Whose address or port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Source,
    Destination,
    Either,
    Both,
}

/// Addresses with a common beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Net {
    v6: bool,
    base: u128,
    mask: u128,
}

impl Filter {
    fn takes(&self, headers: &Headers) -> bool {
        match self {
            Self::Not(inner) => !inner.takes(headers),
            Self::And(one, other) => one.takes(headers) && other.takes(headers),
            Self::Or(one, other) => one.takes(headers) || other.takes(headers),
            Self::Vlan(None) => !headers.vlans.is_empty(),
            Self::Vlan(Some(identifier)) => headers.vlans.contains(identifier),
            Self::Least(length) => headers.length >= *length,
            Self::Most(length) => headers.length <= *length,
            Self::Network { family, protocol, what } => headers.networks.iter().any(|network| {
                family.is_none_or(|family| family.is_of(network.kind))
                    && protocol
                        .as_ref()
                        .is_none_or(|numbers| network.protocol.is_some_and(|number| numbers.contains(&number)))
                    && what.holds(network)
            }),
        }
    }
}

impl Family {
    fn is_of(self, kind: NetworkKind) -> bool {
        match self {
            Self::V4 => kind == NetworkKind::V4,
            Self::V6 => kind == NetworkKind::V6,
            Self::Arp => kind == NetworkKind::Arp { reverse: false },
            Self::ReverseArp => kind == NetworkKind::Arp { reverse: true },
        }
    }
}

impl What {
    fn holds(&self, network: &Network) -> bool {
        match self {
            Self::Anything => true,
            Self::Address(direction, net) => direction.holds((network.source, network.destination), |ip| net.holds(ip)),
            Self::Port(direction, ports) => {
                network.ports.is_some_and(|both| direction.holds(both, |port| ports.contains(&port)))
            }
        }
    }
}

impl Direction {
    fn holds<T>(self, (source, destination): (T, T), test: impl Fn(T) -> bool) -> bool {
        match self {
            Self::Source => test(source),
            Self::Destination => test(destination),
            Self::Either => test(source) || test(destination),
            Self::Both => test(source) && test(destination),
        }
    }
}

impl Net {
    /// The addresses that agree with this one in their first `length` bits, if they have as many.
    fn new(address: IpAddr, length: u8) -> Option<Self> {
        let (bits, base, v6): (u32, u128, bool) = match address {
            IpAddr::V4(address) => (32, u128::from(address.to_bits()), false),
            IpAddr::V6(address) => (128, address.to_bits(), true),
        };
        let rest = bits.checked_sub(length.into())?;
        // Bits above an address of 32 do no harm: they are 0 in all of them.
        let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
        Some(Self { v6, base: base & mask, mask })
    }

    fn holds(self, address: IpAddr) -> bool {
        let bits = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        address.is_ipv6() == self.v6 && bits & self.mask == self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(kind: NetworkKind, source: &str, destination: &str, protocol: u8, ports: Option<(u16, u16)>) -> Network {
        let [source, destination] = [source, destination].map(|text| text.parse().expect("an address"));
        Network { kind, source, destination, protocol: Some(protocol), ports }
    }

    /// A web request, to be changed by what a test is about.
    fn request() -> Headers {
        let network = network(NetworkKind::V4, "10.0.0.1", "192.168.1.2", 6, Some((40000, 80)));
        Headers { length: 100, vlans: Vec::new(), networks: vec![network] }
    }

    fn takes(filter: &str, headers: &Headers) -> bool {
        (read(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).test)(headers)
    }

    #[test]
    fn primitives_hold_of_what_they_name() {
        let yes = [
            "",
            "ip",
            "tcp",
            "ip proto 6",
            "ip proto \\tcp",
            "proto tcp",
            "host 10.0.0.1",
            "10.0.0.1",
            "src 10.0.0.1",
            "src host 10.0.0.1",
            "dst 192.168.1.2",
            "ip host 10.0.0.1",
            "net 10",
            "net 10.0",
            "net 10.0.0.0/8",
            "src net 10.0.0.0 mask 255.0.0.0",
            "dst net 192.168",
            "port 80",
            "dst port 80",
            "src port 40000",
            "tcp port 80",
            "tcp dst port 80",
            "portrange 79-81",
            "src or dst port 80",
            "port http",
            "less 100",
            "greater 100",
            "not udp",
            "! ip6",
            "tcp and not udp",
            "(tcp)",
            "!(udp or ip6)",
        ];
        let no = [
            "ip6",
            "udp",
            "arp",
            "icmp",
            "host 10.0.0.2",
            "dst 10.0.0.1",
            "src and dst host 10.0.0.1",
            "net 11",
            "net 10.1",
            "src port 80",
            "udp port 80",
            "portrange 81-90",
            "vlan",
            "ip6 host fd00::1",
            "less 99",
            "greater 101",
            "not tcp",
            "ip and udp",
            "net fd00::/8",
        ];
        yes.iter().for_each(|filter| assert!(takes(filter, &request()), "{filter}"));
        no.iter().for_each(|filter| assert!(!takes(filter, &request()), "{filter}"));
    }

    #[test]
    fn what_is_not_repeated_is_implied() {
        for filter in [
            "port 443 or 80",
            "host 10.9.9.9 or 10.0.0.1",
            "tcp port 443 or 80",
            "dst port (443 or 80)",
            "net 172.16 or 10",
        ] {
            assert!(takes(filter, &request()), "{filter}");
        }
        // "not port 443 and 80" means "not port 443 and port 80"; and and or bind alike, from the left.
        assert!(takes("not port 443 and 80", &request()));
        assert!(!takes("tcp or udp and udp", &request()));
        assert!(takes("tcp or (udp and udp)", &request()));
    }

    #[test]
    fn tags_and_tunnels_hide_nothing() {
        let mut tagged = request();
        tagged.vlans = vec![7, 9];
        tagged.networks.insert(0, network(NetworkKind::V6, "fd00::1", "fd00::2", 17, Some((5, 4789))));
        for filter in [
            "vlan",
            "vlan 9",
            "vlan 7 and host 10.0.0.1",
            "port 80",
            "udp port 4789",
            "host fd00::1",
            "net fd00::/8 and tcp",
        ] {
            assert!(takes(filter, &tagged), "{filter}");
        }
        assert!(!takes("vlan 8", &tagged));
        let arp =
            Network { kind: NetworkKind::Arp { reverse: false }, protocol: None, ports: None, ..request().networks[0] };
        let arp = Headers { networks: vec![arp], ..request() };
        for filter in ["arp", "host 10.0.0.1", "arp host 10.0.0.1", "net 10", "not ip"] {
            assert!(takes(filter, &arp), "{filter}");
        }
        assert!(!takes("ip host 10.0.0.1", &arp) && !takes("tcp", &arp) && !takes("rarp", &arp));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let errors = [
            "tcp[13] & 2 != 0",
            "gateway 10.0.0.1",
            "host",
            "host example.org",
            "port 80 443",
            "(tcp",
            "tcp)",
            "and tcp",
            "tcp and",
            "80",
            "port x",
            "port 70000",
            "portrange 5",
            "portrange 9-5",
            "net 10.0.0.0/33",
            "net 300",
            "vlan 5000",
            "icmp port 80",
            "ip port 80",
            "tcp host 10.0.0.1",
            "ether host 0:1:2:3:4:5",
            "host 10.0.0.1/8",
            "tcp = 5",
            "ip6 host 10.0.0.1",
            "src tcp",
            "less x",
            "not",
            "é",
            "host é",
        ];
        let said: Vec<String> =
            errors.iter().map(|text| format!("{text}\n    {}", read(text).err().unwrap_or_default())).collect();
        insta::assert_snapshot!(said.join("\n"));
        let deep = "(".repeat(100_000);
        assert!(
            read(&deep).is_err() && read(&"not ".repeat(100_000)).is_err() && read(&"tcp or ".repeat(100_000)).is_err()
        );
    }
}
