//! Columns of `connections` that belong to the connection as a whole.

use super::super::community_id::community_id;
use super::side::of_side;
use super::{Column, Value};
use crate::case::{Facts as Known, Judged};
use crate::tcp::judgement::Caveats;
use crate::tcp::translate::{ZEEK_PORTS, wireshark_completeness, zeek, zeek_conn_state};
use crate::tcp::{Facts, Outcome, Side, State, Verdict};
use crate::time::Timestamp;

const OUTCOMES: [&str; Outcome::ALL.len()] = names!(Outcome);
const VERDICTS: [&str; Verdict::ALL.len()] = names!(Verdict);
const STATES: [&str; State::ALL.len()] = names!(State);
const HANDSHAKES: &[&str] =
    &["refused", "rejected", "challenged", "unanswered", "aborted", "half_open", "stalled", "complete", "unseen"];
const SIDES: &[&str] = &["client", "server"];
const CLOSERS: &[&str] = &["client", "server", "both"];
const RESET_PHASES: &[&str] = &["handshake", "after_fin", "before_data", "idle", "data"];
const RESET_KINDS: &[&str] = &["refusal", "no_socket", "abort"];
const RESET_ORIGINS: &[&str] = &["endpoint", "middlebox_suspected", "unknown"];
const ROLE_BASES: &[&str] = &["syn", "synack", "listener", "port", "first"];
const CONFIDENCES: &[&str] = &["certain", "probable", "ambiguous"];

/// Up to `last_time`; packets and bytes of both sides follow.
pub(super) const FIXED: &[Column<Judged>] = &[
    core!(
        "id",
        Kind::Text,
        "",
        "Identifies the connection in every run: made of addresses, first sequence number and first time.",
        |row, _| Value::Id(row.id()),
    ),
    core!("client_address", Kind::Text, "", "IP address of the side that opened the connection.", |row, _| {
        Value::Ip(row.client.ip())
    }),
    core!("client_port", Kind::U16, "", "TCP port of the side that opened the connection.", |row, _| {
        Value::Number(row.client.port.into())
    }),
    core!("server_address", Kind::Text, "", "IP address of the side that was called.", |row, _| {
        Value::Ip(row.server.ip())
    }),
    core!("server_port", Kind::U16, "", "TCP port of the side that was called.", |row, _| {
        Value::Number(row.server.port.into())
    }),
    core!(
        "outcome",
        Kind::Enum(&OUTCOMES),
        "",
        "What became of the connection: one label, the first that matches.",
        |row, _| Value::Name(row.outcome.name()),
    ),
    core!(
        "verdict",
        Kind::Enum(&VERDICTS),
        "",
        "The outcome in short: ok, failed, reset, unfinished or noise.",
        |row, _| Value::Name(row.outcome.verdict().name()),
    ),
    core!(
        "client_state",
        Kind::Enum(&STATES),
        "",
        "Last state of the client that the packets show, not aged.",
        |row, _| state(row, Side::Client),
    ),
    core!(
        "server_state",
        Kind::Enum(&STATES),
        "",
        "Last state of the server that the packets show, not aged.",
        |row, _| state(row, Side::Server),
    ),
    core!("handshake", Kind::Enum(HANDSHAKES), "", "How far the opening came.", |row, _| {
        Value::Name(row.judgement.handshake.name())
    }),
    core!("closed_by", Kind::Enum(CLOSERS), "", "Side that sent the first FIN; both if the FINs crossed.", |row, _| {
        Value::name(row.judgement.closed_by.map(|by| by.name()))
    }),
    core!("reset_by", Kind::Enum(SIDES), "", "Nominal sender of the RST that ended the connection.", |row, _| {
        Value::name(row.judgement.reset_by.map(Side::name))
    }),
    core!("reset_phase", Kind::Enum(RESET_PHASES), "", "What the connection was doing when it was reset.", |row, _| {
        Value::name(row.judgement.reset_phase.map(|phase| phase.name()))
    }),
    core!(
        "reset_kind",
        Kind::Enum(RESET_KINDS),
        "",
        "Refusal of a SYN, no_socket (the sender knew nothing of the connection) or abort by its program.",
        |row, _| Value::name(row.judgement.reset_kind.map(|kind| kind.name())),
    ),
    core!(
        "reset_origin",
        Kind::Enum(RESET_ORIGINS),
        "",
        "Whether the RST came from its nominal sender, by comparison with that side's other packets.",
        |row, _| Value::name(row.judgement.reset_origin.map(|origin| origin.name())),
    ),
    core!(
        "role_basis",
        Kind::Enum(ROLE_BASES),
        "",
        "How the client was told from the server: by SYN, SYN-ACK, known listener, port number or first packet.",
        |row, _| Value::Name(row.summary.role_basis.name()),
    ),
    core!(
        "icmp",
        Kind::Text,
        "",
        "Type and code of the ICMP error that quotes the connection, with v6 before those of ICMPv6.",
        |row, _| icmp(row),
    ),
    core!("vanished", Kind::Enum(SIDES), "", "Side that fell silent for good while the other repeated.", |row, _| {
        Value::name(row.judgement.vanished.map(Side::name))
    }),
    core!("state_age_s", Kind::Seconds, "s", "From the last change of a state to the end of the capture.", |row, _| {
        Value::seconds(row.judgement.state_age)
    }),
    core!(
        "confidence",
        Kind::Enum(CONFIDENCES),
        "",
        "How sure the outcome is; ambiguous means that another fits as well.",
        |row, _| Value::Name(row.judgement.confidence.name()),
    ),
    core!("caveats", Kind::Text, "", "What to know before relying on the row, joined by semicolons.", |row, _| {
        caveats(row)
    }),
    core!(
        "first_frame",
        Kind::U64,
        "frame",
        "Number of the first frame, counted over all files of the observation point.",
        |row, _| Value::Number(row.summary.first_frame),
    ),
    core!(
        "last_frame",
        Kind::U64,
        "frame",
        "Number of the last frame, counted over all files of the observation point.",
        |row, _| Value::Number(row.summary.last_frame),
    ),
    core!("first_time", Kind::Time, "", "Time of the first frame.", |row, _| Value::Time(row.summary.first)),
    core!("last_time", Kind::Time, "", "Time of the last frame.", |row, _| Value::Time(row.summary.last)),
];

pub(super) const CORE: &[Column<Judged>] = &[
    core!(
        "syn_count",
        Kind::U32,
        "packet",
        "SYNs of the client with this initial sequence number: tries of one connect call.",
        |row, _| of_side(row, Side::Client, |half| Value::Number(half.tries.into())),
    ),
    core!("refusals", Kind::U32, "packet", "RSTs that answered a SYN of this connection.", |row, _| {
        Value::Number(row.summary.refusals.into())
    }),
    core!("connect_s", Kind::Seconds, "s", "From the first SYN to the connection established.", |row, _| {
        between(row.summary.syn.get(), row.summary.established.get())
    }),
    core!(
        "close_wait_s",
        Kind::Seconds,
        "s",
        "How long the side that closed second sat in CLOSE_WAIT: from its acknowledgement of the peer's FIN to its own FIN, the RST or the end of the capture.",
        close_wait,
    ),
    core!(
        "first_byte_s",
        Kind::Seconds,
        "s",
        "From the acknowledgement of the client's first payload to the server's first payload.",
        |row, _| between(row.summary[Side::Client].first_data_acked.get(), row.summary[Side::Server].first_data.get()),
    ),
    core!(
        "accept_wait_s",
        Kind::Seconds,
        "s",
        "From the last ACK of the handshake to the server's first payload or acknowledgement of payload.",
        |row, _| accept_wait(row),
    ),
    core!(
        "unacked_s",
        Kind::Seconds,
        "s",
        "How long the oldest unacknowledged payload of either side had waited at the end of the connection or capture.",
        unacked,
    ),
    core!(
        "bytes_lost",
        Kind::U64,
        "byte",
        "Payload of both sides that was unacknowledged when the connection was reset.",
        |row, _| Value::number(row.judgement.bytes_lost),
    ),
    core!(
        "previous_id",
        Kind::Text,
        "",
        "The connection before this one on the same addresses and ports.",
        |row, _| row.previous_id().map_or(Value::Null, Value::Id),
    ),
    core!("next_id", Kind::Text, "", "The connection after this one on the same addresses and ports.", |row, _| {
        row.next_id().map_or(Value::Null, Value::Id)
    }),
];

pub(super) const MORE: &[Column<Judged>] = &[
    more!(
        "community_id",
        Kind::Text,
        "",
        "Flow hash that Zeek, Suricata and Arkime print as well: Community ID version 1, seed 0.",
        |row, _| Value::text(community_id(row.client, row.server)),
    ),
    more!(
        "point",
        Kind::Text,
        "",
        "Observation point: the chain of capture files that the connection was seen in.",
        |row, known| {
            known.points.get(row.summary.point as usize).map_or(Value::Null, |point| Value::text(point.name.as_str()))
        },
    ),
    more!("first_file", Kind::Text, "", "File that holds the first frame.", |row, known| {
        row.first_place(known).map_or(Value::Null, |(path, _)| Value::text(path))
    }),
    more!(
        "first_file_frame",
        Kind::U64,
        "frame",
        "Number of the first frame within its file, as Wireshark counts.",
        |row, known| Value::number(row.first_place(known).map(|(_, frame)| frame)),
    ),
    more!("last_file", Kind::Text, "", "File that holds the last frame.", |row, known| {
        row.last_place(known).map_or(Value::Null, |(path, _)| Value::text(path))
    }),
    more!(
        "last_file_frame",
        Kind::U64,
        "frame",
        "Number of the last frame within its file, as Wireshark counts.",
        |row, known| Value::number(row.last_place(known).map(|(_, frame)| frame)),
    ),
    more!("ip_version", Kind::U8, "", "Version of IP: 4 or 6.", |row, _| {
        Value::Number(if row.client.ip().is_ipv4() { 4 } else { 6 })
    }),
    more!("vlan", Kind::U16, "", "Outermost VLAN identifier of the first frame.", |row, _| {
        Value::number(Some(row.summary.vlan).filter(|&vlan| vlan != 0))
    }),
    more!(
        "pattern",
        Kind::Text,
        "",
        "First 8 and last 4 packets: > by the client, < by the server, then flags (S F R A U) and P for payload.",
        |row, _| Value::text(row.summary.pattern.print(row.summary.client_way)),
    ),
    more!(
        "zeek_conn_state",
        Kind::Text,
        "",
        "What Zeek would log as conn_state (S0, SF, REJ ...), by its own definition, had it no timers.",
        |row, _| Value::text(zeek_conn_state(&row.summary, ZEEK_PORTS)),
    ),
    more!(
        "zeek_history",
        Kind::Text,
        "",
        "What Zeek would log as history, 24 letters at most; upper case: its originator, which may be our server.",
        |row, _| Value::text(zeek(&row.summary, ZEEK_PORTS).history),
    ),
    more!(
        "wireshark_completeness",
        Kind::U64,
        "",
        "Wireshark's tcp.completeness: SYN 1, SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32, whichever side.",
        |row, _| Value::number(Some(wireshark_completeness(&row.summary))),
    ),
    more!("idle_max_s", Kind::Seconds, "s", "Longest time without any packet between two packets.", |row, _| {
        Value::seconds(Some(row.summary.idle_max))
    }),
    more!("syn_time", Kind::Time, "", "Time of the client's first SYN.", |row, _| Value::moment(row.summary.syn)),
    more!("synack_time", Kind::Time, "", "Time of the server's first acceptable SYN-ACK.", |row, _| {
        Value::moment(row.summary.synack)
    }),
    more!(
        "ack_time",
        Kind::Time,
        "",
        "Time of the last ACK of the handshake: the client's last one before the server's first own segment.",
        |row, _| Value::moment(row.summary.handshake_ack),
    ),
    more!("established_time", Kind::Time, "", "Time from which both sides know of the connection.", |row, _| {
        Value::moment(row.summary.established)
    }),
    more!(
        "syn_to_synack_s",
        Kind::Seconds,
        "s",
        "From the first SYN to the SYN-ACK: round trip from the observation point to the server and back, repeated SYNs included.",
        |row, _| between(row.summary.syn.get(), row.summary.synack.get()),
    ),
    more!(
        "synack_to_ack_s",
        Kind::Seconds,
        "s",
        "From the SYN-ACK to its acknowledgement: round trip from the observation point to the client and back.",
        |row, _| between(row.summary.synack.get(), row.summary.established.get()),
    ),
    more!("reset_time", Kind::Time, "", "Time of the RST that ended the connection.", |row, _| {
        Value::time(row.ending_reset().map(|reset| reset.time))
    }),
    more!("reset_frame", Kind::U64, "frame", "Frame of the RST that ended the connection.", |row, _| {
        Value::number(row.ending_reset().map(|reset| reset.frame))
    }),
    more!("icmp_time", Kind::Time, "", "Time of the ICMP error.", |row, _| {
        Value::time(row.judgement.icmp.map(|icmp| icmp.time))
    }),
    more!("icmp_frame", Kind::U64, "frame", "Frame of the ICMP error.", |row, _| {
        Value::number(row.judgement.icmp.map(|icmp| icmp.frame))
    }),
    more!("reset_ignored", Kind::Bool, "", "A RST passed that its target need not have accepted.", |row, _| {
        fact(row, Facts::RST_IGNORED)
    }),
    more!(
        "reset_taken_back",
        Kind::Bool,
        "",
        "A RST passed that its nominal sender went on after, as if it had not sent it.",
        |row, _| fact(row, Facts::RST_TAKEN_BACK),
    ),
    more!("simultaneous_open", Kind::Bool, "", "Both sides sent a SYN without ACK.", |row, _| {
        fact(row, Facts::SIMULTANEOUS)
    }),
    more!("fast_open", Kind::Bool, "", "TCP Fast Open was asked for or used (RFC 7413).", |row, _| {
        fact(row, Facts::FAST_OPEN)
    }),
    more!("mptcp", Kind::Bool, "", "The SYN offered Multipath TCP (RFC 8684).", |row, _| fact(row, Facts::MPTCP)),
    more!("ecn_setup", Kind::Bool, "", "The SYN asked for explicit congestion notification (RFC 3168).", |row, _| {
        fact(row, Facts::ECN_SETUP)
    }),
];

fn fact(row: &Judged, fact: Facts) -> Value<'_> {
    Value::Bool(row.summary.has(fact))
}

fn state(row: &Judged, side: Side) -> Value<'_> {
    Value::name(row.judgement.states[side as usize].map(State::name))
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Value<'static> {
    Value::seconds(from.zip(to).map(|(from, to)| to.since(from)))
}

fn icmp(row: &Judged) -> Value<'_> {
    row.judgement.icmp.map_or(Value::Null, |icmp| {
        let version = if icmp.kind.v6 { "v6 " } else { "" };
        Value::text(format!("{version}{}/{}", icmp.kind.kind, icmp.kind.code))
    })
}

fn caveats(row: &Judged) -> Value<'_> {
    let caveats = row.judgement.caveats;
    match caveats.0.count_ones() {
        0 => Value::Null,
        // One is the usual case, and needs no new text.
        1 => Caveats::NAMES.get(caveats.0.trailing_zeros() as usize).map_or(Value::Null, |&name| Value::text(name)),
        _ => Value::text(caveats.print()),
    }
}

fn close_wait<'a>(row: &'a Judged, known: &'a Known) -> Value<'a> {
    let second = row
        .summary
        .sides
        .iter()
        .find(|half| half.teardown.fin_received && (!half.teardown.fin_sent || half.teardown.closed_second));
    second.map_or(Value::Null, |half| {
        between(half.fin_received.get(), Some(half.fin.get().unwrap_or_else(|| row.watched_until(known))))
    })
}

fn accept_wait(row: &Judged) -> Value<'_> {
    let first = [row.summary[Side::Server].first_data.get(), row.summary[Side::Client].first_data_acked.get()];
    between(row.summary.handshake_ack.get(), first.into_iter().flatten().min())
}

fn unacked<'a>(row: &'a Judged, known: &'a Known) -> Value<'a> {
    let waiting = row.summary.sides.iter().filter(|half| half.packets > 0 && half.unacknowledged() > 0);
    let since = waiting.filter_map(|half| half.unacked_since.get()).min();
    Value::seconds(since.map(|since| row.watched_until(known).since(since)))
}
