//! Columns of `arp`: one row an address that somebody asked for or told of.

use super::around::{PointRow, joined, rows};
use super::{Column, Value};
use crate::case::Facts;
use crate::case::around::{ArpRow, ArpState};

const STATES: [&str; ArpState::ALL.len()] = names!(ArpState);

/// All rows of `arp`, by point and first frame.
pub fn arp(facts: &Facts) -> Vec<PointRow> {
    rows(facts, |point| point.around.arp.rows.len())
}

/// The columns of `arp`, in their order; all are core.
pub static ARP: &[Column<PointRow>] = &[
    core!("address", Kind::Text, "", "IP address that was asked for or told of.", |row, facts| {
        of(row, facts, |arp| Value::Ip(arp.address))
    }),
    core!(
        "state",
        Kind::Enum(&STATES),
        "",
        "Answered, unanswered, answered_by_two (several hardware addresses claim it), announced or probed (nobody asked).",
        |row, facts| of(row, facts, |arp| Value::Name(arp.state().name())),
    ),
    core!("asked", Kind::U64, "packet", "Questions of somebody who wants to send there.", |row, facts| {
        of(row, facts, |arp| Value::Number(arp.asked))
    }),
    core!(
        "answered",
        Kind::U64,
        "packet",
        "Answers captured; a switch shows other hosts' questions and hides the answers to them.",
        |row, facts| of(row, facts, |arp| Value::Number(arp.answered)),
    ),
    core!("unanswered", Kind::U64, "packet", "Questions after the last answer or announcement.", |row, facts| {
        of(row, facts, |arp| Value::Number(arp.unanswered))
    }),
    core!("announced", Kind::U64, "packet", "Messages by which its owner told everybody.", |row, facts| {
        of(row, facts, |arp| Value::Number(arp.announced))
    }),
    core!(
        "probed",
        Kind::U64,
        "packet",
        "Questions of somebody who wants the address and makes sure that nobody has it: silence is good.",
        |row, facts| of(row, facts, |arp| Value::Number(arp.probed)),
    ),
    core!("asked_by", Kind::Text, "", "Who asked, the first 8, joined by semicolons.", |row, facts| {
        of(row, facts, |arp| joined(&arp.askers))
    }),
    core!(
        "hardware_addresses",
        Kind::Text,
        "",
        "Hardware addresses that answered or announced, the first 4, joined by semicolons.",
        |row, facts| of(row, facts, |arp| Value::text(arp.hardware.iter().map(hardware).collect::<Vec<_>>().join(";"))),
    ),
    core!("answer_max_s", Kind::Seconds, "s", "Longest time from a question to the next answer.", |row, facts| {
        of(row, facts, |arp| Value::seconds(arp.answer_max))
    }),
    core!("first_time", Kind::Time, "", "Time of the earliest message about it.", |row, facts| {
        of(row, facts, |arp| Value::Time(arp.first))
    }),
    core!("last_time", Kind::Time, "", "Time of the latest message about it.", |row, facts| {
        of(row, facts, |arp| Value::Time(arp.last))
    }),
    core!("first_frame", Kind::U64, "frame", "Frame of the first message, counted over the point.", |row, facts| {
        of(row, facts, |arp| Value::Number(arp.first_frame))
    }),
    core!("last_frame", Kind::U64, "frame", "Frame of the last message, counted over the point.", |row, facts| {
        of(row, facts, |arp| Value::Number(arp.last_frame))
    }),
    core!("point", Kind::Text, "", "Observation point where this was seen.", |row, facts| row.point(facts)),
];

fn of<'a>(row: &PointRow, facts: &'a Facts, get: impl Fn(&'a ArpRow) -> Value<'a>) -> Value<'a> {
    facts.points.get(row.point).and_then(|point| point.around.arp.rows.get(row.row)).map_or(Value::Null, get)
}

fn hardware(address: &[u8; 6]) -> String {
    address.map(|byte| format!("{byte:02x}")).join(":")
}
