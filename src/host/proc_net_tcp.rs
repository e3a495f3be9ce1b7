//! `/proc/net/tcp` and `/proc/net/tcp6`: the kernel's own table, in hexadecimal.
//!
//! Addresses are 32-bit words in the byte order of the host that printed them, which the file does not name: the one that
//! makes likelier addresses of the whole block is taken, little-endian if both do. Ports are plain.

use super::address::{Host, Port, SocketAddress};
use super::table::{self, Verdict};
use super::{Family, Format, Found, Line, Lines, Socket, SocketState, Timer, TimerKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const FORMAT: Format = Format { name: "proc-net-tcp", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    is_header(text) || Row::read(text).is_some()
}

fn is_header(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    words.next() == Some("sl") && words.next() == Some("local_address")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let header = lines.take_if(|line| is_header(line.text).then_some(line.text));
    // The tables of UDP and raw sockets have the same head but for its end.
    let is_other = header.is_some_and(|header| header.trim_end().ends_with("drops"));
    let mut rows: Vec<(u32, Row)> = Vec::new();
    let take = |line: Line<'_>, found: &mut Found| match Row::read(line.text) {
        None if is_header(line.text) => Verdict::End,
        None => Verdict::Strange,
        Some(row) => {
            if is_other || row.is_udp {
                found.other_rows += 1;
            } else {
                rows.push((line.number, row));
            }
            Verdict::Taken
        }
    };
    table::read(lines, found, take);
    let order = order(&rows);
    found.sockets = rows.into_iter().map(|(line, row)| row.socket(line, order)).collect();
}

/// Byte order of the host.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

/// One address as it is printed: one word, or four.
#[derive(Clone, Copy)]
enum Words {
    V4(u32),
    V6([u32; 4]),
}

struct Row {
    ends: [(Words, u16); 2],
    state: Option<SocketState>,
    send_q: u32,
    recv_q: u32,
    timer: Timer,
    uid: Option<u32>,
    inode: Option<u64>,
    /// It has as many cells as a row of the table of UDP.
    is_udp: bool,
}

impl Row {
    /// `0: 3500007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 34000 ...`
    fn read(text: &str) -> Option<Self> {
        let mut cells = text.split_ascii_whitespace();
        let number = cells.next()?.strip_suffix(':')?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        let ends = [end(cells.next()?)?, end(cells.next()?)?];
        let state = state(hex(cells.next()?)?);
        let (send_q, recv_q) = pair(cells.next()?)?;
        let (kind, when) = pair(cells.next()?)?;
        let retransmits = cells.next().and_then(hex);
        let uid = cells.next().and_then(|cell| cell.parse().ok());
        let probes = cells.next().and_then(|cell| cell.parse().ok());
        let inode = cells.next().and_then(|cell| cell.parse().ok()).filter(|&inode: &u64| inode != 0);
        let timer = Timer { kind: timer_kind(kind), left_ms: when.checked_mul(10), retransmits, probes };
        Some(Self { ends, state, send_q, recv_q, timer, uid, inode, is_udp: cells.count() == 3 })
    }

    fn socket(&self, line: u32, order: Order) -> Socket {
        let [local, remote] = self.ends.map(|(words, port)| SocketAddress {
            host: Host::Ip(words.ip(order)),
            zone: None,
            port: if port == 0 { Port::Any } else { Port::Number(port) },
        });
        let mut socket = Socket::new(line, local, remote);
        socket.family = if matches!(self.ends[0].0, Words::V6(_)) { Family::V6 } else { Family::V4 };
        socket.state = self.state;
        socket.recv_q = Some(self.recv_q);
        socket.send_q = Some(self.send_q);
        socket.timer = Some(self.timer);
        socket.user = self.uid.map(|uid| uid.to_string().into());
        socket.inode = self.inode;
        socket
    }
}

impl Words {
    /// IPv4-mapped addresses as IPv4.
    fn ip(self, order: Order) -> IpAddr {
        let bytes = |word: u32| match order {
            Order::Little => word.swap_bytes(),
            Order::Big => word,
        };
        match self {
            Self::V4(word) => Ipv4Addr::from_bits(bytes(word)).into(),
            Self::V6(words) => {
                let bits = words.iter().fold(0, |bits: u128, &word| bits << 32 | u128::from(bytes(word)));
                IpAddr::V6(Ipv6Addr::from_bits(bits)).to_canonical()
            }
        }
    }
}

/// The order in which more addresses are of a well-known kind.
fn order(rows: &[(u32, Row)]) -> Order {
    let likely = |order: Order| {
        let ends = rows.iter().flat_map(|(_, row)| row.ends);
        ends.filter(|(words, _)| is_well_known(words.ip(order))).count()
    };
    if likely(Order::Big) > likely(Order::Little) { Order::Big } else { Order::Little }
}

/// Loopback, private, link-local, or unicast as it is assigned (2000::/3).
fn is_well_known(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            ip.is_loopback() || matches!(first, 0x2000..=0x3fff | 0xfe80..=0xfebf | 0xfc00..=0xfdff)
        }
    }
}

fn end(cell: &str) -> Option<(Words, u16)> {
    let (host, port) = cell.split_once(':')?;
    // The kernel prints all four digits: fewer are cut.
    let port = u16::try_from(hex(port).filter(|_| port.len() == 4)?).ok()?;
    let words = match host.len() {
        8 => Words::V4(hex(host)?),
        32 => {
            let word = |place: usize| hex(host.get(place * 8..place * 8 + 8)?);
            Words::V6([word(0)?, word(1)?, word(2)?, word(3)?])
        }
        _ => return None,
    };
    Some((words, port))
}

fn hex(text: &str) -> Option<u32> {
    if text.starts_with('+') { None } else { u32::from_str_radix(text, 16).ok() }
}

fn pair(cell: &str) -> Option<(u32, u32)> {
    let (first, second) = cell.split_once(':')?;
    Some((hex(first)?, hex(second)?))
}

/// By the kernel's numbers (include/net/tcp_states.h).
fn state(number: u32) -> Option<SocketState> {
    Some(match number {
        1 => SocketState::Established,
        2 => SocketState::SynSent,
        3 | 12 => SocketState::SynRecv,
        4 => SocketState::FinWait1,
        5 => SocketState::FinWait2,
        6 => SocketState::TimeWait,
        7 => SocketState::Closed,
        8 => SocketState::CloseWait,
        9 => SocketState::LastAck,
        10 => SocketState::Listen,
        11 => SocketState::Closing,
        13 => SocketState::Bound,
        _ => return None,
    })
}

fn timer_kind(number: u32) -> TimerKind {
    match number {
        0 => TimerKind::Off,
        1 => TimerKind::On,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Probe,
        _ => TimerKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::host::{Hints, read};

    fn ends(text: &str) -> Vec<String> {
        let document = read(text.as_bytes(), &Hints::default());
        let sockets = document.blocks.iter().flat_map(|block| &block.found.sockets);
        sockets.map(|socket| format!("{} {}", socket.local, socket.remote)).collect()
    }

    const TAIL: &str = "01 00000000:00000000 00:00000000 00000000     0        0 7 1 0 100 0 0 10 0";

    #[test]
    fn the_byte_order_is_that_which_makes_likely_addresses() {
        let little = format!("   0: 0100007F:0035 0202A8C0:C000 {TAIL}\n   1: 08080808:0035 0202A8C0:C001 {TAIL}\n");
        assert_eq!(ends(&little), ["127.0.0.1:53 192.168.2.2:49152", "8.8.8.8:53 192.168.2.2:49153"]);
        let big = format!("   0: 7F000001:0035 C0A80202:C000 {TAIL}\n");
        assert_eq!(ends(&big), ["127.0.0.1:53 192.168.2.2:49152"]);
        let six = format!("   0: 0000000000000000FFFF0000020AA8C0:0050 000080FE00000000FF57C4C6FE0FC2E7:0051 {TAIL}\n");
        assert_eq!(ends(&six), ["192.168.10.2:80 [fe80::c6c4:57ff:e7c2:ffe]:81"]);
    }

    #[test]
    fn the_table_of_udp_is_passed_over() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
        let row = "  101: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17 2 0000000000000000 0\n";
        for text in [[head, row].concat(), row.to_owned()] {
            let document = read(text.as_bytes(), &Hints::default());
            let found = &document.blocks[0].found;
            assert_eq!((found.sockets.len(), found.other_rows), (0, 1), "{text}");
        }
    }
}
