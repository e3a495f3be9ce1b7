//! Linux "cooked" capture, version 2 (LINKTYPE_LINUX_SLL2): what `tcpdump -i any` writes today.

use super::Link;
use crate::wire::strip::{Stripped, be16};
use crate::wire::why::Why;

pub(in crate::wire) const LINKTYPE: u32 = 276;
pub(super) const LINK: Link = Link { linktype: LINKTYPE, name: "linux_sll2", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    super::sll::protocol(be16(bytes, 0)?, 20)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow() {
        let rest = "0000 00000002 0001 00 06 0200 0000 0001 0000";
        leads_to_ip(276, &format!("0800 {rest}"), &format!("86dd {rest}"));
        assert_eq!(why(276, &before(&format!("0806 {rest}"), &[])), Why::EtherType(0x0806));
        assert_eq!(why(276, &[8]), Why::Short(Layer::Link));
    }
}
