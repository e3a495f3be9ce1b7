//! VXLAN (RFC 7348) and its generic extension (VXLAN-GPE): Ethernet, or what a protocol field says, in UDP.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be24, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel {
    name: "vxlan",
    carriers: &[Carrier::UdpPort(4789), Carrier::UdpPort(8472)], // the second is what Linux used before there was the first
    strip,
};
pub(super) const GPE: Tunnel = Tunnel { name: "vxlan-gpe", carriers: &[Carrier::UdpPort(4790)], strip: strip_gpe };

const HEADER: usize = 8;
/// Flags: the network identifier is valid; there is a protocol field.
const IDENTIFIED: u8 = 0x08;
const PROTOCOL: u8 = 0x04;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    if byte(bytes, 0)? & IDENTIFIED == 0 {
        return Err(Why::Malformed(Layer::Link));
    }
    Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), HEADER).identified(be24(bytes, 4)?))
}

fn strip_gpe(bytes: &[u8]) -> Result<Stripped, Why> {
    let next = match (byte(bytes, 0)? & PROTOCOL != 0, byte(bytes, 3)?) {
        (true, 1 | 2) => Next::Ip,
        (false, _) | (true, 3) => Next::Link(ethernet::LINKTYPE),
        (true, 4) => Next::EtherType(0x894f),
        (true, 5) => Next::EtherType(0x8847),
        (true, _) => return Err(Why::Malformed(Layer::Link)),
    };
    Ok(Stripped::new(next, HEADER).identified(be24(bytes, 4)?))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn the_inner_frame_is_followed_on_both_ports() {
        let header = format!("08000000 00002a00 {MACS}");
        leads_to_ip(101, &format!("{} {header} 0800", udp(4789)), &format!("{} {header} 86dd", udp(8472)));
        assert_eq!(tunnels_of(101, &before(&format!("{} {header} 0800", udp(4789)), &ipv4())), [("vxlan", Some(42))]);
        assert_eq!(why(101, &before(&format!("{} {header} 0806", udp(4789)), &[])), Why::EtherType(0x0806));
    }

    #[test]
    fn the_generic_extension_says_what_it_carries() {
        leads_to_ip(101, &format!("{} 0c000001 00002a00", udp(4790)), &format!("{} 0c000002 00002a00", udp(4790)));
        let (plain, frames) = (format!("08000000 00002a00 {MACS}"), format!("0c000003 00002a00 {MACS}"));
        leads_to_ip(101, &format!("{} {plain} 0800", udp(4790)), &format!("{} {frames} 86dd", udp(4790)));
        leads_to_ip(
            101,
            &format!("{} 0c000005 00002a00 000101ff", udp(4790)),
            &format!("{} 0c000004 00002a00 0fc20202 00000000", udp(4790)),
        );
    }

    #[test]
    fn other_datagrams_on_its_port_are_plain_udp() {
        for payload in ["00000000 00002a00", "08000000 00002a00", "08"] {
            assert_eq!(why(101, &before(&format!("{} {payload}", udp(4789)), &[0x33; 10])), Why::IpProtocol(17));
        }
    }
}
