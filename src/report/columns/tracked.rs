//! Columns of `tracked`: one row a connection that a firewall tracks, with both of its tuples.

use super::socket::{address, host, time};
use super::{Column, Value};
use crate::case::dump::Place;
use crate::case::{Dump, Facts};
use crate::host::{Block, Tracked, Tuple, conntrack};

/// All rows of `tracked`, in the order of files and lines.
pub fn tracked(facts: &Facts) -> Vec<Place> {
    facts.dumps.places(|block| block.found.tracked.len()).collect()
}

type Get = for<'a> fn(&'a Dump, &'a Block, &'a Tracked) -> Value<'a>;

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, $unit, $doc, |place, facts| {
            const GET: Get = $get;
            facts.dumps.tracked(*place).map_or(Value::Null, |(dump, block, tracked)| GET(dump, block, tracked))
        }),)*]
    };
}

/// The columns of `tracked`, in their order.
#[rustfmt::skip]
pub static TRACKED: &[Column<Place>] = columns![
    (true, "time", Kind::Time, "", "When the snapshot was taken, as the dump or its name says.", |_, block, _| time(block)),
    (true, "host", Kind::Text, "", "Host that tracks, where something names it.", |_, block, _| host(block)),
    (true, "source_address", Kind::Text, "", "Where the first packet came from.", |_, _, tracked| address(&tracked.original.source)),
    (true, "source_port", Kind::U16, "", "Its port.", |_, _, tracked| Value::number(tracked.original.source.port.number())),
    (true, "destination_address", Kind::Text, "", "Where the first packet went to, before any translation.", |_, _, tracked| address(&tracked.original.destination)),
    (true, "destination_port", Kind::U16, "", "Its port.", |_, _, tracked| Value::number(tracked.original.destination.port.number())),
    (true, "state", Kind::Enum(&conntrack::STATES), "", "State of the tracker\'s own machine, which is not the sockets\'.", |_, _, tracked| Value::name(tracked.state)),
    (true, "left_s", Kind::U32, "s", "Time until it is forgotten.", |_, _, tracked| Value::number(tracked.left_s)),
    (true, "unreplied", Kind::Bool, "", "No answer has come.", |_, _, tracked| Value::Bool(tracked.unreplied)),
    (true, "assured", Kind::Bool, "", "It is kept when the table is full.", |_, _, tracked| Value::Bool(tracked.assured)),
    (true, "translated", Kind::Bool, "", "The answer is expected from elsewhere, or at another address: network address translation.", |_, _, tracked| Value::Bool(tracked.is_translated())),
    (true, "reply_source_address", Kind::Text, "", "Where the answer is expected from.", |_, _, tracked| reply(tracked, |reply| address(&reply.source))),
    (true, "reply_source_port", Kind::U16, "", "Its port.", |_, _, tracked| reply(tracked, |reply| Value::number(reply.source.port.number()))),
    (true, "reply_destination_address", Kind::Text, "", "Where the answer is expected to go to.", |_, _, tracked| reply(tracked, |reply| address(&reply.destination))),
    (true, "reply_destination_port", Kind::U16, "", "Its port.", |_, _, tracked| reply(tracked, |reply| Value::number(reply.destination.port.number()))),
    (true, "packets", Kind::U64, "", "Packets in the direction of the first one, where they are counted.", |_, _, tracked| Value::number(tracked.original.packets)),
    (true, "bytes", Kind::U64, "byte", "Their bytes, headers included.", |_, _, tracked| Value::number(tracked.original.bytes)),
    (true, "reply_packets", Kind::U64, "", "Packets of the answers.", |_, _, tracked| reply(tracked, |reply| Value::number(reply.packets))),
    (true, "reply_bytes", Kind::U64, "byte", "Their bytes, headers included.", |_, _, tracked| reply(tracked, |reply| Value::number(reply.bytes))),
    (true, "path", Kind::Text, "", "Path of the dump.", |dump, _, _| Value::text(dump.path.as_str())),
    (true, "line", Kind::U32, "", "Line in the dump, counted from 1.", |_, _, tracked| Value::Number(tracked.line.into())),
];

fn reply<'a>(tracked: &'a Tracked, get: impl Fn(&'a Tuple) -> Value<'a>) -> Value<'a> {
    tracked.reply.as_ref().map_or(Value::Null, get)
}
