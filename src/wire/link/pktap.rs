//! Apple's PKTAP (LINKTYPE_PKTAP): the process of a packet, before a frame whose link type it names.

use super::Link;
use crate::wire::strip::{Next, Stripped, le32};
use crate::wire::why::{Layer, Why};

pub(super) const LINK: Link = Link { linktype: 258, name: "pktap", strip };

/// Up to and with the link type.
const LEAST: u32 = 12;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    match le32(bytes, 0)? {
        length @ LEAST..=0xffff => Ok(Stripped::new(Next::Link(le32(bytes, 8)?), length as usize)),
        _ => Err(Why::Malformed(Layer::Link)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn frames_of_the_named_link_type_follow() {
        leads_to_ip(258, "10000000 01000000 00000000 00000000 02000000", "0c000000 01000000 0c000000");
        assert_eq!(why(258, &before("04000000", &[0; 40])), Why::Malformed(Layer::Link));
    }
}
