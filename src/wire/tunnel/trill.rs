//! TRILL (RFC 6325): Ethernet frames routed between bridges.

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped, be16};
use crate::wire::why::Why;

pub(super) const TUNNEL: Tunnel = Tunnel { name: "trill", carriers: &[Carrier::EtherType(0x22f3)], strip };

/// Length of the options in words.
const OPTIONS: u16 = 0x07c0;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let options = usize::from((be16(bytes, 0)? & OPTIONS) >> 6);
    Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), 6 + 4 * options))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, leads_to_ip};

    #[test]
    fn the_inner_frame_follows_with_and_without_options() {
        let outer = format!("{MACS} 22f3");
        leads_to_ip(
            1,
            &format!("{outer} 003f 0001 0002 {MACS} 0800"),
            &format!("{outer} 007f 0001 0002 00000000 {MACS} 86dd"),
        );
    }
}
