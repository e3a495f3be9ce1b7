//! Cisco metadata (TrustSec): security group tags between the addresses and the EtherType of a frame.

use super::{Carrier, Tunnel};
use crate::wire::strip::{Stripped, be16, byte};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel { name: "cisco metadata", carriers: &[Carrier::EtherType(0x8909)], strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let header = 2 + 4 * usize::from(byte(bytes, 1)?);
    let group = u32::from(be16(bytes, 4)?);
    Ok(Stripped::type_or_length(be16(bytes, header)?, header + 2).identified(group))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of};

    #[test]
    fn the_frame_goes_on_behind_the_options() {
        let one = format!("{MACS} 8909 0101 0001 0007");
        leads_to_ip(1, &format!("{one} 0800"), &format!("{MACS} 8909 0102 0001 0007 0002 0009 86dd"));
        assert_eq!(tunnels_of(1, &before(&format!("{one} 0800"), &ipv4())), [("cisco metadata", Some(7))]);
    }
}
