//! Teredo (RFC 4380): IPv6 in UDP through address translators, with authentication and origin before it.

use super::{Carrier, Tunnel};
use crate::wire::strip::{Next, Stripped, array, byte};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "teredo", carriers: &[Carrier::UdpPort(3544)], strip };

const ORIGIN: usize = 8;
/// Of the authentication: two lengths before, nonce and confirmation after what they measure.
const AUTHENTICATION: usize = 4 + 9;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let mut at = 0;
    if let [0, 1, client, value] = array(bytes, 0)? {
        at += AUTHENTICATION + usize::from(client) + usize::from(value);
    }
    if let [0, 0] = array(bytes, at)? {
        at += ORIGIN;
    }
    match byte(bytes, at)? >> 4 {
        6 => Ok(Stripped::new(Next::Ip, at)),
        _ => Err(Why::Malformed(Layer::Link)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ipv4, ipv6, segment, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn the_packet_follows_all_that_may_stand_before_it() {
        for header in [
            "",
            "0000 1234 c0000201",
            "0001 0000 0000000000000000 00",
            "0001 0201 ff ffff 0000000000000000 00 0000 1234 c0000201",
        ] {
            assert_eq!(segment(101, &before(&format!("{} {header}", udp(3544)), &ipv6())).len, 5);
        }
        assert_eq!(why(101, &before(&udp(3544), &ipv4())), Why::IpProtocol(17));
    }
}
