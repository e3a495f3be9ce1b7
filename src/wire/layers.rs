//! From the link type down to the innermost IP header that carries something of use, or to ARP: one loop over what each header
//! says comes next, bounded in depth, over the registries of link types and tunnels.

use super::dns;
use super::ip::{self, Ip};
use super::link::{self, ethernet, llc};
use super::strip::{Next, Stripped, array};
use super::tunnel::{self, Carrier, Tunnel};
use super::why::{Layer, Why};
use crate::capture::LinkType;

/// Headers within headers that are followed: a provider's tags, a mirror's tunnel and an overlay stay well below.
const DEPTH: usize = 32;

/// What a frame comes down to.
pub(super) enum Found {
    Ip(Innermost),
    /// An ARP message that begins here.
    Arp(usize),
}

/// The innermost IP header, and what lay around it.
pub(super) struct Innermost {
    /// Carries TCP, ICMP, ICMPv6 or a DNS datagram; or is that of a fragment.
    pub ip: Ip,
    /// Outermost VLAN identifier, 0 without a tag.
    pub vlan: u16,
}

/// A tunnel entered on the way.
pub(super) struct Entered {
    pub tunnel: &'static Tunnel,
    pub identifier: Option<u32>,
    /// The IP header that carries it, unless a frame does.
    pub outer: Option<Ip>,
}

/// Finds the innermost IP header of a frame, and tells `entered` of every tunnel on the way. A frame is at least as
/// long as what was captured of it.
#[inline(always)]
pub(super) fn innermost(
    bytes: &[u8],
    link: LinkType,
    wire_len: u32,
    entered: &mut impl FnMut(Entered),
) -> Result<Found, Why> {
    let mut walk = Walk::new(bytes, wire_len);
    let mut next = Next::Link(link.0);
    loop {
        if walk.find_ip(next, entered).map_err(|why| walk.verdict(why))? == Reached::Arp {
            return Ok(Found::Arp(walk.at));
        }
        let ip = walk.ip().map_err(|why| walk.verdict(why))?;
        if matches!(ip.protocol, ip::TCP | ip::ICMP | ip::ICMPV6) || ip.fragment != ip::Fragment::No {
            return Ok(Found::Ip(Innermost { ip, vlan: walk.vlan }));
        }
        if ip.protocol == ip::UDP && dns::is_port_of(ip.payload(walk.bytes)) {
            return Ok(Found::Ip(Innermost { ip, vlan: walk.vlan }));
        }
        let carrier = ip; // a copy, so that only this path has the header in memory
        next = walk.enter_tunnel(&carrier, entered).map_err(|why| walk.verdict(why))?;
    }
}

/// EtherType of ARP.
pub(super) const ETHERTYPE_ARP: u16 = 0x0806;

#[derive(PartialEq, Eq)]
enum Reached {
    Ip,
    Arp,
}

/// How far the way down has come.
pub(super) struct Walk<'a> {
    /// Up to the end of the innermost IP packet entered.
    bytes: &'a [u8],
    at: usize,
    /// Where that ended on the wire.
    end: usize,
    vlan: u16,
    headers: usize,
    /// Some header was found by a UDP port.
    in_udp: bool,
}

impl<'a> Walk<'a> {
    /// From the start of a frame, which is at least as long as what was captured of it.
    #[inline]
    pub fn new(bytes: &'a [u8], wire_len: u32) -> Self {
        Self { bytes, at: 0, end: bytes.len().max(wire_len as usize), vlan: 0, headers: 0, in_udp: false }
    }

    /// Whether there were not too many headers yet.
    #[inline]
    pub fn may_go_on(&self) -> bool {
        self.headers < DEPTH
    }

    /// The frame, up to the end of the innermost IP packet entered.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What has yet to be read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Reads the IP header that stands here.
    #[inline]
    pub fn ip(&self) -> Result<Ip, Why> {
        ip::read(self.bytes, self.at, self.end)
    }

    /// Goes down to the next IP header. Ethernet and its tags are read in line: they are what nearly all frames have.
    #[inline]
    fn find_ip(&mut self, mut next: Next, entered: &mut impl FnMut(Entered)) -> Result<Reached, Why> {
        while self.may_go_on() {
            let rest = self.rest();
            let stripped = match next {
                Next::Ip | Next::EtherType(ip::ETHERTYPE_V4 | ip::ETHERTYPE_V6) => return Ok(Reached::Ip),
                Next::EtherType(ETHERTYPE_ARP) => return Ok(Reached::Arp),
                Next::Link(ethernet::LINKTYPE) => ethernet::strip(rest)?,
                Next::EtherType(number) if ethernet::is_tag(number) => {
                    let (identifier, stripped) = ethernet::tag(rest)?;
                    self.vlan = if self.vlan == 0 { identifier } else { self.vlan };
                    stripped
                }
                other => rarer(other, rest, entered)?,
            };
            next = self.down(stripped);
        }
        Err(Why::TooDeep)
    }

    /// Enters the tunnel that an IP packet carries.
    #[inline(never)]
    pub fn enter_tunnel(&mut self, ip: &Ip, entered: &mut impl FnMut(Entered)) -> Result<Next, Why> {
        let other = Why::IpProtocol(ip.protocol);
        self.end = self.end.min(ip.payload_at.saturating_add(ip.payload_len));
        self.bytes = self.bytes.get(..self.end).unwrap_or(self.bytes);
        self.at = ip.payload_at;
        let payload = ip.payload(self.bytes);
        let (tunnel, stripped) = if ip.protocol == ip::UDP {
            let (tunnel, stripped) = in_datagram(payload).ok_or(other)?;
            self.in_udp = true;
            self.at += UDP_HEADER;
            (tunnel, stripped)
        } else {
            let tunnel = tunnel::find(Carrier::IpProtocol(ip.protocol)).ok_or(other)?;
            (tunnel, (tunnel.strip)(payload))
        };
        let stripped = stripped?;
        entered(Entered { tunnel, identifier: stripped.identifier, outer: Some(*ip) });
        Ok(self.down(stripped))
    }

    #[inline]
    pub fn down(&mut self, stripped: Stripped) -> Next {
        self.at += stripped.header;
        self.headers += 1;
        stripped.next
    }

    /// What to say of a frame that ends in `why`: a port is only a hint that a tunnel is there, and where nothing
    /// sensible follows, there was none.
    fn verdict(&self, why: Why) -> Why {
        if self.in_udp && !why.is_sure() { Why::IpProtocol(ip::UDP) } else { why }
    }
}

/// Reads what is neither Ethernet nor IP.
#[inline(never)]
pub(super) fn rarer(next: Next, rest: &[u8], entered: &mut impl FnMut(Entered)) -> Result<Stripped, Why> {
    match next {
        Next::Llc => llc::strip(rest),
        Next::Link(number) => link::strip(number, rest),
        Next::Ip => Ok(Stripped::new(Next::Ip, 0)),
        Next::EtherType(number) => {
            let tunnel = tunnel::find(Carrier::EtherType(number)).ok_or(Why::EtherType(number))?;
            let stripped = (tunnel.strip)(rest)?;
            entered(Entered { tunnel, identifier: stripped.identifier, outer: None });
            Ok(stripped)
        }
    }
}

const UDP_HEADER: usize = 8;

/// The tunnel that a UDP datagram carries, by its destination port, else its source port.
fn in_datagram(datagram: &[u8]) -> Option<(&'static Tunnel, Result<Stripped, Why>)> {
    let [a, b, c, d] = array(datagram, 0).ok()?;
    let ports = [u16::from_be_bytes([c, d]), u16::from_be_bytes([a, b])];
    let tunnel = ports.into_iter().find_map(tunnel::at_port)?;
    Some((tunnel, datagram.get(UDP_HEADER..).ok_or(Why::Short(Layer::Link)).and_then(tunnel.strip)))
}
