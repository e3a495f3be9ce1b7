//! Network service header (RFC 8300): the path of a packet through service functions.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be16, be24, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "nsh", carriers: &[Carrier::EtherType(0x894f)], strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let header = 4 * usize::from(be16(bytes, 0)? & 0x3f);
    let next = match byte(bytes, 3)? {
        1 | 2 => Next::Ip,
        3 => Next::Link(ethernet::LINKTYPE),
        5 => Next::EtherType(0x8847),
        _ => return Err(Why::EtherType(0x894f)),
    };
    if header < 8 {
        return Err(Why::Malformed(Layer::Link));
    }
    Ok(Stripped::new(next, header).identified(be24(bytes, 4)?))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn packets_and_frames_follow() {
        let outer = format!("{MACS} 894f");
        leads_to_ip(
            1,
            &format!("{outer} 0fc2 0201 000007ff"),
            &format!("{outer} 0fc3 0203 000007ff 00000000 {MACS} 86dd"),
        );
        assert_eq!(tunnels_of(1, &before(&format!("{outer} 0fc2 0201 000007ff"), &ipv4())), [("nsh", Some(7))]);
        assert_eq!(why(1, &before(&format!("{outer} 0fc0 0201 000007ff"), &ipv4())), Why::Malformed(Layer::Link));
        assert_eq!(why(1, &before(&format!("{outer} 0fc2 0204 000007ff"), &ipv4())), Why::EtherType(0x894f));
    }
}
