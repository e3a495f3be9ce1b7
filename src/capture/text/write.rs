//! Packets that a text tells of, as frames: their headers, cut before the payload that nobody printed.

use super::packet::{Arp, Error, Packet, Quoted, Tcp, What};
use crate::capture::script::Outer;
use crate::capture::script::container;
use crate::capture::script::frame::{WireFrame, ethernet, ip_header};
use crate::time::Timestamp;
use std::net::IpAddr;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// A pcap with a frame for each packet.
pub(super) fn pcap(packets: &[Packet], times: &[Timestamp]) -> Vec<u8> {
    let frames: Vec<WireFrame> = packets.iter().zip(times).map(|(packet, time)| frame(packet, *time)).collect();
    container::write(&frames)
}

fn frame(packet: &Packet, time: Timestamp) -> WireFrame {
    let (bytes, cut) = match &packet.what {
        What::Tcp(tcp) => (ethernet(stations(tcp.from.ip(), tcp.to.ip()), packet.vlan, &segment(tcp)), tcp.len),
        What::Error(error) => (ethernet((3, 1), packet.vlan, &icmp(error)), 0),
        What::Arp(arp) => (other(0x0806, &body(arp)), 0),
        What::Ip { from, to, protocol, fragment, ports } => {
            (ethernet(stations(*from, *to), packet.vlan, &ip(*from, *to, (*protocol, *fragment), *ports)), 0)
        }
        What::Dns(dns) => {
            let (from, to, datagram) = (dns.from.ip(), dns.to.ip(), dns.datagram());
            let mut out = ip_header((from, to), UDP, 0, Outer::default(), datagram.len());
            out.extend(datagram);
            (ethernet(stations(from, to), packet.vlan, &out), 0)
        }
        What::Quick { from, to } => {
            (ethernet(stations(from.ip(), to.ip()), packet.vlan, &ip(from.ip(), to.ip(), (6, true), None)), 0)
        }
        // Of no flow that is known: the higher protocol's name is all there is.
        What::Payload(from, to) => (ethernet(stations(*from, *to), packet.vlan, &ip(*from, *to, (17, false), None)), 0),
        What::Ether(number) => (other(*number, &[]), 0),
    };
    let wire_len = bytes.len() + cut as usize;
    WireFrame { time, iface: 0, captured: bytes.len(), bytes, wire_len }
}

/// Last bytes of made-up Ethernet addresses: the same for the same direction.
fn stations(from: IpAddr, to: IpAddr) -> (u8, u8) {
    if from <= to { (1, 2) } else { (2, 1) }
}

fn other(ethertype: u16, body: &[u8]) -> Vec<u8> {
    let mut out = ethernet((1, 2), None, &[]);
    out.truncate(12);
    out.extend(ethertype.to_be_bytes());
    out.extend(body);
    out
}

/// IP and TCP header.
fn segment(tcp: &Tcp) -> Vec<u8> {
    let header = header(tcp);
    // 0 is none: what was not printed is not known.
    let outer = Outer { ttl: tcp.ttl.or(Some(0)), ..Outer::default() };
    let length = header.len() + tcp.len as usize;
    let mut out = ip_header((tcp.from.ip(), tcp.to.ip()), TCP, tcp.id.unwrap_or(0), outer, length);
    out.extend(header);
    out
}

fn header(tcp: &Tcp) -> Vec<u8> {
    let mut options = Vec::new();
    for option in &tcp.options {
        let bytes = option.bytes(0);
        if options.len() + bytes.len() <= 40 {
            options.extend(bytes);
        }
    }
    options.resize(options.len().next_multiple_of(4), 0);
    let mut out = Vec::with_capacity(60);
    out.extend([tcp.from.port(), tcp.to.port()].map(u16::to_be_bytes).concat());
    out.extend([tcp.seq.unwrap_or(0), tcp.ack.unwrap_or(0)].map(u32::to_be_bytes).concat());
    out.extend(((5 + options.len() as u16 / 4) << 12 | tcp.flags & 0x1ff).to_be_bytes());
    out.extend(u16::try_from(tcp.win).unwrap_or(u16::MAX).to_be_bytes());
    out.extend([0, 0]);
    out.extend(tcp.urg.to_be_bytes());
    out.extend(options);
    out
}

/// An error with the headers that it quotes; where those are not known, with nothing.
fn icmp(error: &Error) -> Vec<u8> {
    let mut message = vec![error.kind, error.code, 0, 0];
    // ICMPv6 has 32 bits of MTU in this place (RFC 4443 3.2).
    message.extend([0, 0].into_iter().chain(error.mtu.to_be_bytes()));
    if let Quoted::Tcp(tcp) = &error.quoted {
        let mut quoted = segment(tcp);
        let options = tcp.options.iter().map(|option| option.bytes(0).len()).sum::<usize>();
        quoted.truncate(quoted.len().saturating_sub(options));
        message.extend(quoted);
    }
    let protocol = if error.from.is_ipv6() { 58 } else { 1 };
    let mut out = ip_header((error.from, error.to), protocol, 0, Outer::default(), message.len());
    out.extend(message);
    out
}

/// The header of another IP packet: with ports if it has some, and as a fragment if it is one.
fn ip(from: IpAddr, to: IpAddr, (protocol, fragment): (u8, bool), ports: Option<(u16, u16)>) -> Vec<u8> {
    let (source, destination) = ports.unwrap_or_default();
    // An echo request, where the message is one of ICMP.
    let head = match protocol {
        1 => [8_u16 << 8, 0, 0, 0],
        58 => [128_u16 << 8, 0, 0, 0],
        _ => [source, destination, 8, 0],
    };
    let mut out = ip_header((from, to), protocol, 0, Outer::default(), 8);
    if fragment && from.is_ipv4() {
        // Behind the first: what stands there is no header.
        out.iter_mut().skip(6).zip([0, 185]).for_each(|(byte, new)| *byte = new);
    }
    out.extend(head.map(u16::to_be_bytes).concat());
    out
}

/// ARP for IPv4 on Ethernet (RFC 826).
fn body(arp: &Arp) -> Vec<u8> {
    let mut out = vec![0, 1, 8, 0, 6, 4, 0, if arp.is_reply { 2 } else { 1 }];
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(_) => [0; 4],
    };
    out.extend(arp.sender.0.unwrap_or([2, 0, 0, 0, 0, 1]));
    out.extend(octets(arp.sender.1));
    out.extend([0; 6]);
    out.extend(octets(arp.target));
    out
}
