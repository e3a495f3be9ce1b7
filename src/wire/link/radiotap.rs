//! Radiotap (LINKTYPE_IEEE802_11_RADIOTAP): what the radio measured, before an 802.11 frame.

use super::{Link, wlan};
use crate::wire::strip::{Stripped, byte, le16, le32};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 127, name: "ieee802_11_radiotap", strip };

/// Bits of the words that say which fields are present.
const TIMER: u32 = 1 << 0;
const FLAGS: u32 = 1 << 1;
const ANOTHER_WORD: u32 = 1 << 31;
/// In the flags field: the driver padded the 802.11 header to four bytes.
const PADDED: u8 = 0x20;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let length = usize::from(le16(bytes, 2)?);
    let (header, frame) = bytes.split_at(length.min(bytes.len()));
    let alignment = if flags(header).is_some_and(|flags| flags & PADDED != 0) { 4 } else { 1 };
    let inner = wlan::strip_aligned(frame, alignment)?;
    Ok(Stripped { header: length + inner.header, ..inner })
}

/// The flags field: behind all presence words and an eight-byte timer, aligned to its size.
fn flags(header: &[u8]) -> Option<u8> {
    let present = le32(header, 4).ok()?;
    if present & FLAGS == 0 {
        return None;
    }
    let words = header.get(4..)?.chunks_exact(4);
    let more =
        words.take_while(|word| matches!(word, [.., last] if u32::from(*last) << 24 & ANOTHER_WORD != 0)).count();
    let fields = 4 + 4 * (more + 1);
    let at = if present & TIMER != 0 { fields.next_multiple_of(8) + 8 } else { fields };
    byte(header, at).ok()
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    const FRAME: &str = "8801 0000 020000000001 020000000002 020000000003 1000 0000";

    #[test]
    fn the_frame_follows_the_measurements() {
        let (v4, v6) = (format!("{FRAME} aaaa03 000000 0800"), format!("{FRAME} aaaa03 000000 86dd"));
        leads_to_ip(127, &format!("0000 0800 00000000 {v4}"), &format!("0000 0900 02000000 10 {v6}"));
        let timer = "0000 2100 03000080 00000080 00000000 0000000000000000 10 00000000 00000000";
        leads_to_ip(127, &format!("{timer} {v4}"), &format!("{timer} {v6}"));
    }

    #[test]
    fn a_padded_header_is_longer() {
        let padded = format!("0000 1100 03000000 0000000000000000 20 {FRAME} 0000");
        leads_to_ip(127, &format!("{padded} aaaa03 000000 0800"), &format!("{padded} aaaa03 000000 86dd"));
    }

    #[test]
    fn a_length_beyond_the_frame_is_short() {
        assert_eq!(why(127, &before("0000 ff00 00000000", &[8; 40])), Why::Short(Layer::Link));
        assert_eq!(why(127, &before("0000 08", &[])), Why::Short(Layer::Link));
    }
}
