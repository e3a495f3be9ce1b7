//! CAPWAP data (RFC 5415): frames between access points and their controller, where not encrypted.

use super::{Carrier, Tunnel};
use crate::wire::link::{ethernet, wlan};
use crate::wire::strip::{Next, Stripped, be24, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "capwap", carriers: &[Carrier::UdpPort(5247)], strip };

/// Bits of the three bytes after the preamble: the header's length in words; the frame is of the radio's own kind (else
/// 802.3); it is a fragment; a keep-alive.
const LENGTH_SHIFT: u32 = 19;
const NATIVE: u32 = 0x0000_0100;
const FRAGMENT: u32 = 0x0000_0080;
const KEEP_ALIVE: u32 = 0x0000_0008;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let fields = be24(bytes, 1)?;
    match byte(bytes, 0)? {
        0 => {}
        1 => return Err(Why::Kind("capwap, encrypted")),
        _ => return Err(Why::Malformed(Layer::Link)),
    }
    if fields & (FRAGMENT | KEEP_ALIVE) != 0 {
        return Err(Why::Kind("capwap without a whole frame"));
    }
    let header = 4 * (fields >> LENGTH_SHIFT) as usize;
    if fields & NATIVE == 0 {
        return Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), header));
    }
    let inner = wlan::strip_in_either_order(bytes.get(header..).unwrap_or_default())?;
    Ok(Stripped { header: header + inner.header, ..inner })
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn frames_of_either_kind_and_byte_order_follow() {
        let rest = "0000 020000000001 020000000002 020000000003 1000 aaaa03 000000";
        leads_to_ip(
            101,
            &format!("{} 00 100300 0000 0000 0801 {rest} 0800", udp(5247)),
            &format!("{} 00 100300 0000 0000 0108 {rest} 86dd", udp(5247)),
        );
        leads_to_ip(
            101,
            &format!("{} 00 100000 0000 0000 {MACS} 0800", udp(5247)),
            &format!("{} 00 180000 0000 0000 00000000 {MACS} 86dd", udp(5247)),
        );
    }

    #[test]
    fn what_holds_no_frame_is_named() {
        assert_eq!(why(101, &before(&format!("{} 01 000000", udp(5247)), &ipv4())), Why::Kind("capwap, encrypted"));
        assert_eq!(
            why(101, &before(&format!("{} 00 100388 0000 0000", udp(5247)), &ipv4())),
            Why::Kind("capwap without a whole frame")
        );
        assert_eq!(why(101, &before(&format!("{} 07 100300", udp(5247)), &ipv4())), Why::IpProtocol(17));
    }
}
