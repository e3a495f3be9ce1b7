//! Sequence numbers as they were on the wire. Programs print them from the start of a connection on, each by its own rule,
//! and leave some out; what is left out is filled in with what was to be expected there.

use super::Unsettled;
use super::dns::Dns;
use super::packet::{ACK, Error, PSH, Packet, Quoted, RST, SYN, Tcp, What};
use super::sent::Sent;
use crate::capture::script::{Number, TcpOption};
use crate::time::{SECOND, Span, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};

/// How a program numbers bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// The first packet of a flow that has an ACK, and every SYN-ACK, has the true numbers, and so has what has no ACK; from
    /// then on they count from there. With `-S` all are true.
    Tcpdump,
    /// Each side's count from its first packet, windows are multiplied by their scale.
    Wireshark,
    /// As they were.
    Absolute,
}

/// Where a side begins of which no true number is known.
const UNKNOWN: u32 = 0x1000_0000;
/// From one life of a flow to the next, where only relative numbers are known.
const NEXT_LIFE: u32 = 0x0100_0000;

/// What is known of a side of a flow.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// What its printed numbers count from.
    base: Option<u32>,
    /// The number behind the last that it sent.
    next: Option<u32>,
    /// The last number that its peer acknowledged.
    acked: Option<u32>,
    /// Its window scale, as its SYN said.
    shift: Option<u8>,
    /// Bytes of its frames besides payload, headers with their options.
    headers: Option<u32>,
    /// Time, acknowledgement and window of its last segment, unless its peer has sent since.
    unprovoked: Option<(Timestamp, u32, u32)>,
}

/// The least time after which a probe follows a segment: half of what systems wait at least.
const PROBE: Span = Span(SECOND / 10);

/// The lower end's side, then the other's.
type Flow = [Side; 2];

#[derive(Default)]
struct Resolver {
    flows: HashMap<(SocketAddr, SocketAddr), Flow>,
    sent: Sent,
    /// Name and type that were asked for, by client, server and number.
    questions: HashMap<(SocketAddr, SocketAddr, u16), (String, u16)>,
    /// Who asked last for an address: an answer does not say whom it is for.
    askers: HashMap<IpAddr, IpAddr>,
    relative: bool,
}

impl Numbering {
    /// Gives every segment the numbers that it had, and every error the segment that it is about, but for those errors that
    /// it returns.
    pub fn resolve(self, packets: &mut [Packet], times: &[Timestamp]) -> BTreeSet<Unsettled> {
        let relative = match self {
            Self::Tcpdump => prints_relative(packets),
            Self::Wireshark => opens_at_zero(packets),
            Self::Absolute => false,
        };
        let mut resolver = Resolver { relative, ..Resolver::default() };
        let mut settled = Vec::new();
        for (index, (packet, time)) in packets.iter_mut().zip(times).enumerate() {
            let frame_len = packet.frame_len;
            match &mut packet.what {
                What::Tcp(tcp) => resolver.segment(self, tcp, frame_len, *time),
                What::Error(error) => settled.extend(resolver.error(self, error, (index, *time))),
                What::Payload(from, to) => packet.what = resolver.payload((*from, *to), frame_len, *time),
                What::Ip { from, to, ports, .. } => {
                    let (source, destination) = ports.unwrap_or_default();
                    let ends = (SocketAddr::new(*from, source), SocketAddr::new(*to, destination));
                    resolver.sent.note_other(ends, *time);
                }
                What::Dns(dns) => resolver.dns(dns, *time),
                What::Arp(arp) if arp.is_reply => {
                    arp.target = resolver.askers.remove(&arp.target).unwrap_or(arp.target);
                }
                What::Arp(arp) => {
                    resolver.askers.insert(arp.target, arp.sender.1);
                }
                What::Quick { .. } | What::Ether(_) => {}
            }
        }
        for (index, tcp) in settled {
            if let Some(What::Error(error)) = packets.get_mut(index).map(|packet| &mut packet.what) {
                // A TTL would say that it was printed.
                error.quoted = Quoted::Tcp(Tcp { ttl: None, ..tcp });
            }
        }
        resolver.sent.unsettled()
    }

    /// What a segment's printed numbers count from is added to them.
    fn shift(self, flow: &mut Flow, sender: usize, tcp: &mut Tcp, relative: bool) {
        match self {
            Self::Tcpdump => tcpdump(flow, sender, tcp, relative),
            Self::Wireshark => wireshark(flow, sender, tcp, relative),
            Self::Absolute => {}
        }
    }
}

/// Key of a flow, and which of its sides sends.
fn key(tcp: &Tcp) -> ((SocketAddr, SocketAddr), usize) {
    if tcp.from <= tcp.to { ((tcp.from, tcp.to), 0) } else { ((tcp.to, tcp.from), 1) }
}

/// Distance on the circle of sequence numbers.
fn distance(a: u32, b: u32) -> u32 {
    a.wrapping_sub(b).min(b.wrapping_sub(a))
}

/// Whether later numbers of flows lie closer to 0 than to those they began with: then they count from there.
fn prints_relative(packets: &[Packet]) -> bool {
    let mut bases: HashMap<(SocketAddr, SocketAddr), [Option<u32>; 2]> = HashMap::new();
    let mut votes = 0_i64;
    for tcp in packets.iter().filter_map(Packet::tcp).filter(|tcp| tcp.has(ACK)) {
        let (key, sender) = key(tcp);
        let first = [tcp.seq, tcp.ack];
        let known = bases.get(&key).copied();
        match known.filter(|_| !tcp.has(SYN)) {
            None => {
                let mut sides = first;
                if sender == 1 {
                    sides.reverse();
                }
                bases.insert(key, sides);
            }
            Some(sides) => {
                for (number, base) in [(tcp.seq, sides[sender]), (tcp.ack, sides[1 - sender])] {
                    if let Some((number, base)) = number.zip(base) {
                        votes += i64::from(distance(number, 0) < distance(number, base)) * 2 - 1;
                    }
                }
            }
        }
    }
    votes >= 0
}

impl Resolver {
    fn segment(&mut self, numbering: Numbering, tcp: &mut Tcp, frame_len: Option<u32>, time: Timestamp) {
        let (key, sender) = key(tcp);
        let flow = self.flows.entry(key).or_default();
        numbering.shift(flow, sender, tcp, self.relative);
        fill_in(flow, sender, tcp, time);
        if let (Some(length), false) = (frame_len, tcp.has(SYN)) {
            flow[sender].headers = length.checked_sub(tcp.len);
        }
        self.sent.note(tcp, time);
    }

    /// Gives what errors are about where only their order tells.
    fn error(&mut self, numbering: Numbering, error: &mut Error, at: (usize, Timestamp)) -> Vec<(usize, Tcp)> {
        match &mut error.quoted {
            Quoted::Tcp(tcp) => {
                let (key, sender) = key(tcp);
                let flow = self.flows.entry(key).or_default();
                numbering.shift(flow, sender, tcp, self.relative);
                tcp.seq = tcp.seq.or(flow[sender].acked).or(flow[sender].next);
                Vec::new()
            }
            Quoted::SentTo(host, port) => {
                let sent_to = (*host, *port);
                self.sent.settle(at, error, sent_to)
            }
        }
    }

    /// An answer is one to the question with its number.
    fn dns(&mut self, dns: &mut Dns, time: Timestamp) {
        self.sent.note_other((dns.from, dns.to), time);
        let exchange = dns.exchange();
        match &dns.question {
            Some(question) if !dns.is_answer => {
                self.questions.insert(exchange, question.clone());
            }
            Some(_) => {}
            None => dns.question = self.questions.get(&exchange).cloned(),
        }
    }

    /// The segment that a higher protocol's line stands for: of the flow last seen between these hosts.
    fn payload(&mut self, (from, to): (IpAddr, IpAddr), frame_len: Option<u32>, time: Timestamp) -> What {
        let other = What::Ip { from, to, protocol: 17, fragment: false, ports: None };
        let Some((source, destination)) = self.sent.between(from, to) else { return other };
        let mut tcp = Tcp::new(source, destination);
        let (key, sender) = key(&tcp);
        let Some(flow) = self.flows.get(&key) else { return other };
        // Ethernet, IP and TCP without options, if the flow has not shown more.
        let headers = flow[sender].headers.unwrap_or(if from.is_ipv6() { 74 } else { 54 });
        tcp.len = frame_len.unwrap_or(0).saturating_sub(headers);
        (tcp.flags, tcp.win) = (PSH | ACK, 65_535);
        tcp.ack = flow[1 - sender].next;
        // Its numbers are those that are expected: nothing to count from.
        self.segment(Numbering::Absolute, &mut tcp, None, time);
        What::Tcp(tcp)
    }
}

fn tcpdump(flow: &mut Flow, sender: usize, tcp: &mut Tcp, relative: bool) {
    if !relative || !tcp.has(ACK) {
        return;
    }
    let known = flow[sender].base.zip(flow[1 - sender].base);
    match known.filter(|_| !tcp.has(SYN)) {
        None => {
            let first = tcp.seq.or(flow[sender].next).or(flow[sender].acked).unwrap_or(UNKNOWN);
            tcp.seq = Some(first);
            flow[sender].base = Some(first);
            flow[1 - sender].base = tcp.ack.map(|ack| ack.wrapping_sub(1));
        }
        Some((mine, theirs)) => shift(tcp, mine, theirs),
    }
}

/// Adds to a segment's numbers what they count from.
fn shift(tcp: &mut Tcp, mine: u32, theirs: u32) {
    tcp.seq = tcp.seq.map(|seq| seq.wrapping_add(mine));
    tcp.ack = tcp.ack.map(|ack| ack.wrapping_add(theirs));
    for option in &mut tcp.options {
        if let TcpOption::Sack(blocks) = option {
            for edge in blocks.iter_mut().flat_map(|(left, right)| [left, right]) {
                if let Number::Absolute(number) = edge {
                    *number = number.wrapping_add(theirs);
                }
            }
        }
    }
}

/// Whether SYNs have number 0, as relative numbers begin: Wireshark can be told to print them as they are. One that does
/// not, of several, is only an odd one of its stream.
fn opens_at_zero(packets: &[Packet]) -> bool {
    let mut opening = packets.iter().filter_map(|packet| match &packet.what {
        What::Tcp(tcp) if tcp.has(SYN) && !tcp.has(ACK) => tcp.seq,
        _ => None,
    });
    opening.next().is_none_or(|first| first == 0 || opening.any(|number| number == 0))
}

fn wireshark(flow: &mut Flow, sender: usize, tcp: &mut Tcp, relative: bool) {
    if relative {
        // A SYN after something else begins anew; a repeated one does not.
        let opens = tcp.has(SYN) && !tcp.has(ACK);
        let started = flow.iter().any(|side| side.next > side.base.map(|base| base.wrapping_add(1)));
        if opens && started {
            let base = flow[sender].base.unwrap_or(UNKNOWN).wrapping_add(NEXT_LIFE);
            *flow = [Side { base: Some(base), ..Side::default() }; 2];
        }
        let [mine, theirs] = [sender, 1 - sender].map(|side| *flow[side].base.get_or_insert(UNKNOWN));
        shift(tcp, mine, theirs);
    }
    let scale = tcp.options.iter().find_map(|option| match option {
        TcpOption::WindowScale(shift) => Some(*shift),
        _ => None,
    });
    if tcp.has(SYN) {
        flow[sender].shift = scale;
    } else if let (Some(shift), Some(_)) = (flow[sender].shift, flow[1 - sender].shift) {
        tcp.win = tcp.win.checked_shr(shift.into()).unwrap_or(0);
    }
}

/// Fills in a sequence number that was not printed, and notes what comes next.
fn fill_in(flow: &mut Flow, sender: usize, tcp: &mut Tcp, time: Timestamp) {
    let me = &mut flow[sender];
    let expected = me.next.or(me.acked).unwrap_or(UNKNOWN);
    let seq = tcp.seq.unwrap_or(expected.wrapping_sub(u32::from(is_probe(me, tcp, time))));
    tcp.seq = Some(seq);
    let end = seq.wrapping_add(tcp.room());
    let is_ahead = me.next.is_none_or(|next| (end.wrapping_sub(next) as i32) > 0);
    if (is_ahead || tcp.has(SYN)) && !tcp.has(RST) {
        me.next = Some(end);
    }
    me.unprovoked = tcp.ack.map(|ack| (time, ack, tcp.win));
    let peer = &mut flow[1 - sender];
    peer.unprovoked = None;
    if tcp.has(ACK) {
        peer.acked = tcp.ack;
    }
}

/// Whether a bare ACK is a probe of the window or of whether the peer is alive, which tcpdump prints like any other: it says
/// what its sender had said before, and nothing has come since to answer. Its number is one below the next (RFC 9293 3.8.4).
fn is_probe(me: &Side, tcp: &Tcp, time: Timestamp) -> bool {
    let bare = tcp.flags == ACK && tcp.len == 0;
    let says_the_same = |(last, ack, win): (Timestamp, u32, u32)| {
        let waited = time == Timestamp(0) || time.since(last) >= PROBE; // where there are no times, all 0
        tcp.ack == Some(ack) && tcp.win == win && waited
    };
    bare && me.unprovoked.is_some_and(says_the_same)
}
