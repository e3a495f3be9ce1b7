//! Which RST ends a connection, and which is only noise on the wire (OUTCOMES 1.7, RFC 9293 3.10.7, RFC 5961 3).

use super::judgement::infer_close;
use super::state::Teardown;
use super::summary::Half;
use super::{Connection, Facts, Side, State, Summary};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::{Flags, Segment};
use serde::{Deserialize, Serialize};

/// A RST this long after the last acknowledged payload met an idle connection: the shortest idle time-out in common use.
const IDLE: Span = Span::from_seconds(60);
/// Packets that pass each other on the way, or in the capture, do so within this time.
const OVERTAKES: Span = Span::from_micros(50_000);
/// So many RSTs wait for those before them to be taken back.
const LATER: usize = 8;

/// On paths of fewer hops, equal length is no coincidence worth noting: a firewall may stand beside the host.
const FEW_HOPS: u8 = 2;

/// How well a RST fitted the receiver's sequence space (RFC 5961 3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Fit {
    /// Any stack must have accepted it.
    Exact,
    /// Inside the window: stacks with RFC 5961 challenge it.
    InWindow,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ResetKind {
    Refusal,
    NoSocket,
    Abort,
}

impl ResetKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::NoSocket => "no_socket",
            Self::Abort => "abort",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ResetPhase {
    Handshake,
    AfterFin,
    BeforeData,
    Idle,
    Data,
}

impl ResetPhase {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::AfterFin => "after_fin",
            Self::BeforeData => "before_data",
            Self::Idle => "idle",
            Self::Data => "data",
        }
    }
}

/// The effective RST and what stood when it passed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reset {
    pub by: Side,
    pub time: Timestamp,
    pub frame: u64,
    pub seq: Seq,
    /// The sender's highest acknowledgement then.
    pub ack: Option<Seq>,
    pub fit: Fit,
    pub kind: Option<ResetKind>,
    pub phase: ResetPhase,
    /// States of client and server just before.
    pub states: [Option<State>; 2],
    /// Teardown of client and server just before.
    pub teardown: [Teardown; 2],
    /// The same as one direction's acknowledgements completed it, should the other have none in the whole capture.
    pub alone: Option<[Teardown; 2]>,
    /// Payload of client and server that was unacknowledged then.
    pub unacked: [u64; 2],
    pub origin: ResetOrigin,
}

impl Reset {
    pub(super) fn swap_sides(&mut self) {
        self.by = self.by.peer();
        self.states.swap(0, 1);
        self.teardown.swap(0, 1);
        self.alone.iter_mut().for_each(|teardown| teardown.swap(0, 1));
        self.unacked.swap(0, 1);
    }
}

/// Whether the endpoint itself sent the RST.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ResetOrigin {
    Endpoint,
    MiddleboxSuspected,
    Unknown,
}

impl ResetOrigin {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::MiddleboxSuspected => "middlebox_suspected",
            Self::Unknown => "unknown",
        }
    }
}

impl Connection {
    pub(super) fn take_reset(&mut self, side: Side, segment: &Segment, frame: u64) {
        let Some(fit) = fit(&self.summary, side, segment) else {
            let bare_answered = self.summary[side.peer()].rcv_nxt == Some(segment.seq);
            if bare_answered {
                self.summary.facts.set(Facts::ACK_ANSWERED);
            }
            self.summary.facts.set(Facts::RST_IGNORED);
            return;
        };
        let summary = &mut self.summary;
        let refusal = refuses(summary, side);
        if refusal {
            summary.refusals = summary.refusals.saturating_add(1);
        }
        summary.facts.clear(Facts::SYN_AFTER_REFUSAL);
        if summary[side.peer()].rcv_nxt == Some(segment.seq) {
            summary.facts.set(Facts::ACK_ANSWERED);
        }
        if self.later_resets.len() >= LATER {
            return;
        }
        let kind = if refusal {
            Some(ResetKind::Refusal)
        } else if segment.flags.any(Flags::ACK) {
            Some(ResetKind::Abort)
        } else if summary[side.peer()].rcv_nxt == Some(segment.seq) {
            Some(ResetKind::NoSocket)
        } else {
            None
        };
        let ack = summary[side].rcv_nxt;
        let ack =
            if segment.flags.any(Flags::ACK) { Some(ack.map_or(segment.ack, |old| old.max(segment.ack))) } else { ack };
        let reset = Reset {
            by: side,
            time: segment.time,
            frame,
            seq: segment.seq,
            ack,
            fit,
            kind,
            phase: phase(summary, segment.time),
            states: Side::BOTH.map(|side| summary.shown(side)),
            teardown: Side::BOTH.map(|side| summary[side].teardown),
            alone: closed_alone(summary),
            unacked: Side::BOTH.map(|side| summary[side].unacknowledged()),
            origin: origin(&summary[side], segment),
        };
        if summary.reset.is_none() {
            summary.reset = Some(reset);
        } else {
            self.later_resets.push(reset); // the first one decides as long as it stands
        }
    }

    /// A sender that goes on beyond its RST did not send it, or it was not heeded.
    pub(super) fn take_reset_back(&mut self, side: Side, segment: &Segment, acceptable: bool) {
        let Some(reset) = self.summary.reset.filter(|_| acceptable) else { return };
        let sender = &self.summary[side];
        self.later_resets.retain(|later| later.by != side || !goes_on(later, segment, sender));
        if reset.by == side && goes_on(&reset, segment, sender) {
            let later = (!self.later_resets.is_empty()).then(|| self.later_resets.remove(0));
            self.summary.reset = later;
            self.summary.facts.set(Facts::RST_TAKEN_BACK);
        }
    }
}

/// The segment, of the same sender, reaches beyond the RST.
fn goes_on(reset: &Reset, segment: &Segment, sender: &Half) -> bool {
    let end = segment.seq.plus(segment.len);
    let acknowledges = segment.flags.any(Flags::ACK) && reset.ack.is_none_or(|ack| segment.ack.after(ack));
    // A RST that guessed ahead in the window: new payload below its number shows that its sender is alive all the same.
    let new = segment.len > 0 && sender.snd_nxt.is_some_and(|next| end.after(next));
    let talks = new && segment.time.since(reset.time) > OVERTAKES;
    match (segment.flags.any(Flags::SYN), segment.flags.any(Flags::ACK)) {
        // Once it has sent something else, its SYN-ACK is an old one that comes late and says nothing of it.
        (true, synack) => synack && (reset.phase == ResetPhase::Handshake || !sender.acked_plainly.is_set()),
        (false, _) => end.after(reset.seq) || acknowledges || talks,
    }
}

/// How the acknowledgements of the only side seen so far complete the close.
fn closed_alone(summary: &Summary) -> Option<[Teardown; 2]> {
    let mut teardown = summary.sides.map(|half| half.teardown);
    infer_close(summary, summary.one_sided()?, &mut teardown).map(|_| teardown)
}

/// The RST answers a SYN that has had no other answer.
fn refuses(summary: &Summary, side: Side) -> bool {
    side == Side::Server
        && summary.has(Facts::SYN)
        && !summary.has(Facts::SYNACK)
        && !summary.established.is_set()
        && summary[Side::Client].opening == Some(State::SynSent)
}

/// How a RST by `side` fits what its target expects; `None` if the target need not have accepted it.
fn fit(summary: &Summary, side: Side, segment: &Segment) -> Option<Fit> {
    let (sender, target) = (&summary[side], &summary[side.peer()]);
    if !summary.established.is_set() && summary.has(Facts::SYN) {
        if side == Side::Server {
            let (iss, next) = (target.iss?, target.snd_nxt?);
            let acknowledges = segment.flags.any(Flags::ACK) && segment.ack.acknowledges(iss, next);
            let follows = summary.has(Facts::SYNACK) && sender.iss.is_some_and(|iss| segment.seq == iss.plus(1));
            return (acknowledges || follows).then_some(Fit::Exact);
        }
        if target.opening.is_none() && !sender.acked_plainly.is_set() {
            return None; // a server of which nothing is known may never have heard of the SYN
        }
    }
    if summary.shown(side.peer()) == Some(State::Closed) {
        return None; // closed in good order: nobody is there to be reset
    }
    let Some(expected) = target.rcv_nxt else {
        // The target's acknowledgements were not captured: all there is to go by is what the sender sent.
        return (sender.snd_nxt == Some(segment.seq)).then_some(Fit::InWindow);
    };
    let sent = sender.snd_nxt.unwrap_or(expected);
    if segment.seq.reaches(expected) && sent.max(expected).reaches(segment.seq) {
        return Some(Fit::Exact);
    }
    if sender.teardown.fin_sent && segment.seq == expected.minus(1) {
        return Some(Fit::Exact); // macOS resets with the number of its FIN, and Linux accepts it
    }
    let window = if target.window_scale.is_none() && !summary.has(Facts::SYN) && !summary.has(Facts::SYNACK) {
        target.window << 14 // the scale was agreed before the capture began: allow the largest (RFC 7323 2.3)
    } else {
        target.window
    };
    let beyond = segment.seq.since(expected);
    (beyond >= 0 && beyond.unsigned_abs() < window.max(1)).then_some(Fit::InWindow)
}

fn phase(summary: &Summary, time: Timestamp) -> ResetPhase {
    let both = &summary.sides;
    let alone = summary.has(Facts::SYN) && summary.one_sided() == Some(Side::Client);
    let unseen_server = alone && summary[Side::Client].acked_plainly.is_set();
    if !summary.established.is_set() && !unseen_server {
        return ResetPhase::Handshake;
    }
    if both.iter().any(|half| half.teardown.fin_sent) {
        return ResetPhase::AfterFin;
    }
    if both.iter().all(|half| half.bytes == 0) {
        return ResetPhase::BeforeData;
    }
    let handshake = summary.handshake_ack.get().max(summary.established.get());
    let last = both.iter().filter_map(|half| half.last_data_acked.get()).chain(handshake).max();
    if last.is_some_and(|last| time.since(last) >= IDLE) { ResetPhase::Idle } else { ResetPhase::Data }
}

/// Whether the RST came from its nominal sender, by the TTL (or hop limit) of that side's other segments. Where SYNs are
/// all it sent, another TTL says nothing: a scanner writes its SYN with one of its own, and its kernel resets.
fn origin(sender: &Half, segment: &Segment) -> ResetOrigin {
    let (low, high) = (sender.ttl_min, sender.ttl_max);
    // Text captures often tell no TTL, which is 0 then: no packet that arrives has that.
    if sender.packets <= sender.rsts || segment.ttl == 0 || low == 0 {
        return ResetOrigin::Unknown;
    }
    if (low..=high).contains(&segment.ttl) {
        return ResetOrigin::Endpoint;
    }
    if sender.packets <= sender.rsts.saturating_add(sender.syns) {
        return ResetOrigin::Unknown;
    }
    // Where the path varies already, a little more of that says nothing.
    let spread = high.saturating_sub(low);
    if (low.saturating_sub(spread)..=high.saturating_add(spread)).contains(&segment.ttl) {
        return ResetOrigin::Unknown;
    }
    // Another initial TTL over a path of the same length: load balancers answer for a server's closed connections.
    let same_path = hops(segment.ttl) >= FEW_HOPS && (hops(high)..=hops(low)).contains(&hops(segment.ttl));
    if same_path { ResetOrigin::Unknown } else { ResetOrigin::MiddleboxSuspected }
}

/// Whether the sender's TTL might have given a RST of its away as another's, had it been told: texts often do not.
pub(super) fn misses_ttl(sender: &Half) -> bool {
    sender.ttl_max == 0 && sender.packets > sender.rsts.saturating_add(sender.syns)
}

/// Routers passed, by the initial TTLs in use (64 Linux and macOS, 128 Windows, 255 routers).
fn hops(ttl: u8) -> u8 {
    let initial = [64, 128].into_iter().find(|&initial| ttl <= initial).unwrap_or(u8::MAX);
    initial - ttl
}
