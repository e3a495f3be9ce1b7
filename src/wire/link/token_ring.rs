//! Token Ring (LINKTYPE_IEEE802_5): access and frame control, two addresses, perhaps a source route, LLC.

use super::Link;
use crate::wire::strip::{Next, Stripped, byte};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 6, name: "ieee802_5", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    if byte(bytes, 1)? & 0xc0 != 0x40 {
        return Err(Why::Kind("token ring without data"));
    }
    let routed = byte(bytes, 8)? & 0x80 != 0;
    let route = if routed { usize::from(byte(bytes, 14)? & 0x1f) } else { 0 };
    Ok(Stripped::new(Next::Llc, 14 + route))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn llc_frames_lead_to_ip_also_behind_a_source_route() {
        let (plain, routed) = ("1040 020000000001 020000000002", "1040 020000000001 820000000002 0630 0011 0022");
        leads_to_ip(6, &format!("{plain} aaaa03 000000 0800"), &format!("{routed} aaaa03 000000 86dd"));
        assert_eq!(why(6, &before("1000", &[0; 20])), Why::Kind("token ring without data"));
    }
}
