//! MPLS (RFC 3032): a stack of labels that does not say what it carries.

use super::{Carrier, Tunnel};
use crate::wire::strip::{Next, Stripped, be32, byte, looks_like_ethernet, looks_like_ip};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel {
    name: "mpls",
    carriers: &[
        Carrier::EtherType(0x8847),
        Carrier::EtherType(0x8848),
        Carrier::IpProtocol(137),
        Carrier::UdpPort(6635), // RFC 7510
    ],
    strip,
};

/// Bottom of stack.
const BOTTOM: u32 = 0x100;
const MOST: usize = 16;
/// The word before an Ethernet frame of a pseudowire (RFC 4448 4.6).
const CONTROL_WORD: usize = 4;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    for label in 0..MOST {
        let entry = be32(bytes, 4 * label)?;
        if entry & BOTTOM != 0 {
            let outermost = be32(bytes, 0)? >> 12;
            return carried(bytes, 4 * (label + 1)).map(|stripped| stripped.identified(outermost));
        }
    }
    Err(Why::TooDeep)
}

/// Guesses what follows as routers do, by its first half byte (RFC 4928).
fn carried(bytes: &[u8], at: usize) -> Result<Stripped, Why> {
    let rest = bytes.get(at..).unwrap_or_default();
    let ethernet = Next::Link(crate::wire::link::ethernet::LINKTYPE);
    if looks_like_ip(rest) {
        return Ok(Stripped::new(Next::Ip, at));
    }
    match byte(rest, 0)? >> 4 {
        0 if looks_like_ethernet(rest.get(CONTROL_WORD..).unwrap_or_default()) => {
            Ok(Stripped::new(ethernet, at + CONTROL_WORD))
        }
        1 => Err(Why::Kind("mpls associated channel")),
        _ if looks_like_ethernet(rest) => Ok(Stripped::new(ethernet, at)),
        _ => Err(Why::EtherType(0x8847)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, ipv4, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn any_stack_of_labels_leads_to_ip() {
        leads_to_ip(1, &format!("{MACS} 8847 0001 013f"), &format!("{MACS} 8848 0001 003f 0002 013f"));
    }

    #[test]
    fn pseudowires_lead_to_their_frames() {
        let labels = format!("{MACS} 8847 0001 01ff");
        leads_to_ip(1, &format!("{labels} 00000000 {MACS} 0800"), &format!("{labels} {MACS} 86dd"));
    }

    #[test]
    fn endless_labels_end_and_other_content_is_named() {
        assert_eq!(why(1, &before(&format!("{MACS} 8847 {}", "00010000".repeat(99)), &ipv4())), Why::TooDeep);
        assert_eq!(
            why(1, &before(&format!("{MACS} 8847 0001 01ff 10"), &[0; 30])),
            Why::Kind("mpls associated channel")
        );
        assert_eq!(why(1, &before(&format!("{MACS} 8847 0001 01ff 99"), &[0; 30])), Why::EtherType(0x8847));
    }
}
