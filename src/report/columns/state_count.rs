//! Columns of `state_counts`: one row a state whose sockets somebody has counted.

use super::socket::{STATES, host, time};
use super::{Column, Value};
use crate::case::dump::Place;
use crate::case::{Dump, Facts};
use crate::host::{Block, StateCount};

/// All rows of `state_counts`, in the order of files and lines.
pub fn state_counts(facts: &Facts) -> Vec<Place> {
    facts.dumps.places(|block| block.found.state_counts.len()).collect()
}

type Get = for<'a> fn(&'a Dump, &'a Block, &'a StateCount) -> Value<'a>;

macro_rules! columns {
    ($(($name:literal, Kind::$kind:ident $(($names:expr))?, $doc:literal, $get:expr),)*) => {
        &[$(column!(true, $name, Kind::$kind $(($names))?, "", $doc, |place, facts| {
            const GET: Get = $get;
            facts.dumps.state_count(*place).map_or(Value::Null, |(dump, block, counted)| GET(dump, block, counted))
        }),)*]
    };
}

/// The columns of `state_counts`, in their order.
#[rustfmt::skip]
pub static STATE_COUNTS: &[Column<Place>] = columns![
    ("time", Kind::Time, "When they were counted, as the dump or its name says.", |_, block, _| time(block)),
    ("host", Kind::Text, "Host that the sockets are of, where something names it.", |_, block, _| host(block)),
    ("state", Kind::Enum(&STATES), "State of the sockets, as Linux netstat spells it.", |_, _, counted| Value::Name(counted.state.name())),
    ("sockets", Kind::U64, "How many there are.", |_, _, counted| Value::Number(counted.count)),
    ("command", Kind::Text, "Command that counted them, where a prompt shows it.", |_, block, _| block.command.as_deref().map_or(Value::Null, Value::text)),
    ("path", Kind::Text, "Path of the dump.", |dump, _, _| Value::text(dump.path.as_str())),
    ("line", Kind::U32, "Line in the dump, counted from 1.", |_, _, counted| Value::Number(counted.line.into())),
];
