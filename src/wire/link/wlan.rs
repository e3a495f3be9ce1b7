//! IEEE 802.11 (LINKTYPE_IEEE802_11): data frames that are not encrypted; also several in one (A-MSDU), of which the
//! first is read.

use super::Link;
use crate::wire::strip::{Next, Stripped, array, byte};
use crate::wire::why::{Layer, Why};

pub(in crate::wire) const LINKTYPE: u32 = 105;
pub(super) const LINK: Link = Link { linktype: LINKTYPE, name: "ieee802_11", strip };

/// Bits of the second byte of the frame control field.
const TO_AND_FROM: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// Bits of the subtype of a data frame.
const WITHOUT_DATA: u8 = 0x4;
const QUALITY_OF_SERVICE: u8 = 0x8;
/// Frame control, duration, three addresses, sequence control.
const HEADER: usize = 24;
/// In the QoS control field: subframes follow, each with two addresses and a length.
const AGGREGATED: u8 = 0x80;
const SUBFRAME_HEADER: usize = 14;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    strip_aligned(bytes, 1)
}

/// Strips a header that the capturing driver padded to a multiple of `alignment`.
pub(super) fn strip_aligned(bytes: &[u8], alignment: usize) -> Result<Stripped, Why> {
    header(bytes, array(bytes, 0)?, alignment)
}

/// Strips a header whose frame control may stand in either byte order, as Cisco's access points tunnel it: the lowest
/// bits of the first byte are a version, 0, the lowest of the second say whether the frame comes or goes.
pub(in crate::wire) fn strip_in_either_order(bytes: &[u8]) -> Result<Stripped, Why> {
    let [first, second] = array(bytes, 0)?;
    header(bytes, if first & 0x03 == 0 { [first, second] } else { [second, first] }, 1)
}

fn header(bytes: &[u8], [control, flags]: [u8; 2], alignment: usize) -> Result<Stripped, Why> {
    let subtype = control >> 4;
    match control & 0x0f {
        0x08 => {}
        0x00 => return Err(Why::Kind("802.11 management")),
        0x04 => return Err(Why::Kind("802.11 control")),
        0x0c => return Err(Why::Kind("802.11 extension")),
        _ => return Err(Why::Malformed(Layer::Link)),
    }
    if subtype & WITHOUT_DATA != 0 {
        return Err(Why::Kind("802.11 without data"));
    }
    if flags & PROTECTED != 0 {
        return Err(Why::Kind("802.11, encrypted"));
    }
    let mut header = HEADER + if flags & TO_AND_FROM == TO_AND_FROM { 6 } else { 0 };
    let mut aggregated = false;
    if subtype & QUALITY_OF_SERVICE != 0 {
        aggregated = byte(bytes, header)? & AGGREGATED != 0;
        header += if flags & ORDER != 0 { 6 } else { 2 };
    }
    header = header.next_multiple_of(alignment);
    Ok(Stripped::new(Next::Llc, header + if aggregated { SUBFRAME_HEADER } else { 0 }))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    const ADDRESSES: &str = "0000 020000000001 020000000002 020000000003 1000";

    #[test]
    fn data_frames_of_all_shapes_lead_to_ip() {
        let (v4, v6) = ("aaaa03 000000 0800", "aaaa03 000000 86dd");
        leads_to_ip(105, &format!("0801 {ADDRESSES} {v4}"), &format!("0802 {ADDRESSES} {v6}"));
        leads_to_ip(105, &format!("0803 {ADDRESSES} 020000000004 {v4}"), &format!("8802 {ADDRESSES} 0000 {v6}"));
        leads_to_ip(105, &format!("8882 {ADDRESSES} 0000 00000000 {v4}"), &format!("2802 {ADDRESSES} {v6}"));
        let subframe = "020000000001 020000000002 0035";
        leads_to_ip(
            105,
            &format!("8801 {ADDRESSES} 8000 {subframe} {v4}"),
            &format!("8801 {ADDRESSES} 8000 {subframe} {v6}"),
        );
    }

    #[test]
    fn frames_without_readable_data_are_named() {
        assert_eq!(why(105, &before("8000", &[0; 40])), Why::Kind("802.11 management"));
        assert_eq!(why(105, &before("d400", &[0; 40])), Why::Kind("802.11 control"));
        assert_eq!(why(105, &before("4801", &[0; 40])), Why::Kind("802.11 without data"));
        assert_eq!(why(105, &before("8841", &[0; 40])), Why::Kind("802.11, encrypted"));
        assert_eq!(why(105, &before("8801", &[0; 20])), Why::Short(Layer::Link));
    }
}
