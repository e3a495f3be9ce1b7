//! Columns of `settings`: one row a setting or resource of a snapshot, with what it was in the snapshot before.

use super::{Column, Value};
use crate::case::history::{self, Reading};
use crate::case::{Dump, Facts};
use crate::host::{Basis, Block, Setting};

/// All rows of `settings`, in the order of files and lines.
pub fn settings(facts: &Facts) -> Vec<Reading> {
    history::settings(&facts.dumps)
}

/// What a getter sees; the last is the setting in the snapshot before.
struct Seen<'a> {
    dump: &'a Dump,
    block: &'a Block,
    setting: &'a Setting,
    before: Option<&'a Setting>,
}

type Get = for<'a> fn(Seen<'a>) -> Value<'a>;

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, "", $doc, |reading, facts| {
            const GET: Get = $get;
            seen(reading, facts).map_or(Value::Null, GET)
        }),)*]
    };
}

/// The columns of `settings`, in their order.
#[rustfmt::skip]
pub static SETTINGS: &[Column<Reading>] = columns![
    (true, "time", Kind::Time, "When the snapshot was taken, as the dump or its name says.", |seen| Value::time(seen.block.stamp().map(|stamp| stamp.time))),
    (true, "host", Kind::Text, "Host that the dump was taken on, where something names it.", |seen| seen.block.host.as_deref().map_or(Value::Null, Value::text)),
    (true, "name", Kind::Text, "Name of the setting or resource: the system's own (sysctl, registry, /proc), else that of the command's column.", |seen| Value::text(&*seen.setting.name)),
    (true, "scope", Kind::Text, "Process, interface, user or registry key that it is of; absent where it is of the host.", |seen| seen.setting.scope.as_deref().map_or(Value::Null, Value::text)),
    (true, "value", Kind::Text, "Its value as printed; runs of blanks are one.", |seen| Value::text(&*seen.setting.value)),
    (true, "changed_from", Kind::Text, "Its value in the snapshot before of the same host and command, where that was another.", |seen| {
        seen.before.filter(|before| before.value != seen.setting.value).map_or(Value::Null, |before| Value::text(&*before.value))
    }),
    (true, "path", Kind::Text, "Path of the dump.", |seen| Value::text(seen.dump.path.as_str())),
    (true, "line", Kind::U32, "Line in the dump, counted from 1.", |seen| Value::Number(seen.setting.line.into())),
    (false, "format", Kind::Text, "Format of the dump.", |seen| Value::text(seen.block.format)),
    (false, "command", Kind::Text, "Command that printed it, where a prompt shows it.", |seen| seen.block.command.as_deref().map_or(Value::Null, Value::text)),
    (false, "time_basis", Kind::Enum(&Basis::TELLING), "What says the time: a line of the dump, the name of the file, or the date of the report that it is from.", |seen| Value::name(seen.block.stamp().map(|stamp| stamp.basis).map(Basis::name))),
    (false, "zone_known", Kind::Bool, "Whether the dump says the zone of its time; otherwise UTC is assumed.", |seen| seen.block.stamp().map_or(Value::Null, |stamp| Value::Bool(stamp.zone_known))),
];

fn seen<'a>(reading: &Reading, facts: &'a Facts) -> Option<Seen<'a>> {
    let (dump, block, setting) = facts.dumps.setting(reading.place)?;
    let before = reading.before.and_then(|before| facts.dumps.setting(before.place())).map(|(.., setting)| setting);
    Some(Seen { dump, block, setting, before })
}
