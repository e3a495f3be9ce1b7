//! BSD loopback: an address family in four bytes, in the byte order of the capturing host (LINKTYPE_NULL) or of
//! the network (LINKTYPE_LOOP).

use super::Link;
use crate::wire::strip::{Next, Stripped, array};
use crate::wire::why::Why;

pub(super) const NULL: Link = Link { linktype: 0, name: "null", strip };
pub(super) const LOOP: Link = Link { linktype: 108, name: "loop", strip };

/// Families are below 256, so that one reading fits both byte orders: the other one would be 2^24 or more.
/// AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS,
/// 23 on Windows.
pub(super) fn family(number: [u8; 4], header: usize) -> Result<Stripped, Why> {
    match u32::from_le_bytes(number).min(u32::from_be_bytes(number)) {
        2 | 10 | 23 | 24 | 28 | 30 => Ok(Stripped::new(Next::Ip, header)),
        other => Err(Why::Family(other)),
    }
}

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    family(array(bytes, 0)?, 4)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn families_of_all_systems_are_read_in_both_byte_orders() {
        leads_to_ip(0, "02000000", "1e000000");
        leads_to_ip(0, "00000002", "0000000a");
        leads_to_ip(108, "00000002", "0000001c");
        assert_eq!(why(0, &before("07000000", &ipv4())), Why::Family(7));
        assert_eq!(why(0, &[2, 0]), Why::Short(Layer::Link));
    }
}
