//! What is still missing to the orderly end of a connection: each segment that has not come, whose it would be, and the
//! states that it would lead to (RFC 9293 3.6 and figure 5).

use super::judgement::{Judgement, States};
use super::state::Teardown;
use super::{Outcome, Side, State, Summary};
use crate::seq::Seq;
use crate::wire::Flags;

/// One segment that has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    pub sender: Side,
    pub flags: Flags,
    pub seq: Option<Seq>,
    pub ack: Option<Seq>,
    /// States of client and server once it is sent and has arrived.
    pub states: [Option<State>; 2],
    pub whose: Whose,
}

/// Who would have to do something for it to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// The side's application has to call close().
    Close,
    /// The side's kernel acknowledges by itself.
    Acknowledgement,
    /// The side has to answer the SYN at all.
    Answer,
    /// The server's application has to call accept(), which makes room in its queue.
    Accept,
    /// The side's application has to read, which opens the window.
    Read,
}

/// What is lacking, in the order in which it would come; empty where the connection is over or nothing is known of it. Of a
/// connection that has not been established, only what is lacking to that.
pub fn lacks(summary: &Summary, outcome: Outcome, judgement: &Judgement) -> Vec<Lack> {
    let teardown = States::of(summary).teardown;
    let mut end = End { summary, teardown, states: judgement.states, next: summary.sides.map(|half| half.snd_nxt) };
    match outcome {
        Outcome::Probe
        | Outcome::Stray
        | Outcome::RstRefused
        | Outcome::HandshakeAborted
        | Outcome::Completed
        | Outcome::Closed
        | Outcome::ResetByClient
        | Outcome::ResetByServer
        | Outcome::Open => Vec::new(),
        _ if summary.reset.is_some() => Vec::new(),
        Outcome::SynUnanswered | Outcome::SynChallenged | Outcome::IcmpRejected => {
            vec![end.synack(), end.third_ack(Whose::Acknowledgement)]
        }
        Outcome::SynackUnanswered => vec![end.third_ack(Whose::Acknowledgement)],
        Outcome::AcceptStalled => end.accept(),
        Outcome::PeerVanished => judgement.vanished.map(|side| end.acknowledgement(side)).into_iter().collect(),
        Outcome::WindowStalled => {
            let stalled = Side::BOTH.into_iter().find(|&side| summary[side].zero_window_since.is_set());
            stalled.map(|side| Lack { whose: Whose::Read, ..end.acknowledgement(side) }).into_iter().collect()
        }
        Outcome::LastAck
        | Outcome::Closing
        | Outcome::FinUnanswered
        | Outcome::HalfClosed
        | Outcome::ServerCloseWait
        | Outcome::ClientCloseWait => end.closing(),
    }
}

/// A connection being brought to its end in thought.
struct End<'a> {
    summary: &'a Summary,
    teardown: [Teardown; 2],
    states: [Option<State>; 2],
    /// The next sequence number of each side.
    next: [Option<Seq>; 2],
}

impl End<'_> {
    fn lack(&self, sender: Side, flags: Flags, whose: Whose) -> Lack {
        let [seq, ack] = [sender, sender.peer()].map(|side| self.next[side as usize]);
        Lack { sender, flags, seq, ack, states: self.states, whose }
    }

    fn set(&mut self, side: Side, state: State) {
        self.states[side as usize] = Some(state);
    }

    fn synack(&mut self) -> Lack {
        self.set(Side::Client, State::Established);
        self.set(Side::Server, State::SynReceived);
        self.lack(Side::Server, Flags::SYN.with(Flags::ACK), Whose::Answer)
    }

    fn third_ack(&mut self, whose: Whose) -> Lack {
        self.set(Side::Client, State::Established);
        self.set(Side::Server, State::Established);
        self.lack(Side::Client, Flags::ACK, whose)
    }

    /// The first thing that the server says of itself acknowledges all that the client has sent since.
    fn accept(&mut self) -> Vec<Lack> {
        self.set(Side::Server, State::Established);
        let [client, _] = self.teardown;
        if !client.fin_sent {
            return vec![self.lack(Side::Server, Flags::ACK, Whose::Accept)];
        }
        self.past_fin(Side::Client);
        let first = Lack { whose: Whose::Accept, ..self.acknowledges_fin(Side::Server) };
        vec![first, self.close(Side::Server), self.acknowledges_fin(Side::Client)]
    }

    fn acknowledgement(&self, side: Side) -> Lack {
        self.lack(side, Flags::ACK, Whose::Acknowledgement)
    }

    /// FINs that are not acknowledged, FINs that are not sent, and the acknowledgements of these.
    fn closing(&mut self) -> Vec<Lack> {
        let mut lacks = Vec::new();
        for side in Side::BOTH {
            let teardown = self.teardown[side as usize];
            if teardown.fin_sent && !teardown.fin_acked {
                self.past_fin(side);
                lacks.push(self.acknowledges_fin(side.peer()));
            }
        }
        for side in Side::BOTH {
            if !self.teardown[side as usize].fin_sent {
                lacks.push(self.close(side));
                lacks.push(self.acknowledges_fin(side.peer()));
            }
        }
        lacks
    }

    /// SND.NXT is beyond the FIN, also where only its acknowledgement is missing.
    fn past_fin(&mut self, side: Side) {
        let fin = self.summary[side].fin_seq.map(|fin| fin.plus(1));
        let next = &mut self.next[side as usize];
        *next = next.zip(fin).map_or(*next, |(next, fin)| Some(next.max(fin)));
    }

    /// `side` sends its FIN, and the peer's kernel takes it.
    fn close(&mut self, side: Side) -> Lack {
        let before = self.states[side as usize];
        let sent = if before == Some(State::CloseWait) { State::LastAck } else { State::FinWait1 };
        self.set(side, sent);
        let peer = side.peer();
        match self.states[peer as usize] {
            Some(State::FinWait1) => self.set(peer, State::Closing),
            Some(State::FinWait2) => self.set(peer, State::TimeWait),
            _ => self.set(peer, State::CloseWait),
        }
        let lack = self.lack(side, Flags::FIN.with(Flags::ACK), Whose::Close);
        let next = &mut self.next[side as usize];
        *next = next.map(|next| next.plus(1));
        lack
    }

    /// `side` acknowledges its peer's FIN, and the peer's kernel takes that.
    fn acknowledges_fin(&mut self, side: Side) -> Lack {
        let peer = side.peer();
        match self.states[peer as usize] {
            Some(State::FinWait1) => self.set(peer, State::FinWait2),
            Some(State::Closing) => self.set(peer, State::TimeWait),
            Some(State::LastAck) => self.set(peer, State::Closed),
            _ => {}
        }
        match self.states[side as usize] {
            Some(State::Established | State::SynReceived) => self.set(side, State::CloseWait),
            Some(State::FinWait1) => self.set(side, State::Closing),
            Some(State::FinWait2) => self.set(side, State::TimeWait),
            _ => {}
        }
        self.lack(side, Flags::ACK, Whose::Acknowledgement)
    }
}
