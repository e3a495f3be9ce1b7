//! Columns of `connections` for what stands beside a connection: names, tunnels, and what was written beside its packets.

use super::{Column, Value};
use crate::capture::Told;
use crate::case::{Facts, Judged};
use crate::tcp::Side;
use crate::wire::{NameFrom, Passage};
use std::net::IpAddr;

const SOURCES: [&str; NameFrom::ALL.len()] = names!(NameFrom);

pub(super) const BESIDE: &[Column<Judged>] = &[
    more!(
        "server_name",
        Kind::Text,
        "",
        "Name of the server, in lower case: as the client says it, else as DNS told it to the client before.",
        |row, facts| row.server_name(facts).map_or(Value::Null, |(_, name)| Value::text(name)),
    ),
    more!(
        "server_name_from",
        Kind::Enum(&SOURCES),
        "",
        "Who says that name: sni (TLS), http (the Host field) or dns (an answer about the address).",
        |row, facts| Value::name(row.server_name(facts).map(|(from, _)| from.name())),
    ),
    more!(
        "tunnel",
        Kind::Text,
        "",
        "Tunnels that the first packet came through (vxlan, gre, mpls ...), outermost first, joined by semicolons.",
        |row, facts| Value::text(joined(tunnels(row, facts), |passage| Some(passage.name.to_owned()))),
    ),
    more!(
        "tunnel_id",
        Kind::Text,
        "",
        "What these tunnels call the network inside (VNI, key, TEID, label), joined by semicolons; empty parts have none.",
        |row, facts| Value::text(identifiers(tunnels(row, facts))),
    ),
    more!(
        "client_outer_address",
        Kind::Text,
        "",
        "Of the client: address of the outermost tunnel's end on its side.",
        |row, facts| outer(row, facts, Side::Client),
    ),
    more!(
        "server_outer_address",
        Kind::Text,
        "",
        "Of the server: address of the outermost tunnel's end on its side.",
        |row, facts| outer(row, facts, Side::Server),
    ),
    more!(
        "pid",
        Kind::U32,
        "",
        "Number of the process that the capture names for a packet of the connection.",
        |row, facts| Value::number(told(row, facts).and_then(|told| told.process_id)),
    ),
    more!("process", Kind::Text, "", "Name of that process, as the capture has it.", |row, facts| {
        told(row, facts).and_then(|told| told.process.as_deref()).map_or(Value::Null, Value::text)
    }),
    more!(
        "comment",
        Kind::Text,
        "",
        "The comments that the capture has on packets of it, joined by semicolons, up to 512 characters.",
        |row, facts| told(row, facts).and_then(|told| told.comment.as_deref()).map_or(Value::Null, Value::text),
    ),
];

fn told<'a>(row: &Judged, facts: &'a Facts) -> Option<&'a Told> {
    match row.summary.aside.remark {
        0 => None,
        remark => row.beside(facts)?.remarks.get(remark),
    }
}

fn tunnels<'a>(row: &Judged, facts: &'a Facts) -> &'a [Passage] {
    match row.summary.aside.tunnels {
        0 => &[],
        tunnels => row.beside(facts).and_then(|beside| beside.tunnels.get(tunnels)).map_or(&[], |list| list),
    }
}

fn joined(tunnels: &[Passage], text: impl Fn(&Passage) -> Option<String>) -> String {
    tunnels.iter().map(|passage| text(passage).unwrap_or_default()).collect::<Vec<_>>().join(";")
}

fn identifiers(tunnels: &[Passage]) -> String {
    let known = tunnels.iter().any(|passage| passage.identifier.is_some());
    if known { joined(tunnels, |passage| passage.identifier.map(|number| number.to_string())) } else { String::new() }
}

/// The first packet tells both ends: its sender's is the side that sent it.
fn outer(row: &Judged, facts: &Facts, side: Side) -> Value<'static> {
    let ends: Option<(IpAddr, IpAddr)> = tunnels(row, facts).iter().find_map(|passage| passage.outer);
    let sends = row.summary.side_of(row.summary.first_way) == side;
    ends.map_or(Value::Null, |(source, destination)| Value::Ip(if sends { source } else { destination }))
}
