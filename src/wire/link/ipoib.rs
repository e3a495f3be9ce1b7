//! IP over InfiniBand (LINKTYPE_IPOIB): a global route header, then an EtherType.

use super::Link;
use crate::wire::strip::{Next, Stripped, be16};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 242, name: "ipoib", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::EtherType(be16(bytes, 40)?), 44))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow() {
        let route = "00".repeat(40);
        leads_to_ip(242, &format!("{route} 0800 0000"), &format!("{route} 86dd 0000"));
        assert_eq!(why(242, &[0; 41]), Why::Short(Layer::Link));
    }
}
