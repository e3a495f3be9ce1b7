//! Per-packet information (LINKTYPE_PPI): measurements before a frame whose link type it names.

use super::Link;
use crate::wire::strip::{Next, Stripped, le16, le32};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 192, name: "ppi", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Link(le32(bytes, 4)?), usize::from(le16(bytes, 2)?).max(8)))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn frames_of_the_named_link_type_follow() {
        leads_to_ip(192, "0000 0800 65000000", "0000 0c00 65000000 02000000");
        assert_eq!(why(192, &before("0000 0800 93000000", &ipv4())), Why::LinkType(147));
        assert_eq!(why(192, &before(&"0000 0800 c0000000".repeat(99), &ipv4())), Why::TooDeep);
    }
}
