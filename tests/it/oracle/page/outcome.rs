//! The rows of 2 in their order, and the labels beside them.

use super::{ACK, Act, C, FIN, Page, RST, Reset, S, SYN};

impl Page {
    /// Row 12: the side that is silent.
    pub(super) fn vanished(&self, reset: Option<Reset>) -> Option<usize> {
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
    pub(super) fn repeats(&self, at: usize) -> bool {
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
    pub(super) fn probes(&self, at: usize) -> bool {
        let act = &self.acts[at];
        let next = self.snd_nxt(act.side, at);
        let spoke = self.list(act.side, at).any(|(_, act)| act.plain());
        let acked = self.acked(act.side, at).is_none_or(|acked| acked >= act.seq);
        acked && act.counts && act.plain() && act.len == 0 && !act.any(FIN) && next == Some(act.seq + 1) && spoke
    }

    /// Row 21.
    pub(super) fn window_stalled(&self) -> bool {
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
    pub(super) fn sends_on(&self, side: usize) -> bool {
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
    pub(super) fn noise(&self) -> Option<&'static str> {
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

    pub(super) fn challenged(&self) -> bool {
        self.acts.iter().any(|act| act.side == S && !act.any(RST) && act.ack.is_some() && !act.counts)
    }

    pub(super) fn closed_in_order(&self, reset: Option<Reset>) -> bool {
        let n = reset.map_or(self.acts.len(), |reset| reset.index);
        let [client, server] = self.closing(n);
        let sent = client.fin_sent && server.fin_sent;
        let one_acked = client.fin_acked || server.fin_acked;
        let all_acked = client.fin_acked && server.fin_acked;
        sent && (all_acked || reset.is_some() && one_acked && self.unacked(C, n) + self.unacked(S, n) == 0)
    }

    pub(super) fn outcome(&self, reset: Option<Reset>) -> &'static str {
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

    pub(super) fn handshake(&self, outcome: &str) -> &'static str {
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
}
