//! 1.5, 1.6 and 1.11: how far each side has come in opening and closing, and who closed.

use super::{Act, C, Closing, FIN, Page, RST, Reset, S};

impl Page {
    /// SYN-ACKs sent again after an acknowledgement of them, with nothing else of the server since.
    pub(super) fn stalls(&self, n: usize) -> usize {
        let iss = self.iss(S, n);
        let acked = self.list(C, n).find(|(_, act)| act.ack.zip(iss).is_some_and(|(ack, iss)| ack > iss));
        let Some((acked, _)) = acked else { return 0 };
        let spoke = self.list(S, n).any(|(_, act)| !act.synack());
        if spoke { 0 } else { self.list(S, n).filter(|&(at, act)| at > acked && act.synack()).count() }
    }

    pub(super) fn stalled(&self, n: usize) -> bool {
        self.stalls(n) >= 2 || self.stalls(n) == 1 && self.unacked(C, n) > 0
    }

    pub(super) fn opening(&self, side: usize, n: usize) -> Option<&'static str> {
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

    pub(super) fn closing(&self, n: usize) -> [Closing; 2] {
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
    pub(super) fn inferred(&self, n: usize, seen: [Closing; 2]) -> Option<([Closing; 2], usize)> {
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
    pub(super) fn state(&self, side: usize, n: usize) -> Option<&'static str> {
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

    pub(super) fn closed_by(&self, n: usize) -> Option<&'static str> {
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

    pub(super) fn final_state(&self, side: usize, outcome: &str, reset: Option<Reset>) -> Option<&'static str> {
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
