//! OUTCOMES 2 read aloud over a whole list of segments of one connection: slow, plain, and without any memory between
//! segments. Every question is put to a prefix of the list (`n` segments) and answered by looking through it again.

mod outcome;
mod reset;
mod states;

/// One segment, as an observer files it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seg {
    /// 0 or 1; who of them is the client follows from the page.
    pub from: usize,
    /// Milliseconds.
    pub at: i64,
    pub flags: u8,
    pub seq: u32,
    pub ack: u32,
    pub len: u32,
    pub win: u16,
}

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;

/// Client and server.
const C: usize = 0;
const S: usize = 1;

/// A segment with its sender's role, and numbers that do not wrap: each side counts from its own first number.
#[derive(Clone, Copy, Debug)]
struct Act {
    side: usize,
    at: i64,
    flags: u8,
    seq: i64,
    /// Without the flag there is none.
    ack: Option<i64>,
    len: i64,
    win: i64,
    /// The side it came from could mean this connection by it: no RST, and no answer to another SYN.
    counts: bool,
}

impl Act {
    fn is(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }
    fn any(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }
    fn syn_only(&self) -> bool {
        self.is(SYN) && !self.any(ACK | RST | FIN)
    }
    fn synack(&self) -> bool {
        self.is(SYN | ACK) && !self.any(RST)
    }
    fn plain(&self) -> bool {
        self.is(ACK) && !self.any(SYN | RST)
    }
    /// After SYN, payload and FIN.
    fn end(&self) -> i64 {
        self.payload_end() + i64::from(self.any(FIN))
    }
    fn payload_end(&self) -> i64 {
        self.seq + i64::from(self.any(SYN)) + self.len
    }
}

#[derive(Clone, Copy, Default)]
struct Closing {
    fin_sent: bool,
    fin_acked: bool,
    fin_received: bool,
    second: bool,
}

#[derive(Clone, Copy)]
struct Reset {
    by: usize,
    index: usize,
}

pub struct Page {
    acts: Vec<Act>,
    /// Index of the segment that establishes the connection (1.4).
    established: Option<usize>,
}

impl Page {
    pub fn new(list: &[Seg]) -> Self {
        let client = client_of(list);
        let base = |side: usize| -> u32 {
            let own = list.iter().filter(|seg| (seg.from == client) == (side == C));
            let syn =
                own.clone().find(|seg| seg.flags & SYN != 0).or_else(|| own.clone().find(|seg| seg.flags & RST == 0));
            let acked = list.iter().find(|seg| (seg.from == client) != (side == C) && seg.flags & ACK != 0);
            syn.map(|seg| seg.seq).or(acked.map(|seg| seg.ack)).unwrap_or(0)
        };
        let bases = [base(C), base(S)];
        let relative = |number: u32, side: usize| i64::from(number.wrapping_sub(bases[side]) as i32);
        let has_syn = [0, 1].map(|from| list.iter().any(|seg| seg.from == from && seg.flags & (SYN | RST) == SYN));
        let mut page = Self { acts: Vec::new(), established: None };
        for seg in list {
            let side = if seg.from == client { C } else { S };
            let mut act = Act {
                side,
                at: seg.at,
                flags: seg.flags,
                seq: relative(seg.seq, side),
                ack: (seg.flags & ACK != 0).then(|| relative(seg.ack, 1 - side)),
                len: i64::from(seg.len),
                win: i64::from(seg.win),
                counts: false,
            };
            let n = page.acts.len();
            // Numbers before a side's own SYN are of an older connection.
            let older = act.seq < 0 && has_syn[seg.from];
            act.counts = page.may_count(&act, n) && !older;
            page.acts.push(act);
            if page.established.is_none() && page.establishes(n) {
                page.established = Some(n);
            }
        }
        page
    }

    /// 1.4: before the connection is established, an acknowledgement must be of a number that was sent.
    fn may_count(&self, act: &Act, n: usize) -> bool {
        if act.any(RST) {
            return false;
        }
        let (Some(ack), true) = (act.ack, self.established.is_none() && self.syn(n)) else { return true };
        let peer = 1 - act.side;
        let Some(iss) = self.iss(peer, n) else { return true };
        if act.side == S && self.synack(n) && !act.synack() {
            return ack > iss;
        }
        iss < ack && ack <= self.sent(peer, n)
    }

    fn list(&self, side: usize, n: usize) -> impl DoubleEndedIterator<Item = (usize, &Act)> {
        self.acts[..n].iter().enumerate().filter(move |(_, act)| act.side == side && act.counts)
    }

    /// The client's SYN was seen.
    fn syn(&self, n: usize) -> bool {
        self.list(C, n).any(|(_, act)| act.syn_only())
    }

    /// An acceptable SYN-ACK was seen.
    fn synack(&self, n: usize) -> bool {
        self.list(S, n).any(|(_, act)| act.synack())
    }

    fn iss(&self, side: usize, n: usize) -> Option<i64> {
        let own = self.list(side, n).find(|(_, act)| act.any(SYN) && !act.any(FIN)).map(|(_, act)| act.seq);
        let answered = || self.list(1 - side, n).find(|(_, act)| act.synack()).and_then(|(_, act)| Some(act.ack? - 1));
        own.or_else(answered)
    }

    /// SND.NXT by what the side itself sent.
    fn sent(&self, side: usize, n: usize) -> i64 {
        let own = self.list(side, n).map(|(_, act)| act.end()).max();
        // Where the SYN was not captured the SYN-ACK tells its number.
        own.max(self.iss(side, n).map(|iss| iss + 1)).unwrap_or(0)
    }

    /// SND.NXT, with what the peer acknowledged and the capture missed.
    fn snd_nxt(&self, side: usize, n: usize) -> Option<i64> {
        self.list(side, n).map(|(_, act)| act.end()).max().max(self.acked(side, n))
    }

    /// Highest acknowledgement of what `side` sent.
    fn acked(&self, side: usize, n: usize) -> Option<i64> {
        self.list(1 - side, n).filter_map(|(_, act)| act.ack).max()
    }

    fn fin_seq(&self, side: usize, n: usize) -> Option<i64> {
        self.list(side, n).filter(|(_, act)| act.any(FIN)).map(|(_, act)| act.end() - 1).max()
    }

    /// Where the payload of a side begins and ends, FIN and SYN aside.
    fn payload(&self, side: usize, n: usize) -> (i64, i64) {
        let start = self.iss(side, n).map(|iss| iss + 1);
        let first = self.acts[..n]
            .iter()
            .filter(|act| act.counts)
            .find_map(|act| if act.side == side { Some(act.seq) } else { act.ack });
        let start = start.or(first).unwrap_or(0);
        let end = self.fin_seq(side, n).or_else(|| self.snd_nxt(side, n)).unwrap_or(start);
        (start, end.max(start))
    }

    fn unacked(&self, side: usize, n: usize) -> i64 {
        let (start, end) = self.payload(side, n);
        (end - self.acked(side, n).unwrap_or(start).max(start)).max(0)
    }

    fn establishes(&self, index: usize) -> bool {
        let act = &self.acts[index];
        let n = index + 1;
        if act.any(RST) {
            return false;
        }
        if self.syn(n) || self.synack(n) {
            if let (true, Some(ack), Some(iss)) = (act.counts, act.ack, self.iss(1 - act.side, index)) {
                let of_server = act.side == C && self.list(S, index).any(|(_, act)| act.any(SYN));
                if of_server && iss < ack && ack <= self.sent(S, index) || act.side == S && act.plain() && ack > iss {
                    return true;
                }
            }
            if self.syn(n) {
                return false;
            }
        }
        let speaks = act.is(ACK) && !act.any(SYN) && (act.len > 0 || act.any(FIN));
        let both = self.acts[..n].iter().any(|other| other.side != act.side && other.counts);
        let before = self.acked(1 - act.side, index);
        act.counts && (speaks || both && act.is(ACK)) || before.zip(act.ack).is_some_and(|(before, ack)| ack > before)
    }

    fn established(&self, n: usize) -> bool {
        self.established.is_some_and(|index| index < n) || self.proved_by_client_alone(n)
    }

    /// 1.4: the server was never captured and the client acknowledged something.
    fn proved_by_client_alone(&self, n: usize) -> bool {
        self.one_sided() == Some(C) && self.syn(n) && self.list(C, n).any(|(_, act)| act.plain())
    }

    fn one_sided(&self) -> Option<usize> {
        [C, S].into_iter().find(|&side| self.acts.iter().all(|act| act.side == side))
    }
}

/// 1.3, as far as packets of this flow tell: the SYN's sender, else the SYN-ACK's receiver, else the first speaker.
fn client_of(list: &[Seg]) -> usize {
    let syn = list.iter().find(|seg| seg.flags & (SYN | ACK | RST | FIN) == SYN).map(|seg| seg.from);
    let synack = list.iter().find(|seg| seg.flags & (SYN | ACK | RST) == SYN | ACK).map(|seg| 1 - seg.from);
    syn.or(synack).or(list.first().map(|seg| seg.from)).unwrap_or(0)
}
