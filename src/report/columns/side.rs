//! Columns of `connections` that exist once for the client and once for the server.

use super::{Column, Value};
use crate::case::{Facts as Known, Judged};
use crate::tcp::{Half, Side};
use crate::time::Span;

/// Pairs of columns `client_NAME` and `server_NAME`, of what one [`Half`] says.
macro_rules! pairs {
    ($core:literal: $(($name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        &[$(
            column!(
                $core, concat!("client_", $name), Kind::$kind $(($names))?, $unit, concat!("Of the client: ", $doc),
                |row, _| of_side(row, Side::Client, $get)
            ),
            column!(
                $core, concat!("server_", $name), Kind::$kind $(($names))?, $unit, concat!("Of the server: ", $doc),
                |row, _| of_side(row, Side::Server, $get)
            ),
        )*]
    };
}

pub(super) const FIXED: &[Column<Judged>] = pairs![true:
    ("packets", Kind::U32, "packet", "packets sent.", |half| Value::Number(half.packets.into())),
    ("bytes", Kind::U64, "byte", "payload sent, each byte once, by sequence number.", |half| Value::Number(half.bytes)),
];

pub(super) const MORE: &[Column<Judged>] = pairs![false:
    ("payload_carried_bytes", Kind::U64, "byte", "payload in all packets, retransmissions included.", |half| Value::Number(half.carried)),
    ("wire_bytes", Kind::U64, "byte", "frames on the wire, all headers included.", |half| Value::Number(half.wire_bytes)),
    ("unseen_bytes", Kind::U64, "byte", "payload that was acknowledged but never captured.", |half| Value::Number(half.gap_bytes)),
    ("unacked_bytes", Kind::U64, "byte", "payload that was never acknowledged.", |half| Value::Number(half.unacknowledged())),
    ("syn_count", Kind::U32, "packet", "packets with SYN, those with ACK included.", |half| Value::Number(u64::from(half.syns) + u64::from(half.synacks))),
    ("fin_count", Kind::U32, "packet", "packets with FIN.", |half| Value::Number(half.fins.into())),
    ("rst_count", Kind::U32, "packet", "packets with RST.", |half| Value::Number(half.rsts.into())),
    ("retransmissions_timeout", Kind::U32, "packet", "segments sent again after a time-out.", |half| Value::Number(half.retransmissions_timeout.into())),
    ("retransmissions_fast", Kind::U32, "packet", "segments sent again because of duplicate or selective acknowledgements.", |half| Value::Number(half.retransmissions_fast.into())),
    ("retransmissions_spurious", Kind::U32, "packet", "retransmissions of which the peer said that it had the data already.", |half| Value::Number(half.retransmissions_spurious.into())),
    ("most_repeats", Kind::U32, "packet", "how often the most repeated segment was sent again.", |half| Value::Number(half.most_repeats.into())),
    ("keep_alives", Kind::U32, "packet", "keep-alive probes sent.", |half| Value::Number(half.keep_alives.into())),
    ("window_probes", Kind::U32, "packet", "probes sent into the peer's closed window.", |half| Value::Number(half.window_probes.into())),
    ("reordered", Kind::U32, "packet", "segments that arrived out of order.", |half| Value::Number(half.reordered.into())),
    ("duplicates_network", Kind::U32, "packet", "packets that the network delivered twice.", |half| Value::Number(half.duplicates_network.into())),
    ("duplicates_capture", Kind::U32, "packet", "packets that were captured twice.", |half| Value::Number(half.duplicates_capture.into())),
    ("duplicate_acks", Kind::U32, "packet", "duplicate acknowledgements sent.", |half| Value::Number(half.duplicate_acks.into())),
    ("zero_windows", Kind::U32, "", "how often it closed its receive window.", |half| Value::Number(half.zero_windows.into())),
    ("min_window_bytes", Kind::U32, "byte", "smallest receive window announced after the handshake, scaled as far as the scale is known.", |half| Value::number(half.min_window)),
    ("window_scale", Kind::U8, "", "shift count of the window scale option (RFC 7323).", |half| Value::number(half.window_scale)),
    ("mss_bytes", Kind::U16, "byte", "maximum segment size announced with its SYN.", |half| Value::number(half.mss)),
    ("sack_permitted", Kind::Bool, "", "its SYN permitted selective acknowledgements (RFC 2018).", sack_permitted),
    ("timestamps", Kind::Bool, "", "its SYN carried the timestamps option (RFC 7323).", timestamps),
    ("ttl_min", Kind::U8, "", "lowest TTL or hop limit of its packets, RSTs aside.", |half| ttl(half, half.ttl_min)),
    ("ttl_max", Kind::U8, "", "highest TTL or hop limit of its packets, RSTs aside.", |half| ttl(half, half.ttl_max)),
    ("rtt_min_s", Kind::Seconds, "s", "shortest round trip of its segments, from the observation point to the peer and back.", |half| Value::seconds(half.rtt.min())),
    ("rtt_median_s", Kind::Seconds, "s", "median round trip of its segments, from logarithmic buckets: at most a factor of 1.42 off.", |half| Value::seconds(half.rtt.median())),
    ("rtt_max_s", Kind::Seconds, "s", "longest round trip of its segments, from the observation point to the peer and back.", |half| Value::seconds(half.rtt.max())),
    ("first_data_time", Kind::Time, "", "time of its first payload.", |half| Value::moment(half.first_data)),
    ("last_data_time", Kind::Time, "", "time of its last payload.", |half| Value::moment(half.last_data)),
    ("fin_time", Kind::Time, "", "time of its first FIN.", |half| Value::moment(half.fin)),
    ("fin_frame", Kind::U64, "frame", "frame of its first FIN.", |half| Value::number(half.fin.get().map(|_| half.fin_frame))),
];

/// Columns of a side that need to know when the capture ended.
pub(super) const AGED: &[Column<Judged>] = &[
    more!(
        "client_zero_window_s",
        Kind::Seconds,
        "s",
        "Of the client: how long its receive window was closed, altogether.",
        |row, known| zero_window(row, known, Side::Client),
    ),
    more!(
        "server_zero_window_s",
        Kind::Seconds,
        "s",
        "Of the server: how long its receive window was closed, altogether.",
        |row, known| zero_window(row, known, Side::Server),
    ),
];

/// A cell of one side, null if nothing of that side was seen.
#[inline(always)]
pub(super) fn of_side(row: &Judged, side: Side, get: impl Fn(&Half) -> Value<'static>) -> Value<'static> {
    let half = &row.summary[side];
    if half.packets == 0 { Value::Null } else { get(half) }
}

/// Options stand in a SYN: without one nothing is known of them.
fn sack_permitted(half: &Half) -> Value<'static> {
    if half.syns + half.synacks == 0 { Value::Null } else { Value::Bool(half.sack_permitted) }
}

fn timestamps(half: &Half) -> Value<'static> {
    if half.syns + half.synacks == 0 { Value::Null } else { Value::Bool(half.timestamps) }
}

/// Not known of a side that sent nothing but RSTs.
fn ttl(half: &Half, ttl: u8) -> Value<'static> {
    if half.ttl_min > half.ttl_max || ttl == 0 { Value::Null } else { Value::Number(ttl.into()) }
}

fn zero_window(row: &Judged, known: &Known, side: Side) -> Value<'static> {
    of_side(row, side, |half| {
        let open = half.zero_window_since.get().map_or(Span(0), |since| row.watched_until(known).since(since));
        Value::seconds(Some(Span(half.zero_window_time.0.saturating_add(open.0.max(0)))))
    })
}
