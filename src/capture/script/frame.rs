//! [`Script`] to Ethernet frames: headers written byte by byte (RFC 791, 8200, 9293, 792, 4443), checksums true.

use super::{Flow, Icmp, Line, Number, Outer, Packet, RST, Script, Segment, Sender, TcpOption};
use crate::time::Timestamp;
use std::net::IpAddr;

/// A frame as it was on the wire, and what of the capture belongs to it.
pub(in crate::capture) struct WireFrame {
    pub time: Timestamp,
    pub iface: u8,
    pub bytes: Vec<u8>,
    /// How many of the bytes were captured.
    pub captured: usize,
    /// Bytes on the wire, where there were more than stand here.
    pub wire_len: usize,
}

/// IEEE 802 local experimental EtherType 1.
const EXPERIMENTAL: u16 = 0x88b5;
const TCP: u8 = 6;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// An error quotes what fits an IPv4 packet of 576 bytes (RFC 1812 4.3.2.3).
const QUOTE_MAX: usize = 548;

/// The frames of a script, in its order.
pub(super) fn frames(script: &Script) -> Vec<WireFrame> {
    let mut flows: Vec<FlowState> = script.flows.iter().map(|_| FlowState::default()).collect();
    let mut frames = Vec::with_capacity(script.steps.len());
    for step in &script.steps {
        let (Some(flow), Some(state)) = (script.flows.get(step.flow), flows.get_mut(step.flow)) else { continue };
        let (packet, hops) = packet(flow, state, &step.line);
        let outer = step.line.outer;
        for piece in fragments(packet, outer.frag) {
            let bytes = ethernet(hops, outer.vlan, &piece);
            frames.push(WireFrame {
                time: script.start.plus(step.line.at),
                iface: outer.iface.unwrap_or(0),
                captured: outer.cut.map_or(bytes.len(), |cut| bytes.len().min(cut as usize)),
                wire_len: bytes.len(),
                bytes,
            });
        }
    }
    frames.extend(script.end.map(|end| last(script.start.plus(end))));
    frames
}

/// A frame that is no IP: it only shows that the capture went on.
fn last(time: Timestamp) -> WireFrame {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3];
    bytes.extend(EXPERIMENTAL.to_be_bytes());
    bytes.resize(60, 0);
    WireFrame { time, iface: 0, captured: bytes.len(), wire_len: bytes.len(), bytes }
}

/// What later packets of a flow need to know of earlier ones.
#[derive(Default)]
struct FlowState {
    client: SenderState,
    server: SenderState,
    /// Identification of the next ICMP error's packet.
    router_id: u16,
}

#[derive(Default)]
struct SenderState {
    /// Identification of the last IP packet.
    id: u16,
    /// IP packets sent, by their sequence number: for ICMP errors to quote.
    sent: Vec<(u32, Vec<u8>)>,
}

impl FlowState {
    fn sender(&mut self, sender: Sender) -> &mut SenderState {
        match sender {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        }
    }
}

/// An IP packet, and between which stations it goes.
fn packet(flow: &Flow, state: &mut FlowState, line: &Line) -> (Vec<u8>, (u8, u8)) {
    match &line.packet {
        Packet::Segment(segment) => {
            let (from, to) = (flow.host(segment.sender).address.ip(), flow.host(segment.sender.peer()).address.ip());
            let sender = state.sender(segment.sender);
            sender.id = line.outer.id.unwrap_or(sender.id.wrapping_add(1));
            let packet = ip(from, to, TCP, sender.id, line.outer, tcp(flow, segment, from, to));
            let hops = (station(segment.sender), station(segment.sender.peer()));
            sender.sent.push((segment.seq.on_wire(flow.host(segment.sender).iss), quote_of(&packet)));
            (packet, hops)
        }
        Packet::Icmp(icmp) => {
            state.router_id = line.outer.id.unwrap_or(state.router_id.wrapping_add(1));
            let to = flow.host(icmp.quoting).address.ip();
            let message = icmp_message(icmp, to, &quoted(flow, state, icmp));
            let protocol = if to.is_ipv6() { ICMPV6 } else { ICMP };
            (ip(icmp.from, to, protocol, state.router_id, line.outer, message), (3, station(icmp.quoting)))
        }
    }
}

/// The packet in pieces with so many bytes each (RFC 791 2.3, RFC 8200 4.5), if it is longer than one.
fn fragments(packet: Vec<u8>, most: Option<u16>) -> Vec<Vec<u8>> {
    let v6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
    let (header, payload) = packet.split_at(packet.len().min(if v6 { 40 } else { 20 }));
    let most = most.map_or(usize::MAX, usize::from);
    if payload.len() <= most {
        return vec![packet];
    }
    let pieces = payload.chunks(most).enumerate().map(|(number, data)| {
        let start = number * most;
        let more = u16::from(start + data.len() < payload.len());
        let mut piece = header.to_vec();
        if v6 {
            let next = std::mem::replace(&mut piece[6], 44);
            piece[4..6].copy_from_slice(&(8 + data.len() as u16).to_be_bytes());
            piece.extend([next, 0]);
            piece.extend((start as u16 | more).to_be_bytes());
            // The packet's own number: what makes its pieces one.
            piece.extend(payload.iter().copied().skip(4).take(4));
        } else {
            piece[2..4].copy_from_slice(&(20 + data.len() as u16).to_be_bytes());
            piece[6..8].copy_from_slice(&((start as u16 / 8) | (more << 13)).to_be_bytes());
            piece[10..12].fill(0);
            let sum = checksum(&[&piece]).to_be_bytes();
            piece[10..12].copy_from_slice(&sum);
        }
        piece.extend(data);
        piece
    });
    pieces.collect()
}

/// Last byte of the sender's Ethernet address.
fn station(sender: Sender) -> u8 {
    match sender {
        Sender::Client => 1,
        Sender::Server => 2,
    }
}

pub(in crate::capture) fn ethernet((from, to): (u8, u8), vlan: Option<u16>, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(18 + packet.len());
    out.extend([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from]);
    if let Some(vlan) = vlan {
        out.extend(0x8100_u16.to_be_bytes());
        out.extend(vlan.to_be_bytes());
    }
    let ethertype: u16 = if packet.first().is_some_and(|byte| byte >> 4 == 6) { 0x86dd } else { 0x0800 };
    out.extend(ethertype.to_be_bytes());
    out.extend(packet);
    out
}

/// An IP packet. What is too long to be one says length 0.
fn ip(from: IpAddr, to: IpAddr, protocol: u8, id: u16, outer: Outer, payload: Vec<u8>) -> Vec<u8> {
    let mut out = ip_header((from, to), protocol, id, outer, payload.len());
    out.extend(payload);
    out
}

/// The IP header of a packet with a payload of this length.
pub(in crate::capture) fn ip_header(
    (from, to): (IpAddr, IpAddr),
    protocol: u8,
    id: u16,
    outer: Outer,
    payload: usize,
) -> Vec<u8> {
    let ttl = outer.ttl.unwrap_or(64);
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let length = u16::try_from(payload.saturating_add(20)).unwrap_or(0).to_be_bytes();
            let id = id.to_be_bytes();
            // Version and header length, no service class, "don't fragment".
            let mut header = vec![0x45, 0, length[0], length[1], id[0], id[1], 0x40, 0, ttl, protocol, 0, 0];
            header.extend(from.octets());
            header.extend(to.octets());
            let sum = checksum(&[&header]).to_be_bytes();
            header[10..12].copy_from_slice(&sum);
            header
        }
        (from, to) => {
            let length = u16::try_from(payload).unwrap_or(0).to_be_bytes();
            let mut header = vec![0x60, 0, 0, 0, length[0], length[1], protocol, ttl];
            header.extend(octets(from));
            header.extend(octets(to));
            header
        }
    }
}

/// Address as the pseudo-header has it.
fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Header, options and payload with the checksum over the pseudo-header (RFC 9293 3.1, RFC 8200 8.1).
fn tcp(flow: &Flow, segment: &Segment, from: IpAddr, to: IpAddr) -> Vec<u8> {
    let (own, peer) = (flow.host(segment.sender), flow.host(segment.sender.peer()));
    let mut options: Vec<u8> = segment.options.iter().flat_map(|option| option.bytes(peer.iss)).collect();
    options.resize(options.len().next_multiple_of(4).min(40), 0);
    let seq = segment.seq.on_wire(own.iss);
    let mut out = Vec::with_capacity(60 + segment.len as usize);
    out.extend(own.address.port().to_be_bytes());
    out.extend(peer.address.port().to_be_bytes());
    out.extend(seq.to_be_bytes());
    out.extend(segment.ack.map_or(0, |ack| ack.on_wire(peer.iss)).to_be_bytes());
    out.extend(((5 + options.len() as u16 / 4) << 12 | segment.flags & 0x1ff).to_be_bytes());
    out.extend(segment.win.unwrap_or(if segment.flags & RST == 0 { 64_240 } else { 0 }).to_be_bytes());
    out.extend([0, 0]);
    out.extend(segment.urg.unwrap_or(0).to_be_bytes());
    out.extend(options);
    // Letters by sequence number: a retransmission carries the bytes of the original.
    out.extend((0..segment.len).map(|at| b'a' + (seq.wrapping_add(at) % 26) as u8));
    let sum = checksum(&[&pseudo_header(from, to, TCP, out.len()), &out]).to_be_bytes();
    out[16..18].copy_from_slice(&sum);
    out
}

impl TcpOption {
    /// Bytes in the header.
    pub(super) fn length(&self) -> usize {
        self.bytes(0).len()
    }

    pub(in crate::capture) fn bytes(&self, peer_iss: u32) -> Vec<u8> {
        match self {
            Self::EndOfList => vec![0],
            Self::Nop => vec![1],
            Self::Mss(bytes) => with_length(2, &bytes.to_be_bytes()),
            Self::WindowScale(shift) => with_length(3, &[*shift]),
            Self::SackPermitted => with_length(4, &[]),
            Self::Sack(blocks) => {
                let edge = |number: Number| number.on_wire(peer_iss).to_be_bytes();
                let edges: Vec<u8> =
                    blocks.iter().flat_map(|(left, right)| [edge(*left), edge(*right)]).flatten().collect();
                with_length(5, &edges)
            }
            Self::Timestamps { value, echo } => with_length(8, &[value.to_be_bytes(), echo.to_be_bytes()].concat()),
            Self::Md5 => with_length(19, &[0; 16]),
            Self::Mptcp => with_length(30, &[0x01, 0x01]),
            Self::FastOpen(cookie) => with_length(34, cookie),
        }
    }
}

fn with_length(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, (data.len() + 2).min(255) as u8];
    out.extend(data);
    out
}

fn icmp_message(icmp: &Icmp, to: IpAddr, quote: &[u8]) -> Vec<u8> {
    let mut out = vec![icmp.kind, icmp.code, 0, 0, 0, 0];
    out.extend(icmp.mtu.unwrap_or(0).to_be_bytes());
    out.extend(quote);
    let sum = match to {
        IpAddr::V4(_) => checksum(&[&out]),
        IpAddr::V6(_) => checksum(&[&pseudo_header(icmp.from, to, ICMPV6, out.len()), &out]),
    };
    out[2..4].copy_from_slice(&sum.to_be_bytes());
    out
}

/// The head of the packet that an ICMP error quotes.
fn quoted(flow: &Flow, state: &mut FlowState, icmp: &Icmp) -> Vec<u8> {
    let host = flow.host(icmp.quoting);
    let wanted = icmp.seq.map(|seq| seq.on_wire(host.iss));
    let sent = &state.sender(icmp.quoting).sent;
    let found = sent.iter().rev().find(|(seq, _)| wanted.is_none_or(|wanted| wanted == *seq));
    found.map(|(_, packet)| packet.clone()).unwrap_or_else(|| unseen(flow, icmp, wanted.unwrap_or(host.iss)))
}

/// IP header and eight bytes of TCP of a packet that the script does not show.
fn unseen(flow: &Flow, icmp: &Icmp, seq: u32) -> Vec<u8> {
    let (own, peer) = (flow.host(icmp.quoting).address, flow.host(icmp.quoting.peer()).address);
    let mut payload = Vec::with_capacity(20);
    payload.extend(own.port().to_be_bytes());
    payload.extend(peer.port().to_be_bytes());
    payload.extend(seq.to_be_bytes());
    payload.resize(20, 0);
    let mut packet = ip(own.ip(), peer.ip(), TCP, 0, Outer::default(), payload);
    packet.truncate(packet.len() - 12);
    packet
}

fn quote_of(packet: &[u8]) -> Vec<u8> {
    packet.iter().copied().take(QUOTE_MAX).collect()
}

fn pseudo_header(from: IpAddr, to: IpAddr, protocol: u8, length: usize) -> Vec<u8> {
    // IPv4 has 16 bits of length and IPv6 32; beside zeros the sum is the same.
    let mut out = [octets(from), octets(to)].concat();
    out.extend((length as u32).to_be_bytes());
    out.extend([0, 0, 0, protocol]);
    out
}

/// The Internet checksum (RFC 1071) of parts of even length, but for the last.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u64 = words.map(|pair| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u64::from(*low))).sum();
    let mut sum = sum;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
