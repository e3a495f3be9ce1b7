//! Ethernet directly in IP: EtherIP (RFC 3378) and SRv6 (RFC 8986).

use super::{Carrier, Tunnel};
use crate::wire::link::ethernet;
use crate::wire::strip::{Next, Stripped};
use crate::wire::why::Why;

pub(super) const ETHERIP: Tunnel =
    Tunnel { name: "etherip", carriers: &[Carrier::IpProtocol(97)], strip: |_| strip(2) };
pub(super) const SRV6: Tunnel =
    Tunnel { name: "ethernet in ip", carriers: &[Carrier::IpProtocol(143)], strip: |_| strip(0) };

fn strip(header: usize) -> Result<Stripped, Why> {
    Ok(Stripped::new(Next::Link(ethernet::LINKTYPE), header))
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{MACS, ip, leads_to_ip};

    #[test]
    fn frames_follow_with_and_without_a_version() {
        leads_to_ip(101, &format!("{} 3000 {MACS} 0800", ip(97)), &format!("{} {MACS} 86dd", ip(143)));
    }
}
