//! `netstat` of macOS, FreeBSD, AIX and HP-UX: the port stands behind a dot, the state's title in brackets.
//!
//! Cells are cut (Apple `inet.c`, FreeBSD `inet.c`): names to 16 characters (12 with `-A`), IPv6 addresses to 16, and
//! then the whole cell to 22 (18 with `-A`), so that a port may have lost digits and still look like one.

use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Host, Line, Lines, Owner, Port, Socket, SocketAddress, SocketState};
use std::net::IpAddr;

mod queues;

pub(super) const FORMAT: Format = Format { name: "netstat-bsd", sniff, parse };
pub(super) use queues::FORMAT as QUEUES;

fn sniff(lines: &Lines<'_>) -> bool {
    if lines.text().is_empty() {
        return false;
    }
    let mut ahead = lines.clone();
    if Header::read(lines.text()).is_none() && row(lines.text(), &Header::default()).is_none() {
        // `Active Internet connections (including servers)` stands before the header.
        if !lines.text().starts_with("Active ") {
            return false;
        }
        ahead.next();
    }
    let Some(header) = Header::read(ahead.text()) else { return row(ahead.text(), &Header::default()).is_some() };
    ahead.next();
    // Linux has the same words; of an empty table the header alone must tell.
    header.is_certain || row(ahead.text(), &header).is_some()
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if lines.text().starts_with("Active ") {
        lines.next();
    }
    let header = lines.take_if(|line| Header::read(line.text));
    let has_header = header.is_some();
    let mut block = Block { header: header.unwrap_or_default(), has_header, ..Block::default() };
    table::read(lines, found, |line, found| block.take(line, found));
    block.settle(found);
    found.sockets.shrink_to_fit();
}

/// What the header tells of the columns.
#[derive(Default)]
struct Header {
    /// Only BSD has it: the state in brackets, or columns of its own.
    is_certain: bool,
    /// Numbers before the addresses: two queues, or with `-T` three counts of which none is a queue.
    counts: Option<[&'static str; 3]>,
    /// With `-A` a control block stands first, and cells are narrower.
    has_block: bool,
    /// Titles after the state.
    tail: Vec<Box<str>>,
}

impl Header {
    fn read(text: &str) -> Option<Self> {
        if !text.contains("Proto") || !text.contains("Local Address") || text.starts_with(char::is_whitespace) {
            return None;
        }
        let is_retransmits = text.contains("Rexmit");
        let tail =
            text.split_once("(state)").or_else(|| text.split_once("Foreign Address")).map_or("", |(_, tail)| tail);
        Some(Self {
            is_certain: text.contains("(state)") || text.contains("R-MBUF") || is_retransmits,
            counts: is_retransmits.then_some(["retrans_total", "ooo_received", "zero_windows_sent"]),
            has_block: !text.starts_with("Proto"),
            tail: tail.split_whitespace().map(Into::into).collect(),
        })
    }

    /// Characters of an address cell.
    const fn cell(&self) -> usize {
        if self.has_block { 18 } else { 22 }
    }
}

#[derive(Default)]
struct Block {
    header: Header,
    has_header: bool,
    /// The table at hand is another family's (UNIX domain sockets, `kctl`): its rows are passed over.
    is_other: bool,
    /// Cells that are wider than their column, and such that fill it: a version that cuts has none of the former.
    wide: usize,
    full: usize,
    /// Ports, and such of them as are service names: then hosts are names too, and cut to fewer characters.
    ports: usize,
    names: usize,
    /// Cells that may have been cut, by their socket's index.
    doubtful: Vec<(usize, End, Doubt)>,
}

#[derive(Clone, Copy)]
enum End {
    Local,
    Remote,
}

/// What may be wrong with a cell, by its width.
#[derive(Clone, Copy)]
struct Doubt {
    cell: usize,
    host: usize,
}

impl Block {
    fn take(&mut self, line: Line<'_>, found: &mut Found) -> Verdict {
        if Header::read(line.text).is_some() {
            return Verdict::End;
        }
        if line.text.starts_with("Active ") {
            // The IPv6 table of HP-UX is the next block; other families end nothing.
            let is_internet = line.text.contains("Internet");
            self.is_other |= !is_internet;
            return if is_internet { Verdict::End } else { Verdict::Taken };
        }
        if self.is_other {
            found.other_rows += u64::from(!line.text.trim().is_empty());
            return if line.text.trim().is_empty() { Verdict::Strange } else { Verdict::Taken };
        }
        match row(line.text, &self.header) {
            Some(Row { is_tcp: false, .. }) => {
                found.other_rows += 1;
                Verdict::Taken
            }
            Some(row) => {
                let Some(socket) = row.socket(line.number, &self.header) else { return Verdict::Strange };
                let index = found.sockets.len();
                self.header.has_block |= row.has_block && !self.has_header;
                self.note(index, End::Local, row.local, &socket.local);
                self.note(index, End::Remote, row.remote, &socket.remote);
                found.sockets.push(socket);
                Verdict::Taken
            }
            None => Verdict::Strange,
        }
    }

    fn note(&mut self, index: usize, end: End, cell: &str, address: &SocketAddress) {
        let width = cell.chars().count();
        self.wide += usize::from(width > self.header.cell());
        self.full += usize::from(width == self.header.cell());
        self.ports += usize::from(!matches!(address.port, Port::Any));
        self.names += usize::from(matches!(address.port, Port::Name(_)));
        let host = cell.rsplit_once('.').map_or(0, |(host, _)| host.chars().count());
        if width == self.header.cell() || host >= 12 {
            self.doubtful.push((index, end, Doubt { cell: width, host }));
        }
    }

    /// Marks what may have been cut, which only the whole table shows. One wide cell among many full ones is garbled.
    fn settle(&self, found: &mut Found) {
        let is_wide = self.wide > 0 && self.wide >= self.full;
        // One name among many numbers is garbled.
        let has_names = self.names > 0 && 10 * self.names >= self.ports;
        let name = if self.header.has_block && has_names { 12 } else { 16 };
        for &(index, end, doubt) in self.doubtful.iter().filter(|_| !is_wide) {
            let Some(socket) = found.sockets.get_mut(index) else { continue };
            let address = match end {
                End::Local => &mut socket.local,
                End::Remote => &mut socket.remote,
            };
            let is_four = matches!(address.host, Host::Ip(IpAddr::V4(_)));
            if doubt.host == name && !(is_four && name == 16) {
                address.host = Host::Clipped(address.host.to_string().into());
            }
            if doubt.cell == self.header.cell()
                && let Port::Number(number) = address.port
                && number < 10_000
            {
                address.port = Port::Clipped(number.to_string().into());
            }
        }
    }
}

/// The cells of a row.
struct Row<'a> {
    /// Something stands before the protocol.
    has_block: bool,
    is_tcp: bool,
    family: Family,
    counts: [Option<u32>; 3],
    local: &'a str,
    remote: &'a str,
    tail: &'a str,
}

fn row<'a>(text: &'a str, header: &Header) -> Option<Row<'a>> {
    let mut cells = Cells::new(text);
    // The control block, and of macOS the flow hash, may stand before the protocol.
    let protocol = cells.by_ref().take(3).find(|cell| cell.starts_with("tcp") || cell.starts_with("udp"))?;
    let is_tcp = protocol.starts_with("tcp");
    let has_block = !text.trim_start().starts_with(protocol);
    let family = match protocol.trim_start_matches(['t', 'c', 'p', 'u', 'd']) {
        "46" => Family::Dual,
        "6" => Family::V6,
        "4" | "" => Family::V4,
        _ => return None,
    };
    let counts = [cells.number(), cells.number(), header.counts.and_then(|_| cells.number())];
    let (local, remote) = (cells.next()?, cells.next()?);
    // Of UDP nothing else is wanted.
    if is_tcp && (counts[1].is_none() || !local.contains('.') || !remote.contains('.') || local.contains("->")) {
        return None;
    }
    let is_dotted = |cell: &str| SocketAddress::with_dot(cell).is_some() && !is_colon(cell);
    (is_dotted(local) && is_dotted(remote)).then_some(Row {
        has_block,
        is_tcp,
        family,
        counts,
        local,
        remote,
        tail: cells.rest(),
    })
}

/// `10.0.0.1:80`: Linux. An IPv6 address with a dot before its port has its last dot after its last colon.
fn is_colon(cell: &str) -> bool {
    cell.rfind(':') > cell.rfind('.')
}

impl Row<'_> {
    fn socket(&self, line: u32, header: &Header) -> Option<Socket> {
        let (local, remote) = (SocketAddress::with_dot(self.local)?, SocketAddress::with_dot(self.remote)?);
        let mut socket = Socket::new(line, local, remote);
        socket.family = self.family;
        match header.counts {
            None => [socket.recv_q, socket.send_q] = [self.counts[0], self.counts[1]],
            Some(names) => {
                let counts = names.into_iter().zip(self.counts);
                socket.measures = counts.filter_map(|(name, count)| Some((name, count?))).collect();
            }
        }
        let mut cells = Cells::new(self.tail);
        let mut after = cells;
        if let Some(state) = after.next().and_then(SocketState::read) {
            socket.state = Some(state);
            cells = after;
        }
        socket.owners = owner(cells, &header.tail).into_iter().collect();
        Some(socket)
    }
}

/// macOS `-v`: a column `pid`, or newer `process:pid` whose process may hold blanks.
fn owner(mut cells: Cells<'_>, titles: &[Box<str>]) -> Option<Owner> {
    for title in titles {
        match &**title {
            "pid" => return Some(Owner { pid: Some(cells.number()?), ..Owner::default() }),
            "process:pid" => {
                let rest = cells.rest();
                let mut ends = rest.match_indices(':').map(|(at, _)| at);
                let (at, pid) = ends.find_map(|at| Some((at, Cells::new(rest.get(at + 1..)?).number()?)))?;
                return Some(Owner { pid: Some(pid), program: rest.get(..at).map(Into::into), fd: None });
            }
            _ => cells.next()?,
        };
    }
    None
}
