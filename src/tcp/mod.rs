//! Segments move two endpoints; the connection keeps what an observer can know of both. No I/O, threads or clock.
//!
//! What a side sends proves what it had received; what is sent to it only informs, for it may be lost beyond the
//! observer (OUTCOMES 1.5, 1.6). [`Connection::observe`] takes one segment, [`Connection::finish`] gives the
//! [`Summary`]; `outcome` and `judgement` say what it means.

mod embryo;
pub mod judgement;
pub mod outcome;
pub mod records;
mod reset;
pub mod rtt;
pub mod scoreboard;
pub mod state;
mod store;
pub mod summary;
pub mod table;

pub use judgement::{Confidence, Ending, Judgement};
pub use outcome::{Outcome, Verdict};
pub use scoreboard::{Cause, Origin, SegmentKind};
pub use state::State;
pub use summary::{Facts, Half, Moment, RoleBasis, Side, Summary};
pub use table::Table;

use crate::seq::Seq;
use crate::time::Span;
use crate::wire::{Address, Flags, IcmpError, Marks, Rare, Segment};
use scoreboard::{FAR, NEAR, Scoreboard};
use serde::{Deserialize, Serialize};
use summary::{Icmp, Link, Pattern};

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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection {
    summary: Summary,
    boards: Box<[Scoreboard; 2]>,
    /// RSTs that count if those before them are taken back.
    later_resets: Vec<summary::Reset>,
}

impl Connection {
    /// A connection that begins with this segment. The sender is the client unless the segment is a SYN-ACK.
    pub fn new(segment: &Segment, place: Place) -> Self {
        Self { summary: Self::blank(segment, place), boards: Box::default(), later_resets: Vec::new() }
    }

    /// A summary that has yet to take its first segment.
    fn blank(segment: &Segment, place: Place) -> Summary {
        let synack = segment.flags.has(Flags::SYN.with(Flags::ACK)) && !segment.flags.any(Flags::RST);
        let frame = place.frames_before + u64::from(segment.frame);
        let mut facts = Facts::default();
        if segment.marks.has(Marks::V6) {
            facts.set(Facts::V6);
        }
        Summary {
            flow: segment.flow,
            ends: Default::default(),
            client_way: if synack { segment.way.back() } else { segment.way },
            point: place.point,
            file: place.file,
            last_file: place.file,
            first_offset: segment.offset,
            ip_at: segment.ip_at,
            vlan: segment.vlan,
            interface: segment.interface,
            first_way: segment.way,
            first_frame: frame,
            last_frame: frame,
            first_seq: segment.seq,
            first: segment.time,
            last: segment.time,
            syn: Moment::NEVER,
            synack: Moment::NEVER,
            established: Moment::NEVER,
            handshake_ack: Moment::NEVER,
            state_changed: Moment::at(segment.time),
            refusals: 0,
            idle_max: Span(0),
            facts,
            sides: [Half::default(), Half::default()],
            reset: None,
            icmp: None,
            role_basis: RoleBasis::First,
            previous: None,
            next: None,
            pattern: Pattern::default(),
        }
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

    /// What parts of an id link another connection to this one.
    fn link(&self) -> Link {
        Link { seq: self.summary.first_seq, time: self.summary.first }
    }

    /// This connection takes the flow after `old`.
    pub(crate) fn succeeds(&mut self, old: &Self) {
        self.summary.previous = Some(old.link());
    }

    /// `new` takes the flow after this connection.
    pub(crate) fn succeeded_by(&mut self, new: &Self) {
        self.summary.next = Some(new.link());
        self.summary.facts.set(Facts::SUCCEEDED);
    }

    /// The server answered this connection's SYN out of an older connection.
    pub(crate) fn challenged(&mut self) {
        self.summary.facts.set(Facts::CHALLENGED);
    }

    /// Takes one segment of this flow and says what it was.
    pub fn observe(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place) -> SegmentKind {
        if segment.flags.any(Flags::SYN) {
            self.settle_roles(segment);
        }
        let side = self.summary.side_of(segment.way);
        let frame = place.frames_before + u64::from(segment.frame);
        let kind = self.boards[side as usize].classify(segment, rare, &self.summary[side], &self.summary[side.peer()]);
        self.count(side, segment, frame, place, kind);
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
        if near && error.seq.since(first) < 0 && half.iss.is_some() || error.seq.after(next) || next.since(error.seq) >= FAR {
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
        if rejects_syn {
            self.summary.facts.clear(Facts::SYN_AFTER_REFUSAL);
        }
        if rejects_syn || self.summary.icmp.is_none_or(|seen| !seen.rejects_syn) {
            let frame = place.frames_before + u64::from(error.frame);
            self.summary.icmp = Some(Icmp { kind: error.kind, frame, time: error.time, rejects_syn });
        }
        true
    }

    /// States of client and server as shown now, resets included.
    pub fn states(&self) -> [Option<State>; 2] {
        if self.summary.reset.is_some() {
            return [Some(State::Closed); 2];
        }
        Side::BOTH.map(|side| self.summary.shown(side))
    }

    /// Everything that holds for any segment, duplicates included.
    fn count(&mut self, side: Side, segment: &Segment, frame: u64, place: Place, kind: SegmentKind) {
        let summary = &mut self.summary;
        let idle = segment.time.since(summary.last);
        summary.idle_max = summary.idle_max.max(idle);
        summary.last = summary.last.max(segment.time);
        summary.last_frame = frame;
        summary.last_file = place.file;
        summary.pattern.add(segment.way, segment.flags, segment.len > 0);
        if segment.marks.has(Marks::HEADER_CUT) {
            summary.facts.set(Facts::SNAPLEN);
        }
        if segment.marks.has(Marks::LENGTH_FROM_FRAME) {
            summary.facts.set(Facts::OFFLOAD);
        }
        let half = &mut summary[side];
        if half.packets == 0 {
            half.ttl_min = u8::MAX;
        }
        half.packets = half.packets.saturating_add(1);
        half.wire_bytes += u64::from(segment.wire_len);
        half.carried += u64::from(segment.len);
        half.first.first(segment.time);
        half.last = Moment::at(segment.time);
        let reset = segment.flags.any(Flags::RST);
        if !reset {
            // A middlebox's RST must not become the baseline that it is compared with.
            half.ttl_min = half.ttl_min.min(segment.ttl);
            half.ttl_max = half.ttl_max.max(segment.ttl);
        }
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
            self.acknowledge(side, segment, rare);
        }
        self.carry(side, segment, kind);
        if segment.flags.any(Flags::FIN) {
            self.take_fin(side, segment, frame, kind);
        }
        self.count_silence(side, segment, kind);
    }

    /// What tells a probe and a stray from a connection (OUTCOMES 2, rows 1 and 2).
    fn note_shape(&mut self, side: Side, segment: &Segment) {
        let summary = &mut self.summary;
        let ack = segment.flags.any(Flags::ACK);
        let again = summary[side].snd_nxt.is_none_or(|next| next == segment.seq);
        let bare = segment.flags == Flags::ACK && segment.len == 0 && again;
        let repeats = summary[side].rcv_nxt.is_none_or(|first| first == segment.ack);
        if !bare || !repeats {
            summary.facts.set(Facts::VARIED);
        }
        if !ack {
            return;
        }
        summary.facts.set(Facts::ACKED);
        let speaks = !segment.flags.any(Flags::SYN) && (segment.len > 0 || segment.flags.any(Flags::FIN));
        if speaks {
            summary.facts.set(Facts::SPOKEN);
        }
        let peer = &summary[side.peer()];
        let both = peer.packets > peer.rsts;
        let advances =
            summary[side].rcv_nxt.is_some_and(|before| segment.ack.after(before) && segment.ack.since(before) < FAR);
        if !summary.has(Facts::SYN) && (speaks || both || advances) && !summary.established.is_set() {
            summary.established = Moment::at(segment.time);
            if !summary.has(Facts::SYNACK) {
                summary.sides.iter_mut().for_each(|half| half.opening = half.opening.or(Some(State::Established)));
            } else if summary[Side::Client].opening.is_none() {
                summary[Side::Client].opening = Some(State::Established);
            }
        }
    }

    /// Whether a segment can belong to this connection by what it acknowledges, while the SYN waits for its answer.
    fn answers_acceptably(&self, side: Side, segment: &Segment) -> bool {
        let [client, server] = &self.summary.sides;
        if !segment.flags.any(Flags::ACK) || self.summary.established.is_set() {
            return true;
        }
        if side == Side::Client {
            return match (server.iss, server.snd_nxt) {
                (Some(iss), Some(next)) => segment.ack.acknowledges(iss, next),
                _ => true,
            };
        }
        match (client.iss, client.snd_nxt) {
            (Some(iss), Some(next)) if !self.summary.has(Facts::SYNACK) || segment.flags.any(Flags::SYN) => {
                segment.ack.acknowledges(iss, next)
            }
            (Some(iss), _) => segment.ack.after(iss),
            _ => true,
        }
    }

    /// A segment that speaks of another connection: no handshake step (OUTCOMES 1.4), a challenge if the server sent it.
    fn note_challenge(&mut self, side: Side) {
        if side == Side::Server {
            self.summary.facts.set(Facts::CHALLENGED);
        }
    }

    /// SYN with FIN opens nothing by itself; it is remembered in case a SYN-ACK answers it.
    fn take_syn_fin(&mut self, side: Side, segment: &Segment) {
        self.summary.facts.set(Facts::SYN_FIN);
        let half = &mut self.summary[side];
        half.iss = half.iss.or(Some(segment.seq));
        let next = segment.seq.plus(segment.len).plus(2);
        half.snd_nxt = Some(half.snd_nxt.map_or(next, |old| old.max(next)));
        half.snd_una = half.snd_una.or(Some(segment.seq));
    }

    /// An acceptable SYN-ACK; false if it is one that the server gave up for another, and that only comes late.
    fn take_synack(&mut self, side: Side, segment: &Segment, rare: Option<&Rare>, kind: SegmentKind) -> bool {
        let established = self.summary.established.is_set();
        let half = &self.summary[side];
        if established && half.iss.is_some_and(|iss| iss != segment.seq) {
            return false;
        }
        if established && half.iss.is_none() {
            let behind = half.snd_nxt.is_some_and(|next| (0..NEAR).contains(&next.since(segment.seq)));
            if behind {
                let half = &mut self.summary[side];
                half.iss = Some(segment.seq); // filed behind what it opened
                half.options(segment, rare);
                self.repeat_of_unseen(side, segment);
            } else {
                self.disown(side);
            }
        }
        let summary = &mut self.summary;
        let peer = &mut summary[side.peer()];
        if peer.iss.is_none() {
            // The SYN was not captured, or is filed behind its answer: its number is known all the same.
            peer.iss = Some(segment.ack.minus(1));
            let sent = peer.snd_nxt.map_or(0, |next| next.since(segment.ack).max(0).unsigned_abs());
            if !peer.teardown.fin_sent && sent < NEAR.unsigned_abs() {
                peer.bytes = u64::from(sent); // what was not seen of it was missed by the capture
            }
            peer.snd_nxt = peer.snd_nxt.or(Some(segment.ack));
            let heard = summary.sides[side as usize].acked_plainly.is_set();
            let peer = &mut summary[side.peer()];
            peer.snd_una = Some(peer.snd_una.filter(|_| heard).map_or(segment.ack, |una| una.max(segment.ack)));
        }
        let peer = &mut summary[side.peer()];
        if !peer.syn_acked && !peer.acked_plainly.is_set() && peer.iss == Some(segment.ack.minus(1)) {
            self.boards[side.peer() as usize].declined(segment.ack, peer);
        }
        peer.syn_acked = true;
        if summary.has(Facts::SYN_FIN) && side == Side::Server && !summary.has(Facts::SYN) {
            summary.facts.set(Facts::SYN);
            summary.syn.first(summary.first);
            summary[Side::Client].opening = Some(State::SynSent);
        }
        if side == Side::Server {
            summary.facts.set(Facts::SYNACK);
            summary.synack.first(segment.time);
        }
        let established = summary.established.is_set();
        let half = &mut summary[side];
        if half.iss == Some(segment.seq) {
            if half.opening == Some(State::SynSent) {
                half.opening = Some(if half.syn_acked { State::Established } else { State::SynReceived });
            } else if matches!(kind, SegmentKind::Retransmission(_)) && half.syn_acked && !half.acked_plainly.is_set() {
                half.synack_repeats = half.synack_repeats.saturating_add(1);
                half.opening = Some(State::SynReceived);
            }
        } else if !established {
            half.iss = Some(segment.seq);
            half.snd_una = Some(segment.seq);
            half.snd_nxt = None; // a server may answer anew with another number: what it sent before counts no more
            half.syn_acked = false;
            half.opening = Some(State::SynReceived);
            half.options(segment, rare);
            self.repeat_of_unseen(side, segment);
        }
        true
    }

    /// The client had acknowledged this SYN-ACK before: it is sent again, and the first one was missed by the capture.
    fn repeat_of_unseen(&mut self, side: Side, segment: &Segment) {
        let client = &self.summary[Side::Client];
        let later = client.acked_plainly.get().is_some_and(|acked| segment.time > acked);
        let acked = client.rcv_nxt.is_some_and(|next| next.after(segment.seq));
        let server = &mut self.summary[Side::Server];
        if side == Side::Server && later && acked && !server.acked_plainly.is_set() {
            server.syn_acked = true;
            server.synack_repeats = 1;
            server.opening = Some(State::SynReceived);
        }
    }

    /// What `side` seemed to send before its SYN-ACK does not fit that: somebody else sent it.
    fn disown(&mut self, side: Side) {
        self.summary.established = Moment::NEVER;
        let half = &mut self.summary[side];
        (half.teardown, half.fin_seq, half.fin) = Default::default();
        (half.snd_nxt, half.snd_una, half.rcv_nxt, half.acked_plainly) = Default::default();
        let peer = &mut self.summary[side.peer()];
        (peer.teardown.fin_received, peer.teardown.closed_second, peer.payload_after_fin_received) = Default::default();
        (peer.fin_received, peer.rcv_nxt) = Default::default();
        if peer.packets == 0 {
            (peer.opening, peer.snd_nxt, peer.snd_una, peer.bytes, peer.gap_bytes) = Default::default();
        }
    }

    /// A segment with ACK and neither SYN nor RST: proves that its sender has the other's SYN.
    fn take_plain(&mut self, side: Side, segment: &Segment) {
        let summary = &mut self.summary;
        let peer = &summary[side.peer()];
        let acknowledges_syn = match (peer.iss, peer.snd_nxt) {
            (Some(iss), Some(next)) => {
                // Later the capture may miss what is acknowledged.
                let known = peer.syn_acked || summary.established.is_set();
                segment.ack.acknowledges(iss, next) || known && segment.ack.after(iss)
            }
            _ => false,
        };
        let opened = summary.has(Facts::SYN) || summary.has(Facts::SYNACK);
        if acknowledges_syn && opened {
            summary.established.first(segment.time);
            summary[side].opening = Some(State::Established);
            let peer = &mut summary[side.peer()];
            peer.syn_acked = true;
            if peer.opening == Some(State::SynReceived) {
                peer.opening = Some(State::Established);
            }
            let server_spoke = summary[Side::Server].acked_plainly.is_set();
            if side == Side::Client && !server_spoke {
                summary.handshake_ack = Moment::at(segment.time);
            }
        }
        let half = &mut summary[side];
        half.acked_plainly.first(segment.time);
        half.synack_repeats = 0;
        if half.opening == Some(State::SynReceived) {
            half.opening = Some(State::Established);
        }
        // The SYN-ACK was missed by the capture: a client that acknowledges anything had it.
        let established = summary.established.is_set();
        let [client, server] = &mut summary.sides;
        let had = server.iss.is_none_or(|iss| client.rcv_nxt.is_some_and(|next| next.after(iss)));
        if established && had && client.opening == Some(State::SynSent) && client.acked_plainly.is_set() {
            client.opening = Some(State::Established);
        }
    }

    fn announce_window(&mut self, side: Side, segment: &Segment) {
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
    fn acknowledge(&mut self, side: Side, segment: &Segment, rare: Option<&Rare>) {
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
    fn carry(&mut self, side: Side, segment: &Segment, kind: SegmentKind) {
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

    fn take_fin(&mut self, side: Side, segment: &Segment, frame: u64, kind: SegmentKind) {
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
    fn count_silence(&mut self, side: Side, segment: &Segment, kind: SegmentKind) {
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
    /// A SYN without ACK by either side.
    fn note_syn(&mut self, side: Side, segment: &Segment, rare: Option<&Rare>) {
        let summary = self;
        if side == Side::Server {
            summary.facts.set(Facts::SIMULTANEOUS);
        } else {
            summary.facts.set(Facts::SYN);
            summary.syn.first(segment.time);
        }
        if summary.refusals > 0 || summary.icmp.is_some() {
            summary.facts.set(Facts::SYN_AFTER_REFUSAL);
        }
        if segment.flags.has(Flags::ECE.with(Flags::CWR)) {
            summary.facts.set(Facts::ECN_SETUP);
        }
        if segment.len > 0 {
            summary.facts.set(Facts::FAST_OPEN);
        }
        let half = &mut summary[side];
        half.iss = Some(segment.seq);
        half.snd_una = half.snd_una.or(Some(segment.seq));
        half.opening = half.opening.or(Some(State::SynSent));
        half.options(segment, rare);
        if rare.is_some_and(|rare| rare.fast_open) {
            summary.facts.set(Facts::FAST_OPEN);
        }
        if rare.is_some_and(|rare| rare.mptcp) {
            summary.facts.set(Facts::MPTCP);
        }
    }

    /// One side and its peer, both to be changed.
    fn pair(&mut self, side: Side) -> (&mut Half, &mut Half) {
        let [client, server] = &mut self.sides;
        match side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        }
    }
}

impl Half {
    /// Options of a SYN or SYN-ACK.
    fn options(&mut self, segment: &Segment, rare: Option<&Rare>) {
        self.timestamps |= segment.marks.has(Marks::TIMESTAMPS);
        let Some(rare) = rare else { return };
        self.mss = rare.mss.or(self.mss);
        self.window_scale = rare.window_scale.or(self.window_scale);
        self.sack_permitted |= rare.sack_permitted;
    }

    /// A number of this side, or the next where it is that of the SYN. Not the greater of the two: gigabytes later they lie
    /// more than half a circle apart.
    fn past_syn(&self, number: Seq) -> Seq {
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
