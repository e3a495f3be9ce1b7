//! Columns of `counters`: one row a counter of a snapshot, with what was added since the snapshot before.

use super::{Column, Value};
use crate::case::history::{self, Before, Change, Reading};
use crate::case::{Dump, Facts};
use crate::host::counter::Nature;
use crate::host::{Basis, Block, Counter};

/// All rows of `counters`, in the order of files and lines.
pub fn counters(facts: &Facts) -> Vec<Reading> {
    history::counters(&facts.dumps)
}

/// What a getter sees.
struct Seen<'a> {
    dump: &'a Dump,
    block: &'a Block,
    counter: &'a Counter,
    change: Change,
    /// Dump of the value before, and the counter there where it is shown.
    before: Option<(&'a Dump, Option<&'a Counter>)>,
}

type Get = for<'a> fn(Seen<'a>) -> Value<'a>;

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, $unit, $doc, |reading, facts| {
            const GET: Get = $get;
            seen(reading, facts).map_or(Value::Null, GET)
        }),)*]
    };
}

/// The columns of `counters`, in their order.
#[rustfmt::skip]
pub static COUNTERS: &[Column<Reading>] = columns![
    (true, "time", Kind::Time, "", "When the snapshot was taken, as the dump or its name says.", |seen| Value::time(seen.block.stamp().map(|stamp| stamp.time))),
    (true, "host", Kind::Text, "", "Host that the dump was taken on, where something names it.", |seen| seen.block.host.as_deref().map_or(Value::Null, Value::text)),
    (true, "name", Kind::Text, "", "Name of the counter, whatever tool printed it: the Linux kernel's where it has one, else that of the system or the tool.", |seen| Value::text(&*seen.counter.name)),
    (true, "scope", Kind::Text, "", "Interface that it is of; absent where it is of the host.", |seen| seen.counter.scope.as_deref().map_or(Value::Null, Value::text)),
    (true, "value", Kind::U64, "", "Its value; absent where the tool prints only what was added since it ran before.", |seen| if seen.counter.nature() == Nature::Increase { Value::Null } else { Value::Number(seen.counter.value) }),
    (true, "difference", Kind::I64, "", "What was added since the snapshot before of the same host and command; of levels also what was lost.", |seen| Value::signed(seen.change.difference)),
    (true, "span_s", Kind::Seconds, "s", "Time between the two snapshots.", |seen| Value::seconds(seen.change.span)),
    (true, "rate_per_s", Kind::Decimal, "1/s", "Events a second between the two snapshots.", |seen| seen.change.rate(seen.counter.nature()).map_or(Value::Null, Value::Decimal)),
    (true, "kind", Kind::Enum(&["total", "level", "increase"]), "", "Whether it counts events since the start, tells a level that rises and falls, or counts events since the tool ran before.", |seen| Value::Name(kind(seen.counter.nature()))),
    (true, "restarted", Kind::Bool, "", "Whether a count is lower than before: the host or its namespace began anew.", |seen| if seen.before.is_some() { Value::Bool(seen.change.restarted) } else { Value::Null }),
    (true, "path", Kind::Text, "", "Path of the dump.", |seen| Value::text(seen.dump.path.as_str())),
    (true, "line", Kind::U32, "", "Line in the dump, counted from 1.", |seen| Value::Number(seen.counter.line.into())),
    (true, "text", Kind::Text, "", "The tool's words, where they are not the name, with # for the number.", |seen| seen.counter.text.as_deref().map_or(Value::Null, Value::text)),
    (false, "before_path", Kind::Text, "", "Dump that holds the value before.", |seen| seen.before.map_or(Value::Null, |(dump, _)| Value::text(dump.path.as_str()))),
    (false, "before_line", Kind::U32, "", "Line of the value before; absent where a tool that leaves out zeros showed none.", |seen| Value::number(seen.before.and_then(|(_, counter)| Some(counter?.line)))),
    (false, "format", Kind::Text, "", "Format of the dump.", |seen| Value::text(seen.block.format)),
    (false, "command", Kind::Text, "", "Command that printed it, where a prompt shows it.", |seen| seen.block.command.as_deref().map_or(Value::Null, Value::text)),
    (false, "time_basis", Kind::Enum(&Basis::TELLING), "", "What says the time: a line of the dump, the name of the file, or the date of the report that it is from.", |seen| Value::name(seen.block.stamp().map(|stamp| stamp.basis).map(Basis::name))),
    (false, "zone_known", Kind::Bool, "", "Whether the dump says the zone of its time; otherwise UTC is assumed.", |seen| seen.block.stamp().map_or(Value::Null, |stamp| Value::Bool(stamp.zone_known))),
];

fn seen<'a>(reading: &Reading, facts: &'a Facts) -> Option<Seen<'a>> {
    let (dump, block, counter) = facts.dumps.counter(reading.place)?;
    let before = reading.before.and_then(|before| {
        let (dump, _) = facts.dumps.block(before.place())?;
        let shown = if let Before::Shown(place) = before { facts.dumps.counter(place) } else { None };
        Some((dump, shown.map(|(.., counter)| counter)))
    });
    Some(Seen { dump, block, counter, change: history::change(&facts.dumps, reading), before })
}

const fn kind(nature: Nature) -> &'static str {
    match nature {
        Nature::Total => "total",
        Nature::Level => "level",
        Nature::Increase => "increase",
    }
}
