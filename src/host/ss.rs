//! `ss` of iproute2, 3.12 to 7.1, with any options: one row a socket, and with `-i`, `-m` or `-b` further lines that begin
//! with a blank. Columns are never cut by the header: cells may be glued together (`tcpESTAB`, `LISTEN0`).

mod details;

use super::address::{SocketAddress, is_v6_cell};
use super::table::{self, Verdict};
use super::{Family, Format, Found, Host, Line, Lines, Socket, SocketState};

pub(super) const FORMAT: Format = Format { name: "ss", sniff, parse };

/// What stands in the column Netid. Those that begin like another come after it.
const NETIDS: [&str; 22] = [
    "tcp", "udp", "mptcp", "raw", "nl", "u_str", "u_dgr", "u_seq", "p_raw", "p_dgr", "icmp6", "icmp", "sctp", "dccp",
    "v_str", "v_dgr", "v_seq", "tipc", "ti_rd", "ti_sq", "ti_st", "xdp",
];

const STATES: [(&str, SocketState); 12] = [
    ("ESTAB", SocketState::Established),
    ("LISTEN", SocketState::Listen),
    ("TIME-WAIT", SocketState::TimeWait),
    ("CLOSE-WAIT", SocketState::CloseWait),
    ("SYN-SENT", SocketState::SynSent),
    ("SYN-RECV", SocketState::SynRecv),
    ("FIN-WAIT-1", SocketState::FinWait1),
    ("FIN-WAIT-2", SocketState::FinWait2),
    ("LAST-ACK", SocketState::LastAck),
    ("CLOSING", SocketState::Closing),
    ("UNCONN", SocketState::Bound),
    ("BOUND-INACTIVE", SocketState::Bound),
];

/// What `ss` says on standard error, which lands in logs.
const NOISE: [&str; 4] =
    ["Failed to find cgroup2 mount", "RTNETLINK answers:", "Cannot open netlink socket", "TCPDIAG answers:"];

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    is_header(text) || Row::read(text, None).is_some()
}

fn is_header(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['N', 'S', 'R']) && text.contains("Local Address:Port")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let header = lines.take_if(|line| is_header(line.text).then_some(line.text));
    let says = |word| header.is_some_and(|header| header.contains(word));
    let stateless = header.is_some() && !says("State");
    let mut block = Block { stateless, is_new: says("Process"), ..Block::default() };
    let filtered = lines.command.and_then(filtered_state);
    table::read(lines, found, |line, found| block.take(line, found));
    block.finish(filtered, found);
}

/// The one state of `ss state close-wait`, whose rows do not repeat it.
fn filtered_state(command: &str) -> Option<SocketState> {
    let mut words = command.split_whitespace();
    words.find(|&word| word == "state")?;
    words.next().and_then(SocketState::read)
}

/// What is known of a block only as a whole.
#[derive(Default)]
struct Block {
    /// The header lacks the column State.
    stateless: bool,
    /// The last row was of another protocol: so are its further lines.
    skipping: bool,
    /// Some row says what sort of socket it is.
    has_netid: bool,
    /// Some state that only TCP has.
    has_tcp_state: bool,
    /// Newer versions print `0.0.0.0:80` and `[::]:80`, older `*:80` and `:::80`; the newest have a title for processes.
    is_new: bool,
    details: details::Reader,
}

impl Block {
    fn take(&mut self, line: Line<'_>, found: &mut Found) -> Verdict {
        if let Some(row) = Row::read(line.text, Some(self)) {
            return self.row(line, &row, found);
        }
        if line.text.starts_with([' ', '\t']) {
            match found.sockets.last_mut() {
                _ if self.skipping => {}
                Some(socket) => self.details.read(line.text, socket),
                None => return Verdict::Strange,
            }
            return Verdict::Taken;
        }
        if is_header(line.text) {
            return Verdict::End;
        }
        if NOISE.iter().any(|noise| line.text.starts_with(noise)) { Verdict::Taken } else { Verdict::Strange }
    }

    fn row(&mut self, line: Line<'_>, row: &Row<'_>, found: &mut Found) -> Verdict {
        self.has_netid |= row.netid.is_some();
        self.skipping = row.netid.is_some_and(|netid| netid != "tcp");
        if self.skipping {
            found.other_rows += 1;
            return Verdict::Taken;
        }
        let Some(mut socket) = row.socket(line.number) else { return Verdict::Strange };
        self.has_tcp_state |= !matches!(socket.state, Some(SocketState::Established | SocketState::Bound));
        self.is_new |= row.local.starts_with(['0', '[']) || row.remote.starts_with(['0', '[']);
        self.details.read(row.tail, &mut socket);
        found.sockets.push(socket);
        Verdict::Taken
    }

    /// Settles what a single row does not tell.
    fn finish(&self, filtered: Option<SocketState>, found: &mut Found) {
        // UNCONN is UDP where nothing else says TCP, and in versions so old that they call UDP `tcp`. Newer kernels list
        // TCP sockets that are bound only.
        let is_udp = !self.has_netid && !self.has_tcp_state;
        let is_bound = |socket: &Socket| socket.state == Some(SocketState::Bound);
        if (is_udp || !self.is_new) && found.sockets.iter().any(is_bound) {
            let rows = found.sockets.len();
            found.sockets.retain(|socket| !is_udp && !is_bound(socket));
            found.other_rows += (rows - found.sockets.len()) as u64;
        }
        for socket in &mut found.sockets {
            if socket.state.is_none() {
                socket.state = filtered;
            }
            if self.is_new && socket.local.host == Host::Any {
                socket.family = Family::Dual;
            }
        }
        found.sockets.shrink_to_fit();
    }
}

/// The cells of a row.
struct Row<'a> {
    netid: Option<&'static str>,
    state: Option<SocketState>,
    recv_q: u32,
    send_q: u32,
    local: &'a str,
    remote: &'a str,
    tail: &'a str,
}

impl<'a> Row<'a> {
    /// `None` if the line is no row. Inside a block a row may lack its state, where the header says so or the cell is blank.
    fn read(text: &'a str, within: Option<&Block>) -> Option<Self> {
        let text = text.trim_ascii_start();
        // A state is in capitals.
        let is_netid = text.starts_with(|letter: char| letter.is_ascii_lowercase());
        let netid = NETIDS.into_iter().find(|netid| is_netid && text.starts_with(netid));
        let rest = netid.map_or(text, |netid| text.get(netid.len()..).unwrap_or_default().trim_start());
        let state = STATES.into_iter().find(|(word, _)| rest.starts_with(word));
        let rest = match state {
            Some((word, _)) => rest.get(word.len()..)?,
            None if within.is_some_and(|block| block.stateless || netid.is_some()) => rest,
            None => return None,
        };
        let (recv_q, rest) = number(rest)?;
        let (send_q, rest) = number(rest.strip_prefix([' ', '\t'])?)?;
        let (local, rest) = cell(rest)?;
        let (remote, tail) = cell(rest)?;
        Some(Self { netid, state: state.map(|(_, state)| state), recv_q, send_q, local, remote, tail })
    }

    fn socket(&self, line: u32) -> Option<Socket> {
        let mut socket =
            Socket::new(line, SocketAddress::with_colon(self.local)?, SocketAddress::with_colon(self.remote)?);
        if is_v6_cell(self.local) || is_v6_cell(self.remote) {
            socket.family = Family::V6;
        }
        socket.state = self.state;
        socket.recv_q = Some(self.recv_q);
        socket.send_q = Some(self.send_q);
        Some(socket)
    }
}

/// A number after blanks, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_ascii_start();
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// A cell after blanks, and what follows it.
fn cell(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let end = text.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(text.len());
    if end == 0 { None } else { text.split_at_checked(end) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    /// Line, state, queues and ends of each socket, and how many rows were passed over.
    fn shown(text: &str) -> (Vec<String>, u64) {
        let document = read(text.as_bytes(), &Hints::default());
        let sockets = document.blocks.iter().flat_map(|block| &block.found.sockets).map(|socket| {
            let state = socket.state.map_or("-", SocketState::name);
            let [recv, send] = [socket.recv_q, socket.send_q].map(|queue| queue.unwrap_or_default());
            let protocol = socket.family.protocol();
            format!("{} {protocol} {state} {recv} {send} {} {}", socket.line, socket.local, socket.remote)
        });
        (sockets.collect(), document.blocks.iter().map(|block| block.found.other_rows).sum())
    }

    #[test]
    fn glued_cells_are_parted_at_the_state() {
        let text = "tcpESTAB     0  0  192.0.2.1:45986 198.51.100.7:443\ntcpSYN-SENT0 1 192.0.2.1%eth0:3 198.51.100.7:80\nLISTEN0      128 127.0.0.1:25 *:*\n";
        let expected = [
            "1 tcp ESTABLISHED 0 0 192.0.2.1:45986 198.51.100.7:443",
            "2 tcp SYN_SENT 0 1 192.0.2.1%eth0:3 198.51.100.7:80",
            "3 tcp LISTEN 0 128 127.0.0.1:25 *:*",
        ];
        assert_eq!(shown(text), (expected.map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn unconnected_is_udp_unless_a_new_version_says_tcp() {
        let old = "tcp UNCONN 0 0 *:5353 *:*\ntcp LISTEN 0 128 *:80 *:*\n";
        assert_eq!(shown(old), (vec!["2 tcp LISTEN 0 128 *:80 *:*".to_owned()], 1));
        let new = "LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\nUNCONN 0 0 192.0.2.1:4000 0.0.0.0:*\n";
        assert_eq!(shown(new).0.last().map(String::as_str), Some("2 tcp BOUND 0 0 192.0.2.1:4000 0.0.0.0:*"));
        let udp = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\nUNCONN 0 0 0.0.0.0:68 0.0.0.0:*\nESTAB 0 0 192.0.2.1:4000 192.0.2.9:53\n";
        assert_eq!(shown(udp), (Vec::new(), 2));
    }

    #[test]
    fn other_families_and_their_further_lines_are_passed_over() {
        let text = "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\nnl UNCONN 0 0 rtnl:kernel *\n\t skmem:(r0,d9)\nu_str ESTAB 0 0 * 17 * 18\ntcp ESTAB 0 0 192.0.2.1:1 192.0.2.2:2\n\t skmem:(r0,d3) rto:204 unacked:4\n";
        assert_eq!(shown(text), (vec!["5 tcp ESTABLISHED 0 0 192.0.2.1:1 192.0.2.2:2".to_owned()], 2));
    }

    #[test]
    fn a_header_begins_a_new_snapshot() {
        let snapshot = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\nESTAB 0 0 192.0.2.1:1 192.0.2.2:2\n";
        let document = read(snapshot.repeat(3).as_bytes(), &Hints::default());
        assert_eq!(document.blocks.iter().map(|block| block.first_line).collect::<Vec<_>>(), [1, 3, 5]);
        assert_eq!(document.unknown_lines, 0);
    }

    #[test]
    fn an_odd_line_between_rows_is_named() {
        let text = "ESTAB 0 0 192.0.2.1:1 192.0.2.2:2\nES#AB 0\nESTAB 0 0 192.0.2.1:3 192.0.2.2:2\nthe end\n";
        let document = read(text.as_bytes(), &Hints::default());
        assert_eq!(document.blocks[0].found.odd.first, [(2, "not a row of this table")]);
        assert_eq!((document.unknown_lines, document.first_unknown), (1, vec![4]));
    }
}
