//! Prism and AVS headers (LINKTYPE_IEEE802_11_PRISM, LINKTYPE_IEEE802_11_AVS): measurements of older drivers before an
//! 802.11 frame.

use super::{Link, wlan};
use crate::wire::strip::{Next, Stripped, be32, le32};
use crate::wire::why::{Layer, Why};

pub(super) const PRISM: Link = Link { linktype: 119, name: "ieee802_11_prism", strip };
pub(super) const AVS: Link = Link { linktype: 163, name: "ieee802_11_avs", strip };

/// The first word of an AVS header, but for its version.
const AVS_MAGIC: u32 = 0x8021_1000;
/// A Prism header: message code, length, device name, ten fields of twelve bytes.
const PRISM_HEADER: usize = 144;

/// Both may stand under either number; a Prism header has its length in the byte order of the capturing host.
fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let length = if be32(bytes, 0)? & 0xffff_f000 == AVS_MAGIC {
        be32(bytes, 4)? as usize
    } else {
        be32(bytes, 4)?.min(le32(bytes, 4)?) as usize
    };
    if !(8..=PRISM_HEADER).contains(&length) {
        return Err(Why::Malformed(Layer::Link));
    }
    Ok(Stripped::new(Next::Link(wlan::LINKTYPE), length))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    const FRAME: &str = "0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000";

    #[test]
    fn the_frame_follows_either_header() {
        let prism = format!("44000000 90000000 {} {FRAME}", "00".repeat(136));
        let avs = format!("80211001 00000040 {} {FRAME}", "00".repeat(56));
        leads_to_ip(119, &format!("{prism} 0800"), &format!("{prism} 86dd"));
        leads_to_ip(119, &format!("{avs} 0800"), &format!("{avs} 86dd"));
        leads_to_ip(163, &format!("{avs} 0800"), &format!("{avs} 86dd"));
        assert_eq!(why(119, &before("44000000 ff00ff00", &[0; 200])), Why::Malformed(Layer::Link));
    }
}
