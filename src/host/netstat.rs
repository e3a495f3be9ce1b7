//! Linux `netstat`: net-tools old and new in any language, busybox and toybox, with `-o`, `-e`, `-p`, `-Z` and `-W`, with
//! or without a header (`netstat -tan | grep :80`).
//!
//! A row is known by its shape, never by its header or its state: words are translated, and cells wider than their
//! column shift the rest. Format strings: net-tools `netstat.c` (`tcp_do_one`, `finish_this_one`).

use super::address::{is_masked, is_v6_cell, number_or_mask};
use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Host, Line, Lines, Owner, Socket, SocketAddress, SocketState, Timer, TimerKind};
use std::net::IpAddr;

pub(super) const FORMAT: Format = Format { name: "netstat-linux", sniff, parse };

/// Characters of an address cell; net-tools and toybox cut what is longer, unless `-W` is given. busybox never cuts.
const CELL: usize = 23;

/// Protocols of rows that are no TCP.
const OTHERS: [&str; 14] = [
    "udp", "udp6", "udpl", "udpl6", "udplite", "udplit", "raw", "raw6", "sctp", "unix", "l2cap", "rfcomm", "icmp",
    "ax25",
];

/// The word for an address in the headers that net-tools prints.
const ADDRESS: [&str; 6] = ["Address", "Adresse", "Adresa", "Endere", "aadress", "アドレス"];

/// What `netstat` says between its tables or on standard error, which lands in logs.
const NOISE: [&str; 6] = [
    "(Not all processes could be identified",
    "will not be shown, you would have to be root",
    "(No info could be read for",
    "netstat: no support for",
    "warning, got bogus",
    "(Es konnten nicht alle Prozesse identifiziert",
];

/// States as net-tools translates them, beside the English words. A longer one comes before the one it begins with.
const TRANSLATED: [(&str, SocketState); 19] = [
    ("VERBUNDEN", SocketState::Established),
    ("SPOJENO", SocketState::Established),
    ("NASLOUCHÁ", SocketState::Listen),
    ("POSLEDNÍ ACK", SocketState::LastAck),
    ("POSLEDNÍ_ACK", SocketState::LastAck),
    ("ZAVÍRÁ", SocketState::Closing),
    ("ZAVŘEN", SocketState::Closed),
    ("OUÇA", SocketState::Listen),
    ("ESTABELECIDA", SocketState::Established),
    ("SYN_ENVIADO", SocketState::SynSent),
    ("SYN_RECEBIDO", SocketState::SynRecv),
    ("ESPERA_FIN1", SocketState::FinWait1),
    ("ESPERA_FIN2", SocketState::FinWait2),
    ("ESPERANDO_FECHAR", SocketState::CloseWait),
    ("ÚLTIMO_ACK", SocketState::LastAck),
    ("FECHANDO", SocketState::Closing),
    ("FECHADO", SocketState::Closed),
    ("TEMPO_ESPERA", SocketState::TimeWait),
    ("ESPERA", SocketState::TimeWait),
];

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    let Some(first) = ahead.next() else { return false };
    if row(first.text).is_some() {
        return true;
    }
    // A title may stand before the header, in any language.
    let header = is_header(first.text) || (!first.text.trim().is_empty() && is_header(ahead.text()));
    if is_header(ahead.text()) {
        ahead.next();
    }
    // Windows and BSD share the words of the header: their rows differ.
    header && ahead.peek().is_none_or(|next| is_empty_or_ours(next.text))
}

fn is_empty_or_ours(text: &str) -> bool {
    let word = Cells::new(text).next().unwrap_or_default();
    let begins_row = word.starts_with("tcp") || word.contains("TCP") || word.contains("UDP");
    !begins_row || row(text).is_some()
}

/// `Proto Recv-Q Send-Q Local Address ...`, in any language; of BSD the state stands in brackets.
fn is_header(text: &str) -> bool {
    let is_ours = text.starts_with("Proto ") && ADDRESS.iter().any(|word| text.contains(word));
    is_ours && !["(state)", "R-MBUF", "Rexmit", "Swind", "RefCnt"].iter().any(|word| text.contains(word))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut ahead = lines.clone();
    ahead.next();
    if is_header(ahead.text()) && row(lines.text()).is_none() {
        lines.next();
    }
    lines.take_if(|line| is_header(line.text).then_some(()));
    let mut cells = Widths::default();
    table::read(lines, found, |line, found| take(line, found, &mut cells));
    cells.settle(found);
    found.sockets.shrink_to_fit();
}

/// Which cells are exactly as wide as their column, and how many are wider: then none was cut, unless one is garbled.
#[derive(Default)]
struct Widths {
    full: Vec<(usize, End)>,
    wide: usize,
}

#[derive(Clone, Copy)]
enum End {
    Local,
    Remote,
}

impl Widths {
    fn note(&mut self, index: usize, end: End, cell: &str) {
        let width = cell.chars().count();
        self.wide += usize::from(width > CELL);
        if width == CELL {
            self.full.push((index, end));
        }
    }

    /// A full cell may be a cut one: what is left of its address is not to be relied on. Its port is whole.
    fn settle(&self, found: &mut Found) {
        let is_wide = self.wide > 0 && self.wide >= self.full.len();
        for &(index, end) in self.full.iter().filter(|_| !is_wide) {
            let Some(socket) = found.sockets.get_mut(index) else { continue };
            let address = match end {
                End::Local => &mut socket.local,
                End::Remote => &mut socket.remote,
            };
            if !matches!(address.host, Host::Ip(IpAddr::V4(_)) | Host::Masked(_)) {
                address.host = Host::Clipped(address.host.to_string().into());
            }
        }
    }
}

fn take(line: Line<'_>, found: &mut Found, widths: &mut Widths) -> Verdict {
    if let Some(row) = row(line.text) {
        let Some(socket) = row.socket(line, found) else { return Verdict::Strange };
        widths.note(found.sockets.len(), End::Local, row.local);
        widths.note(found.sockets.len(), End::Remote, row.remote);
        found.sockets.push(socket);
        return Verdict::Taken;
    }
    if is_header(line.text) {
        return Verdict::End;
    }
    let word = Cells::new(line.text).next().unwrap_or_default();
    if OTHERS.contains(&word) {
        found.other_rows += 1;
        return Verdict::Taken;
    }
    // Tables of other families follow under titles and headers of their own.
    let is_other_table = (line.text.starts_with("Proto ") && line.text.contains("RefCnt"))
        || line.text.starts_with("Active UNIX domain sockets")
        || line.text.starts_with("Active Bluetooth connections")
        || line.text.contains("UNIX");
    let is_noise = NOISE.iter().any(|noise| line.text.contains(noise));
    if is_other_table || is_noise { Verdict::Taken } else { Verdict::Strange }
}

/// The cells of a TCP row.
struct Row<'a> {
    is_v6: bool,
    recv_q: u32,
    send_q: u32,
    local: &'a str,
    remote: &'a str,
    tail: &'a str,
}

fn row(text: &str) -> Option<Row<'_>> {
    let mut cells = Cells::new(text);
    let is_v6 = match cells.next()? {
        "tcp" => false,
        "tcp6" => true,
        _ => return None,
    };
    let (recv_q, send_q) = (cells.number()?, cells.number()?);
    let (local, remote) = (cells.next()?, cells.next()?);
    (local.contains(':') && remote.contains(':')).then_some(())?;
    Some(Row { is_v6, recv_q, send_q, local, remote, tail: cells.rest() })
}

impl Row<'_> {
    fn socket(&self, line: Line<'_>, found: &mut Found) -> Option<Socket> {
        let (local, remote) = (SocketAddress::with_colon(self.local)?, SocketAddress::with_colon(self.remote)?);
        let mut socket = Socket::new(line.number, local, remote);
        // Old versions and busybox print `tcp` of both families.
        if self.is_v6 || is_v6_cell(self.local) || is_v6_cell(self.remote) {
            socket.family = Family::V6;
        }
        (socket.recv_q, socket.send_q) = (Some(self.recv_q), Some(self.send_q));
        let (timer, rest) = timer(self.tail);
        socket.timer = timer;
        let (state, rest) = state(rest);
        socket.state = state.or_else(|| socket.remote.is_unset().then_some(SocketState::Listen));
        if socket.state.is_none() {
            found.odd.add(line.number, "a state that is not known");
        }
        ownership(rest, &mut socket);
        Some(socket)
    }
}

/// The state that a word of net-tools' translations means.
pub(super) fn translated(word: &str) -> Option<SocketState> {
    TRANSLATED.into_iter().find(|(translated, _)| *translated == word).map(|(_, state)| state)
}

/// The state at the beginning of a row's tail, and what follows it. An unknown word is passed over as one.
fn state(tail: &str) -> (Option<SocketState>, &str) {
    for (word, state) in TRANSLATED {
        if let Some(rest) = tail.strip_prefix(word)
            && (rest.is_empty() || rest.starts_with(char::is_whitespace))
        {
            return (Some(state), rest);
        }
    }
    let mut cells = Cells::new(tail);
    let word = cells.next().unwrap_or_default();
    (SocketState::read(word), cells.rest())
}

/// `[user inode] [pid/program]`, any of them missing; what the columns are is told by what stands in them.
fn ownership(text: &str, socket: &mut Socket) {
    let mut cells = Cells::new(text);
    let mut after = cells;
    if let (Some(user), Some(inode)) = (after.next(), after.next().and_then(|cell| cell.parse::<u64>().ok()))
        && user != "-"
        && !user.contains('/')
    {
        socket.user = Some(user.into());
        socket.inode = (inode != 0).then_some(inode);
        cells = after;
    }
    let owner = owner(cells.rest());
    if owner != Owner::default() {
        socket.owners = [owner].into();
    }
}

/// `1187/pgpool: watchd`, `1279`, `mongod`, `-`; with `-Z` a security context stands behind it or before it.
fn owner(text: &str) -> Owner {
    let is_context = |cell: &&str| cell.matches(':').count() >= 3 && cell.contains("_r:");
    let text = match text.split_whitespace().find(is_context).and_then(|context| text.split_once(context)) {
        Some(("", after)) => after.trim_start(),
        Some((before, _)) => before.trim_end(),
        None => text,
    };
    let parts = || text.split_once('/').and_then(|(pid, program)| Some((number_or_mask(pid)?, program)));
    let whole = || number_or_mask(text).map(|pid| (pid, ""));
    let (pid, program) = parts().or_else(whole).unwrap_or((None, text));
    let program = (!matches!(program, "" | "-") && !is_masked(program)).then(|| program.into());
    Owner { pid, program, fd: None }
}

/// `on (1.81/2/0)` at the end of a row (seconds, retransmissions, probes), in any language, and what stands before it.
fn timer(tail: &str) -> (Option<Timer>, &str) {
    let read = || {
        let inside = tail.trim_end().strip_suffix(')')?;
        let (before, numbers) = inside.rsplit_once('(')?;
        let mut parts = numbers.split('/');
        let left_ms = milliseconds(parts.next()?)?;
        let (retransmits, probes) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        // Estonian opens two brackets.
        let before = before.trim_end_matches(['(', ' ']);
        let (rest, word) = before.rsplit_once(' ').unwrap_or(("", before));
        let kind = timer_kind(word);
        let left_ms = (kind != TimerKind::Off).then_some(left_ms);
        Some((Timer { kind, left_ms, retransmits: Some(retransmits), probes: Some(probes) }, rest.trim_end()))
    };
    read().map_or((None, tail), |(timer, rest)| (Some(timer), rest))
}

fn timer_kind(word: &str) -> TimerKind {
    match word {
        "off" | "aus" | "オフ" | "eikäi" | "vyp" | "desligado" => TimerKind::Off,
        "on" | "ein" | "オン" | "käib" | "zapnut" | "em" => TimerKind::On,
        "keepalive" | "キープアライブ" => TimerKind::Keepalive,
        "timewait" | "時間待ち" => TimerKind::TimeWait,
        "probe" => TimerKind::Probe,
        _ => TimerKind::Unknown,
    }
}

/// `47.92` or `47,92` seconds.
fn milliseconds(text: &str) -> Option<u32> {
    let (seconds, hundredths) = text.split_once(['.', ','])?;
    let hundredths: u32 = hundredths.parse().ok().filter(|&hundredths| hundredths < 100)?;
    seconds.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(hundredths * 10)
}
