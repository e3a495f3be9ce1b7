//! Linux' packet filter log (LINKTYPE_NFLOG): attributes, one of which is the IP packet.

use super::Link;
use crate::wire::strip::{Next, Stripped, array};
use crate::wire::why::{Layer, Why};

pub(super) const LINK: Link = Link { linktype: 239, name: "nflog", strip };

/// Address family, version, resource.
pub(super) const HEADER: usize = 4;
/// Length and type.
const ATTRIBUTE: usize = 4;
/// NFULA_PAYLOAD
pub(super) const PAYLOAD: u16 = 9;
/// There are about twenty types of attributes.
const MOST: usize = 64;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    payload(bytes, HEADER, PAYLOAD)
}

/// Finds the packet among the attributes that begin at `at`: it is the one of type `wanted`.
pub(super) fn payload(bytes: &[u8], mut at: usize, wanted: u16) -> Result<Stripped, Why> {
    for _ in 0..MOST {
        let [a, b, c, d] = array(bytes, at)?;
        // In the byte order of the capturing host: types are below 256, so the zero byte tells.
        let (length, kind) = if c == 0 && d != 0 {
            (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        } else {
            (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
        };
        if kind == wanted {
            return Ok(Stripped::new(Next::Ip, at + ATTRIBUTE));
        }
        if usize::from(length) < ATTRIBUTE {
            return Err(Why::Malformed(Layer::Link));
        }
        at += usize::from(length).next_multiple_of(4);
    }
    Err(Why::TooDeep)
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn the_payload_attribute_is_found_in_both_byte_orders() {
        leads_to_ip(239, "0200 0000 0500 0a00 00 000000 3100 0900", "0a00 0000 0008 0001 00000000 0031 0009");
    }

    #[test]
    fn attributes_without_a_payload_end() {
        assert_eq!(why(239, &before("0200 0000 0500 0a00 00 000000", &[])), Why::Short(Layer::Link));
        assert_eq!(why(239, &before("0200 0000 0100 0a00", &ipv4())), Why::Malformed(Layer::Link));
        assert_eq!(why(239, &before(&format!("0200 0000 {}", "0400 0a00".repeat(99)), &[])), Why::TooDeep);
    }
}
