//! The sockets of all dumps that have a peer, found by flow: what a connection is looked up in while the rows go by.

use super::opened::Opened;
use super::part::{self, Part};
use super::translated::Translations;
use crate::case::Dumps;
use crate::case::dump::Place;
use crate::host::{Socket, SocketAddress};
use crate::tcp::Summary;
use crate::wire::{Address, FlowKey};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// By what a socket is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Both ends are known: number of the flow.
    Flow(u32),
    /// Something of them is cut off or masked: number among the keys of such sockets.
    Part(u32),
}

/// A socket that has a peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub place: Place,
    pub key: Key,
}

/// A pair of addresses between which sockets are.
#[derive(Debug, Default)]
struct Pair {
    /// Connections between them, of all captures.
    connections: AtomicU64,
}

/// All sockets that have a peer, found by flow.
#[derive(Debug, Default)]
pub struct Index {
    /// In the order of files and lines.
    pub(super) sockets: Vec<Known>,
    /// Sockets of each flow, by its number; of each key of incomplete sockets.
    pub(super) of_flow: Vec<Vec<u32>>,
    pub(super) of_part: Vec<Vec<u32>>,
    flows: HashMap<FlowKey, u32>,
    parts: HashMap<Part, u32>,
    pairs: HashMap<(u128, u128), Pair>,
    pub(super) translations: Arc<Translations>,
    /// What counters tell of clocks.
    pub(super) opened: Opened,
}

/// The end as an address, if all of it is known.
pub(super) fn full(end: &SocketAddress) -> Option<Address> {
    let ip = end.host.ip().filter(|ip| !ip.is_unspecified())?;
    Some(Address::new(ip, end.port.number()?))
}

/// Local and remote address, if all of both is known.
pub(super) fn ends(socket: &Socket) -> Option<(Address, Address)> {
    Some((full(&socket.local)?, full(&socket.remote)?))
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The number that a key has, or is given now.
fn numbered<K: Eq + std::hash::Hash>(numbers: &mut HashMap<K, u32>, lists: &mut Vec<Vec<u32>>, key: K) -> u32 {
    let next = number(lists.len());
    let number = *numbers.entry(key).or_insert(next);
    if number == next {
        lists.push(Vec::new());
    }
    number
}

impl Index {
    /// `None` if no dump has a socket with a peer: then there is nothing to join.
    pub fn new(dumps: &Dumps) -> Option<Self> {
        let mut index =
            Self { translations: Arc::new(Translations::new(dumps)), opened: Opened::new(dumps), ..Self::default() };
        for place in dumps.places(|block| block.found.sockets.len()) {
            let Some((_, _, socket)) = dumps.socket(place) else { continue };
            let key = if let Some((local, remote)) = ends(socket) {
                let flow = FlowKey::new(local, remote).0;
                index.pairs.entry((flow.low.ip, flow.high.ip)).or_default();
                for (local, remote) in index.translated(dumps, place) {
                    numbered(&mut index.flows, &mut index.of_flow, FlowKey::new(local, remote).0);
                }
                Key::Flow(numbered(&mut index.flows, &mut index.of_flow, flow))
            } else if let Some(part) = part::key(socket) {
                Key::Part(numbered(&mut index.parts, &mut index.of_part, part))
            } else {
                continue;
            };
            let list = match key {
                Key::Flow(flow) => index.of_flow.get_mut(flow as usize),
                Key::Part(part) => index.of_part.get_mut(part as usize),
            };
            if let Some(list) = list {
                list.push(number(index.sockets.len()));
                index.sockets.push(Known { place, key });
            }
        }
        (!index.sockets.is_empty()).then_some(index)
    }

    /// Both ends of a socket as others see them, where firewalls between translate its addresses.
    pub(super) fn translated(&self, dumps: &Dumps, place: Place) -> Vec<(Address, Address)> {
        let Some((_, block, socket)) = dumps.socket(place) else { return Vec::new() };
        let at = block.stamp().map(|stamp| stamp.time);
        ends(socket).map_or_else(Vec::new, |(local, remote)| self.translations.of(local, remote, at))
    }

    /// Whether a connection may be that of a socket; every connection is to be asked for, once, in any order.
    pub fn wants(&self, summary: &Summary) -> bool {
        let [a, b] = summary.ends.map(Address::from);
        let flow = FlowKey::new(a, b).0;
        if let Some(pair) = self.pairs.get(&(flow.low.ip, flow.high.ip)) {
            pair.connections.fetch_add(1, Ordering::Relaxed);
        }
        self.flows.contains_key(&flow)
            || part::keys(a, b).iter().any(|key| self.parts.contains_key(key))
            || self.opened.wants(summary)
    }

    /// Number of the flow between two addresses, if a socket has it.
    pub(super) fn flow(&self, a: Address, b: Address) -> Option<u32> {
        self.flows.get(&FlowKey::new(a, b).0).copied()
    }

    /// Numbers of the keys of incomplete sockets that may be one between these addresses.
    pub(super) fn parts(&self, a: Address, b: Address) -> impl Iterator<Item = u32> {
        let keys = if self.parts.is_empty() { [None; 3] } else { part::keys(a, b).map(Some) };
        keys.into_iter().flatten().filter_map(|key| self.parts.get(&key).copied())
    }

    /// Connections that the captures have between the addresses of a socket; `None` if these are not known.
    pub(super) fn connections_of_pair(&self, socket: &Socket) -> Option<u64> {
        let (local, remote) = ends(socket)?;
        let flow = FlowKey::new(local, remote).0;
        self.pairs.get(&(flow.low.ip, flow.high.ip)).map(|pair| pair.connections.load(Ordering::Relaxed))
    }
}
