//! TCPView and `tcpvcon` of Sysinternals: a saved table (cells parted by tabs), `tcpvcon -c` (CSV), and `tcpvcon`'s list.

use super::address::number_or_mask;
use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Line, Lines, Owner, Port, Socket, SocketAddress, SocketState};

pub(super) const TABLE: Format = Format { name: "tcpview", sniff: sniff_table, parse: parse_table };
pub(super) const CSV: Format = Format { name: "tcpvcon-csv", sniff: sniff_csv, parse: parse_csv };
pub(super) const LIST: Format = Format { name: "tcpvcon", sniff: sniff_list, parse: parse_list };

/// Family of a protocol's name; the second is whether it is TCP.
fn protocol(text: &str) -> Option<(Family, bool)> {
    Some(match text.trim() {
        "TCP" => (Family::V4, true),
        "TCPV6" | "TCPv6" => (Family::V6, true),
        "UDP" => (Family::V4, false),
        "UDPV6" | "UDPv6" => (Family::V6, false),
        _ => return None,
    })
}

/// One socket's cells, as they are printed.
struct Row<'a> {
    family: Family,
    local: Option<SocketAddress>,
    remote: Option<SocketAddress>,
    state: &'a str,
    pid: &'a str,
    program: &'a str,
}

impl Row<'_> {
    fn note(self, line: u32, found: &mut Found) -> Verdict {
        let (Some(local), Some(remote)) = (self.local, self.remote) else { return Verdict::Strange };
        let mut socket = Socket::new(line, local, remote);
        socket.family = self.family;
        socket.state = SocketState::read(self.state.trim());
        if socket.state.is_none() && !self.state.trim().is_empty() {
            found.odd.add(line, "a state that is not known");
        }
        let program = Some(self.program.trim()).filter(|program| !program.is_empty()).map(Into::into);
        socket.owners = [Owner { pid: self.pid.trim().parse().ok(), program, fd: None }].into();
        found.sockets.push(socket);
        Verdict::Taken
    }
}

/// An address and a port in cells of their own.
fn end(host: &str, port: &str) -> Option<SocketAddress> {
    Some(SocketAddress::of(host.trim(), Port::read(port.trim())?))
}

fn sniff_table(lines: &Lines<'_>) -> bool {
    is_table_header(lines.text()) || table_row(lines.text()).is_some()
}

fn is_table_header(text: &str) -> bool {
    text.starts_with("Process") && text.contains('\t') && text.contains("Local Address") && text.contains("Protocol")
}

/// `program, pid, protocol, state, local address, local port, remote address, remote port`; before version 4 the state
/// stood behind the addresses.
fn table_row(text: &str) -> Option<(Row<'_>, bool)> {
    let cells: Vec<&str> = text.split('\t').take(9).collect();
    let [program, pid, name, rest @ ..] = cells.as_slice() else { return None };
    let (family, is_tcp) = protocol(name)?;
    let [a, b, c, d, e, ..] = rest else { return None };
    let is_new = SocketState::read(a.trim()).is_some() || (a.trim().is_empty() && !is_tcp);
    let (state, local, remote) = if is_new { (a, end(b, c), end(d, e)) } else { (e, end(a, b), end(c, d)) };
    number_or_mask(pid.trim())?;
    Some((Row { family, local, remote, state, pid, program }, is_tcp))
}

fn parse_table(lines: &mut Lines<'_>, found: &mut Found) {
    lines.take_if(|line| is_table_header(line.text).then_some(()));
    table::read(lines, found, |line, found| match table_row(line.text) {
        Some((row, true)) => row.note(line.number, found),
        Some((_, false)) => other(found),
        None if is_table_header(line.text) => Verdict::End,
        None => Verdict::Strange,
    });
}

fn other(found: &mut Found) -> Verdict {
    found.other_rows += 1;
    Verdict::Taken
}

/// `TCP,svchost.exe,884,LISTENING,host:135,host:0`
fn csv_row(text: &str) -> Option<(Row<'_>, bool)> {
    let cells: Vec<&str> = text.split(',').take(7).collect();
    let [name, program, pid, state, local, remote] = cells.as_slice() else { return None };
    let (family, is_tcp) = protocol(name)?;
    number_or_mask(pid.trim())?;
    let [local, remote] = [local, remote].map(|cell| SocketAddress::with_colon(cell.trim()));
    Some((Row { family, local, remote, state, pid, program }, is_tcp))
}

fn sniff_csv(lines: &Lines<'_>) -> bool {
    csv_row(lines.text()).is_some()
}

fn parse_csv(lines: &mut Lines<'_>, found: &mut Found) {
    table::read(lines, found, |line, found| match csv_row(line.text) {
        Some((row, true)) => row.note(line.number, found),
        Some((_, false)) => other(found),
        None => Verdict::Strange,
    });
}

/// `[TCP] svchost.exe`, then `PID:`, `State:`, `Local:` and `Remote:`, indented.
fn list_head(text: &str) -> Option<((Family, bool), &str)> {
    let (name, program) = text.strip_prefix('[')?.split_once(']')?;
    Some((protocol(name)?, program.trim()))
}

fn sniff_list(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    ahead.next().is_some_and(|line| list_head(line.text).is_some()) && ahead.text().trim_start().starts_with("PID:")
}

fn parse_list(lines: &mut Lines<'_>, found: &mut Found) {
    while sniff_list(lines)
        && let Some(line) = lines.next()
        && let Some(((family, is_tcp), program)) = list_head(line.text)
    {
        let mut row = Row { family, local: None, remote: None, state: "", pid: "", program };
        while let Some((name, value)) = lines.take_if(list_cell) {
            match name {
                "PID" => row.pid = value,
                "State" => row.state = value,
                "Local" => row.local = SocketAddress::with_colon(value),
                "Remote" => row.remote = SocketAddress::with_colon(value),
                _ => {}
            }
        }
        if !is_tcp {
            other(found);
        } else if row.note(line.number, found) == Verdict::Strange {
            found.odd.add(line.number, "a socket without its ends");
        }
        lines.take_blank();
    }
}

fn list_cell<'a>(line: Line<'a>) -> Option<(&'a str, &'a str)> {
    line.text.starts_with(char::is_whitespace).then_some(())?;
    let mut cells = Cells::new(line.text);
    let name = cells.next()?.strip_suffix(':')?;
    Some((name, cells.rest()))
}
