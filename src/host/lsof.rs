//! `lsof`: what files processes hold, as a table or with `-F` a field a line. TCP sockets are taken; TIME_WAIT, half-open
//! and orphaned ones have no descriptor and are never listed.

mod fields;

use super::address::{Host, Port, SocketAddress, number_or_mask};
use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Line, Lines, Owner, Socket, SocketState};

pub(super) const FORMAT: Format = Format { name: "lsof", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    is_header(text) || Row::read(text).is_some_and(|row| row.kind != Kind::File) || fields::sniff(lines)
}

fn is_header(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    words.next() == Some("COMMAND") && words.next() == Some("PID") && text.trim_end().ends_with("NAME")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if fields::sniff(lines) {
        return fields::parse(lines, found);
    }
    lines.take_if(|line| is_header(line.text).then_some(()));
    let take = |line: Line<'_>, found: &mut Found| match Row::read(line.text) {
        Some(row) => {
            match row.socket(line.number) {
                Some(socket) => found.sockets.push(socket),
                None => found.other_rows += 1,
            }
            Verdict::Taken
        }
        None if is_header(line.text) => Verdict::End,
        None if is_noise(line.text) => Verdict::Taken,
        None => Verdict::Strange,
    };
    table::read(lines, found, take);
}

fn is_noise(text: &str) -> bool {
    text.starts_with("lsof: ") || text.trim_start().starts_with("Output information may be incomplete")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    V4,
    V6,
    /// A socket that was never bound or connected: it has no address.
    Bare,
    File,
}

struct Row<'a> {
    command: &'a str,
    pid: Option<u32>,
    user: Option<&'a str>,
    fd: Option<u32>,
    kind: Kind,
    device: Option<&'a str>,
    protocol: &'a str,
    name: &'a str,
}

impl<'a> Row<'a> {
    /// `COMMAND PID [TID [TASKCMD]] USER FD TYPE DEVICE SIZE/OFF NODE NAME`. Cells in the middle may be blank, so the type
    /// is looked for; what is no socket has any type.
    fn read(text: &'a str) -> Option<Self> {
        if text.starts_with(' ') {
            return None;
        }
        let mut cells = Cells::new(text);
        let (command, pid) = (cells.next()?, number_or_mask(cells.next()?)?);
        let mut row =
            Row { command, pid, user: None, fd: None, kind: Kind::File, device: None, protocol: "", name: "" };
        let mut before = [None, None];
        for _ in 0..5 {
            let Some(word) = cells.next() else { break };
            row.kind = match word {
                "IPv4" | "inet" => Kind::V4,
                "IPv6" | "inet6" => Kind::V6,
                "sock" => Kind::Bare,
                _ => {
                    before = [before[1], Some(word)];
                    continue;
                }
            };
            row.user = before[0];
            row.fd = before[1].and_then(descriptor);
            row.device = cells.next();
            row.protocol = cells.find(|word| matches!(*word, "TCP" | "UDP" | "protocol:")).unwrap_or_default();
            row.name = cells.rest();
            break;
        }
        // Of a file nothing is wanted but that its row is one: so many tables have a word and a number in front.
        let mut after_pid = text.split_ascii_whitespace().skip(2);
        let mut is_file = || after_pid.any(is_descriptor) && after_pid.next().is_some();
        (row.kind != Kind::File || is_file()).then_some(row)
    }

    fn socket(&self, line: u32) -> Option<Socket> {
        let is_tcp = match self.kind {
            Kind::V4 | Kind::V6 => self.protocol == "TCP",
            Kind::Bare => self.name == "TCP" || self.name == "TCPv6",
            Kind::File => false,
        };
        if !is_tcp {
            return None;
        }
        let mut socket = match self.kind {
            Kind::Bare => unconnected(line),
            Kind::V4 | Kind::V6 | Kind::File => named(line, self.name)?,
        };
        socket.family = if self.kind == Kind::V6 { Family::V6 } else { Family::V4 };
        socket.user = self.user.map(Into::into);
        // On Linux the device of a socket is its inode.
        socket.inode = self.device.and_then(|device| device.parse().ok());
        let owner = Owner { pid: self.pid, program: Some(unescaped(self.command).into()), fd: self.fd };
        socket.owners = [owner].into();
        Some(socket)
    }
}

/// `10.77.2.2:80->10.77.1.2:40562 (ESTABLISHED QR=35 QS=0)`, `*:80 (LISTEN)`, `10.77.2.2:80`
fn named(line: u32, name: &str) -> Option<Socket> {
    let (ends, more) = name.split_once(" (").unwrap_or((name, ""));
    let (local, remote) = ends.split_once("->").unwrap_or((ends, "*:*"));
    let mut socket = Socket::new(line, SocketAddress::with_colon(local)?, SocketAddress::with_colon(remote)?);
    for word in more.trim_end_matches(')').split_ascii_whitespace() {
        match word.split_once('=') {
            Some(("QR", count)) => socket.recv_q = count.parse().ok(),
            Some(("QS", count)) => socket.send_q = count.parse().ok(),
            Some(_) => {}
            None => socket.state = SocketState::read(word).or(socket.state),
        }
    }
    Some(socket)
}

/// A descriptor of a TCP socket that was never bound, or was closed by the kernel long ago.
fn unconnected(line: u32) -> Socket {
    let nowhere = || SocketAddress { host: Host::Any, zone: None, port: Port::Any };
    Socket { state: Some(SocketState::Idle), ..Socket::new(line, nowhere(), nowhere()) }
}

/// `3u` of `3u`, `12rW`
fn descriptor(cell: &str) -> Option<u32> {
    cell.trim_end_matches(|letter: char| !letter.is_ascii_digit()).parse().ok()
}

/// What stands in the column FD of files: a number with its mode, or a word for what is no descriptor.
fn is_descriptor(cell: &str) -> bool {
    let mode = cell.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let is_numbered = mode.len() < cell.len() && mode.starts_with(['r', 'w', 'u', '-']) && mode.len() <= 2;
    is_numbered || matches!(cell, "cwd" | "rtd" | "txt" | "mem" | "mmap" | "DEL" | "ltx" | "NOFD" | "err" | "jld")
}

/// `my\x20app`
fn unescaped(command: &str) -> String {
    let mut parts = command.split("\\x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(u8::is_ascii) {
            Some(byte) => {
                out.push(char::from(byte));
                out.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                out.push_str("\\x");
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    #[test]
    fn a_leaked_socket_has_an_owner_and_no_address() {
        let text = "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n\
            my\\x20app 77 www 9u sock 0,8 0t0 4711 protocol: TCP\n\
            x 78 www 9u sock 0,8 0t0 4712 can't identify protocol\n\
            x 78 www cwd DIR 8,1 4096 2 /\n\
            x 78 www 4u IPv4 99 0t0 UDP *:53\n\
            conntrackd 6 rows of other things\n";
        let document = read(text.as_bytes(), &Hints::default());
        let found = &document.blocks[0].found;
        let [socket] = &found.sockets[..] else { panic!("{found:?}") };
        assert_eq!((socket.state, socket.program(), socket.pid()), (Some(SocketState::Idle), Some("my app"), Some(77)));
        assert_eq!((found.other_rows, document.unknown_lines), (3, 1));
    }
}
