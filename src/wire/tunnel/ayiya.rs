//! AYIYA: IPv6 in UDP of tunnel brokers, signed.

use super::{Carrier, Tunnel};
use crate::wire::strip::{Next, Stripped, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "ayiya", carriers: &[Carrier::UdpPort(5072)], strip };

/// Lengths and types, operation, next header, time.
const FIXED: usize = 8;
/// The operation that carries a packet.
const FORWARD: u8 = 1;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let identity = 1 << (byte(bytes, 0)? >> 4);
    let signature = 4 * usize::from(byte(bytes, 1)? >> 4);
    match (byte(bytes, 2)? & 0x0f, byte(bytes, 3)?) {
        (FORWARD, 4 | 41) => Ok(Stripped::new(Next::Ip, FIXED + identity + signature)),
        _ => Err(Why::Malformed(Layer::Link)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv6, leads_to_ip, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn packets_follow_identity_and_signature() {
        let rest = format!("00000000 {} {}", "01".repeat(16), "02".repeat(20));
        leads_to_ip(101, &format!("{} 42 52 11 04 {rest}", udp(5072)), &format!("{} 42 52 11 29 {rest}", udp(5072)));
        assert_eq!(why(101, &before(&format!("{} 42 52 10 3b {rest}", udp(5072)), &ipv6())), Why::IpProtocol(17));
    }
}
