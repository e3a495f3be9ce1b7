//! What is known of a connection, because it was made so.

use crate::fate::Fate;
use crate::packet::{Extra, Flow, Packet};
use crate::{Ends, SECOND};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One connection of the capture.
#[derive(Clone, Debug)]
pub struct Truth {
    pub id: u64,
    pub ends: Ends,
    pub fate: Fate,
    /// Of client and server, as captured.
    pub packets: [u64; 2],
    pub payload: [u64; 2],
    /// Payload without repeats, also where the capture missed it.
    pub stream: [u64; 2],
    /// Bytes of IP packets.
    pub ip_bytes: u64,
    pub retransmissions: u32,
    pub duplicates: u32,
    pub reordered: u32,
    pub uncaptured: u32,
    /// Nanoseconds.
    pub first: u64,
    pub last: u64,
    /// An earlier connection had the same ends.
    pub reused: bool,
}

/// The names of the columns that `Truth` prints.
pub const HEADER: &str = "id,ipver,client_ip,client_port,server_ip,server_port,outcome,handshake,client_state,server_state,\
client_pkts,server_pkts,client_payload,server_payload,client_stream,server_stream,l3_bytes,retrans,dups,reordered,\
uncaptured,first,last,tuple_reused";

impl Truth {
    pub(crate) fn of(flow: &Flow) -> Self {
        let mut truth = Self {
            id: flow.id,
            ends: flow.ends,
            fate: flow.fate,
            packets: [0; 2],
            payload: [0; 2],
            stream: flow.stream,
            ip_bytes: 0,
            retransmissions: flow.mishaps.retransmissions,
            duplicates: flow.mishaps.duplicates,
            reordered: flow.mishaps.reordered,
            uncaptured: flow.mishaps.uncaptured,
            first: flow.packets.first().map_or(0, |packet| packet.time),
            last: flow.packets.last().map_or(0, |packet| packet.time),
            reused: flow.reused,
        };
        flow.packets.iter().for_each(|packet| truth.count(packet));
        truth
    }

    fn count(&mut self, packet: &Packet) {
        let side = packet.side as usize;
        self.packets[side] += 1;
        self.payload[side] += u64::from(packet.len);
        let ip = if self.ends.v6 { 40 } else { 20 };
        let extra: Extra = packet.extra;
        self.ip_bytes += ip + 20 + extra.len() as u64 + u64::from(packet.len);
    }
}

/// A line of comma-separated values, without its end.
impl fmt::Display for Truth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = |ip: u128| -> IpAddr {
            if self.ends.v6 { Ipv6Addr::from(ip).into() } else { Ipv4Addr::from(ip as u32).into() }
        };
        let (client, server) = (self.ends.client, self.ends.server);
        let version = if self.ends.v6 { 6 } else { 4 };
        write!(out, "{},{version},{},{},", self.id, address(client.0), client.1)?;
        write!(out, "{},{},{},{},", address(server.0), server.1, self.fate.name(), self.fate.handshake())?;
        for state in self.fate.states() {
            write!(out, "{state},")?;
        }
        for counts in [self.packets, self.payload, self.stream] {
            write!(out, "{},{},", counts[0], counts[1])?;
        }
        write!(out, "{},{},{},", self.ip_bytes, self.retransmissions, self.duplicates)?;
        write!(out, "{},{},", self.reordered, self.uncaptured)?;
        for time in [self.first, self.last] {
            write!(out, "{}.{:06},", time / SECOND, time % SECOND / 1000)?;
        }
        write!(out, "{}", u8::from(self.reused))
    }
}
