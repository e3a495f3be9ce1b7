//! How a connection opens: SYN, SYN-ACK, their acknowledgement, and what tells all that from probes, challenges and strays
//! (OUTCOMES 1.2 to 1.4, 1.6).

use super::*;

impl Connection {
    /// What tells a probe and a stray from a connection (OUTCOMES 2, rows 1 and 2).
    pub(super) fn note_shape(&mut self, side: Side, segment: &Segment) {
        let summary = &mut self.summary;
        let ack = segment.flags.any(Flags::ACK);
        let again = summary[side].snd_nxt.is_none_or(|next| next == segment.seq);
        let bare = segment.flags == Flags::ACK && segment.len == 0 && again;
        let repeats = summary[side].rcv_nxt.is_none_or(|first| first == segment.ack);
        if !bare || !repeats {
            summary.facts.set(Facts::VARIED);
        }
        if ack {
            summary.facts.set(Facts::ACKED);
        }
        let speaks = ack && !segment.flags.any(Flags::SYN) && (segment.len > 0 || segment.flags.any(Flags::FIN));
        if speaks {
            summary.facts.set(Facts::SPOKEN);
        }
        let peer = &summary[side.peer()];
        let both = peer.packets > peer.rsts && (ack || !segment.flags.any(Flags::SYN));
        let advances = ack && summary[side].rcv_nxt.is_some_and(|before| (1..FAR).contains(&segment.ack.since(before)));
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
    pub(super) fn answers_acceptably(&self, side: Side, segment: &Segment) -> bool {
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
    pub(super) fn note_challenge(&mut self, side: Side) {
        if side == Side::Server {
            self.summary.facts.set(Facts::CHALLENGED);
        }
    }

    /// SYN with FIN opens nothing by itself; it is remembered in case a SYN-ACK answers it.
    pub(super) fn take_syn_fin(&mut self, side: Side, segment: &Segment) {
        self.summary.facts.set(Facts::SYN_FIN);
        let half = &mut self.summary[side];
        half.iss = half.iss.or(Some(segment.seq));
        let next = segment.seq.plus(segment.len).plus(2);
        half.snd_nxt = Some(half.snd_nxt.map_or(next, |old| old.max(next)));
        half.snd_una = half.snd_una.or(Some(segment.seq));
    }

    /// An acceptable SYN-ACK; false if it is one that the server gave up for another, and that only comes late.
    pub(super) fn take_synack(
        &mut self,
        side: Side,
        segment: &Segment,
        rare: Option<&Rare>,
        kind: SegmentKind,
    ) -> bool {
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
        let simultaneous = summary.has(Facts::SIMULTANEOUS);
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
        if simultaneous && peer.opening == Some(State::SynReceived) {
            peer.opening = Some(State::Established); // its own SYN-ACK had acknowledged the other SYN before (RFC 9293 3.5)
        }
        if simultaneous && side == Side::Client {
            summary.established.first(segment.time);
        }
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
    pub(super) fn repeat_of_unseen(&mut self, side: Side, segment: &Segment) {
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
    pub(super) fn disown(&mut self, side: Side) {
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
    pub(super) fn take_plain(&mut self, side: Side, segment: &Segment) {
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
}

impl Summary {
    /// A SYN without ACK by either side.
    pub(super) fn note_syn(&mut self, side: Side, segment: &Segment, rare: Option<&Rare>) {
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
}

impl Half {
    /// Options of a SYN or SYN-ACK.
    pub(super) fn options(&mut self, segment: &Segment, rare: Option<&Rare>) {
        self.timestamps |= segment.marks.has(Marks::TIMESTAMPS);
        let Some(rare) = rare else { return };
        self.mss = rare.mss.or(self.mss);
        self.window_scale = rare.window_scale.or(self.window_scale);
        self.sack_permitted |= rare.sack_permitted;
    }
}
