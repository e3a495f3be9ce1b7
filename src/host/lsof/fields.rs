//! `lsof -F`: one field a line, named by its first letter. A process's fields come first, then those of its files.

use super::{named, unconnected};
use crate::host::{Family, Found, Lines, Owner, Socket, SocketState};

/// A process id, and a field after it.
pub(super) fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    let process = ahead.next().is_some_and(|line| is_process(line.text));
    process && ahead.next().is_some_and(|line| line.text.starts_with(['c', 'u', 'f', 't', 'g', 'R', 'L']))
}

fn is_process(text: &str) -> bool {
    let first = text.split('\0').next().unwrap_or_default();
    first.strip_prefix('p').is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Letters of fields (lsof(8), OUTPUT FOR OTHER PROGRAMS).
const LETTERS: &str = "aCcDdFfGgiKkLlMmNnoPpRrSsTtuxZz";

/// A field, or several ended by NUL. Only names and commands hold blanks.
fn is_set(text: &str) -> bool {
    let Some(letter) = text.chars().next().filter(|letter| LETTERS.contains(*letter)) else { return false };
    match letter {
        'p' => is_process(text),
        'n' | 'c' => true,
        _ => text.contains('\0') || !text.contains(' '),
    }
}

pub(super) fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut process = Process::default();
    let mut file = Descriptor::default();
    while let Some(line) = lines.take_if(|line| is_set(line.text).then_some(line)) {
        // -F0 ends fields by NUL, and only sets of them by a line's end.
        for field in line.text.split('\0').filter(|field| !field.is_empty()) {
            let (Some(letter), Some(value)) = (field.chars().next(), field.get(1..)) else { break };
            match letter {
                'p' => {
                    std::mem::take(&mut file).end(&process, found);
                    process = Process { pid: value.parse().ok(), ..Process::default() };
                }
                'f' => std::mem::replace(&mut file, Descriptor { fd: value.parse().ok(), ..Descriptor::default() })
                    .end(&process, found),
                't' if file.kind.is_some() => {
                    std::mem::replace(&mut file, Descriptor { kind: Some(value), ..Descriptor::default() })
                        .end(&process, found);
                }
                't' => file.kind = Some(value),
                'c' => process.command = Some(value),
                'u' => process.user = process.user.or(Some(value)),
                'L' => process.user = Some(value),
                'P' => file.is_tcp = value == "TCP",
                'd' => file.device = value.parse().ok(),
                'n' => file.name = Some((line.number, value)),
                'T' => file.told(value),
                _ => {}
            }
        }
    }
    file.end(&process, found);
}

#[derive(Default)]
struct Process<'a> {
    pid: Option<u32>,
    command: Option<&'a str>,
    user: Option<&'a str>,
}

#[derive(Default)]
struct Descriptor<'a> {
    fd: Option<u32>,
    kind: Option<&'a str>,
    is_tcp: bool,
    device: Option<u64>,
    name: Option<(u32, &'a str)>,
    state: Option<SocketState>,
    recv_q: Option<u32>,
    send_q: Option<u32>,
}

impl Descriptor<'_> {
    /// `ST=LISTEN`, `QR=0`, `QS=0`
    fn told(&mut self, value: &str) {
        match value.split_once('=') {
            Some(("ST", state)) => self.state = SocketState::read(state),
            Some(("QR", count)) => self.recv_q = count.parse().ok(),
            Some(("QS", count)) => self.send_q = count.parse().ok(),
            _ => {}
        }
    }

    fn end(self, process: &Process<'_>, found: &mut Found) {
        match self.socket(process) {
            Some(socket) => found.sockets.push(socket),
            None if self.name.is_some() => found.other_rows += 1,
            None => {}
        }
    }

    fn socket(&self, process: &Process<'_>) -> Option<Socket> {
        let (line, name) = self.name?;
        let mut socket = match self.kind? {
            "IPv4" | "IPv6" if self.is_tcp => named(line, name)?,
            "sock" if matches!(name, "protocol: TCP" | "protocol: TCPv6") => unconnected(line),
            _ => return None,
        };
        if self.kind == Some("IPv6") {
            socket.family = Family::V6;
        }
        socket.state = self.state.or(socket.state);
        socket.recv_q = self.recv_q;
        socket.send_q = self.send_q;
        socket.inode = self.device;
        socket.user = process.user.map(Into::into);
        socket.owners = [Owner { pid: process.pid, program: process.command.map(Into::into), fd: self.fd }].into();
        Some(socket)
    }
}
