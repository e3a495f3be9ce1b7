//! Which segment belongs to which connection: port reuse, challenges, and the one predecessor of a flow (OUTCOMES 1.2).
//!
//! A single-threaded value; `analysis` runs one a lane. Connections never end by idling: each stays until its flow is
//! taken by the next but one, or the input ends.

use super::scoreboard::{FAR, NEAR};
use super::{Connection, Facts, Half, Place, SegmentKind, Side, State, Summary};
use crate::seq::Seq;
use crate::time::SECOND;
use crate::wire::{Flags, FlowHash, IcmpError, Rare, Segment};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

/// A stray SYN-ACK adopts its SYN when this is filed within that time after it (several capture queues).
const ADOPTS: i64 = SECOND;

/// All connections of a lane.
#[derive(Debug, Default)]
pub struct Table {
    flows: HashMap<FlowHash, Box<Flow>, BuildHasherDefault<FlowHasher>>,
    finished: Vec<Summary>,
}

/// What became of a segment.
#[derive(Debug)]
pub struct Taken<'a> {
    pub connection: &'a mut Connection,
    pub kind: SegmentKind,
    /// The segment began the connection: whoever knows its addresses is to set them.
    pub new: bool,
}

impl<'a> Taken<'a> {
    fn new(connection: &'a mut Connection, segment: &Segment, rare: Option<&Rare>, place: Place, new: bool) -> Self {
        let kind = connection.observe(segment, rare, place);
        Self { connection, kind, new }
    }
}

#[derive(Debug)]
struct Flow {
    current: Connection,
    /// The connection before, until the current one is established or has ended.
    previous: Option<Connection>,
}

/// The flow hash is random already; hashing it again would only cost time.
#[derive(Debug, Default)]
struct FlowHasher(u64);

impl Hasher for FlowHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = self.0.rotate_left(32) ^ value;
    }
}

impl Table {
    /// Takes one segment, in file order, and says which connection took it, and as what.
    pub fn observe(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place) -> Taken<'_> {
        let flow = match self.flows.entry(segment.flow) {
            Entry::Vacant(vacant) => {
                let flow = Flow { current: Connection::new(segment, place), previous: None };
                return Taken::new(&mut vacant.insert(Box::new(flow)).current, segment, rare, place, true);
            }
            Entry::Occupied(occupied) => occupied.into_mut(),
        };
        if opens_anew(flow.current.summary(), segment) {
            self.finished.extend(flow.succeed(segment, place).map(Connection::finish));
            return Taken::new(&mut flow.current, segment, rare, place, true);
        }
        let older = flow
            .previous
            .as_ref()
            .is_some_and(|previous| belongs_to_previous(flow.current.summary(), previous.summary(), segment));
        if older && flow.current.summary().side_of(segment.way) == Side::Server && !segment.flags.any(Flags::RST) {
            flow.current.challenged();
        }
        if older {
            let Flow { current, previous } = &mut **flow;
            return Taken::new(previous.as_mut().unwrap_or(current), segment, rare, place, false);
        }
        let kind = flow.current.observe(segment, rare, place);
        if settled(flow.current.summary()) {
            self.finished.extend(flow.previous.take().map(Connection::finish));
        }
        Taken { connection: &mut flow.current, kind, new: false }
    }

    /// Takes an ICMP error; false if no connection sent what it quotes.
    pub fn observe_icmp(&mut self, error: &IcmpError, place: Place) -> bool {
        let Some(flow) = self.flows.get_mut(&error.flow) else { return false };
        flow.current.observe_icmp(error, place)
            || flow.previous.as_mut().is_some_and(|previous| previous.observe_icmp(error, place))
    }

    /// The input has ended: all connections, in no order.
    pub fn finish(mut self) -> Vec<Summary> {
        for flow in self.flows.into_values() {
            self.finished.extend(flow.previous.map(Connection::finish));
            self.finished.push(flow.current.finish());
        }
        self.finished
    }

    /// Shows every connection that is still held, in no order.
    pub fn for_each(&self, mut show: impl FnMut(&Summary)) {
        self.finished.iter().for_each(&mut show);
        for flow in self.flows.values() {
            flow.previous.iter().chain([&flow.current]).for_each(|connection| show(connection.summary()));
        }
    }

    pub fn len(&self) -> usize {
        self.flows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }
}

impl Flow {
    /// The segment opens a new connection; gives the one that this pushes out.
    fn succeed(&mut self, segment: &Segment, place: Place) -> Option<Connection> {
        let mut new = Connection::new(segment, place);
        new.succeeds(&self.current);
        let mut old = std::mem::replace(&mut self.current, new);
        old.succeeded_by(&self.current);
        self.previous.replace(old)
    }
}

/// Nothing of the connection before can matter any more.
fn settled(summary: &Summary) -> bool {
    summary.established.is_set() || summary.reset.is_some()
}

/// OUTCOMES 1.2 and 1.12: whether a segment begins another connection on the flow.
fn opens_anew(current: &Summary, segment: &Segment) -> bool {
    if !segment.flags.any(Flags::SYN) || segment.flags.any(Flags::RST) || segment.flags.any(Flags::FIN) {
        return false;
    }
    let side = current.side_of(segment.way);
    let me = &current[side];
    let may_serve = side == Side::Server || !current.has(Facts::SYN) && !current.has(Facts::SYNACK);
    if filed_late(current, me, segment) {
        return false;
    }
    let ended =
        current.reset.is_some() || current.sides.iter().all(|half| half.teardown.fin_sent && half.teardown.fin_acked);
    let one_sided_end = current.one_sided().is_some() && current.sides.iter().any(|half| half.teardown.fin_sent);
    if segment.flags.any(Flags::ACK) {
        // Only where the new SYN itself was not captured does a SYN-ACK begin a connection on a used flow.
        let other = me.iss.is_none_or(|iss| iss != segment.seq);
        let peer_iss = current[side.peer()].iss;
        let answers = peer_iss.is_some_and(|iss| segment.ack.since(iss) > 0 && segment.ack.since(iss) < FAR);
        // Whatever became of it, this connection's SYN is what it answers.
        let answers_only_syn = peer_iss.is_some_and(|iss| segment.ack == iss.plus(1));
        let fresh_answer = answers && !current.established.is_set();
        return other
            && !fresh_answer
            && !answers_only_syn
            && may_serve
            && (ended || one_sided_end || current.established.is_set() && !answers);
    }
    if me.iss == Some(segment.seq) {
        if me.syns == 0 {
            // Known from its SYN-ACK, which was filed first.
            return current.synack.get().is_some_and(|answered| segment.time.since(answered).0 > ADOPTS);
        }
        return current.established.is_set() && ended;
    }
    if me.iss.is_some() {
        return true;
    }
    let first_sender_waits = side == Side::Server
        && current.has(Facts::SYN)
        && current[Side::Client].opening == Some(State::SynSent)
        && !current.has(Facts::SYNACK)
        && current[Side::Server].rsts == 0;
    !first_sender_waits
}

/// A SYN or SYN-ACK from before the connection's first segment, by time as well as by number: the file is out of order.
fn filed_late(current: &Summary, me: &Half, segment: &Segment) -> bool {
    segment.time < current.first
        && me.iss.is_none()
        && me.snd_nxt.is_some_and(|next| (0..NEAR).contains(&next.since(segment.seq.plus(1))))
}

/// Whether a segment speaks of the connection before, while the newer one waits for its answer.
fn belongs_to_previous(current: &Summary, previous: &Summary, segment: &Segment) -> bool {
    if segment.flags.any(Flags::SYN) {
        return false;
    }
    let side = current.side_of(segment.way);
    let (me, peer) = (&current[side], &current[side.peer()]);
    let reset = segment.flags.any(Flags::RST);
    if side == Side::Server {
        let (Some(iss), Some(next)) = (peer.iss, peer.snd_nxt) else { return false };
        let acknowledges = segment.flags.any(Flags::ACK) && segment.ack.acknowledges(iss, next);
        let follows = reset && current.has(Facts::SYNACK) && me.iss.is_some_and(|iss| segment.seq == iss.plus(1));
        return !acknowledges && !follows && (!reset || fits(previous, segment));
    }
    let (Some(iss), Some(next)) = (me.iss, me.snd_nxt) else { return false };
    let ours = segment.seq.reaches(iss) && next.reaches(segment.seq);
    !ours && fits(previous, segment)
}

/// The segment's number lies where the earlier connection's sender stood.
fn fits(previous: &Summary, segment: &Segment) -> bool {
    let half = &previous[previous.side_of(segment.way)];
    let peer = &previous[previous.side_of(segment.way).peer()];
    let near = |seq: Seq| segment.seq.since(seq).abs() < NEAR;
    half.snd_nxt.is_some_and(near) || peer.rcv_nxt.is_some_and(near)
}
