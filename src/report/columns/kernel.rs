//! Columns of `connections` for what the hosts' kernels said of them: the last socket of each side that a dump shows.

use super::{Column, Value};
use crate::case::join::{Disagreement, socket_state};
use crate::case::{Facts, Judged};
use crate::host::{Block, Socket, SocketState};
use crate::tcp::Side;

const STATES: [&str; SocketState::ALL.len()] = {
    let mut names = [""; SocketState::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = socket_state(SocketState::ALL[at]);
        at += 1;
    }
    names
};

/// Pairs of columns `client_NAME` and `server_NAME`, of what the last joined socket of a side says.
macro_rules! pairs {
    ($(($name:literal, Kind::$kind:ident $(($names:expr))?, $unit:literal, $doc:literal, $get:expr),)*) => {
        [$(
            more!(
                concat!("client_", $name), Kind::$kind $(($names))?, $unit, concat!("Of the client: ", $doc),
                |row, facts| of_side(row, facts, Side::Client, $get)
            ),
            more!(
                concat!("server_", $name), Kind::$kind $(($names))?, $unit, concat!("Of the server: ", $doc),
                |row, facts| of_side(row, facts, Side::Server, $get)
            ),
        )*]
    };
}

const DISAGREES: Column<Judged> = more!(
    "kernel_disagrees",
    Kind::Text,
    "",
    "Side and how its kernel's word differs from the packets (reset_on_wire, closed_on_wire, other_state, no_socket), joined by semicolons.",
    |row, facts| Value::text(disagreements(row, facts)),
);

const PAIRS: [Column<Judged>; 14] = pairs![
    ("socket_state", Kind::Enum(&STATES), "", "state of its socket in the last dump that shows it.", |_, socket| {
        Value::name(socket.state.map(socket_state))
    }),
    ("pid", Kind::U32, "", "process that held that socket, the first if there were several.", |_, socket| {
        Value::number(socket.pid())
    }),
    ("program", Kind::Text, "", "program of that process.", |_, socket| socket
        .program()
        .map_or(Value::Null, Value::text)),
    ("recv_q", Kind::U32, "byte", "bytes received that the program had not read yet.", |_, socket| Value::number(
        socket.recv_q
    )),
    ("send_q", Kind::U32, "byte", "bytes sent that were not acknowledged yet.", |_, socket| Value::number(
        socket.send_q
    )),
    ("inode", Kind::U64, "", "inode of that socket.", |_, socket| Value::number(socket.inode)),
    ("host", Kind::Text, "", "host of that dump.", |block, _| block.host.as_deref().map_or(Value::Null, Value::text)),
];

pub(super) const KERNEL: &[Column<Judged>] = &{
    let mut all = [DISAGREES; PAIRS.len() + 1];
    let mut at = 0;
    while at < PAIRS.len() {
        all[at] = PAIRS[at];
        at += 1;
    }
    all
};

fn of_side<'a>(
    row: &Judged,
    facts: &'a Facts,
    side: Side,
    get: for<'b> fn(&'b Block, &'b Socket) -> Value<'b>,
) -> Value<'a> {
    let joined = facts.joins.of(row, side).next_back();
    let socket = joined.and_then(|(joined, _)| facts.dumps.socket(joined.place));
    socket.map_or(Value::Null, |(_, block, socket)| get(block, socket))
}

/// `client:reset_on_wire;server:no_socket`
fn disagreements(row: &Judged, facts: &Facts) -> String {
    let of_side = |side: Side| {
        let last = facts.joins.of(row, side).rev().find_map(|(_, link)| link.disagreement).map(Disagreement::name);
        let missing = || facts.joins.without_socket(row, side).map(|_| "no_socket");
        Some(format!("{}:{}", side.name(), last.or_else(missing)?))
    };
    Side::BOTH.into_iter().filter_map(of_side).collect::<Vec<_>>().join(";")
}
