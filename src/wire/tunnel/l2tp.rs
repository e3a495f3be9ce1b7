//! L2TP version 2 (RFC 2661): PPP in UDP; version 3 (RFC 3931): Ethernet in UDP or IP.

use super::{Carrier, Tunnel};
use crate::wire::link::{ethernet, ppp};
use crate::wire::strip::{Next, Stripped, be16, be32, looks_like_ethernet, looks_like_ip};
use crate::wire::why::{Layer, Why};

pub(super) const UDP: Tunnel = Tunnel { name: "l2tp", carriers: &[Carrier::UdpPort(1701)], strip };
pub(super) const IP: Tunnel = Tunnel { name: "l2tpv3", carriers: &[Carrier::IpProtocol(115)], strip: strip_3_in_ip };

/// Bits of the first two bytes.
const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
const VERSION: u16 = 0x000f;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let flags = be16(bytes, 0)?;
    match (flags & CONTROL, flags & VERSION) {
        (0, 2) => strip_2(bytes, flags),
        (0, 3) => session(bytes, 4),
        (CONTROL, 2 | 3) => Err(Why::Kind("l2tp control")),
        _ => Err(Why::Malformed(Layer::Link)),
    }
}

fn strip_2(bytes: &[u8], flags: u16) -> Result<Stripped, Why> {
    let session_at = if flags & LENGTH != 0 { 6 } else { 4 };
    let mut header = session_at + 2 + if flags & SEQUENCE != 0 { 4 } else { 0 };
    if flags & OFFSET != 0 {
        header += 2 + usize::from(be16(bytes, header)?);
    }
    Ok(Stripped::new(Next::Link(ppp::LINKTYPE), header).identified(u32::from(be16(bytes, session_at)?)))
}

fn strip_3_in_ip(bytes: &[u8]) -> Result<Stripped, Why> {
    match be32(bytes, 0)? {
        0 => Err(Why::Kind("l2tp control")),
        _ => session(bytes, 0),
    }
}

/// After the session identifier come a cookie of 0, 4 or 8 bytes and perhaps a sublayer of 4, agreed when the session
/// was set up: what looks right is taken.
fn session(bytes: &[u8], at: usize) -> Result<Stripped, Why> {
    let identifier = be32(bytes, at)?;
    for more in [0, 4, 8, 12] {
        let header = at + 4 + more;
        let rest = bytes.get(header..).unwrap_or_default();
        if looks_like_ethernet(rest) {
            return Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), header).identified(identifier));
        }
    }
    match bytes.get(at + 4..) {
        Some(rest) if looks_like_ip(rest) => Ok(Stripped::new(Next::Ip, at + 4).identified(identifier)),
        _ => Err(Why::Kind("l2tp, of unknown content")),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ip, ipv4, leads_to_ip, tunnels_of, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn ppp_follows_version_2() {
        leads_to_ip(
            101,
            &format!("{} 0002 0001 0007 ff03 0021", udp(1701)),
            &format!("{} 4802 0099 0001 0007 0000 0000 0057", udp(1701)),
        );
        leads_to_ip(
            101,
            &format!("{} 0202 0001 0007 0002 0000 21", udp(1701)),
            &format!("{} 0202 0001 0007 0000 57", udp(1701)),
        );
        let bytes = before(&format!("{} 0002 0001 0007 ff03 0021", udp(1701)), &ipv4());
        assert_eq!(tunnels_of(101, &bytes), [("l2tp", Some(7))]);
    }

    #[test]
    fn frames_follow_version_3_with_any_cookie() {
        leads_to_ip(
            101,
            &format!("{} 0003 0000 00000007 {MACS} 0800", udp(1701)),
            &format!("{} 00000007 01020304 00000000 {MACS} 86dd", ip(115)),
        );
        leads_to_ip(
            101,
            &format!("{} 00000007", ip(115)),
            &format!("{} 00000007 0102030405060708 00000000 {MACS} 86dd", ip(115)),
        );
    }

    #[test]
    fn control_messages_are_named() {
        assert_eq!(
            why(101, &before(&format!("{} c802 000c 0001 0000 0001 0001", udp(1701)), &[])),
            Why::Kind("l2tp control")
        );
        assert_eq!(why(101, &before(&format!("{} 00000000 c803", ip(115)), &[])), Why::Kind("l2tp control"));
        assert_eq!(
            why(101, &before(&format!("{} 00000007", ip(115)), &[0; 40])),
            Why::Kind("l2tp, of unknown content")
        );
        assert_eq!(why(101, &before(&format!("{} 0001", udp(1701)), &[0; 40])), Why::IpProtocol(17));
    }
}
