//! Tags between the addresses and the EtherType of a frame that are no VLAN: port extenders (802.1BR), virtual NICs
//! (VN-Tag), redundant rings (HSR), frame replication (802.1CB).

use super::{Carrier, Tunnel};
use crate::wire::strip::{Strip, Stripped, be16};
use crate::wire::why::Why;

pub(super) const PORT_EXTENDER: Tunnel = tag("802.1br", &[Carrier::EtherType(0x893f)], |bytes| strip(bytes, 6));
pub(super) const VIRTUAL_NIC: Tunnel = tag("vn-tag", &[Carrier::EtherType(0x8926)], |bytes| strip(bytes, 4));
pub(super) const SEAMLESS_RING: Tunnel = tag("hsr", &[Carrier::EtherType(0x892f)], |bytes| strip(bytes, 4));
pub(super) const RELIABLE: Tunnel = tag("802.1cb", &[Carrier::EtherType(0xf1c1)], |bytes| strip(bytes, 4));

const fn tag(name: &'static str, carriers: &'static [Carrier], strip: Strip) -> Tunnel {
    Tunnel { name, carriers, strip }
}

/// The frame's own EtherType stands behind `length` bytes.
fn strip(bytes: &[u8], length: usize) -> Result<Stripped, Why> {
    Ok(Stripped::type_or_length(be16(bytes, length)?, length + 2))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, leads_to_ip};

    #[test]
    fn the_frame_goes_on_behind_each_tag() {
        leads_to_ip(1, &format!("{MACS} 893f 000000010000 0800"), &format!("{MACS} 8926 00010002 86dd"));
        leads_to_ip(1, &format!("{MACS} 892f 0035 0001 0800"), &format!("{MACS} f1c1 0000 0001 86dd"));
    }
}
