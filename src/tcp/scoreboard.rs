//! What each segment was: new, a repeat of which cause, reordered, a duplicate, a keep-alive, a probe (OUTCOMES 1.9).
//!
//! One [`Scoreboard`] a direction, kept only while it can be needed. Every list in it has a bound, so that hostile
//! input costs no more than honest input: past a bound, neighbours are merged and only detail is lost.

use super::rebase::Rebase;
mod seen;
mod sent;

use super::summary::Half;
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::{Flags, Marks, Rare, Segment};
use seen::Seen;
use sent::Sent;
use serde::{Deserialize, Serialize};

/// Frames remembered to know them again.
const RECENT: usize = 4;
/// Sent ranges remembered for round trips and the age of the oldest unacknowledged byte.
const OUTSTANDING: usize = 48;
/// Ranges remembered that were skipped over.
const HOLES: usize = 16;
/// A skipped range filled within this time was only overtaken (or within the smallest round trip, if that is longer).
const OVERTAKEN: Span = Span::from_micros(3000);
/// Segments further than this from SND.NXT belong to no window (RFC 7323 2.3 bounds windows to 2^30).
pub const FAR: i32 = 1 << 30;
/// Numbers closer than this are of one connection: two chosen at random are in one case of 256.
pub const NEAR: i32 = 1 << 24;

/// What a segment was to its sender's scoreboard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegmentKind {
    /// Carries sequence numbers never sent before.
    New,
    Retransmission(Cause),
    Reordered,
    Duplicate(Origin),
    KeepAlive,
    WindowProbe,
    DuplicateAck,
    WindowUpdate,
    Ack,
    /// Too far from the window to belong to this connection.
    Outside,
}

/// Why a segment was sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    Timeout,
    /// After three duplicate acknowledgements or SACK beyond it (RFC 5681, 6675).
    Fast,
}

/// Who doubled a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Network,
    Capture,
}

/// A repeat whose need is still to be judged by what the receiver says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Judged {
    seq: Seq,
    end: Seq,
    fast: bool,
    /// TSval of the repeat, if it had one (Eifel detection, RFC 3522).
    ts_value: Option<u32>,
}

/// One direction's scoreboard, in the order of memory: first what every segment and acknowledgement touches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[repr(C)]
pub struct Scoreboard {
    outstanding: std::collections::VecDeque<Sent>,
    to_judge: Option<Judged>,
    /// Consecutive duplicate acknowledgements of `snd_una`.
    duplicate_acks: u32,
    newest: u8,
    /// The last frames, around and around.
    recent: [Option<Seen>; RECENT],
    holes: Vec<(Seq, Seq, Timestamp)>,
    high_sacked: Option<Seq>,
    repeats: [(Seq, u32); 2],
    /// Payload of the SYN that the SYN-ACK left out (TCP Fast Open not taken, RFC 7413 4.2.1): it is due again.
    declined: Option<(Seq, Seq)>,
}

impl Scoreboard {
    /// Classifies a segment that `me` sent, and notes it. `peer` is the receiver, before this segment.
    pub fn classify(&mut self, segment: &Segment, rare: Option<&Rare>, me: &Half, peer: &Half) -> SegmentKind {
        if let Some(origin) = self.duplicate(segment, rare) {
            return SegmentKind::Duplicate(origin);
        }
        self.remember(segment);
        let occupies =
            segment.len + u32::from(segment.flags.any(Flags::SYN)) + u32::from(segment.flags.any(Flags::FIN));
        let Some(next) = me.snd_nxt else {
            if occupies > 0 {
                self.sent(segment.seq.plus(occupies), segment.time);
            }
            return if occupies > 0 { SegmentKind::New } else { SegmentKind::Ack };
        };
        if segment.flags.any(Flags::RST) {
            return SegmentKind::Ack; // what a RST carries is no data (RFC 9293 3.5.3)
        }
        let ahead = segment.seq.since(next);
        if segment.flags.any(Flags::SYN) && me.syns + me.synacks == 0 && (-NEAR..0).contains(&ahead) {
            return SegmentKind::Reordered; // filed behind what it opened
        }
        if segment.flags.any(Flags::SYN) && me.iss != Some(segment.seq) {
            self.outstanding.clear();
            self.sent(segment.seq.plus(occupies), segment.time);
            return SegmentKind::New;
        }
        if !(-FAR..FAR).contains(&ahead) {
            return SegmentKind::Outside;
        }
        // Window probes of one byte beyond a closed window (RFC 9293 3.8.6.1) are no new data until they are let in.
        if occupies <= 1
            && segment.flags.any(Flags::ACK)
            && !segment.flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST))
        {
            let una = me.snd_una.unwrap_or(next);
            let behind = segment.seq == next.minus(1) && una.reaches(segment.seq.plus(segment.len));
            if behind && me.acked_plainly.is_set() {
                return if peer.zero_window_since.is_set() { SegmentKind::WindowProbe } else { SegmentKind::KeepAlive };
            }
            if segment.len == 1
                && peer.zero_window_since.is_set()
                && (segment.seq == next || segment.seq.plus(1) == next)
                && una.reaches(segment.seq)
            {
                if segment.seq == next {
                    self.sent(segment.seq.plus(1), segment.time);
                }
                return SegmentKind::WindowProbe;
            }
        }
        if ahead > 0 {
            self.skip(next, segment.seq, segment.time);
        }
        if occupies == 0 {
            return self.empty(segment, me, peer);
        }
        let end = segment.seq.plus(occupies);
        if end.after(next) {
            self.sent(end, segment.time);
            return SegmentKind::New;
        }
        self.repeated(segment, end, me)
    }

    /// Forgets all, but for the memory that its lists have.
    pub(super) fn clear(&mut self) {
        let (mut outstanding, mut holes) = (std::mem::take(&mut self.outstanding), std::mem::take(&mut self.holes));
        outstanding.clear();
        holes.clear();
        *self = Self { outstanding, holes, ..Self::default() };
    }

    /// Notes a SYN before which nothing was sent.
    pub fn begins(&mut self, syn: &Segment) {
        self.remember(syn);
        self.sent(syn.seq.plus(1), syn.time);
    }

    /// Notes a segment that begins where the last one ended, and that no frame before it equals.
    #[inline]
    pub fn carries_on(&mut self, segment: &Segment) {
        self.remember(segment);
        if segment.len > 0 {
            self.sent(segment.seq.plus(segment.len), segment.time);
        }
    }

    /// Nothing was skipped over, and no frame is remembered beyond what `me` sent and acknowledged: one that carries on
    /// from there is none of them again.
    pub fn is_whole(&self, me: &Half) -> bool {
        let (Some(next), Some(received)) = (me.snd_nxt, me.rcv_nxt) else { return false };
        self.holes.is_empty() && self.recent.iter().flatten().all(|seen| seen.lies_before(next, received))
    }

    fn remember(&mut self, segment: &Segment) {
        self.newest = (self.newest + 1) % RECENT as u8;
        if let Some(oldest) = self.recent.get_mut(usize::from(self.newest)) {
            *oldest = Some(Seen::of(segment));
        }
    }

    fn empty(&self, segment: &Segment, me: &Half, peer: &Half) -> SegmentKind {
        let repeats_ack = segment.flags.any(Flags::ACK) && me.rcv_nxt == Some(segment.ack);
        if !repeats_ack || segment.flags.any(Flags::RST) {
            return SegmentKind::Ack;
        }
        let same_window = u32::from(segment.window) << me.window_scale.unwrap_or(0).min(14) == me.window;
        let outstanding = peer.snd_nxt.zip(peer.snd_una).is_some_and(|(next, una)| next.after(una));
        match (same_window, outstanding) {
            (false, _) => SegmentKind::WindowUpdate,
            (true, true) => SegmentKind::DuplicateAck,
            (true, false) => SegmentKind::Ack,
        }
    }

    /// The frame is one of the last four again, by the network or by the capture.
    fn duplicate(&self, segment: &Segment, rare: Option<&Rare>) -> Option<Origin> {
        let new = Seen::of(segment);
        let occupies = segment.len > 0 || segment.flags.any(Flags::SYN.with(Flags::FIN)) || rare.is_some();
        let (newer, older) = self.recent.split_at(RECENT.min(usize::from(self.newest) + 1));
        newer.iter().rev().chain(older.iter().rev()).flatten().find_map(|old| new.doubles(old, occupies))
    }

    /// Forgets headers that no frame from `now` on can double.
    pub fn forget(&mut self, now: Timestamp) {
        for seen in &mut self.recent {
            *seen = seen.filter(|seen| seen.may_be_doubled(now));
        }
    }

    /// Counts numbers from the sender's initial one and times from the connection's first, each range from the one before.
    pub(super) fn rebase(&mut self, rebase: Rebase, base: Seq, first: Timestamp) {
        let mut before = (base, first);
        for sent in &mut self.outstanding {
            let (captured, resent) = ((sent.end(), sent.time), sent.is_resent());
            let (mut end, mut time) = captured;
            rebase.seq(&mut end, before.0);
            rebase.time(&mut time, before.1);
            *sent = Sent::new(end, time, resent);
            before = if rebase == Rebase::ToOwn { captured } else { (end, time) };
        }
        let mut before = (base, first);
        for (from, to, time) in &mut self.holes {
            let captured = (*from, *time);
            rebase.seq(from, before.0);
            rebase.time(time, before.1);
            before = if rebase == Rebase::ToOwn { captured } else { (*from, *time) };
            rebase.seq(to, before.0);
        }
        for seen in self.recent.iter_mut().flatten() {
            rebase.seq(&mut seen.seq, base);
            rebase.time(&mut seen.time, first);
        }
        let known = self.high_sacked.iter_mut();
        let judged = self.to_judge.iter_mut().flat_map(|judged| [&mut judged.seq, &mut judged.end]);
        let declined = self.declined.iter_mut().flat_map(|(from, to)| [from, to]);
        known.chain(judged).chain(declined).for_each(|seq| rebase.seq(seq, base));
        for (seq, times) in &mut self.repeats {
            if *times > 0 {
                rebase.seq(seq, base);
            }
        }
    }

    fn sent(&mut self, end: Seq, time: Timestamp) {
        if self.outstanding.len() >= OUTSTANDING {
            // Merge the newest two: the older time stands for both, and the pair is no sample.
            if let Some(last) = self.outstanding.back_mut() {
                *last = Sent::new(end, last.time, true);
                return;
            }
        }
        self.outstanding.push_back(Sent::new(end, time, false));
    }

    fn skip(&mut self, from: Seq, to: Seq, time: Timestamp) {
        if self.holes.len() >= HOLES {
            self.holes.remove(0);
        }
        self.holes.push((from, to, time));
    }

    /// Bytes below `ack` that were skipped over and never came: acknowledged, but missed by the capture (OUTCOMES 1.10).
    pub fn missed(&mut self, ack: Seq) -> u64 {
        let mut missed = 0;
        self.holes.retain_mut(|(from, to, _)| {
            let end = if to.after(ack) { ack } else { *to };
            if end.after(*from) {
                missed += u64::from(end.since(*from).unsigned_abs());
                *from = end;
            }
            to.after(*from)
        });
        missed
    }

    /// Old sequence numbers: a skipped range filled, or something sent again.
    fn repeated(&mut self, segment: &Segment, end: Seq, me: &Half) -> SegmentKind {
        let fast = self.duplicate_acks >= 3 || self.high_sacked.is_some_and(|high| high.after(end));
        if let Some(index) = self.holes.iter().position(|&(from, to, _)| segment.seq.reaches(from) && to.reaches(end)) {
            let (from, to, since) = self.holes.swap_remove(index);
            if segment.seq.after(from) {
                self.skip(from, segment.seq, since);
            }
            if to.after(end) {
                self.skip(end, to, since);
            }
            let patience = me.rtt.min().map_or(OVERTAKEN, |rtt| rtt.max(OVERTAKEN));
            if segment.time.since(since) <= patience && self.duplicate_acks < 3 {
                return SegmentKind::Reordered;
            }
        }
        for sent in &mut self.outstanding {
            if sent.end().after(segment.seq) {
                sent.resend();
            }
        }
        if let Some((from, to)) = self.declined.filter(|&(from, to)| segment.seq == from && to.reaches(end)) {
            self.declined = Some((end, to)).filter(|_| end.after(from));
            return SegmentKind::New;
        }
        let ts_value = segment.marks.has(Marks::TIMESTAMPS).then_some(segment.ts_value);
        self.to_judge = Some(Judged { seq: segment.seq, end, fast, ts_value });
        SegmentKind::Retransmission(if fast { Cause::Fast } else { Cause::Timeout })
    }

    /// The SYN-ACK acknowledged no more than `me`'s SYN, up to `ack`: sending its payload again makes up for no loss.
    pub fn declined(&mut self, ack: Seq, me: &Half) {
        self.declined = me.snd_nxt.filter(|next| next.after(ack)).map(|next| (ack, next));
    }

    /// How often the segment at `seq` was sent again, this time included.
    pub fn count_repeat(&mut self, seq: Seq) -> u32 {
        if let Some(entry) = self.repeats.iter_mut().find(|entry| entry.0 == seq && entry.1 > 0) {
            entry.1 = entry.1.saturating_add(1);
            return entry.1;
        }
        self.repeats[1] = self.repeats[0];
        self.repeats[0] = (seq, 1);
        1
    }

    /// The peer acknowledged up to `ack`: gives a round-trip sample and the age of what is still unacknowledged.
    pub fn acknowledged(&mut self, ack: Seq, segment: &Segment, me: &mut Half) -> bool {
        self.duplicate_acks = 0;
        let mut sample = None;
        while let Some(first) = self.outstanding.front() {
            if first.end().after(ack) {
                break;
            }
            sample = (!first.is_resent()).then_some(first.time);
            self.outstanding.pop_front();
        }
        if let Some(sent) = sample {
            me.rtt.add(segment.time.since(sent));
        }
        let eifel = self.to_judge.is_some_and(|repeat| {
            ack.reaches(repeat.end)
                && segment.marks.has(Marks::TIMESTAMPS)
                && repeat.ts_value.is_some_and(|sent| (segment.ts_echo.wrapping_sub(sent) as i32) < 0)
        });
        if eifel {
            self.needless(me);
        } else if self.to_judge.is_some_and(|repeat| ack.after(repeat.end.plus(1 << 20))) {
            self.to_judge = None;
        }
        eifel
    }

    /// When the oldest range still unacknowledged was sent.
    pub fn oldest_unacknowledged(&self) -> Option<Timestamp> {
        self.outstanding.front().map(|sent| sent.time)
    }

    /// The peer acknowledged nothing new.
    pub fn duplicate_ack(&mut self) {
        self.duplicate_acks = self.duplicate_acks.saturating_add(1);
    }

    /// The peer's SACK blocks: what lies beyond, and D-SACK (RFC 2883), which says that a repeat was needless.
    pub fn sacked(&mut self, ack: Seq, blocks: &[(Seq, Seq)], me: &mut Half) {
        for (index, &(from, to)) in blocks.iter().enumerate() {
            let second = blocks.get(1).copied();
            let repeated = ack.reaches(to) || second.is_some_and(|(a, b)| from.reaches(a) && b.reaches(to));
            if index == 0 && repeated {
                if self.to_judge.is_some_and(|repeat| repeat.seq.reaches(from) && to.reaches(repeat.seq.plus(1))) {
                    self.needless(me);
                }
            } else if to.after(ack) {
                self.high_sacked = Some(self.high_sacked.map_or(to, |high| high.max(to)));
            }
        }
    }

    fn needless(&mut self, me: &mut Half) {
        let Some(repeat) = self.to_judge.take() else { return };
        let counted = if repeat.fast { &mut me.retransmissions_fast } else { &mut me.retransmissions_timeout };
        if *counted > 0 {
            *counted -= 1;
            me.retransmissions_spurious = me.retransmissions_spurious.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scoreboard_that_forgets_all_is_a_new_one_with_room_in_its_lists() {
        let (seq, end, time) = (Seq(1), Seq(2), Timestamp(3));
        let mut used = Scoreboard {
            outstanding: [Sent::new(end, time, true)].into(),
            to_judge: Some(Judged { seq, end, fast: true, ts_value: None }),
            duplicate_acks: 4,
            newest: 1,
            recent: Default::default(), // of a segment, see `embryo`
            holes: vec![(seq, end, time)],
            high_sacked: Some(end),
            repeats: [(seq, 5); 2],
            declined: Some((seq, end)),
        };
        used.clear();
        assert_eq!(used, Scoreboard::default());
        assert!(used.outstanding.capacity() > 0 && used.holes.capacity() > 0);
    }
}
