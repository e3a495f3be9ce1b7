//! GTP-U (3GPP TS 29.281): the packets of mobile subscribers, with extension headers.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be32, byte, looks_like_ethernet, looks_like_ip};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "gtp-u", carriers: &[Carrier::UdpPort(2152)], strip };

/// Version 1, GTP.
const VERSION: u8 = 0x30;
const VERSION_BITS: u8 = 0xf0;
/// Sequence number, N-PDU number or extension header: one of them brings the bytes of all.
const OPTIONAL: u8 = 0x07;
const EXTENSION: u8 = 0x04;
/// The message that carries a packet.
const PACKET: u8 = 0xff;
const MOST_EXTENSIONS: usize = 16;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let (flags, message, endpoint) = (byte(bytes, 0)?, byte(bytes, 1)?, be32(bytes, 4)?);
    if flags & VERSION_BITS != VERSION || message != PACKET {
        return Err(Why::Malformed(Layer::Link));
    }
    let mut at = if flags & OPTIONAL != 0 { 12 } else { 8 };
    if flags & EXTENSION != 0 {
        at = behind_extensions(bytes, at)?;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let next = if looks_like_ip(rest) {
        Next::Ip
    } else if looks_like_ethernet(rest) {
        Next::Link(ethernet::LINKTYPE)
    } else {
        return Err(Why::Malformed(Layer::Link));
    };
    Ok(Stripped::new(next, at).identified(endpoint))
}

/// Each extension begins with its length in words and ends with the type of the next one.
fn behind_extensions(bytes: &[u8], mut at: usize) -> Result<usize, Why> {
    for _ in 0..MOST_EXTENSIONS {
        if byte(bytes, at - 1)? == 0 {
            return Ok(at);
        }
        match byte(bytes, at)? {
            0 => return Err(Why::Malformed(Layer::Link)),
            words => at += 4 * usize::from(words),
        }
    }
    Err(Why::TooDeep)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, tunnels_of, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn packets_follow_optional_fields_and_extensions() {
        leads_to_ip(
            101,
            &format!("{} 30ff 0031 00000007", udp(2152)),
            &format!("{} 32ff 0049 00000007 0001 00 00", udp(2152)),
        );
        let extended = "34ff 0039 00000007 0000 00 85 01 1000 c0 01 0000 00";
        leads_to_ip(101, &format!("{} {extended}", udp(2152)), &format!("{} {extended} {MACS} 86dd", udp(2152)));
        assert_eq!(
            tunnels_of(101, &before(&format!("{} 30ff 0031 00000007", udp(2152)), &ipv4())),
            [("gtp-u", Some(7))]
        );
    }

    #[test]
    fn signalling_and_broken_extensions_are_plain_udp() {
        for payload in ["3201 0004 00000000 0001 0000", "34ff 0004 00000000 0001 0085 00", "48ff 0004 00000000"] {
            assert_eq!(why(101, &before(&format!("{} {payload}", udp(2152)), &ipv4())), Why::IpProtocol(17));
        }
    }
}
