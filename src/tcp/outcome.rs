//! What became of a connection: one label, first match wins (OUTCOMES 2). Pure and total.

use super::judgement::States;
use super::{Facts, Side, State, Summary};
use serde::Serialize;

/// The label of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Probe,
    Stray,
    RstRefused,
    IcmpRejected,
    SynChallenged,
    SynUnanswered,
    HandshakeAborted,
    SynackUnanswered,
    AcceptStalled,
    Completed,
    Closed,
    PeerVanished,
    ResetByClient,
    ResetByServer,
    LastAck,
    Closing,
    FinUnanswered,
    HalfClosed,
    ServerCloseWait,
    ClientCloseWait,
    WindowStalled,
    Open,
}

/// The first pivot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Failed,
    Reset,
    Unfinished,
    Noise,
}

impl Verdict {
    pub const ALL: [Self; 5] = [Self::Ok, Self::Failed, Self::Reset, Self::Unfinished, Self::Noise];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Reset => "reset",
            Self::Unfinished => "unfinished",
            Self::Noise => "noise",
        }
    }
}

impl Outcome {
    pub const ALL: [Self; 22] = [
        Self::Probe,
        Self::Stray,
        Self::RstRefused,
        Self::IcmpRejected,
        Self::SynChallenged,
        Self::SynUnanswered,
        Self::HandshakeAborted,
        Self::SynackUnanswered,
        Self::AcceptStalled,
        Self::Completed,
        Self::Closed,
        Self::PeerVanished,
        Self::ResetByClient,
        Self::ResetByServer,
        Self::LastAck,
        Self::Closing,
        Self::FinUnanswered,
        Self::HalfClosed,
        Self::ServerCloseWait,
        Self::ClientCloseWait,
        Self::WindowStalled,
        Self::Open,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Stray => "stray",
            Self::RstRefused => "rst_refused",
            Self::IcmpRejected => "icmp_rejected",
            Self::SynChallenged => "syn_challenged",
            Self::SynUnanswered => "syn_unanswered",
            Self::HandshakeAborted => "handshake_aborted",
            Self::SynackUnanswered => "synack_unanswered",
            Self::AcceptStalled => "accept_stalled",
            Self::Completed => "completed",
            Self::Closed => "closed",
            Self::PeerVanished => "peer_vanished",
            Self::ResetByClient => "reset_by_client",
            Self::ResetByServer => "reset_by_server",
            Self::LastAck => "last_ack",
            Self::Closing => "closing",
            Self::FinUnanswered => "fin_unanswered",
            Self::HalfClosed => "half_closed",
            Self::ServerCloseWait => "server_close_wait",
            Self::ClientCloseWait => "client_close_wait",
            Self::WindowStalled => "window_stalled",
            Self::Open => "open",
        }
    }

    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Probe | Self::Stray => Verdict::Noise,
            Self::RstRefused
            | Self::IcmpRejected
            | Self::SynChallenged
            | Self::SynUnanswered
            | Self::HandshakeAborted
            | Self::SynackUnanswered
            | Self::AcceptStalled
            | Self::PeerVanished
            | Self::WindowStalled => Verdict::Failed,
            Self::ResetByClient | Self::ResetByServer => Verdict::Reset,
            Self::LastAck | Self::Closing | Self::FinUnanswered | Self::ServerCloseWait | Self::ClientCloseWait => {
                Verdict::Unfinished
            }
            Self::Completed | Self::Closed | Self::HalfClosed | Self::Open => Verdict::Ok,
        }
    }

    /// What the label means, in a sentence for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Probe => "a scan: segments without ACK, or one bare ACK that a RST answered",
            Self::Stray => "belongs to no connection seen: a lone RST, SYN-ACK or bare ACK",
            Self::RstRefused => "the SYN was answered by a RST: nothing listens there, or something rejects",
            Self::IcmpRejected => "an ICMP error came back for the SYN",
            Self::SynChallenged => "the SYN was answered by an ACK of an older connection only",
            Self::SynUnanswered => "no answer to the SYN",
            Self::HandshakeAborted => "reset between SYN-ACK and its acknowledgement",
            Self::SynackUnanswered => "half-open: the SYN-ACK was never acknowledged",
            Self::AcceptStalled => {
                "the server repeats its SYN-ACK although it was acknowledged: its accept queue is full"
            }
            Self::Completed => "opened and closed in good order",
            Self::Closed => "closed in good order; it began before the capture",
            Self::PeerVanished => "one side repeats into silence: the peer is gone",
            Self::ResetByClient => "ended by a RST of the client",
            Self::ResetByServer => "ended by a RST of the server",
            Self::LastAck => "both sides closed, the last FIN is not acknowledged",
            Self::Closing => "both sides closed at once, a FIN is not acknowledged",
            Self::FinUnanswered => "one side closed, its FIN is not acknowledged",
            Self::HalfClosed => "one side closed, the other still sends",
            Self::ServerCloseWait => "the client closed, the server does not",
            Self::ClientCloseWait => "the server closed, the client does not",
            Self::WindowStalled => "the receiver's window is closed and data waits",
            Self::Open => "established when last seen",
        }
    }

    /// The label of a connection whose roles are settled. `states` are those of [`States::of`] the same summary.
    pub fn of(summary: &Summary, states: &States) -> Self {
        if let Some(label) = no_connection(summary) {
            return label;
        }
        if !states.established && summary.has(Facts::SYN) {
            return not_established(summary, states);
        }
        if accept_stalled(summary, states) {
            return Self::AcceptStalled;
        }
        if closed_in_order(states) {
            let start_seen = summary.has(Facts::SYN) || summary.has(Facts::SYNACK);
            return if start_seen { Self::Completed } else { Self::Closed };
        }
        if vanished(summary).is_some() {
            return Self::PeerVanished;
        }
        if let Some(reset) = states.reset {
            return match reset.by {
                Side::Client => Self::ResetByClient,
                Side::Server => Self::ResetByServer,
            };
        }
        unfinished(summary, states)
    }
}

/// Rows 1 and 2.
fn no_connection(summary: &Summary) -> Option<Outcome> {
    if summary.has(Facts::SYN) {
        return None;
    }
    let speaks = |side: Side| summary[side].packets > summary[side].rsts;
    let one_side = speaks(Side::Client) != speaks(Side::Server);
    if one_side && !summary.has(Facts::SYNACK) {
        let lacks_ack = !summary.has(Facts::ACKED);
        let bare_ack_answered = !summary.has(Facts::VARIED) && summary.has(Facts::ACK_ANSWERED);
        if lacks_ack || bare_ack_answered {
            return Some(Outcome::Probe);
        }
    }
    (!summary.established.is_set()).then_some(Outcome::Stray)
}

/// Rows 3 to 8.
fn not_established(summary: &Summary, states: &States) -> Outcome {
    if summary.has(Facts::SYNACK) {
        return if states.reset.is_some() { Outcome::HandshakeAborted } else { Outcome::SynackUnanswered };
    }
    if states.reset.is_some() {
        Outcome::RstRefused
    } else if summary.icmp.is_some_and(|icmp| icmp.rejects_syn) {
        Outcome::IcmpRejected
    } else if summary.has(Facts::CHALLENGED) {
        Outcome::SynChallenged
    } else {
        Outcome::SynUnanswered
    }
}

/// Row 9.
fn accept_stalled(summary: &Summary, states: &States) -> bool {
    let by_server = states.reset.is_some_and(|reset| reset.by == Side::Server);
    !by_server && summary.accept_stalls()
}

/// Rows 10 and 11.
fn closed_in_order(states: &States) -> bool {
    if let Some(reset) = states.reset {
        let fins = reset.teardown;
        let all_acknowledged = reset.unacked == [0, 0];
        let both_acknowledged = fins.iter().all(|fin| fin.fin_sent && fin.fin_acked);
        return both_acknowledged
            || fins.iter().all(|fin| fin.fin_sent) && fins.iter().any(|fin| fin.fin_acked) && all_acknowledged;
    }
    states.teardown.iter().all(|fin| fin.fin_sent && fin.fin_acked)
}

/// Row 12: the side that vanished.
pub fn vanished(summary: &Summary) -> Option<Side> {
    Side::BOTH.into_iter().find(|&side| {
        let sender = side.peer();
        summary[side].packets > 0
            && !summary[sender].teardown.fin_sent
            && summary[sender].silent_repeats >= 3
            && summary.reset.is_none_or(|reset| reset.by == sender)
    })
}

/// Rows 15 to 22: nobody reset it and it is not closed.
fn unfinished(summary: &Summary, states: &States) -> Outcome {
    let [client, server] = states.shown;
    let fins = states.teardown.map(|fin| fin.fin_sent);
    match (fins, client, server) {
        ([true, true], ..) => {
            let last_ack = client == Some(State::LastAck) || server == Some(State::LastAck);
            if last_ack { Outcome::LastAck } else { Outcome::Closing }
        }
        ([true, false], _, Some(State::CloseWait)) => {
            if summary[Side::Server].payload_after_fin_received {
                Outcome::HalfClosed
            } else {
                Outcome::ServerCloseWait
            }
        }
        ([false, true], Some(State::CloseWait), _) => {
            if summary[Side::Client].payload_after_fin_received {
                Outcome::HalfClosed
            } else {
                Outcome::ClientCloseWait
            }
        }
        ([true, false] | [false, true], ..) => Outcome::FinUnanswered,
        ([false, false], ..) => {
            let stalled = Side::BOTH.into_iter().any(|side| {
                let sender = &summary[side.peer()];
                summary[side].zero_window_since.is_set() && (sender.probed || sender.unacknowledged() > 0)
            });
            if stalled { Outcome::WindowStalled } else { Outcome::Open }
        }
    }
}
