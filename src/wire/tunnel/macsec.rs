//! MACsec (IEEE 802.1AE): frames that are signed but not encrypted.

use super::{Carrier, Tunnel};
use crate::wire::strip::{Stripped, be16, byte};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel { name: "macsec", carriers: &[Carrier::EtherType(0x88e5)], strip };

/// Bits of the first byte: a secure channel identifier follows; encrypted; changed.
const CHANNEL: u8 = 0x20;
const ENCRYPTED: u8 = 0x08;
const CHANGED: u8 = 0x04;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let control = byte(bytes, 0)?;
    if control & (ENCRYPTED | CHANGED) != 0 {
        return Err(Why::Kind("macsec, encrypted"));
    }
    let header = 6 + if control & CHANNEL != 0 { 8 } else { 0 };
    Ok(Stripped::type_or_length(be16(bytes, header)?, header + 2))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, before, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn signed_frames_are_read_and_encrypted_ones_named() {
        let tag = format!("{MACS} 88e5");
        leads_to_ip(1, &format!("{tag} 0000 00000001 0800"), &format!("{tag} 2000 00000001 0200000000010001 86dd"));
        assert_eq!(why(1, &before(&format!("{tag} 2c00 00000001"), &[0; 40])), Why::Kind("macsec, encrypted"));
    }
}
