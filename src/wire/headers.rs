//! What a packet filter asks about: every tag and every IP header of a frame, from the outside in.

use super::ip::{self, Ip};
use super::layers::{Walk, rarer};
use super::link::ethernet;
use super::strip::Next;
use super::{Address, Fragment, Marks, Whole};
use crate::capture::Frame;
use std::net::IpAddr;

const ARP: u16 = 0x0806;
const REVERSE_ARP: u16 = 0x8035;
/// Of the IP protocols that begin with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
const WITH_PORTS: [u8; 5] = [6, 17, 33, 132, 136];

/// The headers of one frame, outermost first; those of tunnels and of what they carry alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Length of the frame on the wire, bytes.
    pub length: u32,
    /// Identifiers of its VLAN tags, 0 for a priority tag.
    pub vlans: Vec<u16>,
    pub networks: Vec<Network>,
}

/// An IP header, or an ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    pub kind: NetworkKind,
    pub source: IpAddr,
    pub destination: IpAddr,
    /// IP protocol after all extension headers; `None` of ARP.
    pub protocol: Option<u8>,
    /// Source and destination port, where the protocol has them and they were captured.
    pub ports: Option<(u16, u16)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    V4,
    V6,
    /// ARP, its older reverse included.
    Arp {
        reverse: bool,
    },
}

/// The headers of a frame, as far as they can be read.
pub fn headers(frame: &Frame<'_>) -> Headers {
    let mut found = Headers { length: frame.wire_len, ..Headers::default() };
    if !frame.not_a_packet {
        gather(Walk::new(frame.bytes, frame.wire_len), Next::Link(frame.link.0), &mut found);
    }
    found
}

/// The headers of a packet that came in pieces: what its last piece came in, and what all of them make. `bytes` begin with the
/// frame of that piece.
pub fn headers_of_whole(last: &Fragment, bytes: &[u8], whole: &Whole) -> Headers {
    let mut found = headers(&last.frame(bytes));
    found.length = whole.wire_len;
    // The innermost is that of the piece.
    found.networks.pop();
    gather(Walk::new(&whole.bytes, whole.wire_len), Next::Ip, &mut found);
    found
}

/// Takes all headers from here on down.
fn gather(mut walk: Walk<'_>, mut next: Next, found: &mut Headers) {
    while let Some(inner) = down_to_network(&mut walk, next, found) {
        match walk.enter_tunnel(&inner, &mut |_| ()) {
            Ok(carried) => next = carried,
            Err(_) => break,
        }
    }
}

/// Goes down to the next IP header and takes it, with the tags before it. `None` where the way ends.
fn down_to_network(walk: &mut Walk<'_>, mut next: Next, found: &mut Headers) -> Option<Ip> {
    while walk.may_go_on() {
        let rest = walk.rest();
        let stripped = match next {
            Next::Ip | Next::EtherType(ip::ETHERTYPE_V4 | ip::ETHERTYPE_V6) => {
                let ip = walk.ip().ok()?;
                found.networks.extend(of_ip(&ip, walk.bytes()));
                return (ip.fragment == ip::Fragment::No).then_some(ip);
            }
            Next::EtherType(kind @ (ARP | REVERSE_ARP)) => {
                found.networks.extend(of_arp(rest, kind == REVERSE_ARP));
                return None;
            }
            Next::EtherType(number) if ethernet::is_tag(number) => {
                let (identifier, stripped) = ethernet::tag(rest).ok()?;
                found.vlans.push(identifier);
                stripped
            }
            other => rarer(other, rest, &mut |_| ()).ok()?,
        };
        next = walk.down(stripped);
    }
    None
}

fn of_ip(ip: &Ip, bytes: &[u8]) -> Option<Network> {
    let (source, destination) = ip.addresses(bytes)?;
    let address = |ip| Address { ip, port: 0 }.ip();
    let has_ports = WITH_PORTS.contains(&ip.protocol) && ip.fragment != ip::Fragment::Later;
    let ports = ip.ends(bytes).filter(|_| has_ports).map(|(source, destination)| (source.port, destination.port));
    Some(Network {
        kind: if ip.marks.has(Marks::V6) { NetworkKind::V6 } else { NetworkKind::V4 },
        source: address(source),
        destination: address(destination),
        protocol: Some(ip.protocol),
        ports,
    })
}

/// ARP for IPv4 over Ethernet (RFC 826): the sender's and the target's address.
fn of_arp(bytes: &[u8], reverse: bool) -> Option<Network> {
    let four = |at: usize| Some(IpAddr::from(*bytes.get(at..)?.first_chunk::<4>()?));
    let is_known = bytes.get(2..6) == Some(&[8, 0, 6, 4]);
    let (source, destination) = four(14).zip(four(24)).filter(|_| is_known)?;
    Some(Network { kind: NetworkKind::Arp { reverse }, source, destination, protocol: None, ports: None })
}
