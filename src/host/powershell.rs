//! `Get-NetTCPConnection` of PowerShell: as a table, a list (`Format-List`), CSV (`Export-Csv`) or JSON (`ConvertTo-Json`).
//! Columns are found by their names.

use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Host, Line, Lines, Owner, Port, Socket, SocketAddress, SocketState};

mod csv;
mod json;
mod list;

pub(super) use csv::FORMAT as CSV;
pub(super) use json::FORMAT as JSON;
pub(super) use list::FORMAT as LIST;

pub(super) const TABLE: Format = Format { name: "powershell-nettcp-table", sniff, parse };

/// The cells of one socket that synfin reads, by name, as text; empty where the column is missing.
#[derive(Clone, Debug, Default)]
struct Cell<'a> {
    local: &'a str,
    local_port: &'a str,
    remote: &'a str,
    remote_port: &'a str,
    state: &'a str,
    process: &'a str,
}

impl<'a> Cell<'a> {
    /// Sets the column of this name, if it is one of those.
    fn set(&mut self, name: &str, value: &'a str) {
        let cell = match name {
            "LocalAddress" => &mut self.local,
            "LocalPort" => &mut self.local_port,
            "RemoteAddress" => &mut self.remote,
            "RemotePort" => &mut self.remote_port,
            "State" => &mut self.state,
            "OwningProcess" => &mut self.process,
            _ => return,
        };
        *cell = value;
    }

    /// `None` if the local end is missing.
    fn socket(&self, line: u32) -> Option<Socket> {
        let mut socket = Socket::new(line, end(self.local, self.local_port)?, end(self.remote, self.remote_port)?);
        if socket.local.is_v6() || socket.remote.is_v6() {
            socket.family = Family::V6;
        }
        socket.state = state(self.state);
        socket.owners =
            self.process.parse().ok().map(|pid| Owner { pid: Some(pid), ..Owner::default() }).into_iter().collect();
        Some(socket)
    }
}

/// An address and a port in columns of their own. A long address ends in `...`; a missing column is any.
fn end(address: &str, port: &str) -> Option<SocketAddress> {
    let port = Some(port).filter(|port| !port.is_empty()).map_or(Some(Port::Any), Port::read)?;
    if matches!(port, Port::Name(_) | Port::Clipped(_)) {
        return None;
    }
    let Some(cut) = address.strip_suffix("...").or_else(|| address.strip_suffix('…')) else {
        return Some(SocketAddress::of(address, port));
    };
    Some(SocketAddress { host: Host::Clipped(cut.into()), zone: None, port })
}

/// A name, or the number of MSFT_NetTCPConnection.
fn state(text: &str) -> Option<SocketState> {
    const NUMBERED: [SocketState; 12] = [
        SocketState::Closed,
        SocketState::Listen,
        SocketState::SynSent,
        SocketState::SynRecv,
        SocketState::Established,
        SocketState::FinWait1,
        SocketState::FinWait2,
        SocketState::CloseWait,
        SocketState::Closing,
        SocketState::LastAck,
        SocketState::TimeWait,
        SocketState::DeleteTcb,
    ];
    match text.parse::<usize>() {
        Ok(100) => Some(SocketState::Bound),
        Ok(number) => NUMBERED.get(number.checked_sub(1)?).copied(),
        Err(_) => SocketState::read(text),
    }
}

/// Columns that somebody may choose, and that tell nothing of a socket's ends.
const OTHERS: [&str; 10] = [
    "State",
    "AppliedSetting",
    "OwningProcess",
    "CreationTime",
    "OffloadState",
    "InstanceID",
    "PSComputerName",
    "RunspaceId",
    "ProcessName",
    "Process",
];

/// Both ends are there, or the remote one was not chosen: a garbled title is no choice.
fn is_header(text: &str) -> bool {
    let has = |name: &str| text.split_whitespace().any(|word| word == name);
    let is_known = |word: &str| word.starts_with("Local") || OTHERS.contains(&word);
    let remote = (has("RemoteAddress"), has("RemotePort"));
    let is_whole = remote == (true, true) || remote == (false, false) && text.split_whitespace().all(is_known);
    has("LocalAddress") && has("LocalPort") && is_whole
}

fn sniff(lines: &Lines<'_>) -> bool {
    is_header(lines.text())
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some(header) = lines.next() else { return };
    let titles: Vec<&str> = header.text.split_whitespace().collect();
    lines.take_if(|line| line.text.trim_start().starts_with("---").then_some(()));
    table::read(lines, found, |line, found| take(line, &titles, found));
}

fn take(line: Line<'_>, titles: &[&str], found: &mut Found) -> Verdict {
    if is_header(line.text) {
        return Verdict::End;
    }
    let cells: Vec<&str> = Cells::new(line.text).collect();
    // A listener has no applied setting: one cell less than titles.
    let setting = titles.iter().position(|&title| title == "AppliedSetting");
    let skipped = setting.filter(|_| cells.len() + 1 == titles.len());
    if cells.len() + usize::from(skipped.is_some()) != titles.len() {
        return Verdict::Strange;
    }
    let present = titles.iter().enumerate().filter(|(index, _)| Some(*index) != skipped).map(|(_, title)| title);
    let mut cell = Cell::default();
    for (title, value) in present.zip(cells) {
        cell.set(title, value);
    }
    match cell.socket(line.number) {
        Some(socket) if !matches!(socket.local.host, Host::Name(_)) => {
            found.sockets.push(socket);
            Verdict::Taken
        }
        _ => Verdict::Strange,
    }
}
