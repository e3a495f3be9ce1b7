//! Flow keys: which two ends a packet travels between, without regard to its direction.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Number of lanes: fixed, because per-lane bounds must not depend on the number of threads.
pub const LANES: usize = 16;

/// One end: address and port. IPv4 addresses are kept as IPv4-mapped IPv6 (`::ffff:a.b.c.d`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address {
    pub ip: u128,
    pub port: u16,
}

impl Address {
    pub fn v4(octets: [u8; 4], port: u16) -> Self {
        Self { ip: 0xffff_0000_0000 | u128::from(u32::from_be_bytes(octets)), port }
    }

    pub fn v6(octets: [u8; 16], port: u16) -> Self {
        Self { ip: u128::from_be_bytes(octets), port }
    }

    /// IPv4-mapped addresses are IPv4 ones here.
    pub fn new(ip: IpAddr, port: u16) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::v4(ip.octets(), port),
            IpAddr::V6(ip) => Self::v6(ip.octets(), port),
        }
    }

    /// As people write it: IPv4-mapped addresses as IPv4.
    pub fn ip(self) -> IpAddr {
        if self.ip >> 32 == 0xffff {
            IpAddr::V4(Ipv4Addr::from(self.ip as u32))
        } else {
            IpAddr::V6(Ipv6Addr::from(self.ip))
        }
    }
}

/// An [`Address`] in 18 bytes, for tables of millions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PackedAddress {
    ip: [u8; 16],
    port: u16,
}

/// What stands in front of an IPv4 address.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/// The first byte of a [`PackedAddress`] that was written: its version of IP.
const V4: u8 = 4;
const V6: u8 = 6;

impl PackedAddress {
    /// Appends it, for [`PackedAddress::read`]: seven bytes of an IPv4 one, 19 of others.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (version, ip) = self.ip.strip_prefix(&MAPPED).map_or((V6, &self.ip[..]), |short| (V4, short));
        out.push(version);
        out.extend_from_slice(ip);
        out.extend_from_slice(&self.port.to_be_bytes());
    }

    /// What was written at the start of these bytes, and what follows it.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&version, rest) = bytes.split_first()?;
        let mut ip = [0; 16];
        let from = if version == V4 { MAPPED.len() } else { 0 };
        let (prefix, own) = ip.split_at_mut(from);
        prefix.copy_from_slice(&MAPPED[..from]);
        let (told, rest) = rest.split_at_checked(own.len())?;
        own.copy_from_slice(told);
        let (port, rest) = rest.split_first_chunk()?;
        Some((Self { ip, port: u16::from_be_bytes(*port) }, rest))
    }

    /// Its bytes as numbers: both halves of the address, and the port.
    pub fn words(&self) -> (u64, u64, u64) {
        let ip = u128::from_be_bytes(self.ip);
        ((ip >> 64) as u64, ip as u64, self.port.into())
    }

    /// What [`PackedAddress::words`] gave.
    pub fn from_words(high: u64, low: u64, port: u64) -> Self {
        Self { ip: (u128::from(high) << 64 | u128::from(low)).to_be_bytes(), port: port as u16 }
    }
}

impl From<Address> for PackedAddress {
    fn from(address: Address) -> Self {
        Self { ip: address.ip.to_be_bytes(), port: address.port }
    }
}

impl From<PackedAddress> for Address {
    fn from(packed: PackedAddress) -> Self {
        Self { ip: u128::from_be_bytes(packed.ip), port: packed.port }
    }
}

/// The way a packet goes between the two ends of its flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Way {
    /// From the lower address to the higher.
    #[default]
    Up,
    /// From the higher address to the lower.
    Down,
}

impl Way {
    #[must_use]
    pub fn back(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// Order-free pair of addresses, equal for both directions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FlowKey {
    pub low: Address,
    pub high: Address,
}

/// 128-bit identity of a flow under a random key; tables tell flows apart by 96 of these bits. Two flows of one run share those
/// with a chance of 2^-96 a pair, also where an attacker chose the addresses without knowing the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FlowHash(pub [u64; 2]);

impl FlowHash {
    /// How many bytes it is.
    pub const BYTES: usize = 16;

    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        (u128::from(self.0[0]) << 64 | u128::from(self.0[1])).to_le_bytes()
    }

    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let both = u128::from_le_bytes(bytes);
        Self([(both >> 64) as u64, both as u64])
    }
}

/// The random key of a run.
#[derive(Clone, Copy, Debug)]
pub struct Keys(pub [u64; 4]);

impl FlowKey {
    /// The key of a packet from `source` to `destination`, and the way it goes.
    #[inline]
    pub fn new(source: Address, destination: Address) -> (Self, Way) {
        if source <= destination {
            (Self { low: source, high: destination }, Way::Up)
        } else {
            (Self { low: destination, high: source }, Way::Down)
        }
    }

    /// Sender and receiver of a packet that goes this way.
    pub fn ends(self, way: Way) -> (Address, Address) {
        match way {
            Way::Up => (self.low, self.high),
            Way::Down => (self.high, self.low),
        }
    }

    /// Identity under the run's key. In line, where its parts are in registers: from memory each would be waited for.
    #[inline(always)]
    pub fn hash(self, keys: &Keys) -> FlowHash {
        let ports = u64::from(self.low.port) << 16 | u64::from(self.high.port);
        let words = [self.low.ip as u64, (self.low.ip >> 64) as u64, self.high.ip as u64, (self.high.ip >> 64) as u64];
        FlowHash([half(words, ports, keys.0[0], keys.0[1]), half(words, ports, keys.0[2], keys.0[3])])
    }

    /// The lane, 0..[`LANES`], by a fixed key: per-lane bounds must not depend on the run.
    #[inline(always)]
    pub fn lane(self) -> u8 {
        let ports = u64::from(self.low.port) << 16 | u64::from(self.high.port);
        let ips = self.low.ip as u64
            ^ (self.low.ip >> 64) as u64
            ^ (self.high.ip as u64 ^ (self.high.ip >> 64) as u64).rotate_left(31);
        fold(ips ^ 0x9e37_79b9_7f4a_7c15, ports ^ 0xa076_1d64_78bd_642f) as u8 % LANES as u8
    }
}

/// Half of a hash, under half of the key.
#[inline(always)]
fn half(words: [u64; 4], ports: u64, a: u64, b: u64) -> u64 {
    let first = fold(words[0] ^ a, words[1] ^ ports.rotate_left(32) ^ b);
    let second = fold(words[2] ^ b, words[3] ^ ports ^ a);
    fold(first ^ b, second ^ a.rotate_left(23) ^ ports)
}

/// Folded multiplication: both halves of the 128-bit product.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address() -> impl Strategy<Value = Address> {
        let v4 = any::<([u8; 4], u16)>().prop_map(|(octets, port)| Address::v4(octets, port));
        prop_oneof![v4, any::<([u8; 16], u16)>().prop_map(|(octets, port)| Address::v6(octets, port))]
    }

    proptest! {
        #[test]
        fn a_packed_address_reads_back_and_what_is_cut_does_not(address in address(), after: u8) {
            let packed = PackedAddress::from(address);
            let mut bytes = Vec::new();
            packed.write(&mut bytes);
            prop_assert_eq!(bytes.len(), if address.ip().is_ipv4() { 7 } else { 19 });
            bytes.push(after);
            prop_assert_eq!(PackedAddress::read(&bytes), Some((packed, &[after][..])));
            bytes.truncate(bytes.len() - 2);
            prop_assert_eq!(PackedAddress::read(&bytes), None);
        }

        #[test]
        fn both_directions_of_a_flow_are_one_flow(a in address(), b in address(), keys: [u64; 4]) {
            let ((there, up), (back, down)) = (FlowKey::new(a, b), FlowKey::new(b, a));
            prop_assert_eq!(there, back);
            prop_assert_eq!(there.hash(&Keys(keys)), back.hash(&Keys(keys)));
            prop_assert_eq!(there.ends(up), (a, b));
            prop_assert!(a == b || up.back() == down);
            prop_assert!(usize::from(there.lane()) < LANES);
        }

        #[test]
        fn another_key_and_another_flow_give_another_identity(a in address(), b in address(), c in address(), keys: [u64; 4], other: [u64; 4]) {
            let (key, another) = (FlowKey::new(a, b).0, FlowKey::new(a, c).0);
            prop_assert!(keys == other || key.hash(&Keys(keys)) != key.hash(&Keys(other)));
            prop_assert!(b == c || key.hash(&Keys(keys)) != another.hash(&Keys(keys)));
        }
    }

    #[test]
    fn lanes_never_change_and_are_used_evenly() {
        let lane = |host: u8, port| {
            FlowKey::new(Address::v4([10, 0, 0, host], port), Address::v4([10, 0, 1, 1], 443)).0.lane()
        };
        assert_eq!([lane(1, 40_000), lane(1, 40_001), lane(2, 40_000), lane(3, 50_000)], [11, 12, 6, 12]);
        let mut counts = [0; LANES];
        for port in 32_768..48_768 {
            counts[usize::from(lane(port as u8, port))] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }

    #[test]
    fn mapped_addresses_print_as_ipv4() {
        assert_eq!(Address::v4([192, 0, 2, 1], 1).ip().to_string(), "192.0.2.1");
        assert_eq!(Address::v6([0; 16], 1).ip().to_string(), "::");
    }
}
