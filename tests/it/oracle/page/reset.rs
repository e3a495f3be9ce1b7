//! 1.7: which RST ends the connection, and in which phase.

use super::{C, Page, RST, Reset, S, SYN};

impl Page {
    /// 1.7: the first RST that its target must have accepted and that is not taken back.
    pub(super) fn reset(&self) -> Option<Reset> {
        let accepted = (0..self.acts.len()).filter(|&index| self.acts[index].any(RST) && self.accepted(index));
        accepted.map(|index| Reset { by: self.acts[index].side, index }).find(|reset| !self.taken_back(*reset))
    }

    pub(super) fn accepted(&self, n: usize) -> bool {
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

    pub(super) fn taken_back(&self, reset: Reset) -> bool {
        let rst = &self.acts[reset.index];
        let acked = self.list(rst.side, reset.index).filter_map(|(_, act)| act.ack).max().max(rst.ack);
        self.list(rst.side, self.acts.len()).filter(|&(at, _)| at > reset.index).any(|(at, act)| {
            let new = self.snd_nxt(act.side, at).is_some_and(|next| act.len > 0 && act.payload_end() > next);
            let talks = new && act.at - rst.at > 50;
            let beyond = !act.any(SYN) && (act.payload_end() > rst.seq || act.ack > acked || talks);
            let spoke = self.list(act.side, at).any(|(_, act)| act.plain());
            beyond || act.synack() && (!spoke || self.phase(reset.index) == "handshake")
        })
    }

    pub(super) fn phase(&self, n: usize) -> &'static str {
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
    pub(super) fn quiet_since(&self, n: usize) -> Option<i64> {
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
}
