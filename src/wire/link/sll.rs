//! Linux "cooked" capture, version 1 (LINKTYPE_LINUX_SLL): what `tcpdump -i any` wrote for long.

use super::Link;
use crate::wire::strip::{Next, Stripped, be16};
use crate::wire::why::Why;

pub(in crate::wire) const LINKTYPE: u32 = 113;
pub(super) const LINK: Link = Link { linktype: LINKTYPE, name: "linux_sll", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    protocol(be16(bytes, 14)?, 16)
}

/// What the protocol field of a header of this length says: an EtherType, or a number of Linux' own (`if_ether.h`).
pub(super) fn protocol(number: u16, header: usize) -> Result<Stripped, Why> {
    match number {
        0x0004 => Ok(Stripped::new(Next::Llc, header)),
        0x0000..=0x05ff => Err(Why::EtherType(number)),
        _ => Ok(Stripped::new(Next::EtherType(number), header)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, segment, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow_also_behind_a_tag() {
        let header = "0000 0001 0006 0200 0000 0001 0000";
        leads_to_ip(113, &format!("{header} 0800"), &format!("{header} 86dd"));
        assert_eq!(segment(113, &before(&format!("{header} 8100 0005 0800"), &ipv4())).vlan, 5);
        assert_eq!(why(113, &before(&format!("{header} 0806"), &[])), Why::EtherType(0x0806));
        assert_eq!(why(113, &before(&format!("{header} 0060"), &[])), Why::EtherType(0x0060));
        assert_eq!(why(113, &before(&format!("{header} 0004 4242 03"), &[])), Why::Llc(0x42));
        assert_eq!(why(113, &before(header, &[])), Why::Short(Layer::Link));
    }
}
