//! What moves while a connection lives and closes: windows, acknowledgements, payload, FINs, and repeats into silence
//! (OUTCOMES 1.5, 1.6, 1.9).

use super::*;

impl Connection {
    pub(super) fn announce_window(&mut self, side: Side, segment: &Segment) {
        if segment.marks.has(Marks::WINDOW_CUT) {
            return; // the snap length ended before the window: its 0 was not announced
        }
        let both_scale = Side::BOTH.iter().all(|&side| self.summary[side].window_scale.is_some());
        let half = &mut self.summary[side];
        let scale = if both_scale && !segment.flags.any(Flags::SYN) { half.window_scale.unwrap_or(0) } else { 0 };
        half.window = u32::from(segment.window) << scale.min(14);
        if !segment.flags.any(Flags::SYN) {
            half.min_window = Some(half.min_window.map_or(half.window, |min| min.min(half.window)));
        }
        if half.window == 0 {
            if !half.zero_window_since.is_set() {
                half.zero_windows = half.zero_windows.saturating_add(1);
                half.zero_window_since = Moment::at(segment.time);
                self.summary[side.peer()].probed = false;
            }
        } else if let Some(since) = half.zero_window_since.get() {
            half.zero_window_time = Span(half.zero_window_time.0.saturating_add(segment.time.since(since).0.max(0)));
            half.zero_window_since = Moment::NEVER;
        }
    }

    /// What the acknowledgement number says of the other side's progress.
    pub(super) fn acknowledge(&mut self, side: Side, segment: &Segment, rare: Option<&Rare>) {
        let ack = segment.ack;
        let fin_sent = self.summary[side].teardown.fin_sent;
        let (me, peer) = self.summary.pair(side);
        let board = &mut self.boards[side.peer() as usize];
        match peer.snd_nxt {
            None => {
                peer.snd_nxt = Some(ack);
                peer.snd_una = Some(ack);
            }
            Some(next) if ack.after(next) => {
                let past_fin = peer.fin_seq.is_some_and(|fin| ack.after(fin.plus(1)));
                if past_fin || ack.since(next) >= FAR {
                    return; // acknowledges what cannot have been sent
                }
                let known = peer.past_syn(next);
                let missed = u64::from(ack.since(known).max(0).unsigned_abs());
                peer.gap_bytes += missed;
                peer.bytes += missed;
                peer.snd_nxt = Some(ack);
            }
            Some(next) if next.since(ack) >= FAR => return,
            Some(_) => {}
        }
        if let Some(una) = peer.snd_una.filter(|&una| ack.after(una)) {
            let low = peer.past_syn(una);
            let high = peer.fin_seq.filter(|&fin| ack.after(fin)).unwrap_or(ack);
            if high.after(low) {
                if peer.first_data.is_set() || peer.packets == 0 {
                    peer.first_data_acked.first(segment.time);
                }
                peer.last_data_acked = Moment::at(segment.time);
            }
            peer.snd_una = Some(ack);
            peer.gap_bytes += board.missed(ack);
            board.acknowledged(ack, segment, peer);
            peer.unacked_since = match board.oldest_unacknowledged() {
                Some(time) if peer.unacknowledged() > 0 => Moment::at(time),
                _ => Moment::NEVER,
            };
        } else if peer.snd_una == Some(ack) && segment.len == 0 {
            board.duplicate_ack();
        }
        if peer.snd_nxt == Some(ack) {
            peer.awaiting = Moment::NEVER;
        }
        if let Some(rare) = rare.filter(|rare| rare.sack_count > 0) {
            board.sacked(ack, rare.sack_blocks(), peer);
        }
        if let Some(before) = me.rcv_nxt {
            let advance = ack.since(before);
            if advance > 0 {
                me.last_ack_advance = advance.unsigned_abs();
                me.advanced_before_fin = !fin_sent;
                me.ack_advanced = true;
            }
        }
        me.payload_since_advance &= me.rcv_nxt.is_some_and(|before| !ack.after(before));
        me.rcv_nxt = Some(me.rcv_nxt.map_or(ack, |before| before.max(ack)));
        if peer.fin_seq.is_some_and(|fin| ack.after(fin)) {
            peer.teardown.fin_acked = true;
            me.teardown.fin_received = true;
            me.fin_received.first(segment.time);
        }
    }

    /// Sequence numbers that the segment occupies.
    pub(super) fn carry(&mut self, side: Side, segment: &Segment, kind: SegmentKind) {
        let half = &mut self.summary[side];
        let syn = u32::from(segment.flags.any(Flags::SYN));
        let start = segment.seq.plus(syn);
        let end = start.plus(segment.len);
        let occupies = syn + segment.len + u32::from(segment.flags.any(Flags::FIN));
        let before = half.snd_nxt;
        half.snd_una = half.snd_una.or(Some(segment.seq));
        let probe = matches!(kind, SegmentKind::KeepAlive | SegmentKind::WindowProbe);
        if probe && before == Some(segment.seq) && segment.len == 1 {
            half.bytes += 1; // a probe with the next byte: let in or not, it is sent
            half.snd_nxt = Some(end);
        }
        if !probe {
            // What was skipped over was sent as well, whether it is still to come or was missed by the capture.
            let new_from = before.map_or(start, |next| if syn > 0 { next.max(start) } else { next });
            if end.after(new_from) {
                half.bytes += u64::from(end.since(new_from).unsigned_abs());
                half.payload_since_advance |= segment.len > 0;
                half.payload_after_fin_received |= half.teardown.fin_received && segment.len > 0;
                half.unacked_since.first(segment.time);
            }
            half.snd_nxt = Some(before.map_or(end, |next| next.max(end)));
            if segment.len > 0 {
                half.first_data.first(segment.time);
                half.last_data = Moment::at(segment.time);
            }
            if self.summary[side.peer()].mss.is_some_and(|mss| segment.len > u32::from(mss)) {
                self.summary.facts.set(Facts::OFFLOAD);
            }
        }
        let late = kind == SegmentKind::Reordered && self.summary[side].snd_una.is_some_and(|una| una.reaches(end));
        if occupies > 0 && !late || probe {
            self.summary[side].awaiting = Moment::at(segment.time);
        }
    }

    pub(super) fn take_fin(&mut self, side: Side, segment: &Segment, frame: u64, kind: SegmentKind) {
        let half = &mut self.summary[side];
        let fin = segment.seq.plus(segment.len);
        if !half.teardown.fin_sent {
            half.teardown.fin_sent = true;
            half.teardown.closed_second = half.teardown.fin_received;
            half.fin = Moment::at(segment.time);
            half.fin_frame = frame;
            half.acked_by_fin = half.rcv_nxt;
        } else if matches!(kind, SegmentKind::Retransmission(_)) {
            half.fin_resent = true;
            half.fin_resent_after_ack |= half.teardown.fin_acked;
            half.teardown.fin_acked = false;
        }
        half.fin_seq = Some(half.fin_seq.map_or(fin, |old| old.max(fin)));
        half.snd_nxt = Some(half.snd_nxt.map_or(fin.plus(1), |next| next.max(fin.plus(1))));
        // The capture missed this FIN before, or files it late: the peer has acknowledged it already.
        let peer = &mut self.summary[side.peer()];
        if !peer.teardown.fin_received && peer.rcv_nxt.is_some_and(|next| next.after(fin)) {
            peer.teardown.fin_received = true;
            peer.teardown.closed_second = peer.acked_by_fin.is_some_and(|next| next.after(fin));
            peer.payload_after_fin_received |= peer.payload_since_advance;
            peer.fin_received = peer.last;
        }
    }

    /// Repeats without an answer (OUTCOMES 2, row 12).
    pub(super) fn count_silence(&mut self, side: Side, segment: &Segment, kind: SegmentKind) {
        let (me, peer) = self.summary.pair(side);
        peer.silent_repeats = 0;
        match kind {
            SegmentKind::Retransmission(_) if segment.len > 0 && !segment.flags.any(Flags::SYN) => {
                me.silent_repeats = me.silent_repeats.saturating_add(1);
            }
            SegmentKind::KeepAlive | SegmentKind::WindowProbe => {
                me.silent_repeats = me.silent_repeats.saturating_add(1);
                me.probed |= peer.zero_window_since.is_set();
            }
            _ => {}
        }
    }
}

impl Summary {
    /// One side and its peer, both to be changed.
    pub(super) fn pair(&mut self, side: Side) -> (&mut Half, &mut Half) {
        let [client, server] = &mut self.sides;
        match side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        }
    }
}

impl Half {
    /// A number of this side, or the next where it is that of the SYN. Not the greater of the two: gigabytes later they lie
    /// more than half a circle apart.
    pub(super) fn past_syn(&self, number: Seq) -> Seq {
        if self.iss == Some(number) { number.plus(1) } else { number }
    }

    /// Payload bytes sent and not acknowledged.
    pub fn unacknowledged(&self) -> u64 {
        let (Some(next), Some(una)) = (self.snd_nxt, self.snd_una) else { return 0 };
        let end = self.fin_seq.filter(|_| self.teardown.fin_sent).unwrap_or(next);
        let start = self.past_syn(una);
        u64::from(end.since(start).max(0).unsigned_abs())
    }
}
