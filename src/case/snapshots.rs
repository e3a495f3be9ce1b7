//! How many sockets of each host are in which state: its largest snapshot, whether the dump shows the sockets or somebody
//! counted them.

use super::dump::Dumps;
use crate::host::{Block, SocketState};
use std::collections::BTreeMap;

/// The sockets of one snapshot by state.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<'a> {
    pub host: Option<&'a str>,
    pub path: &'a str,
    pub block: &'a Block,
    /// The most frequent first. A state is absent where the dump has no such column.
    pub states: Vec<(Option<SocketState>, u64)>,
}

impl Snapshot<'_> {
    pub fn sockets(&self) -> u64 {
        self.states.iter().map(|(_, sockets)| sockets).sum()
    }
}

/// Of each host the snapshot with most sockets, of equal ones the last; hosts by name, what names none first.
pub fn largest(dumps: &Dumps) -> Vec<Snapshot<'_>> {
    let mut hosts: BTreeMap<Option<&str>, (Snapshot<'_>, u64)> = BTreeMap::new();
    for (dump, block) in dumps.0.iter().flat_map(|dump| dump.document.blocks.iter().map(move |block| (dump, block))) {
        let states = states(block);
        if states.is_empty() {
            continue;
        }
        let host = block.host.as_deref();
        let snapshot = Snapshot { host, path: &dump.path, block, states };
        let sockets = snapshot.sockets();
        let time = |snapshot: &Snapshot<'_>| snapshot.block.stamp().map(|stamp| stamp.time);
        match hosts.get(&host) {
            Some((best, most)) if (*most, time(best)) > (sockets, time(&snapshot)) => {}
            _ => drop(hosts.insert(host, (snapshot, sockets))),
        }
    }
    hosts.into_values().map(|(snapshot, _)| snapshot).collect()
}

fn states(block: &Block) -> Vec<(Option<SocketState>, u64)> {
    let mut counts: BTreeMap<Option<SocketState>, u64> = BTreeMap::new();
    let shown = block.found.sockets.iter().map(|socket| (socket.state, 1));
    let counted = block.found.state_counts.iter().map(|counted| (Some(counted.state), counted.count));
    for (state, sockets) in shown.chain(counted) {
        let sum = counts.entry(state).or_default();
        *sum = sum.saturating_add(sockets);
    }
    let mut states: Vec<_> = counts.into_iter().collect();
    states.sort_by_key(|&(_, sockets)| std::cmp::Reverse(sockets));
    states
}
