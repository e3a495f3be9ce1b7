//! Cisco HDLC on serial lines (LINKTYPE_C_HDLC): address, control and an EtherType.

use super::Link;
use crate::wire::strip::{Next, Stripped, be16};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 104, name: "c_hdlc", strip };

pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    match be16(bytes, 2)? {
        0x8035 => Err(Why::Kind("cisco slarp")),
        0xfefe => Ok(Stripped::new(Next::Llc, 2)),
        number => Ok(Stripped::new(Next::EtherType(number), 4)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow_and_keepalives_are_named() {
        leads_to_ip(104, "0f00 0800", "8f00 86dd");
        assert_eq!(why(104, &before("8f00 8035 0000 0002", &[])), Why::Kind("cisco slarp"));
        assert_eq!(why(104, &before("0f00 fefe 03 83", &[])), Why::Llc(0xfe));
        assert_eq!(why(104, &[0x0f, 0, 8]), Why::Short(Layer::Link));
    }
}
