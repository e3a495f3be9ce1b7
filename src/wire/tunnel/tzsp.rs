//! TZSP: what a sniffing access point or router saw, sent on in UDP.

use super::{Carrier, Tunnel};
use crate::wire::link::{ethernet, wlan};
use crate::wire::strip::{Next, Stripped, be16, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "tzsp", carriers: &[Carrier::UdpPort(37008)], strip };

/// Version, type, encapsulated protocol.
const HEADER: usize = 4;
const PADDING: u8 = 0;
const END: u8 = 1;
const MOST_TAGS: usize = 64;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let link = match (byte(bytes, 0)?, be16(bytes, 2)?) {
        (1, 0x01) => ethernet::LINKTYPE,
        (1, 0x12) => wlan::LINKTYPE,
        _ => return Err(Why::Malformed(Layer::Link)),
    };
    let mut at = HEADER;
    for _ in 0..MOST_TAGS {
        at += match byte(bytes, at)? {
            END => return Ok(Stripped::new(Next::Link(link), at + 1)),
            PADDING => 1,
            _ => 2 + usize::from(byte(bytes, at + 1)?),
        };
    }
    Err(Why::TooDeep)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn the_frame_follows_the_tags() {
        let wlan = "0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 86dd";
        leads_to_ip(
            101,
            &format!("{} 0100 0001 01 {MACS} 0800", udp(37008)),
            &format!("{} 0100 0012 00 0a01c4 01 {wlan}", udp(37008)),
        );
        assert_eq!(
            why(101, &before(&format!("{} 0200 0001 01 {MACS} 0800", udp(37008)), &ipv4())),
            Why::IpProtocol(17)
        );
        assert_eq!(why(101, &before(&format!("{} 0100 0001", udp(37008)), &[0; 99])), Why::IpProtocol(17));
    }
}
