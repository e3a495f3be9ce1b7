//! Columns of `log_lines`: one row a line of a log or transcript that tells of a connection, a listener or a program's life.

use super::socket::{address, text};
use super::{Column, Value, line_join};
use crate::case::dump::Place;
use crate::case::{Dump, Facts};
use crate::host::log::errno::{self, ERRNOS};
use crate::host::{Basis, Block, Event, LogLine, SocketAddress, Stamp};

type Get = for<'a> fn(&'a Dump, &'a Block, &'a LogLine) -> Value<'a>;

/// All rows of `log_lines`, in the order of files and lines.
pub fn log_lines(facts: &Facts) -> Vec<Place> {
    facts.dumps.places(|block| block.found.log_lines.len()).collect()
}

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, $unit, $doc, |place, facts| {
            const GET: Get = $get;
            facts.dumps.log_line(*place).map_or(Value::Null, |(dump, block, line)| GET(dump, block, line))
        }),)*]
    };
}

const ERRORS: [&str; errno::COUNT] = {
    let mut names = [""; errno::COUNT];
    let mut at = 0;
    while at < names.len() {
        names[at] = ERRNOS[at].name;
        at += 1;
    }
    names
};

/// The columns of `log_lines`, in their order: what the lines say, what they were joined with, the rest.
pub static LOG_LINES: &[Column<Place>] =
    &super::joined::<_, { super::count(&[SAID, line_join::JOINED, MORE]) }>(&[SAID, line_join::JOINED, MORE]);

#[rustfmt::skip]
const SAID: &[Column<Place>] = columns![
    (true, "time", Kind::Time, "", "When the line was written, as it says itself, or as a line before says of an answer at a prompt.", |_, block, line| time(block, line)),
    (true, "host", Kind::Text, "", "Host that the line, a prompt or a folder names.", |_, block, line| host(block, line)),
    (true, "program", Kind::Text, "", "Who wrote the line: by its frame, its wording, or the command at the prompt.", |_, _, line| optional(line.program.as_deref())),
    (true, "pid", Kind::U32, "", "Process that wrote it; of a process that was killed or crashed, that one.", |_, _, line| Value::number(line.pid)),
    (true, "event", Kind::Enum(Event::NAMES), "", "What it says: refused, reset, timed-out, login-failed, started, syn-flooding and others.", |_, _, line| Value::Name(line.event.name())),
    (true, "direction", Kind::Enum(&["in", "out", "forward"]), "", "Who opened the connection: the peer (in), this host (out), or neither (forward).", |_, _, line| Value::name(line.direction.map(|direction| direction.name()))),
    (true, "errno", Kind::Enum(&ERRORS), "", "Error of the socket call, named as on Linux, where the line tells one in words, as a symbol or as a number of any system.", |_, _, line| Value::name(line.errno.map(|errno| errno.name))),
    (true, "local_address", Kind::Text, "", "Our address; `*` for any; of what was passed on, the source.", |_, _, line| end(line.local.as_deref())),
    (true, "local_port", Kind::U16, "", "Port of our end.", |_, _, line| port(line.local.as_deref())),
    (true, "remote_address", Kind::Text, "", "Address of the peer; of what was passed on, the destination.", |_, _, line| end(line.remote.as_deref())),
    (true, "remote_port", Kind::U16, "", "Port of the peer.", |_, _, line| port(line.remote.as_deref())),
    (true, "subject", Kind::Text, "", "What else it is about: a unit, a process, a user, a server behind a proxy, the prefix of a firewall's rule.", |_, _, line| optional(line.subject.as_deref())),
    (true, "message", Kind::Text, "", "The message without its frame, at most 1024 bytes of it.", |_, _, line| Value::text(&*line.message)),
    (true, "path", Kind::Text, "", "Path of the log.", |dump, _, _| Value::text(dump.path.as_str())),
    (true, "line", Kind::U32, "", "Line in the log, counted from 1.", |_, _, line| Value::Number(line.line.into())),
    (true, "local_text", Kind::Text, "", "What the line shows in place of our address or port: a name, a mask.", |_, _, line| shown(line.local.as_deref())),
    (true, "remote_text", Kind::Text, "", "What the line shows in place of the peer's address or port: a name, a mask.", |_, _, line| shown(line.remote.as_deref())),
];

#[rustfmt::skip]
const MORE: &[Column<Place>] = columns![
    (false, "uptime_s", Kind::Seconds, "s", "Time since the host's start, of kernel lines that know no other.", |_, _, line| Value::seconds(line.uptime)),
    (false, "format", Kind::Text, "", "Frame of the line, or kind of transcript.", |_, block, _| Value::text(block.format)),
    (false, "command", Kind::Text, "", "Command that printed it, where a prompt shows it.", |_, block, _| optional(block.command.as_deref())),
    (false, "time_basis", Kind::Enum(&["log", "line"]), "", "What says the time: the line itself, or a line before.", |_, block, line| Value::name(basis(block, line))),
    (false, "zone_known", Kind::Bool, "", "Whether the log says the zone of its time; otherwise UTC is assumed.", |_, block, line| known(line.time.map(|time| time.zone_known), before(block).map(|stamp| stamp.zone_known))),
    (false, "date_known", Kind::Bool, "", "Whether the log says the whole date; otherwise it is the last that is not after the file's own time.", |_, block, line| known(line.time.map(|time| time.date_known), before(block).map(|_| true))),
];

/// A time that stands before the block in the text: of a log's block, the name of its file tells nothing of a line.
fn before(block: &Block) -> Option<Stamp> {
    block.time.filter(|stamp| stamp.basis == Basis::Line)
}

fn time(block: &Block, line: &LogLine) -> Value<'static> {
    let said = before(block).filter(|_| line.uptime.is_none()).map(|stamp| stamp.time);
    Value::time(line.time.map(|time| time.time).or(said))
}

fn basis(block: &Block, line: &LogLine) -> Option<&'static str> {
    let own = line.time.map(|_| "log");
    own.or_else(|| before(block).filter(|_| line.uptime.is_none()).map(|_| "line"))
}

fn known(own: Option<bool>, before: Option<bool>) -> Value<'static> {
    own.or(before).map_or(Value::Null, Value::Bool)
}

fn host<'a>(block: &'a Block, line: &'a LogLine) -> Value<'a> {
    optional(line.host.as_deref().or(block.host.as_deref()))
}

fn optional(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::text)
}

fn end(end: Option<&SocketAddress>) -> Value<'_> {
    end.map_or(Value::Null, address)
}

fn port(end: Option<&SocketAddress>) -> Value<'_> {
    Value::number(end.and_then(|end| end.port.number()))
}

fn shown(end: Option<&SocketAddress>) -> Value<'_> {
    end.map_or(Value::Null, text)
}
