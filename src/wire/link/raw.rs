//! IP without any link header: LINKTYPE_RAW under its three numbers, LINKTYPE_IPV4 and LINKTYPE_IPV6.

use super::Link;
use crate::wire::strip::{Next, Stripped};
use crate::wire::why::Why;

pub(in crate::wire) const LINKTYPE: u32 = 101;
pub(super) const RAW: Link = Link { linktype: LINKTYPE, name: "raw", strip };
/// DLT_RAW of most systems, as files written without the translation to LINKTYPE_ have it.
pub(super) const RAW_BSD: Link = Link { linktype: 12, name: "raw (dlt 12)", strip };
/// DLT_RAW of OpenBSD.
pub(super) const RAW_OPENBSD: Link = Link { linktype: 14, name: "raw (dlt 14)", strip };
pub(super) const IPV4: Link = Link { linktype: 228, name: "ipv4", strip };
pub(super) const IPV6: Link = Link { linktype: 229, name: "ipv6", strip };

fn strip(_: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Ip, 0))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn the_packet_begins_at_once() {
        for link in [12, 14, 101, 228, 229] {
            leads_to_ip(link, "", "");
            assert_eq!(why(link, &[]), Why::Short(Layer::Ip));
        }
    }
}
