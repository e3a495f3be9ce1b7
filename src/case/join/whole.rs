//! Connections without a socket: what a snapshot that lists all sockets of a host does not list.

use super::clock::SLACK;
use super::{Joins, index};
use crate::case::Judged;
use crate::case::dump::Dumps;
use crate::host::{Block, Family};
use crate::tcp::history::history;
use crate::tcp::{Side, State};
use std::collections::HashMap;

/// Formats whose commands list the sockets of all processes, whoever runs them.
const OF_ALL: [&str; 4] = ["ss", "netstat", "powershell", "tcpview"];
/// Words of a command that leave sockets out.
const LEAVE_OUT: [&str; 13] = [
    "-4",
    "-6",
    "|",
    "grep",
    "findstr",
    "state",
    "sport",
    "dport",
    "dst",
    "src",
    "-State",
    "-LocalPort",
    "-RemotePort",
];

/// Snapshots by the addresses of their host.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole(HashMap<u128, Vec<(u32, u32)>>);

impl Whole {
    pub fn of(dumps: &Dumps, joins: &Joins) -> Self {
        let mut all: HashMap<u128, Vec<(u32, u32)>> = HashMap::new();
        let several = dumps.are_of_several_hosts();
        for joined in joins.sockets.iter().filter(|joined| !joined.links.is_empty()) {
            let Some((_, block, socket)) = dumps.socket(joined.place) else { continue };
            let Some((local, _)) = index::ends(socket).filter(|_| is_whole(block)) else { continue };
            if several && local.ip().is_loopback() {
                continue;
            }
            let snapshots = all.entry(local.ip).or_default();
            let snapshot = (joined.place.dump, joined.place.block);
            if snapshots.last() != Some(&snapshot) {
                snapshots.push(snapshot);
            }
        }
        Self(all)
    }

    pub fn without(&self, joins: &Joins, row: &Judged, side: Side) -> Option<(u32, u32)> {
        let address = if side == Side::Client { row.client } else { row.server };
        let snapshots = self.0.get(&address.ip)?;
        // What an application holds open does not go by itself, other than what waits for a timer.
        let turns = history(&row.summary, &row.judgement, side);
        let open = turns.iter().position(|turn| matches!(turn.state, State::Established | State::CloseWait))?;
        let later = turns.iter().skip(open);
        let closed = later.clone().find(|turn| !matches!(turn.state, State::Established | State::CloseWait));
        // After its last packet nobody knows how long it lasted.
        let until = closed.map_or(row.summary.last, |turn| turn.at.min(row.summary.last));
        let since = later.map(|turn| turn.at.max(row.summary.first)).next()?;
        let listed = |snapshot: &(u32, u32)| {
            joins.of(row, side).any(|(joined, _)| (joined.place.dump, joined.place.block) == *snapshot)
        };
        let was_open = |snapshot: &&(u32, u32)| {
            let placements = joins.placements.get(*snapshot).into_iter().flatten();
            let here = placements.filter(|placement| placement.point == row.summary.point);
            let mut during = here.map(|placement| placement.during.widened(SLACK));
            during.any(|during| since < during.from && during.to < until)
        };
        snapshots.iter().filter(was_open).find(|snapshot| !listed(snapshot)).copied()
    }
}

/// Nothing that the dump shows says that sockets were left out.
fn is_whole(block: &Block) -> bool {
    let command = block.command.as_deref().unwrap_or_default();
    let of_all = OF_ALL.iter().any(|name| block.format.starts_with(name));
    // Rows without a header above them may be what somebody picked out.
    let headed = block.found.sockets.first().is_some_and(|socket| socket.line > block.first_line);
    // IPv4 connections may be held by IPv6 sockets, which a listing of IPv4 alone leaves out.
    let of_both = block.found.sockets.iter().any(|socket| socket.family != Family::V4);
    of_all && headed && of_both && block.found.odd.count == 0 && !LEAVE_OUT.iter().any(|word| command.contains(word))
}
