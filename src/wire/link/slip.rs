//! SLIP (LINKTYPE_SLIP): direction and a compressed header's copy, before an IP packet.

use super::Link;
use crate::wire::strip::{Next, Stripped};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 8, name: "slip", strip };

fn strip(_: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Ip, 16))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn the_packet_follows() {
        leads_to_ip(8, &"00".repeat(16), &"01".repeat(16));
        assert_eq!(why(8, &[0; 3]), Why::Short(Layer::Ip));
    }
}
