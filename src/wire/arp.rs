//! Who has this address: ARP (RFC 826) and neighbour discovery, which is ARP's successor in IPv6 (RFC 4861).

use super::ip::{self, Ip};
use super::layers::ETHERTYPE_ARP;
use super::strip::{array, be16, byte};
use super::why::{Layer, Why};
use super::{Address, Packet};
use crate::capture::Frame;
use crate::time::Timestamp;
use std::net::IpAddr;

/// A question for an address, or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    pub time: Timestamp,
    /// Frame number within its chunk.
    pub frame: u32,
    pub kind: ArpKind,
    /// The address that it is about.
    pub address: IpAddr,
    /// Who asks; of an answer, who had asked. Absent where that has no address yet, or everybody is told.
    pub asker: Option<IpAddr>,
    /// The hardware address that answers or is announced.
    pub hardware: Option<[u8; 6]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpKind {
    /// Somebody wants to send there.
    Asked,
    /// Somebody wants to take the address and makes sure that nobody has it (RFC 5227, RFC 4862 5.4): silence is good.
    Probed,
    Answered,
    /// Somebody tells everybody.
    Announced,
}

/// Reads the ARP message at `at`: of Ethernet and IPv4, or it is none of ours.
#[cold]
pub(super) fn read(frame: &Frame<'_>, at: usize) -> Packet {
    message(frame, at).unwrap_or(Packet::Other(Why::EtherType(ETHERTYPE_ARP)))
}

fn message(frame: &Frame<'_>, at: usize) -> Option<Packet> {
    let bytes = frame.bytes.get(at..)?;
    let sizes = array(bytes, 4).ok()?;
    if be16(bytes, 2) != Ok(ip::ETHERTYPE_V4) || sizes != [6, 4] {
        return None;
    }
    let v4 = |at: usize| array::<4>(bytes, at).ok().map(IpAddr::from);
    let (hardware, sender, target) = (array(bytes, 8).ok()?, v4(14)?, v4(24)?);
    let nobody = sender.is_unspecified();
    let (kind, address) = match be16(bytes, 6).ok()? {
        _ if sender == target => (ArpKind::Announced, sender),
        1 if nobody => (ArpKind::Probed, target),
        1 => (ArpKind::Asked, target),
        2 => (ArpKind::Answered, sender),
        _ => return None,
    };
    let asker = match kind {
        ArpKind::Asked => Some(sender),
        ArpKind::Answered => Some(target),
        ArpKind::Probed | ArpKind::Announced => None,
    };
    let hardware = matches!(kind, ArpKind::Answered | ArpKind::Announced).then_some(hardware);
    Some(Packet::Arp(Arp { time: frame.time, frame: frame.number as u32, kind, address, asker, hardware }))
}

/// ICMPv6 types of neighbour discovery.
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// The flag of an advertisement that answers a solicitation.
const SOLICITED: u8 = 0x40;
/// The option with the target's hardware address.
const TARGET_HARDWARE: u8 = 2;

/// Reads the neighbour solicitation or advertisement that `ip` carries.
pub(super) fn neighbour(frame: &Frame<'_>, ip: &Ip) -> Result<Arp, Why> {
    let message = ip.payload(frame.bytes);
    let (source, destination) = ip.addresses(frame.bytes).ok_or(Why::Short(Layer::Ip))?;
    let plain = |ip: u128| Address { ip, port: 0 }.ip();
    let address = IpAddr::from(array::<16>(message, 8).map_err(|_| Why::Short(Layer::Icmp))?);
    let (kind, asker) = match (byte(message, 0)?, byte(message, 4)? & SOLICITED != 0) {
        (SOLICITATION, _) if source == 0 => (ArpKind::Probed, None),
        (SOLICITATION, _) => (ArpKind::Asked, Some(plain(source))),
        (ADVERTISEMENT, true) => (ArpKind::Answered, Some(plain(destination))),
        (ADVERTISEMENT, false) => (ArpKind::Announced, None),
        _ => return Err(Why::IpProtocol(ip::ICMPV6)),
    };
    let hardware = match kind {
        ArpKind::Answered | ArpKind::Announced => option(message.get(24..).unwrap_or_default(), TARGET_HARDWARE),
        ArpKind::Asked | ArpKind::Probed => None,
    };
    Ok(Arp { time: frame.time, frame: frame.number as u32, kind, address, asker, hardware })
}

/// The hardware address in an option of this type (RFC 4861 4.6.1).
fn option(mut options: &[u8], wanted: u8) -> Option<[u8; 6]> {
    while let &[kind, units, ..] = options {
        let length = usize::from(units) * 8;
        if length == 0 {
            return None;
        }
        if kind == wanted && units == 1 {
            return array(options, 2).ok();
        }
        options = options.get(length..)?;
    }
    None
}

/// Whether an ICMPv6 message is one of these.
pub(super) const fn is_neighbour(kind: u8) -> bool {
    matches!(kind, SOLICITATION | ADVERTISEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode;
    use crate::wire::fixture::{KEYS, before, frame, hex, why};

    const BROADCAST: &str = "ffffffffffff 020000000001 0806";

    fn arp(link: u32, bytes: &[u8]) -> Arp {
        match decode(&frame(link, bytes), &KEYS) {
            Packet::Arp(arp) => arp,
            other => panic!("no ARP: {other:?}"),
        }
    }

    fn kind(body: &str) -> (ArpKind, String, Option<String>, Option<[u8; 6]>) {
        let arp = arp(1, &hex(&format!("{BROADCAST} {body}")));
        (arp.kind, arp.address.to_string(), arp.asker.map(|asker| asker.to_string()), arp.hardware)
    }

    #[test]
    fn questions_answers_probes_and_announcements_are_told_apart() {
        let (me, you) = ("020000000001 0a000001", "020000000002 0a000002");
        let asked = kind(&format!("0001 0800 0604 0001 {me} 000000000000 0a000002"));
        assert_eq!(asked, (ArpKind::Asked, "10.0.0.2".to_owned(), Some("10.0.0.1".to_owned()), None));
        let answered = kind(&format!("0001 0800 0604 0002 {you} {me}"));
        let hardware = Some([2, 0, 0, 0, 0, 2]);
        assert_eq!(answered, (ArpKind::Answered, "10.0.0.2".to_owned(), Some("10.0.0.1".to_owned()), hardware));
        let probed = kind("0001 0800 0604 0001 020000000001 00000000 000000000000 0a000001");
        assert_eq!((probed.0, probed.1.as_str(), probed.2), (ArpKind::Probed, "10.0.0.1", None));
        for operation in [1, 2] {
            let told = kind(&format!("0001 0800 0604 000{operation} {you} ffffffffffff 0a000002"));
            assert_eq!((told.0, told.2, told.3), (ArpKind::Announced, None, hardware));
        }
    }

    #[test]
    fn messages_of_other_networks_and_cut_ones_are_plain_arp() {
        for body in ["0001 86dd 0610 0001", "0001 0800 0604 0001 020000000001 0a000001", "0001 0800 0604 0009", ""] {
            assert_eq!(why(1, &hex(&format!("{BROADCAST} {body}"))), Why::EtherType(0x0806));
        }
    }

    /// A neighbour message between 2001:db8::1 and 2001:db8::2 about the latter.
    fn neighbour(source: &str, message: &str) -> Vec<u8> {
        let body = hex(&format!("{message} 20010db8 00000000 00000000 00000002 0201 020000000002"));
        let header = format!("60000000 {:04x} 3aff {source} 20010db8 00000000 00000000 00000001", body.len());
        before(&header, &body)
    }

    #[test]
    fn neighbour_discovery_says_the_same_of_ipv6() {
        let (one, nobody) = ("20010db8 00000000 00000000 00000002", "00000000 00000000 00000000 00000000");
        let told = |source, message| {
            let arp = arp(101, &neighbour(source, message));
            assert_eq!(arp.address.to_string(), "2001:db8::2");
            (arp.kind, arp.asker.is_some(), arp.hardware)
        };
        let hardware = Some([2, 0, 0, 0, 0, 2]);
        assert_eq!(told(one, "8700 0000 00000000"), (ArpKind::Asked, true, None));
        assert_eq!(told(nobody, "8700 0000 00000000"), (ArpKind::Probed, false, None));
        assert_eq!(told(one, "8800 0000 60000000"), (ArpKind::Answered, true, hardware));
        assert_eq!(told(one, "8800 0000 20000000"), (ArpKind::Announced, false, hardware));
        let cut = neighbour(one, "8700 0000 00000000");
        assert_eq!(why(101, &cut[..60]), Why::Short(Layer::Icmp));
    }
}
