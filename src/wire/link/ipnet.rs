//! Solaris' IP observability interfaces (LINKTYPE_IPNET): zones and interface, before an IP packet.

use super::Link;
use crate::wire::strip::{Next, Stripped};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 226, name: "ipnet", strip };

fn strip(_: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Ip, 24))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn both_ip_versions_follow() {
        let rest = "0000 0000002d 00000002 00000000 00000001 00000000";
        leads_to_ip(226, &format!("0102 {rest}"), &format!("011a {rest}"));
        assert_eq!(why(226, &[1, 2]), Why::Short(Layer::Ip));
    }
}
