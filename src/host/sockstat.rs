//! `sockstat` of FreeBSD: sockets by the processes that hold them. The state stands there only with `-s`.

use super::address::{SocketAddress, number_or_mask};
use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Line, Lines, Owner, Socket, SocketState};

pub(super) const FORMAT: Format = Format { name: "sockstat", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    is_header(lines.text())
}

fn is_header(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    ["USER", "COMMAND", "PID", "FD", "PROTO"].into_iter().all(|word| words.next() == Some(word))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    lines.next();
    let take = |line: Line<'_>, found: &mut Found| {
        if is_header(line.text) {
            return Verdict::End;
        }
        let Some((before, proto, after)) = parts(line.text) else { return Verdict::Strange };
        match proto.starts_with("tcp").then(|| socket(line.number, &before, proto, after)) {
            None => found.other_rows += 1,
            Some(Some(socket)) => found.sockets.push(socket),
            Some(None) => return Verdict::Strange,
        }
        Verdict::Taken
    };
    table::read(lines, found, take);
}

/// The cells before the protocol, the protocol, and those after it. A command may hold blanks, so the protocol is looked
/// for behind a process id and a descriptor.
fn parts(text: &str) -> Option<(Vec<&str>, &str, Cells<'_>)> {
    let is_number = |cell: &str| cell == "?" || number_or_mask(cell).is_some();
    let mut cells = Cells::new(text);
    let mut before = Vec::new();
    while let Some(cell) = cells.next().filter(|_| before.len() < 12) {
        let is_after_numbers = matches!(before[..], [_, _, .., pid, fd] if is_number(pid) && is_number(fd));
        if is_after_numbers && cell.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            return Some((before, cell, cells));
        }
        before.push(cell);
    }
    None
}

fn socket(line: u32, before: &[&str], proto: &str, mut cells: Cells<'_>) -> Option<Socket> {
    let (local, remote) = (cells.next()?, cells.next()?);
    let mut socket = Socket::new(line, SocketAddress::with_colon(local)?, SocketAddress::with_colon(remote)?);
    socket.family = match proto {
        "tcp46" => Family::Dual,
        "tcp6" => Family::V6,
        _ => Family::V4,
    };
    socket.state = cells.find_map(SocketState::read);
    let [user, command @ .., pid, fd] = before else { return None };
    let known = |word: &str| word != "?";
    let program = command.join(" ");
    socket.user = known(user).then(|| (*user).into());
    let program = known(&program).then(|| program.as_str().into());
    let owner = Owner { pid: pid.parse().ok(), program, fd: fd.parse().ok() };
    if owner != Owner::default() {
        socket.owners = [owner].into();
    }
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    #[test]
    fn commands_with_blanks_unknown_owners_and_states_are_read() {
        let text = "USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS       PATH STATE   CONN STATE\n\
            www      nginx: wor 671   3  tcp46  *:80                  *:*                                LISTEN\n\
            ?        ?          ?     ?  tcp4   192.0.2.1:80          192.0.2.9:4000                     TIME_WAIT\n\
            root     syslogd    600   6  dgram  /var/run/log\n";
        let document = read(text.as_bytes(), &Hints::default());
        let found = &document.blocks[0].found;
        let shown =
            found.sockets.iter().map(|socket| (socket.state.map(SocketState::name), socket.program(), socket.pid()));
        let expected = [(Some("LISTEN"), Some("nginx: wor"), Some(671)), (Some("TIME_WAIT"), None, None)];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
        assert_eq!((found.other_rows, document.unknown_lines), (1, 0));
    }
}
