//! Cisco FabricPath: an Ethernet frame behind another pair of addresses and a tag.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be16};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel { name: "fabricpath", carriers: &[Carrier::EtherType(0x8903)], strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let tag = be16(bytes, 0)? >> 6;
    Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), 2).identified(u32::from(tag)))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn the_inner_frame_follows() {
        let header = format!("{MACS} 8903 01e0 {MACS}");
        leads_to_ip(1, &format!("{header} 0800"), &format!("{header} 8100 0009 86dd"));
        assert_eq!(why(1, &before(&format!("{MACS} 8903 01"), &[])), Why::Short(Layer::Link));
    }
}
