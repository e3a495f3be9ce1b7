//! What a line tells of one packet, whoever printed it, and the words that several programs have in common.

use super::Stamp;
use super::dns::Dns;
use crate::capture::script::TcpOption;
use std::net::{IpAddr, SocketAddr};

/// A packet as far as a line tells of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packet {
    pub at: Option<Stamp>,
    /// Bytes of the frame on the wire.
    pub frame_len: Option<u32>,
    pub vlan: Option<u16>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Tcp(Tcp),
    /// An ICMP error about TCP.
    Error(Error),
    /// Payload of a flow whose ports and numbers were not printed, from one host to another: a higher protocol's line.
    Payload(IpAddr, IpAddr),
    Arp(Arp),
    Dns(Dns),
    /// Another IP packet.
    Ip {
        from: IpAddr,
        to: IpAddr,
        protocol: u8,
        fragment: bool,
        ports: Option<(u16, u16)>,
    },
    /// A segment without flags and numbers.
    Quick {
        from: SocketAddr,
        to: SocketAddr,
    },
    /// No IP at all, by an EtherType.
    Ether(u16),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tcp {
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// Bits of the header, as in a packet script.
    pub flags: u16,
    pub seq: Option<u32>,
    /// Bytes of payload.
    pub len: u32,
    pub ack: Option<u32>,
    /// More than 16 bits where the program had multiplied it by the window scale.
    pub win: u32,
    pub urg: u16,
    pub options: Vec<TcpOption>,
    pub ttl: Option<u8>,
    pub id: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Error {
    pub from: IpAddr,
    pub to: IpAddr,
    pub kind: u8,
    pub code: u8,
    pub mtu: u16,
    pub quoted: Quoted,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Quoted {
    Tcp(Tcp),
    /// Only where the packet went was printed, or not even that.
    SentTo(Option<IpAddr>, Option<u16>),
}

/// The two kinds that there are on Ethernet and IPv4.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arp {
    pub is_reply: bool,
    pub sender: (Option<[u8; 6]>, IpAddr),
    pub target: IpAddr,
}

pub(super) const FIN: u16 = 0x01;
pub(super) const SYN: u16 = 0x02;
pub(super) const RST: u16 = 0x04;
pub(super) const PSH: u16 = 0x08;
pub(super) const ACK: u16 = 0x10;
pub(super) const URG: u16 = 0x20;

impl Packet {
    /// Whether only a capturing program prints such a line.
    pub fn is_telling(&self) -> bool {
        match &self.what {
            What::Tcp(_) | What::Error(_) | What::Arp(_) | What::Dns(_) | What::Quick { .. } => true,
            What::Ip { ports, protocol, .. } => ports.is_some() || *protocol != 17,
            What::Payload(..) | What::Ether(_) => false,
        }
    }

    pub fn tcp(&self) -> Option<&Tcp> {
        match &self.what {
            What::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }
}

impl Tcp {
    pub fn new(from: SocketAddr, to: SocketAddr) -> Self {
        Self {
            from,
            to,
            flags: 0,
            seq: None,
            len: 0,
            ack: None,
            win: 0,
            urg: 0,
            options: Vec::new(),
            ttl: None,
            id: None,
        }
    }

    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Sequence numbers that it takes up.
    pub fn room(&self) -> u32 {
        self.len.wrapping_add(u32::from(self.has(SYN))).wrapping_add(u32::from(self.has(FIN)))
    }
}

/// The number that a text begins with.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    text.get(..digits)?.parse().ok()
}

/// The number behind the first `key` in a text.
pub(super) fn after<N: std::str::FromStr>(text: &str, key: &str) -> Option<N> {
    number(text.split_once(key)?.1.trim_start())
}

/// What stands between the first `open` and the `close` that follows, and what stands behind that.
pub(super) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    text.split_once(open)?.1.split_once(close)
}
