//! Columns of `sockets`: one row a socket of a dump, whatever system printed it.

use super::{Column, Value, count, joined, socket_join};
use crate::case::dump::Place;
use crate::case::{Dump, Facts};
use crate::host::{Basis, Block, Host, Port, Socket, SocketAddress, SocketState, TimerKind};
use crate::time::Span;
use std::fmt::Write;
use std::net::IpAddr;

type Get = for<'a> fn(&'a Dump, &'a Block, &'a Socket) -> Value<'a>;

/// All rows of `sockets`, in the order of files and lines.
pub fn sockets(facts: &Facts) -> Vec<Place> {
    facts.dumps.places(|block| block.found.sockets.len()).collect()
}

macro_rules! columns {
    ($(($core:literal, $name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        &[$(column!($core, $name, Kind::$kind $(($names))?, $unit, $doc, |place, facts| {
            const GET: Get = $get;
            facts.dumps.socket(*place).map_or(Value::Null, |(dump, block, socket)| GET(dump, block, socket))
        }),)*]
    };
}

pub(super) const STATES: [&str; SocketState::ALL.len()] = {
    let mut names = [""; SocketState::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SocketState::ALL[at].name();
        at += 1;
    }
    names
};

const TIMERS: [&str; 6] = [
    TimerKind::Off.name(),
    TimerKind::On.name(),
    TimerKind::Keepalive.name(),
    TimerKind::TimeWait.name(),
    TimerKind::Probe.name(),
    TimerKind::Unknown.name(),
];

/// The columns of `sockets`, in their order.
pub static SOCKETS: &[Column<Place>] = &joined::<_, { count(&PARTS) }>(&PARTS);

const PARTS: [&[Column<Place>]; 4] = [SAID, socket_join::JOINED, MORE, socket_join::MORE];

/// What the dump says, for people.
#[rustfmt::skip]
const SAID: &[Column<Place>] = columns![
    (true, "time", Kind::Time, "", "When the snapshot was taken, as the dump or its name says.", |_, block, _| time(block)),
    (true, "host", Kind::Text, "", "Host that the dump was taken on, where something names it.", |_, block, _| host(block)),
    (true, "local_address", Kind::Text, "", "Local address; `*` for any.", |_, _, socket| address(&socket.local)),
    (true, "local_port", Kind::U16, "", "Local port.", |_, _, socket| Value::number(socket.local.port.number())),
    (true, "remote_address", Kind::Text, "", "Address of the peer; absent where the socket has none.", |_, _, socket| remote(socket)),
    (true, "remote_port", Kind::U16, "", "Port of the peer.", |_, _, socket| Value::number(socket.remote.port.number())),
    (true, "state", Kind::Enum(&STATES), "", "State of the kernel's socket, as Linux netstat spells it.", |_, _, socket| Value::name(socket.state.map(SocketState::name))),
    (true, "recv_q", Kind::U32, "byte", "Bytes received and not yet read; of a listener, connections that wait to be accepted.", |_, _, socket| Value::number(socket.recv_q)),
    (true, "send_q", Kind::U32, "byte", "Bytes sent and not yet acknowledged; of a listener in ss, the limit of its queue.", |_, _, socket| Value::number(socket.send_q)),
    (true, "timer", Kind::Enum(&TIMERS), "", "Timer that runs.", |_, _, socket| Value::name(socket.timer.map(|timer| timer.kind.name()))),
    (true, "pid", Kind::U32, "", "Process that holds the socket, the first if there are several.", |_, _, socket| Value::number(socket.pid())),
    (true, "program", Kind::Text, "", "Its program.", |_, _, socket| socket.program().map_or(Value::Null, Value::text)),
    (true, "path", Kind::Text, "", "Path of the dump.", |dump, _, _| Value::text(dump.path.as_str())),
    (true, "line", Kind::U32, "", "Line in the dump, counted from 1.", |_, _, socket| Value::Number(socket.line.into())),
    (true, "protocol", Kind::Enum(&["tcp", "tcp6", "tcp46"]), "", "IPv4, IPv6 (which may carry IPv4), or a listener for both.", |_, _, socket| Value::Name(socket.family.protocol())),
    (true, "local_text", Kind::Text, "", "What the dump shows in place of a local address or port: a service name, a mask, a cut end.", |_, _, socket| text(&socket.local)),
    (true, "remote_text", Kind::Text, "", "What the dump shows in place of the peer's address or port.", |_, _, socket| text(&socket.remote)),
    (true, "timer_left_s", Kind::Seconds, "s", "Time until the timer fires.", |_, _, socket| Value::seconds(left(socket))),
    (true, "retransmits", Kind::U32, "", "Retransmissions so far, as the timer counts them.", |_, _, socket| Value::number(socket.timer.and_then(|timer| timer.retransmits))),
    (true, "probes", Kind::U32, "", "Probes without an answer so far.", |_, _, socket| Value::number(socket.timer.and_then(|timer| timer.probes))),
    (true, "user", Kind::Text, "", "User, as a number or a name.", |_, _, socket| socket.user.as_deref().map_or(Value::Null, Value::text)),
    (true, "inode", Kind::U64, "", "Inode of the socket.", |_, _, socket| Value::number(socket.inode)),
    (true, "processes", Kind::Text, "", "All processes that hold the socket: program/pid/descriptor, joined by semicolons.", |_, _, socket| processes(socket)),
];

/// What else it says.
#[rustfmt::skip]
const MORE: &[Column<Place>] = columns![
    (false, "shutdown", Kind::Enum(&["none", "receive", "send", "both"]), "", "Directions that are closed.", |_, _, socket| Value::name(socket.shutdown.map(|shutdown| shutdown.name()))),
    (false, "service", Kind::Text, "", "Service that the socket belongs to: its control group, or the component that Windows names.", |_, _, socket| socket.service.as_deref().map_or(Value::Null, Value::text)),
    (false, "unacked", Kind::U64, "", "Segments sent and not acknowledged; of a listener, connections that wait to be accepted.", |_, _, socket| measure(socket, "unacked")),
    (false, "retrans", Kind::U64, "", "Segments retransmitted and not yet acknowledged.", |_, _, socket| measure(socket, "retrans")),
    (false, "retrans_total", Kind::U64, "", "Segments retransmitted in the life of the connection.", |_, _, socket| measure(socket, "retrans_total")),
    (false, "backoff", Kind::U64, "", "How often the retransmission timeout was doubled.", |_, _, socket| measure(socket, "backoff")),
    (false, "rto_s", Kind::Seconds, "s", "Retransmission timeout.", |_, _, socket| micros(socket, "rto_us")),
    (false, "rtt_s", Kind::Seconds, "s", "Smoothed round-trip time.", |_, _, socket| micros(socket, "rtt_us")),
    (false, "last_sent_s", Kind::Seconds, "s", "Time since data was last sent.", |_, _, socket| millis(socket, "lastsnd_ms")),
    (false, "last_received_s", Kind::Seconds, "s", "Time since data last came.", |_, _, socket| millis(socket, "lastrcv_ms")),
    (false, "last_ack_s", Kind::Seconds, "s", "Time since an acknowledgement last came.", |_, _, socket| millis(socket, "lastack_ms")),
    (false, "not_sent_bytes", Kind::U64, "byte", "Bytes that wait to be sent for the first time.", |_, _, socket| measure(socket, "notsent_bytes")),
    (false, "drops", Kind::U64, "", "Packets that this socket dropped.", |_, _, socket| measure(socket, "skmem_drops")),
    (false, "details", Kind::Text, "", "Everything else that was measured, as name=value.", |_, _, socket| details(socket)),
    (false, "format", Kind::Text, "", "Format of the dump.", |_, block, _| Value::text(block.format)),
    (false, "command", Kind::Text, "", "Command that printed it, where a prompt shows it.", |_, block, _| block.command.as_deref().map_or(Value::Null, Value::text)),
    (false, "time_basis", Kind::Enum(&Basis::TELLING), "", "What says the time: a line of the dump, the name of the file, or the date of the report that it is from.", |_, block, _| Value::name(block.stamp().map(|stamp| stamp.basis.name()))),
    (false, "zone_known", Kind::Bool, "", "Whether the dump says the zone of its time; otherwise UTC is assumed.", |_, block, _| block.stamp().map_or(Value::Null, |stamp| Value::Bool(stamp.zone_known))),
];

pub(super) fn time(block: &Block) -> Value<'static> {
    Value::time(block.stamp().map(|stamp| stamp.time))
}

pub(super) fn host(block: &Block) -> Value<'_> {
    block.host.as_deref().map_or(Value::Null, Value::text)
}

/// One spelling for all systems: `*` for any address, names and masks under `text`.
pub(super) fn address(end: &SocketAddress) -> Value<'_> {
    match &end.host {
        host if host.is_any() => Value::text("*"),
        Host::Ip(IpAddr::V6(ip)) if end.zone.is_some() => {
            Value::text(format!("{ip}%{}", end.zone.as_deref().unwrap_or_default()))
        }
        Host::Ip(ip) => Value::Ip(*ip),
        Host::Any | Host::Name(_) | Host::Clipped(_) | Host::Masked(_) => Value::Null,
    }
}

fn remote(socket: &Socket) -> Value<'_> {
    if socket.remote.is_unset() { Value::Null } else { address(&socket.remote) }
}

/// The cell as it is, where it holds more or less than an address and a port.
pub(super) fn text(end: &SocketAddress) -> Value<'_> {
    let plain_host = matches!(end.host, Host::Ip(_) | Host::Any);
    let plain_port = matches!(end.port, Port::Number(_) | Port::Any);
    if plain_host && plain_port { Value::Null } else { Value::text(end.to_string()) }
}

fn left(socket: &Socket) -> Option<Span> {
    let timer = socket.timer.filter(|timer| timer.kind != TimerKind::Off)?;
    Some(Span::from_micros(i64::from(timer.left_ms?) * 1000))
}

pub(super) fn measure(socket: &Socket, name: &str) -> Value<'static> {
    Value::number(socket.measures.get(name))
}

fn micros(socket: &Socket, name: &str) -> Value<'static> {
    let micros = socket.measures.get(name).and_then(|value| i64::try_from(value).ok());
    Value::seconds(micros.map(Span::from_micros))
}

fn millis(socket: &Socket, name: &str) -> Value<'static> {
    let millis = socket.measures.get(name).and_then(|value| i64::try_from(value.checked_mul(1000)?).ok());
    Value::seconds(millis.map(Span::from_micros))
}

/// `nginx/812/6;nginx/813/6`
pub(super) fn processes(socket: &Socket) -> Value<'static> {
    let mut out = String::new();
    for owner in &socket.owners {
        let separator = if out.is_empty() { "" } else { ";" };
        let _ = write!(out, "{separator}{}", owner.program.as_deref().unwrap_or_default()); // a string takes everything
        for number in [owner.pid, owner.fd].into_iter().flatten() {
            let _ = write!(out, "/{number}");
        }
    }
    Value::text(out)
}

fn details(socket: &Socket) -> Value<'static> {
    let mut out = String::new();
    for (measure, value) in socket.measures.iter() {
        let separator = if out.is_empty() { "" } else { " " };
        let _ = write!(out, "{separator}{}={value}", measure.name); // a string takes everything
    }
    Value::text(out)
}
