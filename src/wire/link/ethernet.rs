//! Ethernet (LINKTYPE_ETHERNET), with stacks of 802.1Q and 802.1ad tags.

use super::Link;
use crate::wire::strip::{Stripped, be16};
use crate::wire::why::Why;

pub(in crate::wire) const LINKTYPE: u32 = 1;
pub(super) const LINK: Link = Link { linktype: LINKTYPE, name: "ethernet", strip };

#[inline]
pub(in crate::wire) fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::type_or_length(be16(bytes, 12)?, 14))
}

/// Whether a VLAN tag follows this EtherType: 802.1Q, 802.1ad, and what switches wrote before that.
#[inline]
pub(in crate::wire) fn is_tag(number: u16) -> bool {
    matches!(number, 0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300)
}

/// Reads the tag after such an EtherType: its VLAN identifier (0 for a priority tag), and what follows.
#[inline]
pub(in crate::wire) fn tag(bytes: &[u8]) -> Result<(u16, Stripped), Why> {
    Ok((be16(bytes, 0)? & 0x0fff, Stripped::type_or_length(be16(bytes, 2)?, 4)))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, ipv6, leads_to_ip, segment, why};
    use crate::wire::why::{Layer, Why};

    const MACS: &str = "0200 0000 0001 0200 0000 0002";

    #[test]
    fn both_ip_versions_follow_plain_and_tagged() {
        leads_to_ip(1, &format!("{MACS} 0800"), &format!("{MACS} 86dd"));
        leads_to_ip(1, &format!("{MACS} 8100 2064 0800"), &format!("{MACS} 8100 2064 86dd"));
        leads_to_ip(
            1,
            &format!("{MACS} 88a8 0007 9100 0008 8100 0009 0800"),
            &format!("{MACS} 9200 0007 9300 0009 86dd"),
        );
    }

    #[test]
    fn the_outermost_tag_counts_and_priority_tags_do_not() {
        assert_eq!(segment(1, &before(&format!("{MACS} 0800"), &ipv4())).vlan, 0);
        assert_eq!(segment(1, &before(&format!("{MACS} 8100 6064 0800"), &ipv4())).vlan, 100);
        assert_eq!(segment(1, &before(&format!("{MACS} 88a8 0007 8100 0009 86dd"), &ipv6())).vlan, 7);
        assert_eq!(segment(1, &before(&format!("{MACS} 8100 e000 8100 0009 86dd"), &ipv6())).vlan, 9);
    }

    #[test]
    fn endless_tags_end() {
        let tags = "8100 0001".repeat(400);
        assert_eq!(why(1, &before(&format!("{MACS} {tags} 0800"), &ipv4())), Why::TooDeep);
    }

    #[test]
    fn other_protocols_are_named_and_short_frames_too() {
        assert_eq!(why(1, &before(&format!("{MACS} 0806"), &[])), Why::EtherType(0x0806));
        assert_eq!(why(1, &before(&format!("{MACS} 0026 4242 03"), &[])), Why::Llc(0x42));
        assert_eq!(why(1, &before(MACS, &[8])), Why::Short(Layer::Link));
        assert_eq!(why(147, &[]), Why::LinkType(147));
    }
}
