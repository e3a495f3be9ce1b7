//! Tunnels: what carries another network's packets or frames. One file each, one line in [`TUNNELS`].

mod ayiya;
mod capwap;
mod cisco_metadata;
mod erspan;
mod ethernet_in_ip;
mod fabricpath;
mod geneve;
mod gre;
mod gtp;
mod ip_in_ip;
mod l2tp;
mod lisp;
mod macsec;
mod mpls;
mod nsh;
mod pbb;
mod pppoe;
mod tagged;
mod teredo;
mod trill;
mod tzsp;
mod vxlan;

use super::strip::Strip;

/// The registry: one tunnel, one line.
pub static TUNNELS: &[Tunnel] = &[
    mpls::TUNNEL,
    gre::TUNNEL,
    erspan::II,
    erspan::III,
    ip_in_ip::IPV4,
    ip_in_ip::IPV6,
    ethernet_in_ip::ETHERIP,
    ethernet_in_ip::SRV6,
    teredo::TUNNEL,
    vxlan::TUNNEL,
    vxlan::GPE,
    geneve::TUNNEL,
    gtp::TUNNEL,
    l2tp::UDP,
    l2tp::IP,
    pppoe::TUNNEL,
    pbb::TUNNEL,
    macsec::TUNNEL,
    cisco_metadata::TUNNEL,
    fabricpath::TUNNEL,
    trill::TUNNEL,
    nsh::TUNNEL,
    tagged::PORT_EXTENDER,
    tagged::VIRTUAL_NIC,
    tagged::SEAMLESS_RING,
    tagged::RELIABLE,
    ayiya::TUNNEL,
    capwap::TUNNEL,
    tzsp::TUNNEL,
    lisp::TUNNEL,
];

/// One tunnel.
pub struct Tunnel {
    /// As its column prints it.
    pub name: &'static str,
    /// Where it is found.
    pub(super) carriers: &'static [Carrier],
    /// Reads its header at the start of what the carrier carries.
    pub(super) strip: Strip,
}

/// What announces a tunnel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carrier {
    EtherType(u16),
    IpProtocol(u8),
    /// Either port of a UDP datagram.
    UdpPort(u16),
}

/// The tunnel that `carrier` announces.
pub(super) fn find(carrier: Carrier) -> Option<&'static Tunnel> {
    TUNNELS.iter().find(|tunnel| tunnel.carriers.contains(&carrier))
}

/// The tunnel that a UDP datagram to or from `port` may carry. Most carry none, so all ports are asked at once first.
pub(super) fn at_port(port: u16) -> Option<&'static Tunnel> {
    if PORTS.contains(&port) { find(Carrier::UdpPort(port)) } else { None }
}

/// The UDP ports of all tunnels.
static PORTS: [u16; ports::<0>().1] = ports().0;

/// The first `N` of them, and how many there are.
const fn ports<const N: usize>() -> ([u16; N], usize) {
    let (mut ports, mut count, mut tunnel) = ([0; N], 0, 0);
    while tunnel < TUNNELS.len() {
        let carriers = TUNNELS[tunnel].carriers;
        let mut carrier = 0;
        while carrier < carriers.len() {
            if let Carrier::UdpPort(port) = carriers[carrier] {
                if count < N {
                    ports[count] = port;
                }
                count += 1;
            }
            carrier += 1;
        }
        tunnel += 1;
    }
    (ports, count)
}

#[cfg(test)]
mod tests {
    use super::{Carrier, TUNNELS, at_port};

    #[test]
    fn every_port_of_the_registry_is_found() {
        for tunnel in TUNNELS {
            for carrier in tunnel.carriers {
                if let Carrier::UdpPort(port) = carrier {
                    assert_eq!(at_port(*port).map(|found| found.name), Some(tunnel.name));
                }
            }
        }
        assert!(at_port(53).is_none() && at_port(0).is_none());
    }

    #[test]
    fn each_tunnel_and_each_carrier_stands_once_in_the_registry() {
        let mut names: Vec<_> = TUNNELS.iter().map(|tunnel| tunnel.name).collect();
        let carriers: Vec<_> = TUNNELS.iter().flat_map(|tunnel| tunnel.carriers).collect();
        for (index, carrier) in carriers.iter().enumerate() {
            assert!(!carriers[..index].contains(carrier), "{carrier:?}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TUNNELS.len());
    }
}
