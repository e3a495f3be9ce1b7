//! PPP (RFC 1661, RFC 1662): with or without address and control, and the variants that capturing programs add.

use super::{Link, hdlc};
use crate::wire::strip::{Next, Stripped, array, be16, byte};
use crate::wire::why::Why;

pub(in crate::wire) const LINKTYPE: u32 = 9;
pub(super) const LINK: Link = Link { linktype: LINKTYPE, name: "ppp", strip };
pub(super) const HDLC: Link = Link { linktype: 50, name: "ppp_hdlc", strip };
pub(super) const PPPD: Link = Link { linktype: 166, name: "ppp_pppd", strip: strip_pppd };
pub(super) const WITH_DIRECTION: Link = Link { linktype: 204, name: "ppp_with_dir", strip: strip_with_direction };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    match array(bytes, 0)? {
        [0xff, 0x03] => protocol(bytes, 2),
        // A serial line that speaks Cisco HDLC has the same link type.
        [0x0f | 0x8f, 0x00] => hdlc::strip(bytes),
        _ => protocol(bytes, 0),
    }
}

/// The direction stands in place of the address.
fn strip_pppd(bytes: &[u8]) -> Result<Stripped, Why> {
    protocol(bytes, if byte(bytes, 1)? == 0x03 { 2 } else { 0 })
}

/// The direction stands before the frame.
fn strip_with_direction(bytes: &[u8]) -> Result<Stripped, Why> {
    let inner = strip(bytes.get(1..).unwrap_or_default())?;
    Ok(Stripped { header: inner.header + 1, ..inner })
}

/// Reads the protocol field at `at`: two bytes, or one where the ends agreed to compress it (its lowest bit is set).
fn protocol(bytes: &[u8], at: usize) -> Result<Stripped, Why> {
    let first = byte(bytes, at)?;
    let (number, header) = if first & 1 == 1 { (u16::from(first), at + 1) } else { (be16(bytes, at)?, at + 2) };
    match number {
        0x0021 | 0x0057 => Ok(Stripped::new(Next::Ip, header)),
        0x0281 => Ok(Stripped::new(Next::EtherType(0x8847), header)),
        0x0283 => Ok(Stripped::new(Next::EtherType(0x8848), header)),
        other => Err(Why::Ppp(other)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, leads_to_ip, why};
    use crate::wire::why::{Layer, Why};

    #[test]
    fn address_control_and_the_long_protocol_field_may_be_left_out() {
        leads_to_ip(9, "ff03 0021", "ff03 0057");
        leads_to_ip(9, "0021", "57");
        leads_to_ip(50, "ff03 21", "ff03 57");
        leads_to_ip(9, "0f00 0800", "8f00 86dd");
    }

    #[test]
    fn the_direction_is_passed_over() {
        leads_to_ip(204, "00 ff03 0021", "01 57");
        leads_to_ip(166, "0003 0021", "0103 0057");
    }

    #[test]
    fn control_protocols_are_named() {
        assert_eq!(why(9, &before("ff03 c021", &ipv4())), Why::Ppp(0xc021));
        assert_eq!(why(9, &[0xff]), Why::Short(Layer::Link));
    }
}
