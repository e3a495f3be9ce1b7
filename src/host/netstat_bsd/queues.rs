//! `netstat -L` of macOS and FreeBSD: the queues of the listeners, which their ordinary rows do not show.

use crate::host::cells::Cells;
use crate::host::table::{self, Verdict};
use crate::host::{Family, Format, Found, Host, Line, Lines, Port, Socket, SocketAddress, SocketState};

pub(in crate::host) const FORMAT: Format = Format { name: "netstat-bsd-L", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    lines.text().starts_with("Current listen queue sizes")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    lines.next();
    lines.take_if(|line| line.text.contains("Local Address").then_some(()));
    table::read(lines, found, take);
}

fn take(line: Line<'_>, found: &mut Found) -> Verdict {
    if line.text.starts_with("Current listen queue sizes") {
        return Verdict::End;
    }
    let mut cells = Cells::new(line.text);
    // A control block and the protocol may stand before the queues.
    let Some([length, incomplete, limit]) = cells.by_ref().take(3).find_map(queues) else { return Verdict::Strange };
    let protocol = line.text.split_whitespace().find(|cell| cell.starts_with("tcp"));
    let Some(local) = cells.next().filter(|cell| !cell.contains('/')).and_then(SocketAddress::with_dot) else {
        found.other_rows += 1; // a UNIX domain socket
        return Verdict::Taken;
    };
    let remote = SocketAddress { host: Host::Any, zone: None, port: Port::Any };
    let mut socket = Socket::new(line.number, local, remote);
    socket.family = match protocol {
        Some("tcp46") => Family::Dual,
        Some("tcp6") => Family::V6,
        _ => Family::V4,
    };
    socket.state = Some(SocketState::Listen);
    (socket.recv_q, socket.send_q) = (Some(length), Some(limit));
    socket.measures = [("incomplete_queue", incomplete)].into_iter().collect();
    found.sockets.push(socket);
    Verdict::Taken
}

/// `193/0/128`: complete, incomplete, most.
fn queues(cell: &str) -> Option<[u32; 3]> {
    let mut parts = cell.split('/').map(|part| part.parse().ok());
    let queues = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(queues)
}
