//! Why a frame is no TCP segment, and the one home of protocol names.

use super::link::registered;
use std::borrow::Cow;

/// What a frame was that is no TCP segment, or why it could not be decoded. [`Why::name`] is what `inputs` counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// Numbered by Wireshark, but no packet.
    NotAPacket,
    /// No decoder for this link type.
    LinkType(u32),
    /// No decoder for this EtherType.
    EtherType(u16),
    /// IEEE 802.2 LLC without IP, by its destination service access point.
    Llc(u8),
    /// BSD loopback with another address family than IP.
    Family(u32),
    /// PPP without IP, by its protocol field.
    Ppp(u16),
    /// Something else that its decoder knows by this name: `802.11 management`, `macsec, encrypted`.
    Kind(&'static str),
    /// Another IP protocol, by number; an ICMP message that is no error about TCP is one.
    IpProtocol(u8),
    /// A fragment of an IP packet, by the protocol that the packet carries.
    Fragment(u8),
    /// A header is not all there, by the snap length or damage.
    Short(Layer),
    /// A header contradicts itself.
    Malformed(Layer),
    /// More headers within headers than any real network stacks.
    TooDeep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    Link,
    Ip,
    Tcp,
    Icmp,
}

impl Layer {
    const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Ip => "ip",
            Self::Tcp => "tcp",
            Self::Icmp => "icmp",
        }
    }
}

impl Why {
    /// The name people know it by; stable, one for each reason.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::NotAPacket => "not a packet".into(),
            Self::LinkType(number) => numbered(format!("link type {number}"), registered::name(number)).into(),
            Self::EtherType(number) => match (number, ether_type(number)) {
                (0x0806, Some(name)) => name.into(),
                (_, name) => numbered(format!("ethertype {number:#06x}"), name).into(),
            },
            Self::Llc(sap) => numbered(format!("llc {sap:#04x}"), service(sap)).into(),
            Self::Family(number) => format!("address family {number}").into(),
            Self::Ppp(number) => numbered(format!("ppp {number:#06x}"), ppp(number)).into(),
            Self::Kind(name) => name.into(),
            Self::IpProtocol(number) => match (number, protocol(number)) {
                (1 | 2 | 17 | 58 | 132, Some(name)) => name.into(),
                (_, name) => numbered(format!("ip protocol {number}"), name).into(),
            },
            Self::Fragment(number) => match protocol(number) {
                Some(name) => format!("fragment of {name}").into(),
                None => format!("fragment of ip protocol {number}").into(),
            },
            Self::Short(layer) => format!("{} header cut by the snap length", layer.name()).into(),
            Self::Malformed(layer) => format!("{} header malformed", layer.name()).into(),
            Self::TooDeep => "too many nested headers".into(),
        }
    }
}

impl Why {
    /// Whether this says what stands there, not only that nothing could be made of it.
    pub(super) fn is_sure(self) -> bool {
        match self {
            Self::EtherType(number) => ether_type(number).is_some(),
            Self::IpProtocol(_) | Self::Fragment(_) | Self::Kind(_) | Self::Short(Layer::Tcp | Layer::Icmp) => true,
            Self::NotAPacket | Self::LinkType(_) | Self::Family(_) | Self::Llc(_) | Self::Ppp(_) => false,
            Self::Short(Layer::Link | Layer::Ip) | Self::Malformed(_) | Self::TooDeep => false,
        }
    }
}

fn numbered(number: String, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{number} ({name})"),
        None => number,
    }
}

/// IP protocol numbers (IANA `protocol-numbers`) that captures hold.
fn protocol(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "hop-by-hop options",
        1 => "icmp",
        2 => "igmp",
        4 => "ip in ip",
        6 => "tcp",
        8 => "egp",
        9 => "igp",
        17 => "udp",
        33 => "dccp",
        41 => "ipv6",
        43 => "routing header",
        44 => "fragment header",
        46 => "rsvp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        55 => "mobile ip",
        58 => "icmpv6",
        59 => "no next header",
        60 => "destination options",
        88 => "eigrp",
        89 => "ospf",
        94 => "ipip",
        97 => "etherip",
        103 => "pim",
        108 => "ipcomp",
        112 => "vrrp",
        113 => "pgm",
        115 => "l2tp",
        132 => "sctp",
        135 => "mobility header",
        136 => "udp-lite",
        137 => "mpls",
        139 => "hip",
        140 => "shim6",
        143 => "ethernet",
        _ => return None,
    })
}

/// EtherTypes (IANA `ieee-802-numbers`) that captures hold.
fn ether_type(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0600 => "xns",
        0x0800 => "ipv4",
        0x0806 => "arp",
        0x0842 => "wake-on-lan",
        0x2000 => "cdp",
        0x22ea => "stream reservation",
        0x22f0 => "avtp",
        0x22f3 => "trill",
        0x6003 => "decnet",
        0x6558 => "transparent ethernet",
        0x8035 => "rarp",
        0x809b => "appletalk",
        0x80f3 => "appletalk arp",
        0x8100 => "vlan",
        0x8137 => "ipx",
        0x86dd => "ipv6",
        0x8808 => "flow control",
        0x8809 => "slow protocols",
        0x880b => "ppp",
        0x8847 => "mpls",
        0x8848 => "mpls multicast",
        0x8863 => "pppoe discovery",
        0x8864 => "pppoe session",
        0x888e => "eapol",
        0x8892 => "profinet",
        0x88a2 => "ata over ethernet",
        0x88a4 => "ethercat",
        0x88a8 => "802.1ad",
        0x88b8 => "goose",
        0x88ba => "sampled values",
        0x88be => "erspan",
        0x88c7 => "802.11 pre-authentication",
        0x88cc => "lldp",
        0x88d9 => "lltd",
        0x88e1 => "homeplug",
        0x88e5 => "macsec",
        0x88e7 => "802.1ah",
        0x88f5 => "mvrp",
        0x88f7 => "ptp",
        0x88fb => "prp",
        0x8902 => "802.1ag",
        0x8903 => "fabricpath",
        0x8906 => "fcoe",
        0x8909 => "cisco metadata",
        0x8914 => "fcoe initialization",
        0x8915 => "roce",
        0x894f => "nsh",
        0x892f => "hsr",
        0x893f => "802.1br",
        0x8926 => "vn-tag",
        0x9000 => "loopback test",
        0xf1c1 => "802.1cb",
        _ => return None,
    })
}

/// PPP protocol numbers (IANA `ppp-numbers`) that captures hold.
fn ppp(number: u16) -> Option<&'static str> {
    Some(match number {
        0x002d => "van jacobson tcp",
        0x002f => "van jacobson uncompressed tcp",
        0x0031 => "bridging",
        0x003d => "multilink",
        0x0053 => "encrypted",
        0x00fd => "compressed",
        0x8021 => "ipcp",
        0x8057 => "ipv6cp",
        0x80fd => "ccp",
        0xc021 => "lcp",
        0xc023 => "pap",
        0xc025 => "link quality",
        0xc223 => "chap",
        0xc227 => "eap",
        _ => return None,
    })
}

/// IEEE 802.2 service access points.
fn service(sap: u8) -> Option<&'static str> {
    Some(match sap {
        0x06 => "ip",
        0x42 => "spanning tree",
        0xaa => "snap",
        0xe0 => "ipx",
        0xf0 => "netbios",
        0xfe => "osi",
        0xff => "raw ipx",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_people_say_them() {
        let names = [
            (Why::IpProtocol(17), "udp"),
            (Why::EtherType(0x0806), "arp"),
            (Why::IpProtocol(47), "ip protocol 47 (gre)"),
            (Why::IpProtocol(200), "ip protocol 200"),
            (Why::EtherType(0x88cc), "ethertype 0x88cc (lldp)"),
            (Why::LinkType(227), "link type 227 (can_socketcan)"),
            (Why::LinkType(40_000), "link type 40000"),
            (Why::Llc(0x42), "llc 0x42 (spanning tree)"),
            (Why::Ppp(0xc021), "ppp 0xc021 (lcp)"),
            (Why::Kind("802.11 management"), "802.11 management"),
            (Why::Fragment(6), "fragment of tcp"),
            (Why::Short(Layer::Tcp), "tcp header cut by the snap length"),
        ];
        for (why, name) in names {
            assert_eq!(why.name(), name);
        }
    }

    #[test]
    fn no_two_numbers_share_a_name() {
        let mut names: Vec<_> = (0..=255).map(|n| Why::IpProtocol(n).name()).collect();
        names.extend((0..=u16::MAX).map(|n| Why::EtherType(n).name()));
        names.extend((0..=u16::MAX).map(|n| Why::Ppp(n).name()));
        names.extend((0..=255).map(|n| Why::Llc(n).name()));
        names.extend((0..=255).map(|n| Why::Fragment(n).name()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
