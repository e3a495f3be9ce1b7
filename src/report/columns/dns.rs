//! Columns of `dns`: one row a question, by who asked whom for what.

use super::around::{PointRow, joined, rows};
use super::{Column, Value};
use crate::case::Facts;
use crate::case::around::{DnsRow, DnsState};
use crate::record_type;
use crate::wire::dns::{Transport, code_name};

const STATES: [&str; DnsState::ALL.len()] = names!(DnsState);
const TRANSPORTS: [&str; Transport::ALL.len()] = names!(Transport);

/// All rows of `dns`, by point and first frame.
pub fn dns(facts: &Facts) -> Vec<PointRow> {
    rows(facts, |point| point.around.dns.rows.len())
}

/// The columns of `dns`, in their order; all are core.
pub static DNS: &[Column<PointRow>] = &[
    core!("name", Kind::Text, "", "Name asked for, in lower case; odd bytes as \\DDD.", |row, facts| {
        of(row, facts, |dns| Value::text(&*dns.name))
    }),
    core!("type", Kind::Text, "", "Type of the record asked for: A, AAAA, PTR, SRV ...", |row, facts| {
        of(row, facts, |dns| Value::text(record_type::name(dns.kind)))
    }),
    core!(
        "state",
        Kind::Enum(&STATES),
        "",
        "Unanswered, failed (errors only), empty (no error and no record) or answered; null where nobody had to answer.",
        |row, facts| of(row, facts, |dns| Value::name(dns.state().map(DnsState::name))),
    ),
    core!("code", Kind::Text, "", "The last error: NXDOMAIN (no such name), SERVFAIL, REFUSED ...", |row, facts| {
        of(row, facts, |dns| dns.failure.map_or(Value::Null, |code| Value::text(code_name(code))))
    }),
    core!("client_address", Kind::Text, "", "IP address that asked.", |row, facts| {
        of(row, facts, |dns| Value::Ip(dns.client))
    }),
    core!("server_address", Kind::Text, "", "IP address that was asked.", |row, facts| {
        of(row, facts, |dns| Value::Ip(dns.server))
    }),
    core!(
        "transport",
        Kind::Enum(&TRANSPORTS),
        "",
        "How it was asked: UDP or TCP port 53, or multicast port 5353.",
        |row, facts| of(row, facts, |dns| Value::Name(dns.transport.name())),
    ),
    core!("asked", Kind::U64, "packet", "Questions sent, repeats included.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.asked.into()))
    }),
    core!("answered", Kind::U64, "packet", "Answers, errors included.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.answered.into()))
    }),
    core!(
        "unanswered",
        Kind::U64,
        "packet",
        "Questions that no answer came to within five minutes, or before the end.",
        |row, facts| of(row, facts, |dns| Value::Number(dns.unanswered.into())),
    ),
    core!("failed", Kind::U64, "packet", "Answers that are errors.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.failed.into()))
    }),
    core!("empty", Kind::U64, "packet", "Answers without error and without records.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.empty.into()))
    }),
    core!("truncated", Kind::U64, "packet", "Answers that did not fit a datagram.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.truncated.into()))
    }),
    core!("addresses", Kind::Text, "", "Addresses told, the first 16, joined by semicolons.", |row, facts| {
        of(row, facts, |dns| joined(&dns.addresses))
    }),
    core!("answer_max_s", Kind::Seconds, "s", "Longest time from a question to its answer.", |row, facts| {
        of(row, facts, |dns| Value::seconds(dns.answer_max))
    }),
    core!("first_time", Kind::Time, "", "Time of the earliest message.", |row, facts| {
        of(row, facts, |dns| Value::Time(dns.first))
    }),
    core!("last_time", Kind::Time, "", "Time of the latest message.", |row, facts| {
        of(row, facts, |dns| Value::Time(dns.last))
    }),
    core!("first_frame", Kind::U64, "frame", "Frame of the first message, counted over the point.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.first_frame))
    }),
    core!("last_frame", Kind::U64, "frame", "Frame of the last message, counted over the point.", |row, facts| {
        of(row, facts, |dns| Value::Number(dns.last_frame))
    }),
    core!("point", Kind::Text, "", "Observation point where this was seen.", |row, facts| row.point(facts)),
];

fn of<'a>(row: &PointRow, facts: &'a Facts, get: impl Fn(&'a DnsRow) -> Value<'a>) -> Value<'a> {
    facts.points.get(row.point).and_then(|point| point.around.dns.rows.get(row.row)).map_or(Value::Null, get)
}
