//! LISP data packets (RFC 9300): IP in UDP between sites.

use super::{Carrier, Tunnel};
use crate::wire::strip::{Next, Stripped, be24, looks_like_ip};
use crate::wire::why::{Layer, Why};

pub(super) const TUNNEL: Tunnel = Tunnel { name: "lisp", carriers: &[Carrier::UdpPort(4341)], strip };

const HEADER: usize = 8;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    if !looks_like_ip(bytes.get(HEADER..).unwrap_or_default()) {
        return Err(Why::Malformed(Layer::Link));
    }
    Ok(Stripped::new(Next::Ip, HEADER).identified(be24(bytes, 4)?))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, udp, why};
    use crate::wire::why::Why;

    #[test]
    fn both_ip_versions_follow() {
        leads_to_ip(101, &format!("{} 80000000 00000001", udp(4341)), &format!("{} 88000000 00000701", udp(4341)));
        assert_eq!(why(101, &before(&format!("{} 80000000 00000001", udp(4341)), &[0; 40])), Why::IpProtocol(17));
    }
}
