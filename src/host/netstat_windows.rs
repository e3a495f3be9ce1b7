//! Windows `netstat -a`, `-n`, `-o`, `-b`, `-t`, `-q` in any language and code page: indented rows that begin with the
//! protocol in capitals. With `-b` the program, and before it the service, follow on lines of their own.

use super::address::number_or_mask;
use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Line, Lines, Owner, Socket, SocketAddress, SocketState};

pub(super) const FORMAT: Format = Format { name: "netstat-windows", sniff, parse };

/// States as German Windows prints them; most other languages keep the English words.
const TRANSLATED: [(&str, SocketState); 7] = [
    ("HERGESTELLT", SocketState::Established),
    ("SYN_GESENDET", SocketState::SynSent),
    ("SYN_EMPFANGEN", SocketState::SynRecv),
    ("FIN_WARTEN_2", SocketState::FinWait2),
    ("WARTEND", SocketState::TimeWait),
    ("SCHLIESSEN_WARTEN", SocketState::CloseWait),
    ("SCHLIESSEND", SocketState::Closing),
];

/// The state of offloading, which `-t` adds.
const OFFLOAD: [&str; 4] = ["InHost", "Offloaded", "Offloading", "Uploading"];

fn sniff(lines: &Lines<'_>) -> bool {
    if row(lines.text()).is_some() || is_header(lines.text()) {
        return true;
    }
    // A title stands two lines before the header, in any language.
    let mut ahead = lines.clone();
    let is_title = ahead.next().is_some_and(|line| !line.text.trim().is_empty());
    let is_gap = ahead.next().is_some_and(|line| line.text.trim().is_empty());
    is_title && is_gap && is_header(ahead.text())
}

/// `  Proto  Local Address  Foreign Address  State  PID`, in any language, indented.
fn is_header(text: &str) -> bool {
    let mut cells = Cells::new(text);
    let is_proto = cells.next().is_some_and(|word| word.starts_with("Proto"));
    let is_indented = text.starts_with(char::is_whitespace);
    is_proto && is_indented && !text.contains("Recv-Q") && !text.contains("RefCnt")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    while !is_header(lines.text()) && row(lines.text()).is_none() {
        if lines.next().is_none() {
            return;
        }
    }
    lines.take_if(|line| is_header(line.text).then_some(()));
    let mut owner = OwnerOf::Nothing;
    table::read(lines, found, |line, found| take(line, found, &mut owner));
    found.sockets.shrink_to_fit();
}

/// Whose program the next lines may name.
#[derive(Clone, Copy, PartialEq)]
enum OwnerOf {
    Nothing,
    Socket,
    OtherRow,
}

fn take(line: Line<'_>, found: &mut Found, owner: &mut OwnerOf) -> Verdict {
    if let Some(row) = row(line.text) {
        if !row.is_tcp {
            found.other_rows += 1;
            *owner = OwnerOf::OtherRow;
            return Verdict::Taken;
        }
        let Some(socket) = row.socket(line, found) else { return Verdict::Strange };
        found.sockets.push(socket);
        *owner = OwnerOf::Socket;
        return Verdict::Taken;
    }
    if is_header(line.text) {
        return Verdict::End;
    }
    match owner {
        OwnerOf::Nothing => Verdict::Strange,
        OwnerOf::OtherRow if owner_line(line.text).is_some() => Verdict::Taken,
        OwnerOf::Socket => match (owner_line(line.text), found.sockets.last_mut()) {
            (Some(says), Some(socket)) => {
                says.note(socket);
                Verdict::Taken
            }
            _ => Verdict::Strange,
        },
        OwnerOf::OtherRow => Verdict::Strange,
    }
}

/// What a line between the rows says of the row before it.
enum Says<'a> {
    Program(&'a str),
    Service(&'a str),
    Unknown,
}

/// ` [svchost.exe]`, `  RpcSs`, ` Can not obtain ownership information`; they are indented.
fn owner_line(text: &str) -> Option<Says<'_>> {
    let inner = unmarked(text).strip_prefix(' ')?.trim();
    if let Some(program) = inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(Says::Program(program));
    }
    if inner.contains("ownership information") || inner.starts_with("x: ") {
        return Some(Says::Unknown);
    }
    let is_service =
        !inner.is_empty() && inner.chars().all(|letter| letter.is_alphanumeric() || "_-. ".contains(letter));
    (is_service && inner.len() <= 64).then_some(Says::Service(inner))
}

impl Says<'_> {
    fn note(self, socket: &mut Socket) {
        match self {
            Self::Program(program) => {
                let pid = socket.pid();
                socket.owners = [Owner { pid, program: Some(program.into()), fd: None }].into();
            }
            Self::Service(service) => socket.service = Some(service.into()),
            Self::Unknown => {}
        }
    }
}

/// The cells of a row.
struct Row<'a> {
    is_tcp: bool,
    local: &'a str,
    remote: &'a str,
    state: &'a str,
    pid: Option<u32>,
}

/// Without the mark that `Select-String -Context` gives the lines that it found among those around them.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('>').unwrap_or(text)
}

fn row(text: &str) -> Option<Row<'_>> {
    let mut cells = Cells::new(unmarked(text));
    let protocol = cells.next()?;
    let is_tcp = matches!(protocol, "TCP" | "TCPv6");
    (is_tcp || matches!(protocol, "UDP" | "UDPv6")).then_some(())?;
    let (local, remote) = (cells.next()?, cells.next()?);
    (local.contains(':') && (remote.contains(':') || !is_tcp)).then_some(())?;
    let (mut state, mut pid) = ("", None);
    for cell in cells {
        if OFFLOAD.contains(&cell) {
            break;
        }
        match number_or_mask(cell) {
            Some(number) => pid = number,
            None if state.is_empty() => state = cell,
            None => return None,
        }
    }
    Some(Row { is_tcp, local, remote, state, pid })
}

impl Row<'_> {
    fn socket(&self, line: Line<'_>, found: &mut Found) -> Option<Socket> {
        let (local, remote) = (SocketAddress::with_colon(self.local)?, SocketAddress::with_colon(self.remote)?);
        let mut socket = Socket::new(line.number, local, remote);
        if socket.local.is_v6() || socket.remote.is_v6() {
            socket.family = Family::V6;
        }
        socket.state = state(self.state).or_else(|| listening(&socket));
        if socket.state.is_none() && !self.state.is_empty() {
            found.odd.add(line.number, "a state that is not known");
        }
        if self.pid.is_some() {
            socket.owners = [Owner { pid: self.pid, ..Owner::default() }].into();
        }
        Some(socket)
    }
}

fn state(word: &str) -> Option<SocketState> {
    translated(word).or_else(|| SocketState::read(word))
}

/// The state that a word of a translated Windows means.
pub(super) fn translated(word: &str) -> Option<SocketState> {
    // The O umlaut is one byte that code pages read differently, or drop.
    let between = word.strip_prefix("ABH").and_then(|rest| rest.strip_suffix("REN"));
    if between.is_some_and(|between| between.chars().count() <= 3) {
        return Some(SocketState::Listen);
    }
    TRANSLATED.into_iter().find(|(german, _)| *german == word).map(|(_, state)| state)
}

/// In an unknown language a listener is known by its peer.
fn listening(socket: &Socket) -> Option<SocketState> {
    socket.remote.is_unset().then_some(SocketState::Listen)
}
