//! Juniper's own captures of Ethernet interfaces (LINKTYPE_JUNIPER_ETHER): a cookie, then the frame.

use super::{Link, ethernet};
use crate::wire::strip::{Next, Stripped, array, be16};
use crate::wire::why::{Layer, Why};

pub(super) const LINK: Link = Link { linktype: 178, name: "juniper_ether", strip };

const MAGIC: [u8; 3] = *b"MGC";
/// Flags: there is no link header; extensions with a length of their own follow.
const WITHOUT_LINK: u8 = 0x02;
const EXTENDED: u8 = 0x80;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let [a, b, c, flags] = array(bytes, 0)?;
    if [a, b, c] != MAGIC {
        return Err(Why::Malformed(Layer::Link));
    }
    let header = if flags & EXTENDED != 0 { 6 + usize::from(be16(bytes, 4)?) } else { 4 };
    Ok(if flags & WITHOUT_LINK != 0 {
        // Four more bytes name the protocol, in the byte order of the capturing host; IP tells itself.
        Stripped::new(Next::Ip, header + 4)
    } else {
        Stripped::new(Next::Link(ethernet::LINKTYPE), header)
    })
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn the_frame_or_the_packet_follows() {
        let macs = "020000000001 020000000002";
        leads_to_ip(178, &format!("4d4743 00 {macs} 0800"), &format!("4d4743 80 0003 010203 {macs} 86dd"));
        leads_to_ip(178, "4d4743 02 02000000", "4d4743 02 0000000a");
        assert_eq!(why(178, &before("4d4744 00", &[0; 40])), Why::Malformed(Layer::Link));
    }
}
