//! Frame Relay (LINKTYPE_FRELAY): an address, then a network layer protocol identifier (RFC 2427) or, Cisco's way, an
//! EtherType.

use super::Link;
use crate::wire::strip::{Next, Stripped, be16, byte};
use crate::wire::why::{Layer, Why};

pub(in crate::wire) const LINKTYPE: u32 = 107;
pub(super) const LINK: Link = Link { linktype: LINKTYPE, name: "frelay", strip };

/// Unnumbered information.
const UI: u8 = 0x03;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let mut at = 2; // an address of two bytes, unless its second says that it goes on
    while byte(bytes, at - 1)? & 1 == 0 {
        at += 1;
        if at > 4 {
            return Err(Why::Malformed(Layer::Link));
        }
    }
    if byte(bytes, at)? != UI {
        return Ok(Stripped::new(Next::EtherType(be16(bytes, at)?), at + 2));
    }
    at += 1;
    at += usize::from(byte(bytes, at)? == 0); // padding
    match byte(bytes, at)? {
        0xcc | 0x8e => Ok(Stripped::new(Next::Ip, at + 1)),
        0x80 => Ok(Stripped::new(Next::EtherType(be16(bytes, at + 4)?), at + 6)),
        0x08 => Err(Why::Kind("frame relay management")),
        _ => Err(Why::Kind("frame relay")),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn all_encapsulations_lead_to_ip() {
        leads_to_ip(107, "1841 03 cc", "1841 03 8e");
        leads_to_ip(107, "1841 0800", "1841 86dd");
        leads_to_ip(107, "184003 03 00 80 000000 0800", "18404003 03 80 000000 86dd");
        assert_eq!(why(107, &before("0001 03 08", &[])), Why::Kind("frame relay management"));
        assert_eq!(why(107, &before("00000000", &ipv4())), Why::Malformed(Layer::Link));
    }
}
