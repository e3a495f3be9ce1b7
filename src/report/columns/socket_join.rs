//! Columns of `sockets` for what a socket was joined with: the connection of a capture, the socket at the other end.

use super::socket::{STATES, host};
use super::{Column, Value};
use crate::case::Facts;
use crate::case::dump::Place;
use crate::case::join::{Disagreement, Joined, JoinedBy, Link, Offset, Placed, Placement, as_socket};
use crate::host::SocketState;

const DISAGREEMENTS: [&str; Disagreement::ALL.len() + 1] = {
    let mut names = ["no_packets"; Disagreement::ALL.len() + 1];
    let mut at = 0;
    while at < Disagreement::ALL.len() {
        names[at] = Disagreement::ALL[at].name();
        at += 1;
    }
    names
};

pub(super) const BASES: [&str; JoinedBy::ALL.len()] = names!(JoinedBy);

pub(super) const PLACED: [&str; Placed::ALL.len() + 1] =
    [Placed::Stated.name(), Placed::Aligned.name(), Placed::Contents.name(), "unplaced"];

pub(super) const JOINED: &[Column<Place>] = &[
    core!(
        "connection_id",
        Kind::Text,
        "",
        "Connection of the captures that the socket is, by flow and time; where several points saw it, in the one that agrees.",
        |place, facts| link(place, facts).map_or(Value::Null, |link| Value::Id(link.id)),
    ),
    core!("side", Kind::Enum(&["client", "server"]), "", "Which side of that connection it is.", |place, facts| {
        Value::name(link(place, facts).map(|link| link.side.name()))
    }),
    core!(
        "wire_state",
        Kind::Enum(&STATES),
        "",
        "State of that side as the packets show it at the time of the snapshot.",
        |place, facts| Value::name(link(place, facts).and_then(|link| link.wire).map(|state| as_socket(state).name())),
    ),
    core!(
        "disagreement",
        Kind::Enum(&DISAGREEMENTS),
        "",
        "How kernel and packets differ: reset_on_wire, closed_on_wire, other_state, or no_packets where a capture ran and has none of this flow.",
        |place, facts| Value::name(disagreement(place, facts)),
    ),
    core!("peer_host", Kind::Text, "", "Host of the dump that has the socket at the other end.", |place, facts| {
        peer(place, facts).and_then(|place| facts.dumps.block(place)).map_or(Value::Null, |(_, block)| host(block))
    }),
    core!("peer_state", Kind::Enum(&STATES), "", "State of the socket at the other end.", |place, facts| {
        let socket = peer(place, facts).and_then(|place| facts.dumps.socket(place));
        Value::name(socket.and_then(|(_, _, socket)| socket.state).map(SocketState::name))
    }),
    core!("peer_path", Kind::Text, "", "Path of the dump that has it.", |place, facts| {
        peer(place, facts)
            .and_then(|place| facts.dumps.block(place))
            .map_or(Value::Null, |(dump, _)| Value::text(dump.path.as_str()))
    }),
    core!("peer_line", Kind::U32, "", "Line in that dump, counted from 1.", |place, facts| {
        let socket = peer(place, facts).and_then(|place| facts.dumps.socket(place));
        Value::number(socket.map(|(_, _, socket)| socket.line))
    }),
];

pub(super) const MORE: &[Column<Place>] = &[
    more!(
        "peer_apart_s",
        Kind::Seconds,
        "s",
        "Time of the peer's snapshot less that of this one; absent where one of them has no time.",
        |place, facts| Value::difference(joined(place, facts).and_then(|joined| joined.peer?.apart)),
    ),
    more!(
        "joined_by",
        Kind::Enum(&BASES),
        "",
        "What joins socket and connection: flow, both addresses and ports; part, what the dump leaves of them, which fits one connection only; translation, addresses and ports as the connections that a firewall tracks translate them.",
        |place, facts| Value::name(link(place, facts).map(|link| link.by.name())),
    ),
    more!(
        "placed",
        Kind::Enum(&PLACED),
        "",
        "How the snapshot was placed on the capture's clock: stated (its own time), aligned (that, moved by the difference of the clocks), contents, or unplaced.",
        |place, facts| match placement(place, facts) {
            Some(placement) => Value::Name(placement.placed.name()),
            None => Value::name(joined(place, facts).filter(|_| !facts.points.is_empty()).map(|_| "unplaced")),
        },
    ),
    more!(
        "capture_time",
        Kind::Time,
        "",
        "When the snapshot was taken on the capture's clock, most likely.",
        |place, facts| Value::time(placement(place, facts).map(|placement| placement.time)),
    ),
    more!("capture_time_uncertainty_s", Kind::Seconds, "s", "How far that may be wrong.", |place, facts| {
        Value::seconds(placement(place, facts).map(|placement| placement.uncertainty()))
    }),
    more!(
        "clock_offset_s",
        Kind::Seconds,
        "s",
        "The capture's clock less the dump's, as sockets and packets together show it.",
        |place, facts| {
            let offset = placement(place, facts).and_then(|placement| placement.offset);
            Value::difference(offset.map(Offset::best))
        },
    ),
    more!("clock_offset_uncertainty_s", Kind::Seconds, "s", "How far that may be wrong.", |place, facts| {
        let offset = placement(place, facts).and_then(|placement| placement.offset);
        Value::seconds(offset.map(Offset::uncertainty))
    }),
];

fn joined<'a>(place: &Place, facts: &'a Facts) -> Option<&'a Joined> {
    facts.joins.socket(*place)
}

fn link<'a>(place: &Place, facts: &'a Facts) -> Option<&'a Link> {
    joined(place, facts)?.links.first()
}

fn peer(place: &Place, facts: &Facts) -> Option<Place> {
    Some(joined(place, facts)?.peer?.place)
}

/// On the clock of the point that the socket was joined in, else of the first that tells.
fn placement<'a>(place: &Place, facts: &'a Facts) -> Option<&'a Placement> {
    match link(place, facts) {
        Some(link) => facts.joins.placement(*place, link.point),
        None => facts.joins.placed(*place),
    }
}

fn disagreement(place: &Place, facts: &Facts) -> Option<&'static str> {
    let joined = joined(place, facts)?;
    let of_link = joined.links.first().and_then(|link| link.disagreement).map(Disagreement::name);
    of_link.or_else(|| joined.without_packets.then_some("no_packets"))
}
