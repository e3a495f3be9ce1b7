//! IP directly in IP: RFC 2003, RFC 2473, 6in4 (RFC 4213).

use super::{Carrier, Tunnel};
use crate::wire::strip::{Next, Stripped};
use crate::wire::why::Why;

pub(super) const IPV4: Tunnel =
    Tunnel { name: "ip in ip", carriers: &[Carrier::IpProtocol(4), Carrier::IpProtocol(94)], strip };
pub(super) const IPV6: Tunnel = Tunnel { name: "ipv6 in ip", carriers: &[Carrier::IpProtocol(41)], strip };

fn strip(_: &[u8]) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Ip, 0))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, ip, ipv4, leads_to_ip, why};
    use crate::wire::why::Why;

    #[test]
    fn each_version_in_the_other() {
        leads_to_ip(101, &ip(4), &ip(41));
        leads_to_ip(101, &format!("{} {}", ip(4), ip(4)), &format!("60000000 0100 2940 {}", "20".repeat(32)));
    }

    #[test]
    fn endless_nesting_ends() {
        assert_eq!(why(101, &before(&ip(4).repeat(99), &ipv4())), Why::TooDeep);
    }
}
