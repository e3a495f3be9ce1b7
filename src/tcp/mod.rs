//! Segments move two endpoints; the connection keeps what an observer can know of both. No I/O, threads or clock.
//!
//! What a side sends proves what it had received; what is sent to it only informs, for it may be lost beyond the
//! observer (OUTCOMES 1.5, 1.6). [`Connection::observe`] takes one segment, [`Connection::finish`] gives the
//! [`Summary`]; `outcome` and `judgement` say what it means.

mod embryo;
mod facts;
mod flow;
mod half;
mod handshake;
pub mod history;
pub mod judgement;
pub mod lack;
mod moment;
pub mod outcome;
mod packed;
mod pattern;
mod predict;
mod rebase;
pub mod records;
mod reset;
pub mod rtt;
pub mod scoreboard;
mod short;
mod sparse;
pub mod state;
pub mod step;
mod store;
pub mod summary;
pub mod table;
mod tape;
mod transfer;
pub mod translate;
mod words;

pub use judgement::{Confidence, Ending, Judgement};
pub use outcome::{Outcome, Verdict};
pub use scoreboard::{Cause, Origin, SegmentKind};
pub use state::State;
pub use summary::{Aside, Facts, Half, Moment, RoleBasis, Side, Summary};
pub use table::Table;
pub use tape::OnTape;
pub use translate::Letters;

use crate::seq::Seq;
use crate::time::Span;
use crate::wire::{Address, Flags, IcmpError, Marks, Rare, Segment};
use scoreboard::{FAR, NEAR, Scoreboard};
use summary::Icmp;

/// Where a segment stands in the input: what its record itself does not hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// Frames before the segment's chunk in this observation point.
    pub frames_before: u64,
    /// Observation point.
    pub point: u32,
    /// Number of the file within the point.
    pub file: u32,
}

/// One life of a flow, being tracked.
#[derive(Clone, Debug)]
pub struct Connection {
    summary: Summary,
    boards: [Scoreboard; 2],
    /// RSTs that count if those before them are taken back.
    later_resets: Vec<summary::Reset>,
    /// As [`Connection::is_steady`] says, after the newest segment.
    steady: bool,
}

impl Connection {
    /// A connection that begins with this segment. The sender is the client unless the segment is a SYN-ACK.
    pub fn new(segment: &Segment, place: Place) -> Self {
        let mut connection = Self::blank();
        connection.summary.begin(segment, place);
        connection
    }

    /// One of which nothing is known yet.
    fn blank() -> Self {
        Self { summary: Summary::default(), boards: Default::default(), later_resets: Vec::new(), steady: false }
    }

    /// Sender and receiver of the first frame, which the segment's record does not hold.
    pub fn set_ends(&mut self, sender: Address, receiver: Address) {
        self.summary.ends = [sender.into(), receiver.into()];
    }

    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The summary, with what one captured direction tells of the other (OUTCOMES 1.11).
    pub fn finish(self) -> Summary {
        self.summary
    }

    /// What stands beside the connection: only whoever sees its frames knows.
    pub fn aside(&mut self) -> &mut Aside {
        &mut self.summary.aside
    }

    /// This connection takes the flow after `old`.
    pub(crate) fn succeeds(&mut self, old: &Self) {
        self.summary.previous = Some(old.summary.link());
    }

    /// `new` takes the flow after this connection.
    pub(crate) fn succeeded_by(&mut self, new: &Self) {
        self.summary.next = Some(new.summary.link());
        self.summary.facts.set(Facts::SUCCEEDED);
    }

    /// The server answered this connection's SYN out of an older connection.
    pub(crate) fn challenged(&mut self) {
        self.summary.facts.set(Facts::CHALLENGED);
    }

    /// Takes one segment of this flow and says what it was.
    pub fn observe(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place) -> SegmentKind {
        self.carry_on(segment, rare, place).unwrap_or_else(|| {
            let kind = self.look_at(segment, rare, place);
            self.steady = self.is_steady();
            kind
        })
    }

    /// Takes a segment of which everything is possible.
    fn look_at(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place) -> SegmentKind {
        if segment.flags.any(Flags::SYN) {
            self.settle_roles(segment);
        }
        let side = self.summary.side_of(segment.way);
        let frame = place.frames_before + u64::from(segment.frame);
        let kind = self.boards[side as usize].classify(segment, rare, &self.summary[side], &self.summary[side.peer()]);
        self.count(side, segment, place, kind);
        if matches!(kind, SegmentKind::Duplicate(_) | SegmentKind::Outside) {
            return kind;
        }
        let before = self.states();
        if segment.flags.any(Flags::RST) {
            self.take_reset(side, segment, frame);
        } else {
            self.take(side, segment, rare, frame, kind);
        }
        if self.states() != before {
            self.summary.state_changed = Moment::at(segment.time);
        }
        kind
    }

    /// A handshake filed behind what it opened tells who is the client, which the first speaker does not.
    fn settle_roles(&mut self, segment: &Segment) {
        let opened = self.summary.has(Facts::SYN) || self.summary.has(Facts::SYNACK);
        let opens = if segment.flags.any(Flags::ACK) { Side::Server } else { Side::Client };
        let neither = segment.flags.any(Flags::RST.with(Flags::FIN));
        if !opened && !neither && self.summary.side_of(segment.way) != opens {
            self.summary.swap_sides();
            self.boards.swap(0, 1);
            self.later_resets.iter_mut().for_each(summary::Reset::swap_sides);
        }
    }

    /// Takes an ICMP error that quotes this flow; false if its sequence number is none of this connection.
    pub fn observe_icmp(&mut self, error: &IcmpError, place: Place) -> bool {
        let side = self.summary.side_of(error.way);
        let half = &self.summary[side];
        let (Some(next), Some(first)) = (half.snd_nxt, half.iss.or(half.snd_una)) else { return false };
        let near = half.bytes < u64::from(FAR.unsigned_abs());
        if near && error.seq.since(first) < 0 && half.iss.is_some()
            || error.seq.after(next)
            || next.since(error.seq) >= FAR
        {
            return false;
        }
        let is_syn = side == Side::Client && self.summary.has(Facts::SYN) && half.iss == Some(error.seq);
        let rejects_syn = is_syn
            && match (error.kind.v6, error.kind.kind, error.kind.code) {
                (false, 3, code) => code != 4,
                (false, 11 | 12, _) => true,
                (true, 1 | 3 | 4, _) => true,
                _ => false,
            };
        self.steady = false;
        let before = self.states();
        if rejects_syn {
            self.summary.facts.clear(Facts::SYN_AFTER_REFUSAL);
        }
        if rejects_syn || self.summary.icmp.is_none_or(|seen| !seen.rejects_syn) {
            let frame = place.frames_before + u64::from(error.frame);
            let (kind, time, quoted_ttl) = (error.kind, error.time, error.ttl);
            self.summary.icmp = Some(Icmp { kind, frame, time, rejects_syn, quoted_ttl });
        }
        if self.states() != before {
            self.summary.state_changed = Moment::at(error.time);
        }
        true
    }

    /// States of client and server as shown now, resets included.
    pub fn states(&self) -> [Option<State>; 2] {
        let summary = &self.summary;
        let waits = summary[Side::Client].opening == Some(State::SynSent) && !summary.has(Facts::SYNACK);
        let tries_again = summary.has(Facts::SYN_AFTER_REFUSAL);
        if summary.reset.is_some() {
            let client = if waits && tries_again { State::SynSent } else { State::Closed };
            return [Some(client), Some(State::Closed)];
        }
        let rejected = waits && !tries_again && summary.icmp.is_some_and(|icmp| icmp.rejects_syn);
        let client = if rejected { Some(State::Closed) } else { summary.shown(Side::Client) };
        [client, summary.shown(Side::Server)]
    }

    /// What every segment adds, whatever it is.
    #[inline(always)]
    fn pass(&mut self, side: Side, segment: &Segment, place: Place) {
        let summary = &mut self.summary;
        let idle = segment.time.since(summary.last);
        summary.idle_max = summary.idle_max.max(idle);
        summary.last = summary.last.max(segment.time);
        summary.last_frame = place.frames_before + u64::from(segment.frame);
        summary.last_file = place.file;
        summary.pattern.add(segment.way, segment.flags, segment.len > 0);
        summary.letters.note(segment);
        if segment.marks.has(Marks::HEADER_CUT) {
            summary.facts.set(Facts::SNAPLEN);
        }
        if segment.marks.has(Marks::LENGTH_FROM_FRAME) {
            summary.facts.set(Facts::OFFLOAD);
        }
        let half = &mut summary[side];
        half.packets = half.packets.saturating_add(1);
        half.wire_bytes += u64::from(segment.wire_len);
        half.carried += u64::from(segment.len);
        half.last = Moment::at(segment.time);
        if !segment.flags.any(Flags::RST) {
            // A middlebox's RST must not become the baseline that it is compared with.
            half.ttl_min = half.ttl_min.min(segment.ttl);
            half.ttl_max = half.ttl_max.max(segment.ttl);
        }
    }

    /// Everything that holds for any segment, duplicates included.
    fn count(&mut self, side: Side, segment: &Segment, place: Place, kind: SegmentKind) {
        if self.summary[side].packets == 0 {
            self.summary[side].ttl_min = u8::MAX;
        }
        self.pass(side, segment, place);
        let half = &mut self.summary[side];
        half.first.first(segment.time);
        let reset = segment.flags.any(Flags::RST);
        half.rsts += u32::from(reset);
        half.fins += u32::from(segment.flags.any(Flags::FIN));
        if segment.flags.any(Flags::SYN) && !reset {
            let copy = matches!(kind, SegmentKind::Duplicate(_));
            half.tries = half.tries.saturating_add(u32::from(!copy && !segment.flags.any(Flags::ACK)));
            let count = if segment.flags.any(Flags::ACK) { &mut half.synacks } else { &mut half.syns };
            *count = count.saturating_add(1);
        }
        let counter = match kind {
            SegmentKind::Duplicate(Origin::Network) => &mut half.duplicates_network,
            SegmentKind::Duplicate(Origin::Capture) => &mut half.duplicates_capture,
            SegmentKind::Retransmission(Cause::Timeout) => &mut half.retransmissions_timeout,
            SegmentKind::Retransmission(Cause::Fast) => &mut half.retransmissions_fast,
            SegmentKind::Reordered => &mut half.reordered,
            SegmentKind::KeepAlive => &mut half.keep_alives,
            SegmentKind::WindowProbe => &mut half.window_probes,
            SegmentKind::DuplicateAck => &mut half.duplicate_acks,
            SegmentKind::New | SegmentKind::WindowUpdate | SegmentKind::Ack | SegmentKind::Outside => return,
        };
        *counter = counter.saturating_add(1);
        if matches!(kind, SegmentKind::Retransmission(_)) {
            let repeats = self.boards[side as usize].count_repeat(segment.seq);
            half.most_repeats = half.most_repeats.max(repeats);
        }
    }

    /// A segment that is no RST and no duplicate.
    fn take(&mut self, side: Side, segment: &Segment, rare: Option<&Rare>, frame: u64, kind: SegmentKind) {
        self.note_shape(side, segment);
        let acceptable = self.answers_acceptably(side, segment);
        self.take_reset_back(side, segment, acceptable);
        if segment.flags.any(Flags::SYN) {
            if segment.flags.any(Flags::ACK) {
                if !acceptable {
                    self.note_challenge(side);
                    return;
                }
                if !self.take_synack(side, segment, rare, kind) {
                    return;
                }
            } else if segment.flags.any(Flags::FIN) {
                self.take_syn_fin(side, segment);
                return;
            } else {
                self.summary.note_syn(side, segment, rare);
            }
        } else if !acceptable {
            self.note_challenge(side);
            return;
        } else if segment.flags.any(Flags::ACK) {
            self.take_plain(side, segment);
        }
        self.announce_window(side, segment);
        if segment.flags.any(Flags::ACK) {
            let missed = self.summary[side.peer()].gap_bytes;
            self.acknowledge(side, segment, rare);
            if self.summary[side.peer()].gap_bytes > missed {
                self.summary.letters.gap(segment.way.back());
            }
        }
        self.carry(side, segment, kind);
        if segment.flags.any(Flags::FIN) {
            self.take_fin(side, segment, frame, kind);
        }
        self.count_silence(side, segment, kind);
    }
}
