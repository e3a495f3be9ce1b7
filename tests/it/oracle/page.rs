//! OUTCOMES 2 read aloud over a whole list of segments of one connection: slow, plain, and without any memory between
//! segments. Every question is put to a prefix of the list (`n` segments) and answered by looking through it again.

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

    /// SYN-ACKs sent again after an acknowledgement of them, with nothing else of the server since.
    fn stalls(&self, n: usize) -> usize {
        let iss = self.iss(S, n);
        let acked = self.list(C, n).find(|(_, act)| act.ack.zip(iss).is_some_and(|(ack, iss)| ack > iss));
        let Some((acked, _)) = acked else { return 0 };
        let spoke = self.list(S, n).any(|(_, act)| !act.synack());
        if spoke { 0 } else { self.list(S, n).filter(|&(at, act)| at > acked && act.synack()).count() }
    }

    fn stalled(&self, n: usize) -> bool {
        self.stalls(n) >= 2 || self.stalls(n) == 1 && self.unacked(C, n) > 0
    }

    fn opening(&self, side: usize, n: usize) -> Option<&'static str> {
        if self.established(n) && (self.one_sided().is_some() || !self.syn(n) && !self.synack(n)) {
            return Some("ESTABLISHED");
        }
        if side == C {
            let plainly = self.list(C, n).any(|(at, act)| {
                let iss = self.iss(S, at);
                act.ack.is_some_and(|ack| iss.is_none_or(|iss| ack > iss)) && (iss.is_some() || self.established(n))
            });
            let missed = !self.syn(n) && self.established(n);
            return if plainly || missed { Some("ESTABLISHED") } else { self.syn(n).then_some("SYN_SENT") };
        }
        if self.stalled(n) {
            return Some("SYN_RECEIVED");
        }
        let spoke = self.list(S, n).any(|(_, act)| act.plain());
        let last_synack = self.list(S, n).filter(|(_, act)| act.synack()).map(|(at, _)| at).next_back();
        let Some(last_synack) = last_synack else {
            return self.established(n).then_some("ESTABLISHED");
        };
        let acked = self
            .list(C, n)
            .any(|(at, act)| at > last_synack && act.ack.zip(self.iss(S, n)).is_some_and(|(ack, iss)| ack > iss));
        Some(if spoke || acked { "ESTABLISHED" } else { "SYN_RECEIVED" })
    }

    fn closing(&self, n: usize) -> [Closing; 2] {
        let seen = [C, S].map(|side| {
            let fins: Vec<usize> = self.list(side, n).filter(|(_, act)| act.any(FIN)).map(|(at, _)| at).collect();
            let after = |side: usize, from: usize, fin: Option<i64>| {
                self.list(side, n).any(|(at, act)| at >= from && act.ack.zip(fin).is_some_and(|(ack, fin)| ack > fin))
            };
            let peer_fin = self.fin_seq(1 - side, n);
            let second = fins.first().is_some_and(|&first| {
                self.list(side, first + 1).any(|(_, act)| act.ack.zip(peer_fin).is_some_and(|(ack, fin)| ack > fin))
            });
            Closing {
                fin_sent: !fins.is_empty(),
                fin_acked: fins.last().is_some_and(|&last| after(1 - side, last, self.fin_seq(side, n))),
                fin_received: after(side, 0, peer_fin),
                second,
            }
        });
        self.inferred(n, seen).map_or(seen, |(closing, _)| closing)
    }

    /// 1.11: what one side's acknowledgements say of the other, and who closed first.
    fn inferred(&self, n: usize, seen: [Closing; 2]) -> Option<([Closing; 2], usize)> {
        let side = self.one_sided()?;
        let mut highest: Option<i64> = None;
        let mut last = None;
        for (at, act) in self.list(side, n) {
            if let Some((before, ack)) = highest.zip(act.ack).filter(|(before, ack)| ack > before) {
                last = Some((at, ack - before));
            }
            highest = highest.max(act.ack);
        }
        let (at, by) = last?;
        let fins: Vec<usize> = self.list(side, n).filter(|(_, act)| act.any(FIN)).map(|(at, _)| at).collect();
        if by != 1 || !seen[side].fin_sent {
            return None;
        }
        let repeated = fins.len() > 1;
        let first = fins[0] < at;
        let mut closing = [Closing { fin_sent: true, fin_acked: true, ..Closing::default() }; 2];
        closing[side].fin_acked = !repeated;
        closing[side].fin_received = true;
        closing[side].second = !first;
        closing[1 - side].fin_received = !repeated;
        closing[1 - side].second = first && !repeated;
        Some((closing, if first { side } else { 1 - side }))
    }

    /// The state that the packets show, resets aside.
    fn state(&self, side: usize, n: usize) -> Option<&'static str> {
        let Closing { fin_sent, fin_acked, fin_received, second } = self.closing(n)[side];
        match (fin_sent, fin_received, second, fin_acked) {
            (false, false, ..) => self.opening(side, n),
            (false, true, ..) => Some("CLOSE_WAIT"),
            (true, _, true, false) => Some("LAST_ACK"),
            (true, _, true, true) => Some("CLOSED"),
            (true, false, false, false) => Some("FIN_WAIT_1"),
            (true, false, false, true) => Some("FIN_WAIT_2"),
            (true, true, false, false) => Some("CLOSING"),
            (true, true, false, true) => Some("TIME_WAIT"),
        }
    }

    /// 1.7: the first RST that its target must have accepted and that is not taken back.
    fn reset(&self) -> Option<Reset> {
        let accepted = (0..self.acts.len()).filter(|&index| self.acts[index].any(RST) && self.accepted(index));
        accepted.map(|index| Reset { by: self.acts[index].side, index }).find(|reset| !self.taken_back(*reset))
    }

    fn accepted(&self, n: usize) -> bool {
        let rst = &self.acts[n];
        let (x, y) = (rst.side, 1 - rst.side);
        let in_handshake = self.syn(n) && self.established.is_none_or(|at| at >= n);
        if in_handshake && x == S {
            let Some(iss) = self.iss(C, n) else { return false };
            let acknowledges = rst.ack.is_some_and(|ack| iss < ack && ack <= self.sent(C, n));
            return acknowledges || self.synack(n) && self.iss(S, n).is_some_and(|iss| rst.seq == iss + 1);
        }
        let heard = self.list(C, n).any(|(_, act)| act.plain());
        if in_handshake && !self.synack(n) && !heard {
            return false;
        }
        if self.state(y, n) == Some("CLOSED") {
            return false;
        }
        let sent = self.snd_nxt(x, n);
        let Some(expected) = self.acked(x, n) else { return sent == Some(rst.seq) };
        let to = sent.unwrap_or(expected).max(expected);
        let exact = expected <= rst.seq && rst.seq <= to;
        let after_fin = self.closing(n)[x].fin_sent && rst.seq == expected - 1;
        let scale = if self.syn(n) || self.synack(n) { 0 } else { 14 };
        let window = self.list(y, n).last().map_or(0, |(_, act)| act.win << scale).max(1);
        exact || after_fin || expected <= rst.seq && rst.seq < expected + window
    }

    fn taken_back(&self, reset: Reset) -> bool {
        let rst = &self.acts[reset.index];
        let acked = self.list(rst.side, reset.index).filter_map(|(_, act)| act.ack).max().max(rst.ack);
        self.list(rst.side, self.acts.len()).filter(|&(at, _)| at > reset.index).any(|(_, act)| {
            let beyond = !act.any(SYN) && (act.payload_end() > rst.seq || act.ack > acked);
            act.synack() || beyond
        })
    }

    fn phase(&self, n: usize) -> &'static str {
        let rst = &self.acts[n];
        let size = |side| {
            let (start, end) = self.payload(side, n);
            end - start
        };
        if !self.established(n) {
            "handshake"
        } else if self.closing(n).iter().any(|side| side.fin_sent) {
            "after_fin"
        } else if size(C) + size(S) == 0 {
            "before_data"
        } else if self.quiet_since(n).is_some_and(|since| rst.at - since >= 60_000) {
            "idle"
        } else {
            "data"
        }
    }

    /// When payload was last acknowledged, or the handshake was done.
    fn quiet_since(&self, n: usize) -> Option<i64> {
        let spoke = self.list(S, n).find(|(_, act)| act.plain()).map_or(n, |(at, _)| at);
        let spoke = if self.one_sided().is_some() { 0 } else { spoke };
        let handshake = self.list(C, spoke).filter(|(_, act)| act.plain()).map(|(_, act)| act.at).next_back();
        let established = self.established.filter(|&at| at < n).map(|at| self.acts[at].at);
        let acknowledged = [C, S].into_iter().flat_map(|side| {
            self.list(1 - side, n).filter(move |&(at, act)| {
                let before = self.acked(side, at);
                let (start, end) = self.payload(side, at + 1);
                let low = before.unwrap_or(start).max(start);
                act.ack.is_some_and(|ack| ack.min(end) > low)
            })
        });
        let acknowledged = acknowledged.map(|(_, act)| act.at).max();
        acknowledged.max(if self.syn(n) || self.synack(n) { handshake.max(established) } else { established })
    }

    /// Row 12: the side that is silent.
    fn vanished(&self, reset: Option<Reset>) -> Option<usize> {
        let n = self.acts.len();
        [C, S].into_iter().find(|&y| {
            let x = 1 - y;
            let heard = self.list(y, n).map(|(at, _)| at + 1).next_back().unwrap_or(0);
            let repeats = (heard..n).filter(|&at| self.acts[at].side == x && self.repeats(at)).count();
            self.acts.iter().any(|act| act.side == y)
                && !self.closing(n)[x].fin_sent
                && repeats >= 3
                && reset.is_none_or(|reset| reset.by == x)
        })
    }

    /// The segment sends payload again, or asks whether the peer is there.
    fn repeats(&self, at: usize) -> bool {
        let act = &self.acts[at];
        let next = self.snd_nxt(act.side, at);
        act.counts && !act.any(SYN) && (self.probes(at) || act.len > 0 && next.is_some_and(|next| act.end() <= next))
    }

    /// Bytes that were skipped over came at last: overtaken, or sent again after the capture missed them? The page leaves
    /// it to timing, which a list cannot judge.
    pub fn fills_a_hole(&self) -> bool {
        (0..self.acts.len()).any(|at| {
            let act = &self.acts[at];
            let covers = |other: &Act| other.seq <= act.seq && act.payload_end() <= other.payload_end();
            act.len > 0 && self.repeats(at) && !self.list(act.side, at).any(|(_, other)| covers(other))
        })
    }

    /// An empty segment with the number before SND.NXT, all of which is acknowledged.
    fn probes(&self, at: usize) -> bool {
        let act = &self.acts[at];
        let next = self.snd_nxt(act.side, at);
        let spoke = self.list(act.side, at).any(|(_, act)| act.plain());
        let acked = self.acked(act.side, at).is_none_or(|acked| acked >= act.seq);
        acked && act.counts && act.plain() && act.len == 0 && !act.any(FIN) && next == Some(act.seq + 1) && spoke
    }

    /// Row 21.
    fn window_stalled(&self) -> bool {
        let n = self.acts.len();
        [C, S].into_iter().any(|y| {
            let windows: Vec<(usize, i64)> = self.list(y, n).map(|(at, act)| (at, act.win)).collect();
            let shut = windows.iter().rev().take_while(|(_, win)| *win == 0).last();
            shut.is_some_and(|&(since, _)| {
                let probed = (since..n).any(|at| self.acts[at].side == 1 - y && self.probes(at));
                probed || self.unacked(1 - y, n) > 0
            })
        })
    }

    /// Row 18: the side in CLOSE_WAIT sent new payload after acknowledging the FIN.
    fn sends_on(&self, side: usize) -> bool {
        let n = self.acts.len();
        let fin = self.fin_seq(1 - side, n);
        let since = self.list(side, n).find(|(_, act)| act.ack.zip(fin).is_some_and(|(ack, fin)| ack > fin));
        since.is_some_and(|(since, _)| {
            self.list(side, n).any(|(at, act)| {
                at >= since && act.len > 0 && self.snd_nxt(side, at).is_none_or(|next| act.payload_end() > next)
            })
        })
    }

    /// Rows 1 and 2.
    fn noise(&self) -> Option<&'static str> {
        let n = self.acts.len();
        if self.syn(n) {
            return None;
        }
        let speaks = |side: usize| self.acts.iter().any(|act| act.side == side && !act.any(RST));
        let talk: Vec<&Act> = self.acts.iter().filter(|act| !act.any(RST)).collect();
        if speaks(C) != speaks(S) && !self.synack(n) {
            let lack_ack = talk.iter().all(|act| !act.any(ACK));
            let first = talk[0];
            let same = |act: &&Act| act.flags == ACK && act.len == 0 && (act.seq, act.ack) == (first.seq, first.ack);
            let asked = self.acts.iter().position(|act| !act.any(RST)).unwrap_or(n);
            let answers = |act: &Act| act.any(RST) && act.side != first.side && Some(act.seq) == first.ack;
            let answered = self.acts[asked..].iter().any(answers);
            if lack_ack || talk.iter().all(same) && answered {
                return Some("probe");
            }
        }
        (!self.established(n)).then_some("stray")
    }

    fn challenged(&self) -> bool {
        self.acts.iter().any(|act| act.side == S && !act.any(RST) && act.ack.is_some() && !act.counts)
    }

    fn closed_in_order(&self, reset: Option<Reset>) -> bool {
        let n = reset.map_or(self.acts.len(), |reset| reset.index);
        let [client, server] = self.closing(n);
        let sent = client.fin_sent && server.fin_sent;
        let one_acked = client.fin_acked || server.fin_acked;
        let all_acked = client.fin_acked && server.fin_acked;
        sent && (all_acked || reset.is_some() && one_acked && self.unacked(C, n) + self.unacked(S, n) == 0)
    }

    fn outcome(&self, reset: Option<Reset>) -> &'static str {
        let n = self.acts.len();
        if let Some(noise) = self.noise() {
            return noise;
        }
        if self.syn(n) && !self.established(n) {
            return match (self.synack(n), reset) {
                (true, Some(_)) => "handshake_aborted",
                (true, None) => "synack_unanswered",
                (false, Some(_)) => "rst_refused",
                (false, None) if self.challenged() => "syn_challenged",
                (false, None) => "syn_unanswered",
            };
        }
        if self.stalled(n) && reset.is_none_or(|reset| reset.by == C) {
            return "accept_stalled";
        }
        if self.closed_in_order(reset) {
            return if self.syn(n) || self.synack(n) { "completed" } else { "closed" };
        }
        if self.vanished(reset).is_some() {
            return "peer_vanished";
        }
        match reset {
            Some(Reset { by: C, .. }) => return "reset_by_client",
            Some(_) => return "reset_by_server",
            None => {}
        }
        let fins = self.closing(n).map(|side| side.fin_sent);
        let states = [self.state(C, n), self.state(S, n)];
        match fins {
            [true, true] if states.contains(&Some("LAST_ACK")) => "last_ack",
            [true, true] => "closing",
            [true, false] if states[S] != Some("CLOSE_WAIT") => "fin_unanswered",
            [false, true] if states[C] != Some("CLOSE_WAIT") => "fin_unanswered",
            [true, false] if self.sends_on(S) => "half_closed",
            [false, true] if self.sends_on(C) => "half_closed",
            [true, false] => "server_close_wait",
            [false, true] => "client_close_wait",
            [false, false] if self.window_stalled() => "window_stalled",
            [false, false] => "open",
        }
    }

    /// The seven labels, as `support::labels` prints them.
    pub fn labels(&self) -> String {
        let n = self.acts.len();
        let reset = self.reset();
        let outcome = self.outcome(reset);
        let noise = matches!(outcome, "probe" | "stray");
        let names = ["client", "server"];
        let states = [C, S].map(|side| self.final_state(side, outcome, reset));
        let shown = reset.filter(|_| !noise);
        let fields = [
            ("outcome", Some(outcome)),
            ("client_state", states[C]),
            ("server_state", states[S]),
            ("handshake", Some(self.handshake(outcome))),
            ("closed_by", self.closed_by(n).filter(|_| !noise)),
            ("reset_by", shown.map(|reset| names[reset.by])),
            ("reset_phase", shown.map(|reset| self.phase(reset.index))),
        ];
        let set = fields.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}")));
        set.collect::<Vec<_>>().join(" ")
    }

    fn handshake(&self, outcome: &str) -> &'static str {
        let n = self.acts.len();
        match outcome {
            "probe" | "stray" => "unseen",
            "rst_refused" => "refused",
            "syn_challenged" => "challenged",
            "syn_unanswered" => "unanswered",
            "handshake_aborted" => "aborted",
            "synack_unanswered" => "half_open",
            "accept_stalled" => "stalled",
            _ if self.syn(n) || self.synack(n) => "complete",
            _ => "unseen",
        }
    }

    fn closed_by(&self, n: usize) -> Option<&'static str> {
        let [client, server] = self.closing(n);
        let first = self.inferred(n, [client, server]).map(|(_, first)| first);
        match (client.fin_sent, server.fin_sent) {
            (false, false) => None,
            (true, false) => Some("client"),
            (false, true) => Some("server"),
            _ if first == Some(C) || server.second => Some("client"),
            _ if first == Some(S) || client.second => Some("server"),
            _ => Some("both"),
        }
    }

    fn final_state(&self, side: usize, outcome: &str, reset: Option<Reset>) -> Option<&'static str> {
        let n = self.acts.len();
        let of = |side: usize| self.acts.iter().filter(move |act| act.side == side);
        let spoke = |side: usize| of(side).any(|act| !act.any(RST));
        match outcome {
            "probe" => (side == S && of(S).any(|act| act.any(RST))).then_some("CLOSED"),
            "stray" if of(side).any(|act| act.any(RST)) => spoke(1 - side).then_some("CLOSED"),
            "stray" if of(side).any(Act::synack) => {
                Some(if of(1 - side).any(|act| act.any(RST)) { "CLOSED" } else { "SYN_RECEIVED" })
            }
            "stray" => None,
            "syn_challenged" | "syn_unanswered" => (side == C).then_some("SYN_SENT"),
            "rst_refused" => {
                let last = (0..n).rfind(|&at| self.acts[at].any(RST) && self.accepted(at)).unwrap_or(n);
                let again = self.list(C, n).any(|(at, act)| at > last && act.syn_only());
                Some(if side == C && again { "SYN_SENT" } else { "CLOSED" })
            }
            "peer_vanished" if self.vanished(reset) == Some(side) => self.state(side, n),
            _ if reset.is_some() => Some("CLOSED"),
            _ => self.state(side, n),
        }
    }
}

/// 1.3, as far as packets of this flow tell: the SYN's sender, else the SYN-ACK's receiver, else the first speaker.
fn client_of(list: &[Seg]) -> usize {
    let syn = list.iter().find(|seg| seg.flags & (SYN | ACK | RST | FIN) == SYN).map(|seg| seg.from);
    let synack = list.iter().find(|seg| seg.flags & (SYN | ACK | RST) == SYN | ACK).map(|seg| 1 - seg.from);
    syn.or(synack).or(list.first().map(|seg| seg.from)).unwrap_or(0)
}
