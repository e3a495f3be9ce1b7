//! FDDI (LINKTYPE_FDDI): frame control, two addresses, LLC.

use super::Link;
use crate::wire::strip::{Next, Stripped, byte};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 10, name: "fddi", strip };

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    match byte(bytes, 0)? & 0xf0 {
        0x50 => Ok(Stripped::new(Next::Llc, 13)),
        _ => Err(Why::Kind("fddi without data")),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn llc_frames_lead_to_ip_and_others_are_named() {
        let header = "50 020000000001 020000000002 aaaa03 000000";
        leads_to_ip(10, &format!("{header} 0800"), &format!("{header} 86dd"));
        assert_eq!(why(10, &before("41", &[0; 20])), Why::Kind("fddi without data"));
    }
}
