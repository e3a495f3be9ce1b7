//! Columns of `listeners`: one row a listening socket of a dump, with its queue and what limits it.

use super::socket::{address, host, measure, processes, text, time};
use super::{Column, Value};
use crate::case::dump::Place;
use crate::case::listeners::{self, LimitFrom, Listener, Queue};
use crate::case::{Dump, Facts};
use crate::host::{Block, Setting, Socket};

/// All rows of `listeners`, in the order of files and lines.
pub fn listeners(facts: &Facts) -> Vec<Listener> {
    listeners::listeners(&facts.dumps)
}

/// What a getter sees.
struct Seen<'a> {
    listener: Listener,
    dump: &'a Dump,
    block: &'a Block,
    socket: &'a Socket,
    queue: Option<Queue>,
    incomplete_holds: Option<u32>,
    somaxconn: Option<(&'a Dump, &'a Setting)>,
    max_syn_backlog: Option<&'a Setting>,
}

type Get = for<'a> fn(Seen<'a>) -> Value<'a>;

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, "", $doc, |listener, facts| {
            const GET: Get = $get;
            seen(*listener, facts).map_or(Value::Null, GET)
        }),)*]
    };
}

const LIMIT_FROM: [&str; LimitFrom::ALL.len()] = names!(LimitFrom);

/// The columns of `listeners`, in their order.
#[rustfmt::skip]
pub static LISTENERS: &[Column<Listener>] = columns![
    (true, "time", Kind::Time, "When the snapshot was taken, as the dump or its name says.", |seen| time(seen.block)),
    (true, "host", Kind::Text, "Host that the dump was taken on, where something names it.", |seen| host(seen.block)),
    (true, "local_address", Kind::Text, "Address that is listened on; `*` for any.", |seen| address(&seen.socket.local)),
    (true, "local_port", Kind::U16, "Port that is listened on.", |seen| Value::number(seen.socket.local.port.number())),
    (true, "protocol", Kind::Enum(&["tcp", "tcp6", "tcp46"]), "IPv4, IPv6 (on most systems for IPv4 too), or both.", |seen| Value::Name(seen.socket.family.protocol())),
    (true, "queue_length", Kind::U32, "Connections that wait to be accepted.", |seen| Value::number(seen.socket.recv_q)),
    (true, "queue_limit", Kind::U32, "The limit of that queue: what listen() asked for, but at most the system's bound.", |seen| Value::number(seen.queue.map(|queue| queue.limit))),
    (true, "queue_holds", Kind::U32, "Connections that the kernel lets into the queue before it drops: one more than the limit on Linux, half as many again and one on FreeBSD and macOS.", |seen| Value::number(seen.queue.map(|queue| queue.holds))),
    (true, "queue_full", Kind::Bool, "Whether it holds as many: what comes then is dropped.", |seen| seen.queue.map_or(Value::Null, |queue| Value::Bool(queue.is_full()))),
    (true, "limit_from", Kind::Enum(&LIMIT_FROM), "What set the limit: the program was told to ask for it (`backlog`), it asks for that unless told otherwise (`program-default`), or the system\'s bound cut what it asked for (`somaxconn`; `somaxconn-default` where only the version of the kernel tells that bound); absent where no dump tells the bound, or the bound is lower and so was another one when the program began to listen.", |seen| Value::name(seen.listener.limit_from.map(LimitFrom::name))),
    (true, "backlog", Kind::U32, "What the program asked for, which the kernel takes if it is no more than `somaxconn`; absent where the system\'s bound hides it.", |seen| Value::number(backlog(&seen))),
    (true, "somaxconn", Kind::U32, "The system\'s bound, as the settings of the same host show it.", |seen| Value::number(seen.somaxconn.and_then(|(_, setting)| setting.value.parse::<u32>().ok()))),
    (true, "incomplete", Kind::U64, "Connections whose handshake is not complete.", |seen| Value::number(seen.listener.incomplete)),
    (true, "incomplete_holds", Kind::U32, "How many of these Linux keeps before it drops further ones or answers them with cookies: limit + 1 since 6.13 (also 5.4.290, 6.12.10), the limit since 4.3, before that a power of two from limit and tcp_max_syn_backlog; kernels from 4.3 on that have a fix of 2025 keep one more. Absent where no dump tells the version.", |seen| Value::number(seen.incomplete_holds)),
    (true, "drops", Kind::U64, "Packets that this listener dropped since it listens.", |seen| measure(seen.socket, "skmem_drops")),
    (true, "pid", Kind::U32, "Process that listens, the first if there are several.", |seen| Value::number(seen.socket.pid())),
    (true, "program", Kind::Text, "Its program.", |seen| seen.socket.program().map_or(Value::Null, Value::text)),
    (true, "processes", Kind::Text, "All processes that hold the socket: program/pid/descriptor, joined by semicolons.", |seen| processes(seen.socket)),
    (true, "user", Kind::Text, "User, as a number or a name.", |seen| seen.socket.user.as_deref().map_or(Value::Null, Value::text)),
    (true, "local_text", Kind::Text, "What the dump shows in place of an address or port: a service name, a mask, a cut end.", |seen| text(&seen.socket.local)),
    (true, "path", Kind::Text, "Path of the dump.", |seen| Value::text(seen.dump.path.as_str())),
    (true, "line", Kind::U32, "Line in the dump, counted from 1.", |seen| Value::Number(seen.socket.line.into())),
    (false, "somaxconn_path", Kind::Text, "Path of the dump that shows the bound.", |seen| seen.somaxconn.map_or(Value::Null, |(dump, _)| Value::text(dump.path.as_str()))),
    (false, "somaxconn_line", Kind::U32, "Its line there.", |seen| Value::number(seen.somaxconn.map(|(_, setting)| setting.line))),
    (false, "kernel", Kind::Text, "Version of the host\'s kernel by which the formulas are chosen, where a dump tells it.", |seen| seen.listener.kernel.map_or(Value::Null, |kernel| Value::text(kernel.to_string()))),
    (false, "tcp_max_syn_backlog", Kind::U32, "Bounds incomplete connections of kernels before 4.3, as the settings of the same host show it.", |seen| Value::number(seen.max_syn_backlog.and_then(|setting| setting.value.parse::<u32>().ok()))),
    (false, "format", Kind::Text, "Format of the dump.", |seen| Value::text(seen.block.format)),
];

/// What `listen()` was called with, as far as the limit tells.
fn backlog(seen: &Seen<'_>) -> Option<u32> {
    let limit = seen.queue?.limit;
    match seen.listener.limit_from? {
        LimitFrom::Backlog | LimitFrom::ProgramDefault => Some(limit),
        LimitFrom::Somaxconn | LimitFrom::SomaxconnDefault => None,
    }
}

fn seen(listener: Listener, facts: &Facts) -> Option<Seen<'_>> {
    let (dump, block, socket) = facts.dumps.socket(listener.place)?;
    let queue = Queue::of(block, socket);
    let setting = |place: Option<Place>| place.and_then(|place| facts.dumps.setting(place));
    Some(Seen {
        listener,
        dump,
        block,
        socket,
        queue,
        incomplete_holds: queue.and_then(|queue| listener.incomplete_holds(&facts.dumps, queue)),
        somaxconn: setting(listener.somaxconn).map(|(dump, _, setting)| (dump, setting)),
        max_syn_backlog: setting(listener.max_syn_backlog).map(|(_, _, setting)| setting),
    })
}
