//! IPsec after decryption on the BSDs (LINKTYPE_ENC): address family, SPI and flags, before an IP packet.

use super::{Link, null};
use crate::wire::strip::{Stripped, array};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 109, name: "enc", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    null::family(array(bytes, 0)?, 12)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow() {
        leads_to_ip(109, "02000000 00000539 00000006", "00000018 00000539 00000006");
        assert_eq!(why(109, &[2, 0]), Why::Short(Layer::Link));
    }
}
