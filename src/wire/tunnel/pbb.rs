//! Provider backbone bridges (IEEE 802.1ah): a service tag, then the customer's frame.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be24};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel { name: "802.1ah", carriers: &[Carrier::EtherType(0x88e7)], strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), 4).identified(be24(bytes, 1)?))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn the_customer_s_frame_follows() {
        let header = format!("{MACS} 88a8 0005 88e7 00000007 {MACS}");
        leads_to_ip(1, &format!("{header} 0800"), &format!("{header} 8100 0009 86dd"));
        assert_eq!(tunnels_of(1, &before(&format!("{header} 0800"), &ipv4())), [("802.1ah", Some(7))]);
        assert_eq!(why(1, &before(&format!("{MACS} 88e7 00"), &[])), Why::Short(Layer::Link));
    }
}
