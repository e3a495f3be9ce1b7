//! Why: what one segment was and did, read off the summary before and after it.

use crate::tcp::state::State;
use crate::tcp::summary::{Fit, Half, ResetKind, ResetOrigin};
use crate::tcp::{Cause, Facts, Origin, SegmentKind, Side, Summary};
use crate::time::Span;
use crate::wire::{Flags, Rare, Segment};

/// Silence this long before a segment is worth a word.
const SILENCE: Span = Span::from_seconds(10);

/// One thing that a packet was or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A SYN with the same number was sent so many times, this one included.
    SynAgain(u32),
    SimultaneousOpen,
    /// Payload on the SYN (RFC 7413).
    FastOpen,
    SynFin,
    /// A SYN-ACK acknowledges the SYN of this side, and that many bytes of payload.
    AnswersSyn(Side, u32),
    SynAckAgain,
    /// It repeats its SYN-ACK although this was acknowledged.
    SynAckAgainAfterAck,
    /// A SYN-ACK with another number than the one that opened the connection.
    OtherSynAck,
    /// First acknowledgement of the SYN of this side, exact or with payload.
    AcksSyn(Side, u32),
    /// It acknowledges the SYN-ACK once more, and the server does not take it: its accept queue is full.
    AckNotTaken,
    /// The connection is seen to live; it began before the capture.
    Joined,
    /// It acknowledges nothing of the SYN that waits for an answer (RFC 5961 4).
    Challenge,
    /// It belongs to the connection before this one on the flow.
    OlderConnection,
    /// It answers the SYN of the next connection out of this one (RFC 5961 4).
    ChallengesNext,

    FirstData,
    Retransmission(Cause),
    /// The receiver says that a retransmission was needless (Eifel, D-SACK).
    Needless,
    Reordered,
    Duplicate(Origin),
    DuplicateAck,
    KeepAlive,
    WindowProbe,
    WindowCloses,
    /// To that many bytes.
    WindowOpens(u32),
    WindowUpdate,
    /// It acknowledges that many bytes which the capture does not hold.
    Gap(u64),
    /// Too far from the window to belong to the connection.
    FarOff,
    /// Nothing had passed for that long.
    Silence(Span),

    /// This side's application closes.
    Closes(Side),
    FinAgain,
    /// The FIN is sent again although it was acknowledged: that acknowledgement was lost.
    FinAgainAfterAck,
    /// It acknowledges the peer's FIN.
    FinReceived,
    BothFinsAcknowledged,

    /// A RST answers the SYN.
    Refused,
    /// An effective RST.
    Reset(Fit),
    /// The RST looks as if somebody else had sent it (`reset_origin`).
    UnlikeSender,
    /// A RST after the one that decided.
    ResetAgain,
    ResetIgnored(IgnoredReset),
    /// An earlier RST is taken back, for its nominal sender goes on.
    TakenBack(Side),
    Icmp {
        rejects_syn: bool,
    },
}

/// Why a RST changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredReset {
    /// It acknowledges nothing of the SYN.
    NoAnswer,
    OutOfWindow,
    /// Its target has closed in good order.
    AlreadyClosed,
    /// Nothing is known of a connection.
    NoConnection,
}

/// How much a step matters to somebody who reads the story.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Weight {
    /// One of many segments of data and acknowledgements.
    Plain,
    /// Something is not as it should be.
    Notable,
    /// The story turns here.
    Turning,
}

impl Note {
    pub const fn weight(self) -> Weight {
        match self {
            Self::WindowUpdate | Self::DuplicateAck => Weight::Plain,
            Self::SynAgain(_)
            | Self::FastOpen
            | Self::SynAckAgain
            | Self::OtherSynAck
            | Self::AckNotTaken
            | Self::FirstData
            | Self::Retransmission(_)
            | Self::Needless
            | Self::Reordered
            | Self::Duplicate(_)
            | Self::KeepAlive
            | Self::WindowProbe
            | Self::Gap(_)
            | Self::FarOff
            | Self::Silence(_)
            | Self::FinAgain
            | Self::ResetAgain
            | Self::OlderConnection => Weight::Notable,
            Self::SimultaneousOpen
            | Self::SynFin
            | Self::AnswersSyn(..)
            | Self::SynAckAgainAfterAck
            | Self::AcksSyn(..)
            | Self::Joined
            | Self::Challenge
            | Self::ChallengesNext
            | Self::WindowCloses
            | Self::WindowOpens(_)
            | Self::Closes(_)
            | Self::FinAgainAfterAck
            | Self::FinReceived
            | Self::BothFinsAcknowledged
            | Self::Refused
            | Self::Reset(_)
            | Self::UnlikeSender
            | Self::ResetIgnored(_)
            | Self::TakenBack(_)
            | Self::Icmp { .. } => Weight::Turning,
        }
    }
}

/// A segment, by what the summary was before and is after it.
struct Change<'a> {
    before: &'a Summary,
    after: &'a Summary,
    side: Side,
    segment: &'a Segment,
}

/// What a segment was and did, the weightiest first.
pub(super) fn of_segment(
    before: &Summary,
    after: &Summary,
    side: Side,
    segment: &Segment,
    rare: Option<&Rare>,
    kind: SegmentKind,
) -> Vec<Note> {
    let change = Change { before, after, side, segment };
    let mut notes = Vec::new();
    match kind {
        SegmentKind::Duplicate(origin) => return vec![Note::Duplicate(origin)],
        SegmentKind::Outside => return vec![Note::FarOff],
        _ if segment.flags.any(Flags::RST) => {
            notes.push(change.reset());
            let suspected =
                |summary: &Summary| summary.reset.is_some_and(|reset| reset.origin == ResetOrigin::MiddleboxSuspected);
            notes.extend((suspected(after) && !suspected(before)).then_some(Note::UnlikeSender));
        }
        _ => {
            change.opening(kind, &mut notes);
            change.closing(kind, &mut notes);
            change.data(kind, &mut notes);
        }
    }
    if rare.is_some_and(|rare| rare.fast_open) && segment.flags.any(Flags::SYN) && segment.len > 0 {
        notes.push(Note::FastOpen);
    }
    let silence = segment.time.since(before.last);
    if before.sides.iter().any(|half| half.packets > 0) && silence >= SILENCE {
        notes.push(Note::Silence(silence));
    }
    notes.sort_by_key(|note| std::cmp::Reverse(note.weight()));
    notes
}

impl Change<'_> {
    fn me(&self) -> (&Half, &Half) {
        (&self.before[self.side], &self.after[self.side])
    }

    fn peer(&self) -> (&Half, &Half) {
        (&self.before[self.side.peer()], &self.after[self.side.peer()])
    }

    fn newly(&self, fact: Facts) -> bool {
        !self.before.has(fact) && self.after.has(fact)
    }

    fn reset(&self) -> Note {
        let again = self.before.reset.is_some();
        match self.after.reset {
            Some(_) if again && self.after.refusals == self.before.refusals => return Note::ResetAgain,
            Some(reset) if reset.kind == Some(ResetKind::Refusal) || again => return Note::Refused,
            Some(reset) => return Note::Reset(reset.fit),
            None => {}
        }
        let opens = self.before.has(Facts::SYN) && !self.before.established.is_set();
        let (target, _) = self.peer();
        Note::ResetIgnored(if self.before.shown(self.side.peer()) == Some(State::Closed) {
            IgnoredReset::AlreadyClosed
        } else if opens && self.side == Side::Server {
            IgnoredReset::NoAnswer
        } else if target.packets == 0 || target.opening.is_none() {
            IgnoredReset::NoConnection
        } else {
            IgnoredReset::OutOfWindow
        })
    }

    fn opening(&self, kind: SegmentKind, notes: &mut Vec<Note>) {
        let (me, me_after) = self.me();
        let (peer, peer_after) = self.peer();
        let flags = self.segment.flags;
        if self.before.reset.is_some() && self.after.reset.is_none() {
            notes.push(Note::TakenBack(self.side));
        }
        if self.newly(Facts::SIMULTANEOUS) {
            notes.push(Note::SimultaneousOpen);
        }
        let unanswered = self.side == Side::Server && flags.any(Flags::ACK) && !self.after.established.is_set();
        let range = peer.iss.zip(peer.snd_nxt);
        if unanswered && range.is_some_and(|(iss, next)| !self.segment.ack.acknowledges(iss, next)) {
            notes.push(Note::Challenge);
            return;
        }
        let more = peer_after.iss.map_or(0, |iss| self.segment.ack.minus(1).since(iss).max(0).unsigned_abs());
        if flags.has(Flags::SYN.with(Flags::FIN)) {
            notes.push(Note::SynFin);
        } else if flags.has(Flags::SYN.with(Flags::ACK)) {
            notes.push(if me_after.iss != Some(self.segment.seq) {
                Note::OtherSynAck
            } else if me.synacks == 0 || me.iss != Some(self.segment.seq) {
                Note::AnswersSyn(self.side.peer(), more)
            } else if me_after.synack_repeats > me.synack_repeats {
                Note::SynAckAgainAfterAck
            } else {
                Note::SynAckAgain
            });
        } else if flags.any(Flags::SYN) {
            if me.syns > 0 && matches!(kind, SegmentKind::Retransmission(_)) {
                notes.push(Note::SynAgain(me_after.syns));
            }
        } else if flags.any(Flags::ACK) {
            let opened = self.after.has(Facts::SYN) || self.after.has(Facts::SYNACK);
            let stalls = self.side == Side::Client && self.after.accept_stalls();
            let taken = peer.opening != peer_after.opening && peer_after.opening == Some(State::Established);
            let first = !self.before.established.is_set() && self.after.established.is_set();
            if stalls && self.segment.len == 0 {
                notes.push(Note::AckNotTaken);
            } else if opened && (taken || first) {
                notes.push(Note::AcksSyn(self.side.peer(), more));
            } else if first {
                notes.push(Note::Joined);
            }
        }
    }

    fn closing(&self, kind: SegmentKind, notes: &mut Vec<Note>) {
        let (me, me_after) = self.me();
        if !me.teardown.fin_received && me_after.teardown.fin_received {
            notes.push(Note::FinReceived);
        }
        let acknowledged = |summary: &Summary| summary.sides.iter().all(|half| half.teardown.fin_acked);
        if !acknowledged(self.before) && acknowledged(self.after) {
            notes.push(Note::BothFinsAcknowledged);
        }
        if !self.segment.flags.has(Flags::FIN.with(Flags::ACK)) || self.segment.flags.any(Flags::SYN) {
            return;
        }
        if !me.teardown.fin_sent && me_after.teardown.fin_sent {
            notes.push(Note::Closes(self.side));
        } else if me.teardown.fin_acked && !me_after.teardown.fin_acked {
            notes.push(Note::FinAgainAfterAck);
        } else if matches!(kind, SegmentKind::Retransmission(_)) {
            notes.push(Note::FinAgain);
        }
    }

    fn data(&self, kind: SegmentKind, notes: &mut Vec<Note>) {
        let (me, me_after) = self.me();
        let (peer, peer_after) = self.peer();
        let carries = self.segment.len > 0;
        match kind {
            SegmentKind::Retransmission(cause) if carries => notes.push(Note::Retransmission(cause)),
            SegmentKind::Reordered => notes.push(Note::Reordered),
            SegmentKind::KeepAlive => notes.push(Note::KeepAlive),
            SegmentKind::WindowProbe => notes.push(Note::WindowProbe),
            SegmentKind::DuplicateAck => notes.push(Note::DuplicateAck),
            SegmentKind::WindowUpdate
            | SegmentKind::Retransmission(_)
            | SegmentKind::New
            | SegmentKind::Ack
            | SegmentKind::Duplicate(_)
            | SegmentKind::Outside => {}
        }
        match (me.zero_window_since.is_set(), me_after.zero_window_since.is_set()) {
            (false, true) => notes.push(Note::WindowCloses),
            (true, false) => notes.push(Note::WindowOpens(me_after.window)),
            _ if kind == SegmentKind::WindowUpdate => notes.push(Note::WindowUpdate),
            _ => {}
        }
        if !me.first_data.is_set() && me_after.first_data.is_set() {
            notes.push(Note::FirstData);
        }
        if peer_after.retransmissions_spurious > peer.retransmissions_spurious {
            notes.push(Note::Needless);
        }
        if peer_after.gap_bytes > peer.gap_bytes {
            notes.push(Note::Gap(peer_after.gap_bytes - peer.gap_bytes));
        }
    }
}
