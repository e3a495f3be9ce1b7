//! GRE (RFC 2784, RFC 2890), its version 1 for PPTP (RFC 2637), EoIP and what vendors put into it.

use super::{Carrier, Tunnel};
use crate::wire::link::{ethernet, frame_relay, ppp, wlan};
use crate::wire::strip::{Next, Stripped, be16, be32, byte};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel {
    name: "gre",
    carriers: &[Carrier::IpProtocol(47), Carrier::UdpPort(4754)], // RFC 8086
    strip,
};

/// Bits of the first two bytes.
const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

/// MikroTik's Ethernet over IP writes its identifier in the other byte order.
const EOIP: u16 = 0x6400;
const TRANSPARENT_ETHERNET: u16 = 0x6558;
const FRAME_RELAY: u16 = 0x6559;
const PPP: u16 = 0x880b;
const WCCP: u16 = 0x883e;
const ERSPAN: u16 = 0x88be;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let (flags, protocol) = (be16(bytes, 0)?, be16(bytes, 2)?);
    if flags & ROUTING != 0 || flags & VERSION > 1 {
        return Err(Why::IpProtocol(47)); // source routes (RFC 1701) are long gone
    }
    let key_at = if flags & CHECKSUM != 0 { 8 } else { 4 };
    let has = |bit: u16| if flags & bit != 0 { 4 } else { 0 };
    let mut header = key_at + has(KEY) + has(SEQUENCE);
    if flags & VERSION == 1 {
        header += has(ACKNOWLEDGEMENT);
    }
    let next = match protocol {
        TRANSPARENT_ETHERNET | EOIP => Next::Link(ethernet::LINKTYPE),
        FRAME_RELAY => Next::Link(frame_relay::LINKTYPE),
        PPP => Next::Link(ppp::LINKTYPE),
        0x8200..=0x83e0 if protocol & 0xf == 0 => Next::Link(wlan::LINKTYPE), // Aruba, by the priority of the queue
        ERSPAN if flags & SEQUENCE == 0 => Next::Link(ethernet::LINKTYPE),    // type I has no header
        WCCP => {
            header += if byte(bytes, header)? >> 4 == 4 { 0 } else { 4 }; // version 2 has a redirect header
            Next::Ip
        }
        0..=0x05ff => return Err(Why::EtherType(protocol)),
        _ => Next::EtherType(protocol),
    };
    let stripped = Stripped::new(next, header);
    Ok(match flags & KEY {
        0 => stripped,
        _ if protocol == EOIP => stripped.identified(u32::from(be16(bytes, key_at + 2)?.swap_bytes())),
        _ => stripped.identified(be32(bytes, key_at)?),
    })
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{IP_47, MACS, before, ipv4, leads_to_ip, tunnels_of, why};
    use crate::wire::why::Why;

    #[test]
    fn all_optional_fields_are_passed_over() {
        leads_to_ip(101, &format!("{IP_47} 0000 0800"), &format!("{IP_47} 0000 86dd"));
        leads_to_ip(
            101,
            &format!("{IP_47} b000 0800 00000000 00000007 00000001"),
            &format!("{IP_47} 2000 86dd 00000007"),
        );
    }

    #[test]
    fn frames_of_other_links_are_followed() {
        leads_to_ip(
            101,
            &format!("{IP_47} 2000 6558 00000007 {MACS} 0800"),
            &format!("{IP_47} 2001 6400 0041 0700 {MACS} 86dd"),
        );
        leads_to_ip(
            101,
            &format!("{IP_47} 3081 880b 00310001 00000001 00000002 ff03 0021"),
            &format!("{IP_47} 2001 880b 00450001 57"),
        );
        leads_to_ip(101, &format!("{IP_47} 0000 88be {MACS} 0800"), &format!("{IP_47} 0000 6559 1841 03 8e"));
        let wlan = "0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000";
        leads_to_ip(101, &format!("{IP_47} 0000 8200 {wlan} 0800"), &format!("{IP_47} 0000 8210 {wlan} 86dd"));
    }

    #[test]
    fn redirected_packets_are_found_in_both_versions_of_wccp() {
        leads_to_ip(101, &format!("{IP_47} 0000 883e"), &format!("{IP_47} 0000 883e 00000000"));
    }

    #[test]
    fn the_key_identifies_the_tunnel() {
        let bytes = before(&format!("{IP_47} 2001 6400 0041 0700 {MACS} 0800"), &ipv4());
        assert_eq!(tunnels_of(101, &bytes), [("gre", Some(7))]);
        assert_eq!(tunnels_of(101, &before(&format!("{IP_47} 2000 0800 00010002"), &ipv4())), [("gre", Some(0x10002))]);
    }

    #[test]
    fn source_routes_and_unknown_versions_are_not_followed() {
        assert_eq!(why(101, &before(&format!("{IP_47} 4000 0800"), &ipv4())), Why::IpProtocol(47));
        assert_eq!(why(101, &before(&format!("{IP_47} 0000 0000"), &ipv4())), Why::EtherType(0));
    }
}
