//! Header prediction (Van Jacobson's, see RFC 7323 5.6): nearly all segments of a connection carry on where their sender left
//! off and acknowledge what the peer sent. They move numbers and times, and nothing else can come of them.
//!
//! Prediction is a shorter way to the same result: builds with debug assertions go both ways and compare.

use super::*;

impl Connection {
    /// Both sides have opened, neither has begun to close, and nothing is missing: [`Connection::predicted`] may hold.
    pub(super) fn is_steady(&self) -> bool {
        let summary = &self.summary;
        let opened = summary.has(Facts::SYN) || summary.has(Facts::SYNACK);
        let goes_on = |half: &Half| {
            half.opening == Some(State::Established)
                && half.teardown == Default::default()
                && half.fin_seq.is_none()
                && half.acked_plainly.is_set()
                && half.synack_repeats == 0
                && (half.syn_acked || half.iss.is_none() || !opened)
                && !half.zero_window_since.is_set()
        };
        summary.established.is_set()
            && summary.reset.is_none()
            && summary.icmp.is_none()
            && [Facts::VARIED, Facts::ACKED, Facts::SPOKEN].iter().all(|&fact| summary.has(fact))
            && summary.sides.iter().all(goes_on)
            && summary.sides.iter().zip(self.boards.iter()).all(|(half, board)| board.is_whole(half))
    }

    /// Takes a segment, and says what it was, if that is known beforehand.
    #[inline(always)]
    pub(super) fn carry_on(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place) -> Option<SegmentKind> {
        let side = self.summary.side_of(segment.way);
        let kind = self.predicted(side, segment, rare)?;
        let looked_at = cfg!(debug_assertions).then(|| {
            let mut looked_at = self.clone();
            (looked_at.look_at(segment, rare, place), looked_at)
        });
        self.take_predicted(side, segment, place);
        if let Some((other_kind, other)) = looked_at {
            assert_eq!((kind, &self.summary, &self.boards), (other_kind, &other.summary, &other.boards));
        }
        Some(kind)
    }

    /// What a segment of a steady connection is if it moves numbers only; `None` if it has to be looked at.
    #[inline(always)]
    fn predicted(&self, side: Side, segment: &Segment, rare: Option<&Rare>) -> Option<SegmentKind> {
        const LOOKED_AT: u16 = Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0 | Flags::ACK.0 | Flags::URG.0;
        if !self.steady || segment.flags.0 & LOOKED_AT != Flags::ACK.0 || rare.is_some() || segment.window == 0 {
            return None;
        }
        let (me, peer) = (&self.summary[side], &self.summary[side.peer()]);
        let (next, una, received) = (peer.snd_nxt?, peer.snd_una?, me.rcv_nxt?);
        if me.snd_nxt != Some(segment.seq) || !segment.ack.reaches(una) || !next.reaches(segment.ack) {
            return None;
        }
        // As many segments as are remembered must not lead half a circle away from those.
        if !(-NEAR..NEAR).contains(&segment.ack.since(received)) {
            return None;
        }
        if segment.len > 0 {
            return (segment.len < NEAR.unsigned_abs()).then_some(SegmentKind::New);
        }
        segment.ack.after(received).then_some(SegmentKind::Ack)
    }

    /// Takes a segment that [`Connection::predicted`] knows: what `announce_window`, `acknowledge` and `carry` do with
    /// it, without what they ask of others.
    #[inline(always)]
    fn take_predicted(&mut self, side: Side, segment: &Segment, place: Place) {
        self.pass(side, segment, place);
        let (time, ack) = (Moment::at(segment.time), segment.ack);
        self.boards[side as usize].carries_on(segment);
        let (me, peer) = self.summary.pair(side);
        let board = &mut self.boards[side.peer() as usize];
        let scale = me.window_scale.filter(|_| peer.window_scale.is_some()).unwrap_or(0);
        me.window = u32::from(segment.window) << scale.min(14);
        me.min_window = Some(me.min_window.map_or(me.window, |min| min.min(me.window)));
        if let Some(una) = peer.snd_una.filter(|&una| ack.after(una)) {
            if ack.after(peer.past_syn(una)) {
                if peer.first_data.is_set() || peer.packets == 0 {
                    peer.first_data_acked.first(segment.time);
                }
                peer.last_data_acked = time;
            }
            peer.snd_una = Some(ack);
            board.acknowledged(ack, segment, peer);
            peer.unacked_since = match board.oldest_unacknowledged() {
                Some(oldest) if peer.unacknowledged() > 0 => Moment::at(oldest),
                _ => Moment::NEVER,
            };
        } else if segment.len == 0 {
            board.duplicate_ack();
        }
        if peer.snd_nxt == Some(ack) {
            peer.awaiting = Moment::NEVER;
        }
        peer.silent_repeats = 0;
        if let Some(received) = me.rcv_nxt {
            let advance = ack.since(received);
            if advance > 0 {
                me.last_ack_advance = advance.unsigned_abs();
                (me.advanced_before_fin, me.ack_advanced, me.payload_since_advance) = (true, true, false);
            }
            me.rcv_nxt = Some(received.max(ack));
        }
        me.snd_una = me.snd_una.or(Some(segment.seq));
        if segment.len == 0 {
            return;
        }
        me.bytes += u64::from(segment.len);
        me.payload_since_advance = true;
        me.unacked_since.first(segment.time);
        me.snd_nxt = Some(segment.seq.plus(segment.len));
        me.first_data.first(segment.time);
        (me.last_data, me.awaiting) = (time, time);
        if peer.mss.is_some_and(|mss| segment.len > u32::from(mss)) {
            self.summary.facts.set(Facts::OFFLOAD);
        }
    }
}
