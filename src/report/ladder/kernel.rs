//! The kernel's word of a connection: the sockets of both sides that dumps show, beside what the packets show.

use crate::case::join::{Disagreement, Joined, Link, socket_state};
use crate::case::{Facts as Known, Judged};
use crate::host::Socket;
use crate::report::human::counted;
use crate::tcp::Side;

/// Groups of snapshots told of one side; the others are counted.
const MOST: usize = 4;

/// Snapshots of one side that follow one another and say the same.
struct Said<'a> {
    first: (&'a Joined, &'a Link),
    last: (&'a Joined, &'a Link),
    socket: &'a Socket,
    snapshots: u64,
}

/// One line a side and state.
pub(super) fn lines(row: &Judged, known: &Known) -> Vec<String> {
    let mut lines = Vec::new();
    for side in Side::BOTH {
        let said = said(row, known, side);
        lines.extend(said.iter().take(MOST).map(|said| line(known, side, said)));
        if said.len() > MOST {
            let left = said.iter().skip(MOST).map(|said| said.snapshots).sum();
            lines.push(format!("{}: and {} that say otherwise", side.name(), counted(left, "snapshot")));
        }
        if let Some((dump, block)) = known.joins.without_socket(row, side) {
            let path = known.dumps.0.get(dump as usize).map_or("", |dump| dump.path.as_str());
            let block = known.dumps.0.get(dump as usize).and_then(|dump| dump.document.blocks.get(block as usize));
            let line = block.map_or(0, |block| block.first_line);
            lines.push(format!(
                "{}: has no socket in the dump at {path}:{line}, while the packets show it open",
                side.name()
            ));
        }
    }
    lines
}

fn said<'a>(row: &Judged, known: &'a Known, side: Side) -> Vec<Said<'a>> {
    let mut all: Vec<Said<'a>> = Vec::new();
    for (joined, link) in known.joins.of(row, side) {
        let Some((_, _, socket)) = known.dumps.socket(joined.place) else { continue };
        match all.last_mut().filter(|before| says_the_same(before.socket, socket)) {
            Some(before) => {
                before.last = (joined, link);
                before.snapshots += 1;
            }
            None => all.push(Said { first: (joined, link), last: (joined, link), socket, snapshots: 1 }),
        }
    }
    all
}

fn says_the_same(a: &Socket, b: &Socket) -> bool {
    let owner = |socket: &Socket| socket.pid();
    let same_owner = owner(a) == owner(b) || owner(a).is_none() || owner(b).is_none();
    (a.state, a.recv_q, a.send_q) == (b.state, b.recv_q, b.send_q) && same_owner
}

/// `client: CLOSE_WAIT, Recv-Q 1, python (812) on desk, at 20:04:19 (± 1 s), ss.txt:3`
fn line(known: &Known, side: Side, said: &Said<'_>) -> String {
    let socket = said.socket;
    let mut words = vec![socket.state.map_or("no state", socket_state).to_owned()];
    let queues = [("Recv-Q", socket.recv_q), ("Send-Q", socket.send_q)];
    words.extend(
        queues.into_iter().filter_map(|(name, queue)| Some(format!("{name} {}", queue.filter(|&queue| queue > 0)?))),
    );
    words.extend(socket.program().or(socket.pid().map(|_| "process")).map(|program| {
        let pid = socket.pid().map_or_else(String::new, |pid| format!(" ({pid})"));
        format!("{program}{pid}")
    }));
    let host = known.dumps.block(said.first.0.place).and_then(|(_, block)| block.host.as_deref());
    let on = host.map_or_else(String::new, |host| format!(" on {host}"));
    let times = match said.snapshots {
        1 => place(known, said.first),
        many => format!(
            "{}, first {}, last {}",
            counted(many, "snapshot"),
            place(known, said.first),
            place(known, said.last)
        ),
    };
    let differs = said.first.1.disagreement.map_or_else(String::new, |how| {
        let wire = said.first.1.wire.map_or("nothing", |state| state.name());
        let how = match how {
            Disagreement::ResetOnWire => "after a RST on the wire",
            Disagreement::ClosedOnWire => "after both sides closed on the wire",
            Disagreement::OtherState => "at that time",
        };
        format!("; the packets show {wire} {how}")
    });
    format!("{}: {}{on}, {times}{differs}", side.name(), words.join(", "))
}

/// Time on the capture's clock, and where it is written.
fn place(known: &Known, (joined, link): (&Joined, &Link)) -> String {
    let path = known.dumps.socket(joined.place).map(|(dump, _, socket)| format!("{}:{}", dump.path, socket.line));
    let time = known.joins.placement(joined.place, link.point).map(|placement| {
        let uncertain = placement.uncertainty().seconds().ceil();
        let margin = if uncertain >= 1.0 { format!(" (within {uncertain} s)") } else { String::new() };
        format!("at {}{margin}, ", placement.time.time_of_day(known.zone))
    });
    format!("{}{}", time.unwrap_or_default(), path.unwrap_or_default())
}
