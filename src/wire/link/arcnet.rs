//! ARCNET (LINKTYPE_ARCNET_BSD, LINKTYPE_ARCNET_LINUX): a protocol byte, and a fragment header in the newer encapsulation
//! (RFC 1201), not in the older (RFC 1051).

use super::Link;
use crate::wire::strip::{Next, Stripped, byte};
use crate::wire::why::Why;

pub(super) const BSD: Link = Link { linktype: 7, name: "arcnet_bsd", strip: |bytes| strip(bytes, 2) };
pub(super) const LINUX: Link = Link { linktype: 129, name: "arcnet_linux", strip: |bytes| strip(bytes, 4) };

/// `at` is where the protocol stands.
fn strip(bytes: &[u8], at: usize) -> Result<Stripped, Why> {
    match byte(bytes, at)? {
        240 => Ok(Stripped::new(Next::Ip, at + 1)),
        212 | 196 => match byte(bytes, at + 1)? {
            0 => Ok(Stripped::new(Next::Ip, at + 4)),
            // An exception packet, padded because the hardware cannot send its length; the header is repeated.
            0xff => Ok(Stripped::new(Next::Ip, at + 8)),
            _ => Err(Why::Kind("arcnet fragment")),
        },
        213 | 241 => Err(Why::EtherType(0x0806)),
        _ => Err(Why::Kind("arcnet")),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn both_encapsulations_of_both_systems_lead_to_ip() {
        leads_to_ip(129, "0102 0000 f0", "0102 0000 c4 00 0001");
        leads_to_ip(7, "0102 d4 00 0001", "0102 c4 ff ffff c4 00 0001");
        assert_eq!(why(7, &before("0102 d4 01 0001", &[])), Why::Kind("arcnet fragment"));
        assert_eq!(why(129, &before("0102 0000 f1", &[])), Why::EtherType(0x0806));
    }
}
