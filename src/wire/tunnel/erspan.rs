//! ERSPAN types II and III: mirrored Ethernet frames in GRE. Type I has no header and is known to `gre`.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be16};
use crate::wire::why::Why;

pub(super) const II: Tunnel = Tunnel { name: "erspan", carriers: &[Carrier::EtherType(0x88be)], strip: strip_2 };
pub(super) const III: Tunnel = Tunnel { name: "erspan 3", carriers: &[Carrier::EtherType(0x22eb)], strip: strip_3 };

/// The session, in the second pair of bytes.
const SESSION: u16 = 0x03ff;
/// In type III, the last pair of the header: a platform-specific subheader follows; what kind of frame follows.
const SUBHEADER: u16 = 0x0001;
const FRAME_TYPE: u16 = 0x7c00;
const IP_PACKET: u16 = 2 << 10;

fn strip_2(bytes: &[u8]) -> Result<Stripped, Why> {
    let session = be16(bytes, 2)? & SESSION;
    Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), 8).identified(u32::from(session)))
}

fn strip_3(bytes: &[u8]) -> Result<Stripped, Why> {
    let (session, last) = (be16(bytes, 2)? & SESSION, be16(bytes, 10)?);
    let header = if last & SUBHEADER != 0 { 20 } else { 12 };
    let next = if last & FRAME_TYPE == IP_PACKET { Next::Ip } else { Next::Link(ethernet::LINKTYPE) };
    Ok(Stripped::new(next, header).identified(u32::from(session)))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{IP_47, MACS, before, ipv4, leads_to_ip, tunnels_of};

    #[test]
    fn mirrored_frames_of_both_types_are_followed() {
        let (two, three) = (format!("{IP_47} 1000 88be 00000001"), format!("{IP_47} 1000 22eb 00000001"));
        leads_to_ip(
            101,
            &format!("{two} 1001 0007 00000000 {MACS} 0800"),
            &format!("{two} 1001 0007 00000000 {MACS} 86dd"),
        );
        let (plain, extended) = ("2001 0007 00000000 0000 0000", "2001 0007 00000000 0000 0001 0000000000000000");
        leads_to_ip(101, &format!("{three} {plain} {MACS} 0800"), &format!("{three} {extended} {MACS} 86dd"));
        leads_to_ip(
            101,
            &format!("{three} 2001 0007 00000000 0000 0800"),
            &format!("{three} 2001 0007 00000000 0000 0800"),
        );
    }

    #[test]
    fn the_session_is_kept() {
        let bytes = before(&format!("{IP_47} 1000 88be 00000001 1001 0807 00000000 {MACS} 0800"), &ipv4());
        assert_eq!(tunnels_of(101, &bytes), [("gre", None), ("erspan", Some(7))]);
    }
}
