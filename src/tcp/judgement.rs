//! What stands beside the label: states, who closed and who reset, how sure all this is (OUTCOMES 3).

use super::outcome::vanished;
use super::reset::misses_ttl;
use super::state::{self, Teardown};
use super::summary::{Fit, Icmp, Reset, ResetKind, ResetOrigin, ResetPhase};
use super::{Facts, Outcome, RoleBasis, Side, State, Summary};
use crate::time::{SECOND, Span, Timestamp};

/// Something sent less than this before the end of a capture may well have been answered after it.
const CUT: i64 = SECOND;

/// What is known of the capture around a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// Time of the observation point's last frame, or of the last before files of it that are missing.
    pub last_frame: Timestamp,
    /// It was text, which tells less than packets.
    pub text_only: bool,
    /// Files are missing between its first frame and its last.
    pub lacks_files: bool,
    /// The client got an ICMP error that may be about this connection: the text does not say.
    pub unsettled_error: bool,
}

/// The two endpoints as all captured segments show them, RSTs aside, one-sided captures completed (OUTCOMES 1.11).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct States {
    pub established: bool,
    pub teardown: [Teardown; 2],
    pub closed_by: Option<ClosedBy>,
    pub shown: [Option<State>; 2],
    /// The effective RST.
    pub reset: Option<Reset>,
}

impl States {
    pub fn of(summary: &Summary) -> Self {
        let mut opening = Side::BOTH.map(|side| summary.opening(side));
        let mut teardown = summary.sides.map(|half| half.teardown);
        let mut established = summary.established.is_set();
        let mut first = None;
        if let Some(seen) = summary.one_sided() {
            // An ACK after the SYN proves a SYN-ACK that only the capture missed.
            established |= seen == Side::Client && summary.has(Facts::SYN) && summary[seen].acked_plainly.is_set();
            if established {
                opening = [Some(State::Established); 2];
            }
            first = infer_close(summary, seen, &mut teardown);
        } else if established {
            // A side whose own SYN, SYN-ACK or ACK was missed by the capture takes part all the same.
            opening.iter_mut().for_each(|opening| *opening = opening.or(Some(State::Established)));
        }
        let shown = Side::BOTH.map(|side| state::shown(opening[side as usize], teardown[side as usize]));
        let closed_by = first.map_or_else(|| closed_by(teardown), |side| Some(side.into()));
        let mut reset = summary.reset.map(|reset| with_phase(reset, summary));
        if let Some(alone) = reset.and_then(|reset| reset.alone).filter(|_| summary.one_sided().is_some()) {
            // Once closed in good order, nobody is there to be reset.
            let takes = |reset: &Reset| {
                let target = reset.by.peer() as usize;
                state::shown(opening[target], alone[target]) != Some(State::Closed)
            };
            reset = reset.filter(takes).map(|reset| Reset { teardown: alone, ..reset });
        }
        Self { established, teardown, closed_by, shown, reset }
    }
}

/// A client's RST in a capture that seemed to miss the server altogether, until the server spoke after all.
fn with_phase(reset: Reset, summary: &Summary) -> Reset {
    let later = summary.established.get().is_none_or(|established| established > reset.time);
    if later && summary.one_sided().is_none() { Reset { phase: ResetPhase::Handshake, ..reset } } else { reset }
}

/// The unseen side's FIN shows in the last advance of the seen side's acknowledgements: gives the side that closed first.
/// A repeated FIN of the seen side may never have arrived.
pub(super) fn infer_close(summary: &Summary, seen: Side, teardown: &mut [Teardown; 2]) -> Option<Side> {
    let half = &summary[seen];
    if !half.teardown.fin_sent || !half.ack_advanced || half.last_ack_advance != 1 {
        return None;
    }
    let fin_acked = !half.fin_resent;
    let seen_second = half.advanced_before_fin;
    teardown[seen as usize] = Teardown { fin_sent: true, fin_acked, fin_received: true, closed_second: seen_second };
    teardown[seen.peer() as usize] =
        Teardown { fin_sent: true, fin_acked: true, fin_received: fin_acked, closed_second: !seen_second && fin_acked };
    Some(if seen_second { seen.peer() } else { seen })
}

/// How sure a label is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Confidence {
    Certain,
    Probable,
    Ambiguous,
}

impl Confidence {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Probable => "probable",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// Who closed: sent the first FIN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosedBy {
    Client,
    Server,
    /// The FINs crossed.
    Both,
}

impl From<Side> for ClosedBy {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

impl ClosedBy {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "both",
        }
    }
}

/// How far the handshake came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handshake {
    Refused,
    Rejected,
    Challenged,
    Unanswered,
    Aborted,
    HalfOpen,
    Stalled,
    Complete,
    Unseen,
}

impl Handshake {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Challenged => "challenged",
            Self::Unanswered => "unanswered",
            Self::Aborted => "aborted",
            Self::HalfOpen => "half_open",
            Self::Stalled => "stalled",
            Self::Complete => "complete",
            Self::Unseen => "unseen",
        }
    }
}

/// What a reader must know before relying on a row; a set, printed in a fixed order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caveats(pub u16);

impl Caveats {
    pub const START_UNSEEN: Self = Self(1);
    pub const CUT_BY_END: Self = Self(1 << 1);
    pub const ONE_SIDED: Self = Self(1 << 2);
    pub const CAPTURE_LOSS: Self = Self(1 << 3);
    pub const SUPERSEDED: Self = Self(1 << 4);
    pub const EVICTED: Self = Self(1 << 5);
    pub const DUPLICATES: Self = Self(1 << 6);
    pub const REORDERED: Self = Self(1 << 7);
    pub const ROLE_GUESSED: Self = Self(1 << 8);
    pub const OFFLOAD: Self = Self(1 << 9);
    pub const SNAPLEN: Self = Self(1 << 10);
    pub const TEXT_ONLY: Self = Self(1 << 11);

    /// In the order of their bits, which is the order of printing.
    pub const NAMES: [&'static str; 12] = [
        "start_unseen",
        "cut_by_end",
        "one_sided",
        "capture_loss",
        "superseded",
        "evicted",
        "duplicates",
        "reordered",
        "role_guessed",
        "offload",
        "snaplen",
        "text_only",
    ];

    pub const fn has(self, caveat: Self) -> bool {
        self.0 & caveat.0 != 0
    }

    fn set_if(&mut self, condition: bool, caveat: Self) {
        if condition {
            self.0 |= caveat.0;
        }
    }

    /// Names in order, joined by `;`.
    pub fn print(self) -> String {
        let set = (0..Self::NAMES.len()).filter(|bit| self.0 >> bit & 1 == 1);
        set.map(|bit| Self::NAMES[bit]).collect::<Vec<_>>().join(";")
    }
}

/// Everything that is judged of a connection beside its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Last states of client and server; `None` where nothing is known.
    pub states: [Option<State>; 2],
    pub handshake: Handshake,
    pub closed_by: Option<ClosedBy>,
    pub reset_by: Option<Side>,
    pub reset_phase: Option<ResetPhase>,
    pub reset_kind: Option<ResetKind>,
    pub reset_origin: Option<ResetOrigin>,
    /// Payload of both sides that the reset lost.
    pub bytes_lost: Option<u64>,
    pub icmp: Option<Icmp>,
    pub vanished: Option<Side>,
    /// From the last change of a state to the end of the capture.
    pub state_age: Option<Span>,
    pub confidence: Confidence,
    pub caveats: Caveats,
}

impl Judgement {
    pub fn of(summary: &Summary, outcome: Outcome, states: &States, ending: &Ending) -> Self {
        let noise = matches!(outcome, Outcome::Probe | Outcome::Stray);
        let reset = states.reset.filter(|_| !noise);
        let final_states = final_states(summary, outcome, states);
        let caveats = caveats(summary, outcome, states, ending);
        let known = final_states.iter().any(Option::is_some);
        Self {
            states: final_states,
            handshake: handshake(summary, outcome),
            closed_by: states.closed_by.filter(|_| !noise),
            reset_by: reset.map(|reset| reset.by),
            reset_phase: reset.map(|reset| reset.phase),
            reset_kind: reset.and_then(|reset| reset.kind),
            reset_origin: reset.map(|reset| reset.origin),
            bytes_lost: reset.map(|reset| reset.unacked.iter().sum()),
            icmp: summary.icmp,
            vanished: (outcome == Outcome::PeerVanished).then(|| vanished(summary)).flatten(),
            state_age: summary
                .state_changed
                .get()
                .filter(|_| known)
                .map(|time| Span(ending.last_frame.since(time).0.max(0))),
            confidence: confidence(summary, outcome, states, caveats, ending),
            caveats,
        }
    }
}

pub(super) fn final_states(summary: &Summary, outcome: Outcome, states: &States) -> [Option<State>; 2] {
    let closed = Some(State::Closed);
    let retried = if summary.has(Facts::SYN_AFTER_REFUSAL) { Some(State::SynSent) } else { closed };
    match outcome {
        Outcome::RstRefused => [retried, closed],
        Outcome::IcmpRejected => [retried, None],
        Outcome::SynChallenged | Outcome::SynUnanswered => [Some(State::SynSent), None],
        Outcome::Probe => [None, closed.filter(|_| summary[Side::Server].rsts > 0)],
        Outcome::Stray => Side::BOTH.map(|side| stray_state(summary, side)),
        _ => match states.reset {
            None => states.shown,
            Some(reset) => Side::BOTH.map(|side| {
                let keeps = outcome == Outcome::PeerVanished && vanished(summary) == Some(side);
                let forged = reset.by == side && reset.origin == ResetOrigin::MiddleboxSuspected;
                if keeps || forged { states.shown[side as usize] } else { closed }
            }),
        },
    }
}

fn stray_state(summary: &Summary, side: Side) -> Option<State> {
    let (me, peer) = (&summary[side], &summary[side.peer()]);
    let peer_spoke = peer.packets > peer.rsts;
    if me.rsts > 0 {
        return peer_spoke.then_some(State::Closed);
    }
    let reset = if peer.rsts > 0 { State::Closed } else { State::SynReceived };
    (me.synacks > 0).then_some(reset)
}

fn handshake(summary: &Summary, outcome: Outcome) -> Handshake {
    match outcome {
        Outcome::Probe | Outcome::Stray => Handshake::Unseen,
        Outcome::RstRefused => Handshake::Refused,
        Outcome::IcmpRejected => Handshake::Rejected,
        Outcome::SynChallenged => Handshake::Challenged,
        Outcome::SynUnanswered => Handshake::Unanswered,
        Outcome::HandshakeAborted => Handshake::Aborted,
        Outcome::SynackUnanswered => Handshake::HalfOpen,
        Outcome::AcceptStalled => Handshake::Stalled,
        _ if summary.has(Facts::SYN) || summary.has(Facts::SYNACK) => Handshake::Complete,
        _ => Handshake::Unseen,
    }
}

fn closed_by([client, server]: [Teardown; 2]) -> Option<ClosedBy> {
    match (client.fin_sent, server.fin_sent) {
        (false, false) => None,
        (true, false) => Some(ClosedBy::Client),
        (false, true) => Some(ClosedBy::Server),
        (true, true) if server.closed_second => Some(ClosedBy::Client),
        (true, true) if client.closed_second => Some(ClosedBy::Server),
        (true, true) => Some(ClosedBy::Both),
    }
}

fn caveats(summary: &Summary, outcome: Outcome, states: &States, ending: &Ending) -> Caveats {
    let mut caveats = Caveats::default();
    let sum = |count: fn(&super::Half) -> u64| summary.sides.iter().map(count).sum::<u64>();
    let one_sided = summary.one_sided().is_some() && states.established;
    let noise = matches!(outcome, Outcome::Probe | Outcome::Stray);
    let rejected = outcome == Outcome::IcmpRejected && !summary.has(Facts::SYN_AFTER_REFUSAL);
    let settled = states.reset.is_some() || one_sided || noise || rejected;
    let waits = |half: &super::Half| half.awaiting.get().is_some_and(|time| ending.last_frame.since(time).0 < CUT);
    let cut = !settled && summary.sides.iter().any(waits);
    let both_fins = states.teardown.iter().all(|fin| fin.fin_sent);
    let guessed = matches!(summary.role_basis, RoleBasis::Port | RoleBasis::First) && !noise;
    caveats.set_if(!summary.has(Facts::SYN), Caveats::START_UNSEEN);
    caveats.set_if(cut, Caveats::CUT_BY_END);
    caveats.set_if(one_sided, Caveats::ONE_SIDED);
    let loss = !one_sided && sum(|half| half.gap_bytes) > 0;
    caveats.set_if(loss || ending.lacks_files, Caveats::CAPTURE_LOSS);
    caveats.set_if(summary.has(Facts::SUCCEEDED) && !both_fins && states.reset.is_none(), Caveats::SUPERSEDED);
    caveats.set_if(summary.has(Facts::EVICTED), Caveats::EVICTED);
    caveats.set_if(
        sum(|half| u64::from(half.duplicates_capture) + u64::from(half.duplicates_network)) > 0,
        Caveats::DUPLICATES,
    );
    caveats.set_if(sum(|half| u64::from(half.reordered)) > 0, Caveats::REORDERED);
    caveats.set_if(guessed, Caveats::ROLE_GUESSED);
    caveats.set_if(summary.has(Facts::OFFLOAD), Caveats::OFFLOAD);
    caveats.set_if(summary.has(Facts::SNAPLEN), Caveats::SNAPLEN);
    caveats.set_if(ending.text_only, Caveats::TEXT_ONLY);
    caveats
}

fn confidence(summary: &Summary, outcome: Outcome, states: &States, caveats: Caveats, ending: &Ending) -> Confidence {
    let one_repeat = summary[Side::Server].synack_repeats == 1 && outcome != Outcome::AcceptStalled;
    let bare_ack = outcome == Outcome::Probe && summary.has(Facts::ACKED);
    let no_answer = matches!(outcome, Outcome::SynUnanswered | Outcome::SynChallenged);
    let maybe_rejected = no_answer && ending.unsettled_error;
    if caveats.has(Caveats::CUT_BY_END) || caveats.has(Caveats::ONE_SIDED) || one_repeat || bare_ack || maybe_rejected {
        return Confidence::Ambiguous;
    }
    let inexact = states.reset.is_some_and(|reset| reset.fit == Fit::InWindow);
    let by_role = matches!(
        outcome,
        Outcome::ResetByClient | Outcome::ResetByServer | Outcome::ServerCloseWait | Outcome::ClientCloseWait
    );
    let by_text = caveats.has(Caveats::TEXT_ONLY) && assumed_of_text(summary, outcome, states);
    if inexact || by_text || caveats.has(Caveats::CAPTURE_LOSS) || by_role && caveats.has(Caveats::ROLE_GUESSED) {
        return Confidence::Probable;
    }
    Confidence::Certain
}

/// Whether the label or a state rests on what a text did not print: what an ICMP error quotes, or the TTL that would tell a
/// RST of its nominal sender from a middlebox's. With the latter that sender may have any state still.
fn assumed_of_text(summary: &Summary, outcome: Outcome, states: &States) -> bool {
    let rejected = outcome == Outcome::IcmpRejected && summary.icmp.is_some_and(|icmp| icmp.quoted_ttl == 0);
    let ends_by_reset = !matches!(outcome, Outcome::RstRefused | Outcome::Probe | Outcome::Stray);
    let reset = states.reset.filter(|_| ends_by_reset).is_some_and(|reset| misses_ttl(&summary[reset.by]));
    rejected || reset
}
