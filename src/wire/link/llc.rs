//! IEEE 802.2 logical link control, with SNAP: between the length field of 802.3, 802.11, FDDI or Token Ring and IP.

use crate::wire::strip::{Next, Stripped, array, be16, byte};
use crate::wire::why::Why;

/// Unnumbered information, the only control field of what carries IP.
const UI: u8 = 0x03;

pub(in crate::wire) fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let [destination, source] = array(bytes, 0)?;
    let other = Why::Llc(destination);
    match (destination, source) {
        (0xaa, 0xaa) if byte(bytes, 2)? == UI => match array(bytes, 3)? {
            // RFC 1042, and 802.1H for protocols that bridges must keep apart.
            [0, 0, 0] | [0, 0, 0xf8] => Ok(Stripped::new(Next::EtherType(be16(bytes, 6)?), 8)),
            _ => Err(other),
        },
        (0x06, 0x06) if byte(bytes, 2)? == UI => Ok(Stripped::new(Next::Ip, 3)),
        // ISO: a network layer protocol identifier follows (ISO/IEC TR 9577).
        (0xfe, 0xfe) if matches!(byte(bytes, 3), Ok(0xcc | 0x8e)) => Ok(Stripped::new(Next::Ip, 4)),
        _ => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, segment, why};
    use crate::wire::why::{Layer, Why};

    const MACS: &str = "0200 0000 0001 0200 0000 0002";

    #[test]
    fn snap_and_the_ip_access_point_lead_to_ip() {
        leads_to_ip(1, &format!("{MACS} 0035 aaaa03 000000 0800"), &format!("{MACS} 0050 aaaa03 0000f8 86dd"));
        leads_to_ip(1, &format!("{MACS} 0030 060603"), &format!("{MACS} 0030 fefe03 8e"));
        assert_eq!(segment(1, &before(&format!("{MACS} 8100 0009 0035 aaaa03 000000 0800"), &ipv4())).vlan, 9);
    }

    #[test]
    fn other_access_points_are_named() {
        assert_eq!(why(1, &before(&format!("{MACS} 0026 4242 03"), &[])), Why::Llc(0x42));
        assert_eq!(why(1, &before(&format!("{MACS} 0026 aaaa 03 00000c 2000"), &[])), Why::Llc(0xaa));
        assert_eq!(why(1, &before(&format!("{MACS} 0026 aa"), &[])), Why::Short(Layer::Link));
    }
}
