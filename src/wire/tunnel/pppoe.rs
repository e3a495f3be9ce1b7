//! PPP over Ethernet (RFC 2516), in its session stage.

use super::{Carrier, Tunnel};
use crate::wire::link::ppp;
use crate::wire::strip::{Next, Stripped, be16, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "pppoe", carriers: &[Carrier::EtherType(0x8864)], strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    match (byte(bytes, 0)?, byte(bytes, 1)?) {
        (0x11, 0) => Ok(Stripped::new(Next::Link(ppp::LINKTYPE), 6).identified(u32::from(be16(bytes, 2)?))),
        _ => Err(Why::Malformed(Layer::Link)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow_and_negotiation_is_named() {
        let header = format!("{MACS} 8864 1100 0007 002f");
        leads_to_ip(1, &format!("{header} 0021"), &format!("{header} 0057"));
        assert_eq!(tunnels_of(1, &before(&format!("{header} 0021"), &ipv4())), [("pppoe", Some(7))]);
        assert_eq!(why(1, &before(&format!("{header} c021"), &[])), Why::Ppp(0xc021));
        assert_eq!(why(1, &before(&format!("{MACS} 8864 2100"), &ipv4())), Why::Malformed(Layer::Link));
    }
}
