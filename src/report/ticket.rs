//! One connection as a packet script, to be pasted into a ticket: `synfin synth` makes a capture of it again, in which the
//! connection has the same outcome. Payload is left out but for its length.
//!
//! What decides nothing is left out: link and tunnel headers, IP lengths that offloading left wrong, options that synfin does
//! not read, and the cookies of TCP Fast Open, which are nobody else's business.

use super::ladder::why;
use super::terminal::safe;
use crate::capture::script::{Host, Icmp, Line, Number, Outer, Packet, Segment, Sender, TcpOption, seconds};
use crate::case::{Facts, Judged};
use crate::seq::Seq;
use crate::tcp::step::{Notice, Step, StepPacket};
use crate::tcp::{RoleBasis, Side};
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::{Address, Flags, Marks, Rare};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// Payload of one packet that a script may ask for.
const LONGEST: u32 = 261_000;
/// Bytes of options that a TCP header has room for.
const OPTIONS: usize = 40;
/// The greatest time of a script, and the years that a capture can say.
const LATEST: i64 = 999_999_999 * SECOND;
const YEARS: std::ops::Range<i64> = 0..u32::MAX as i64 * SECOND;
/// Where the TCP header begins in a frame of a script: behind Ethernet, a VLAN tag, and IPv4 or IPv6.
const ETHERNET: u32 = 14;
const TAG: u32 = 4;
const IPV4: u32 = 20;
const IPV6: u32 = 40;
/// A header cut here has its flags, and not its window.
const BEFORE_WINDOW: u32 = 14;
/// A header without options.
const HEADER: u32 = 20;

/// A script of one connection, line by line.
pub struct Ticket {
    start: Timestamp,
    bases: [Option<Seq>; 2],
    ends: [Address; 2],
}

impl Ticket {
    /// `first` is the earliest time of its steps, `bases` are the recorder's.
    pub fn new(row: &Judged, first: Timestamp, bases: [Option<Seq>; 2]) -> Self {
        let start = Timestamp(first.0.clamp(YEARS.start, YEARS.end - 1));
        Self { start, bases, ends: [row.client, row.server] }
    }

    /// What the connection is and came to, as comments, and the two ends.
    pub fn head(&self, row: &Judged, facts: &Facts) -> String {
        let mut out = format!("// connection {:016x}", row.id());
        if let Some((path, frame)) = row.first_place(facts) {
            let _ = write!(out, ", from frame {frame} of {}", safe(path)); // a string takes everything
        }
        let verdict = row.outcome.verdict().name();
        let _ = writeln!(out, "\n// {} ({verdict}): {}", row.outcome.name(), row.outcome.meaning());
        let _ = writeln!(out, "// => {}", labels(row));
        let _ = writeln!(out, "start {}", self.start.rfc3339());
        for (side, name) in Side::BOTH.into_iter().zip(["client", "server"]) {
            let address = SocketAddr::new(self.ip(self.ends[side as usize].ip()), self.ends[side as usize].port);
            let host = Host { address, iss: self.bases[side as usize].map_or(0, |base| base.0) };
            let _ = writeln!(out, "{name} {host}");
        }
        out
    }

    /// What the rest of the capture tells of the connection: how long it went on, and who is known to listen.
    pub fn end(&self, row: &Judged, facts: &Facts) -> String {
        let mut out = String::new();
        if row.summary.role_basis == RoleBasis::Listener {
            let asking = if self.is_v6() { "[2001:db8::1]:50007" } else { "192.0.2.1:50007" };
            let server = SocketAddr::new(self.ip(row.server.ip()), row.server.port);
            let at = seconds(self.since_start(row.summary.last));
            let _ = writeln!(out, "flow listener  // another handshake tells who is the server");
            let _ = writeln!(out, "client {asking} iss 0\nserver {server} iss 0\n{at} < S. 0:0(0) ack 1");
        }
        let point = facts.points.get(row.summary.point as usize);
        let last = point.and_then(|point| point.watched_until(row.summary.last_file));
        if let Some(last) = last.filter(|&last| last > row.summary.last) {
            let _ = writeln!(out, "end {}", seconds(self.since_start(last)));
        }
        out
    }

    fn since_start(&self, time: Timestamp) -> Span {
        Span(time.since(self.start).0.clamp(0, LATEST))
    }

    /// The line of one step, with a line feed.
    pub fn line(&self, step: &Step) -> String {
        let at = if step.time == Timestamp(0) { Span(0) } else { self.since_start(step.time) };
        let why = why(step);
        let comment = if why.is_empty() { String::new() } else { format!("  // {}", safe(&why)) };
        match &step.packet {
            StepPacket::Segment { segment, rare, .. } => {
                let mut told = self.segment(step.side, segment, rare.as_ref());
                let outer = self.outer(segment, &mut told.options);
                let line = Line { at, packet: Packet::Segment(told), outer };
                format!("{line}{comment}\n")
            }
            StepPacket::Icmp(notice) => match self.icmp(step.side, notice) {
                Some(icmp) => {
                    let line = Line { at, packet: Packet::Icmp(icmp), outer: Outer::default() };
                    format!("{line}{comment}\n")
                }
                None => format!("// an ICMP error that a script cannot say: {}\n", safe(&why)),
            },
        }
    }

    fn segment(&self, side: Side, segment: &crate::wire::Segment, rare: Option<&Rare>) -> Segment {
        let acks = segment.flags.any(Flags::ACK);
        let ack = if acks {
            Some(self.number(segment.ack, side.peer()))
        } else {
            Some(Number::Absolute(segment.ack.0)).filter(|_| segment.ack.0 != 0)
        };
        Segment {
            sender: sender(side),
            flags: segment.flags.0,
            seq: self.number(segment.seq, side),
            len: segment.len.min(LONGEST),
            ack,
            win: Some(segment.window).filter(|_| !segment.marks.has(Marks::WINDOW_CUT)),
            urg: rare.and_then(|rare| rare.urgent),
            options: self.options(side, segment, rare),
        }
    }

    fn options(&self, side: Side, segment: &crate::wire::Segment, rare: Option<&Rare>) -> Vec<TcpOption> {
        let mut options = Vec::new();
        let rare = rare.copied().unwrap_or_default();
        options.extend(rare.mss.map(TcpOption::Mss));
        options.extend(rare.sack_permitted.then_some(TcpOption::SackPermitted));
        if segment.marks.has(Marks::TIMESTAMPS) {
            options.push(TcpOption::Timestamps { value: segment.ts_value, echo: segment.ts_echo });
        }
        options.extend(rare.window_scale.map(TcpOption::WindowScale));
        let blocks = rare.sack_blocks().iter();
        let blocks: Vec<_> = blocks.map(|&(from, to)| [from, to].map(|seq| self.number(seq, side.peer()))).collect();
        options.extend((!blocks.is_empty()).then(|| TcpOption::Sack(blocks.iter().map(|&[a, b]| (a, b)).collect())));
        options.extend(rare.fast_open.then(|| TcpOption::FastOpen(Vec::new())));
        options.extend(rare.mptcp.then_some(TcpOption::Mptcp));
        options.extend(rare.signed.then_some(TcpOption::Md5));
        let mut room = OPTIONS;
        options.retain(|option| match room.checked_sub(size(option)) {
            Some(left) => {
                room = left;
                true
            }
            None => false, // an authentication option shorter than MD5's, beside many others
        });
        options
    }

    /// What lies around the segment. Where the snap length cut its header, so it is here: behind the options that were read,
    /// before one more.
    fn outer(&self, segment: &crate::wire::Segment, options: &mut Vec<TcpOption>) -> Outer {
        let v6 = segment.marks.has(Marks::V6);
        let vlan = Some(segment.vlan).filter(|vlan| (1..4096).contains(vlan));
        let before = ETHERNET + vlan.map_or(0, |_| TAG) + if v6 { IPV6 } else { IPV4 };
        let read: usize = options.iter().map(size).sum();
        let cut = if segment.marks.has(Marks::WINDOW_CUT) {
            Some(before + BEFORE_WINDOW)
        } else if segment.marks.has(Marks::HEADER_CUT) && read < OPTIONS {
            options.push(TcpOption::Nop);
            Some(before + HEADER + read as u32)
        } else {
            None
        };
        Outer {
            ttl: Some(segment.ttl),
            id: Some(segment.ip_id).filter(|_| !v6),
            iface: Some(segment.interface).filter(|&number| number > 0).map(|number| number.min(255) as u8),
            vlan,
            frag: None,
            cut,
        }
    }

    fn icmp(&self, side: Side, notice: &Notice) -> Option<Icmp> {
        let error = notice.error;
        // Whoever reports is of the IP version of what it quotes; where it is not known, the address quoted stands in.
        let from = self.ip(notice.from.unwrap_or(self.ends[side.peer() as usize].ip()));
        let v6 = self.is_v6();
        (from.is_ipv6() == v6 && error.kind.v6 == v6).then(|| Icmp {
            kind: error.kind.kind,
            code: error.kind.code,
            from,
            quoting: sender(side),
            seq: Some(self.number(error.seq, side)),
            mtu: notice.mtu,
        })
    }

    fn is_v6(&self) -> bool {
        self.ends.iter().any(|end| end.ip().is_ipv6())
    }

    /// An IPv4 address in an IPv6 packet stays one of IPv6.
    fn ip(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) if self.is_v6() => ip.to_ipv6_mapped().into(),
            ip => ip,
        }
    }

    /// Relative where it lies at or behind the initial number.
    fn number(&self, number: Seq, side: Side) -> Number {
        match self.bases[side as usize].unwrap_or(Seq(0)) {
            base if number.reaches(base) => Number::Relative(number.since(base).unsigned_abs()),
            _ => Number::Absolute(number.0),
        }
    }
}

const fn sender(side: Side) -> Sender {
    match side {
        Side::Client => Sender::Client,
        Side::Server => Sender::Server,
    }
}

/// Bytes of an option in the header.
const fn size(option: &TcpOption) -> usize {
    match option {
        TcpOption::Nop | TcpOption::EndOfList => 1,
        TcpOption::SackPermitted => 2,
        TcpOption::WindowScale(_) => 3,
        TcpOption::Mss(_) | TcpOption::Mptcp => 4,
        TcpOption::Timestamps { .. } => 10,
        TcpOption::Md5 => 18,
        TcpOption::FastOpen(cookie) => 2 + cookie.len(),
        TcpOption::Sack(blocks) => 2 + 8 * blocks.len(),
    }
}

/// `outcome=completed client_state=TIME_WAIT ...`, what is empty left out.
pub fn labels(row: &Judged) -> String {
    let judgement = &row.judgement;
    let fields = [
        ("outcome", Some(row.outcome.name())),
        ("client_state", judgement.states[0].map(|state| state.name())),
        ("server_state", judgement.states[1].map(|state| state.name())),
        ("handshake", Some(judgement.handshake.name())),
        ("closed_by", judgement.closed_by.map(|by| by.name())),
        ("reset_by", judgement.reset_by.map(|side| side.name())),
        ("reset_phase", judgement.reset_phase.map(|phase| phase.name())),
    ];
    let set = fields.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}")));
    set.collect::<Vec<_>>().join(" ")
}
