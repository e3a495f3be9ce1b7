//! GENEVE (RFC 8926): options of any length, then what an EtherType says. Cloud traffic mirrors use it.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be16, be24, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "geneve", carriers: &[Carrier::UdpPort(6081)], strip };

const HEADER: usize = 8;
const TRANSPARENT_ETHERNET: u16 = 0x6558;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let first = byte(bytes, 0)?;
    if first >> 6 != 0 {
        return Err(Why::Malformed(Layer::Link)); // another version
    }
    let header = HEADER + 4 * usize::from(first & 0x3f);
    let next = match be16(bytes, 2)? {
        TRANSPARENT_ETHERNET => Next::Link(ethernet::LINKTYPE),
        number => Next::EtherType(number),
    };
    Ok(Stripped::new(next, header).identified(be24(bytes, 4)?))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn packets_and_frames_follow_the_options() {
        leads_to_ip(
            101,
            &format!("{} 0000 0800 00000700", udp(6081)),
            &format!("{} 0200 86dd 00000700 0102000100000000", udp(6081)),
        );
        leads_to_ip(
            101,
            &format!("{} 0000 6558 00000700 {MACS} 0800", udp(6081)),
            &format!("{} 0100 6558 00000700 01020000 {MACS} 86dd", udp(6081)),
        );
        assert_eq!(
            tunnels_of(101, &before(&format!("{} 0000 0800 00000700", udp(6081)), &ipv4())),
            [("geneve", Some(7))]
        );
    }

    #[test]
    fn other_versions_are_plain_udp() {
        assert_eq!(why(101, &before(&format!("{} 4000 0800 00000700", udp(6081)), &ipv4())), Why::IpProtocol(17));
    }
}
