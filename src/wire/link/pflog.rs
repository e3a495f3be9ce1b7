//! OpenBSD's packet filter log (LINKTYPE_PFLOG): the rule that matched, before an IP packet.

use super::{Link, null};
use crate::wire::strip::{Stripped, byte};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 117, name: "pflog", strip };

/// The header says its length without the padding that aligns it to four bytes.
fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let header = usize::from(byte(bytes, 0)?).next_multiple_of(4);
    null::family([byte(bytes, 1)?, 0, 0, 0], header)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn the_padded_header_is_passed_over() {
        leads_to_ip(117, &format!("3d02 {}", "00".repeat(62)), &format!("4018 {}", "00".repeat(62)));
        assert_eq!(why(117, &before(&format!("4007 {}", "00".repeat(62)), &ipv4())), Why::Family(7));
    }
}
