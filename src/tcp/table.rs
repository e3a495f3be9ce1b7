//! Which segment belongs to which connection: port reuse, challenges, and the one predecessor of a flow (OUTCOMES 1.2).
//!
//! A single-threaded value; `analysis` runs one a lane. Connections never end by idling: each stays until its flow is
//! taken by the next but one, or the input ends.

use super::embryo::Embryo;
use super::records::{self, Records};
use super::scoreboard::{FAR, NEAR};
use super::store::{Leaving, Store};
use super::{Connection, Facts, Half, Place, SegmentKind, Side, State, Summary};
use crate::seq::Seq;
use crate::time::{SECOND, Timestamp};
use crate::wire::{Address, Flags, FlowHash, IcmpError, PackedAddress, Rare, Segment};
use std::collections::HashSet;

/// A stray SYN-ACK adopts its SYN when this is filed within that time after it (several capture queues).
const ADOPTS: i64 = SECOND;

/// All connections of a lane.
#[derive(Debug, Default)]
pub struct Table {
    store: Store,
    finished: Finished,
}

/// Connections that have been replaced, or all of them at the end.
#[derive(Debug, Default)]
pub struct Finished {
    pub records: Records,
    /// Addresses that sent an acceptable SYN-ACK.
    pub listening: HashSet<Address>,
}

/// What became of a segment.
#[derive(Debug)]
pub struct Taken<'a> {
    pub connection: &'a mut Connection,
    pub kind: SegmentKind,
}

/// A flow being tracked.
#[derive(Debug)]
pub(super) struct Flow {
    current: Connection,
    /// The connection before, until the current one is established or has ended.
    previous: Option<Box<Connection>>,
}

/// An idle flow.
#[derive(Debug)]
pub(super) struct Packed {
    /// Of its newest connection, whose record comes first in the bytes.
    order: (u32, u64),
    record: u32,
    /// Its server, if that answered.
    listening: Option<PackedAddress>,
    has_previous: bool,
    bytes: Box<[u8]>,
}

/// Sender and receiver of a segment: its record does not hold them, and only a connection's first segment is asked.
pub type Ends<'a> = &'a dyn Fn() -> Option<(Address, Address)>;

impl Table {
    /// Takes one segment, in file order.
    pub fn observe(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place, ends: Ends<'_>) {
        if segment.flags.any(Flags::SYN)
            && !self.store.contains(segment.flow)
            && let Some(known) = ends()
            && let Some(embryo) = Embryo::of(segment, rare, place, known)
        {
            self.store.insert_embryo(segment.flow, embryo);
            return;
        }
        self.take(segment, rare, place, ends);
    }

    /// Takes one segment, in file order, and says which connection took it, and as what.
    pub fn take(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place, ends: Ends<'_>) -> Option<Taken<'_>> {
        let Self { store, finished } = self;
        store.now = segment.time;
        let Some(number) = store.find(segment.flow) else {
            let flow = store.insert(segment.flow, Flow::new(begin(segment, place, ends)))?;
            return Some(Taken::of(&mut flow.current, segment, rare, place));
        };
        let flow = store.at(number)?;
        if opens_anew(flow.current.summary(), segment) {
            if let Some(old) = flow.succeed(begin(segment, place, ends)) {
                finished.add(old.summary());
            }
            return Some(Taken::of(&mut flow.current, segment, rare, place));
        }
        let older = flow
            .previous
            .as_ref()
            .is_some_and(|previous| belongs_to_previous(flow.current.summary(), previous.summary(), segment));
        if older {
            if flow.current.summary().side_of(segment.way) == Side::Server && !segment.flags.any(Flags::RST) {
                flow.current.challenged();
            }
            let Flow { current, previous } = flow;
            return Some(Taken::of(previous.as_deref_mut().unwrap_or(current), segment, rare, place));
        }
        let kind = flow.current.observe(segment, rare, place);
        if settled(flow.current.summary())
            && let Some(old) = flow.previous.take()
        {
            finished.add(old.summary());
        }
        Some(Taken { connection: &mut flow.current, kind })
    }

    /// The newest connection of a flow.
    pub fn newest(&mut self, flow: FlowHash) -> Option<&mut Connection> {
        let number = self.store.find(flow)?;
        self.store.at(number).map(|flow| &mut flow.current)
    }

    /// Takes an ICMP error; gives the connection that sent what it quotes, if one did.
    pub fn observe_icmp(&mut self, error: &IcmpError, place: Place) -> Option<&Connection> {
        let number = self.store.find(error.flow)?;
        let flow = self.store.at(number)?;
        if flow.current.observe_icmp(error, place) {
            return Some(&flow.current);
        }
        let previous = flow.previous.as_deref_mut()?;
        previous.observe_icmp(error, place).then_some(&*previous)
    }

    /// Connections finished so far, if there are many: a port that is used again and again must not pile them up here.
    pub fn drain(&mut self) -> Option<Records> {
        const MANY: usize = 1 << 20;
        (self.finished.records.memory() > MANY).then(|| std::mem::take(&mut self.finished.records))
    }

    /// The input has ended: all connections, in no order.
    pub fn finish(self) -> Finished {
        let mut finished = self.finished;
        self.store.drain(|leaving| match leaving {
            Leaving::Embryo(hash, embryo) => finished.records.push_embryo(hash, &embryo),
            Leaving::Flow(flow) => {
                flow.previous.iter().for_each(|previous| finished.add(previous.summary()));
                finished.add(flow.current.summary());
            }
            Leaving::Packed(packed) => finished.add_packed(&packed),
        });
        finished
    }

    /// Flows seen.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn begin(segment: &Segment, place: Place, ends: Ends<'_>) -> Connection {
    let mut connection = Connection::new(segment, place);
    if let Some((sender, receiver)) = ends() {
        connection.set_ends(sender, receiver);
    }
    connection
}

impl Finished {
    fn add(&mut self, summary: &Summary) {
        self.listening.extend(listening(summary));
        self.records.push(summary);
    }

    /// Copies the record as it was packed; what came before it on the flow is rare and unpacked.
    fn add_packed(&mut self, packed: &Packed) {
        self.listening.extend(packed.listening.map(Address::from));
        let Some(record) = packed.bytes.get(..packed.record as usize) else { return };
        self.records.push_encoded(packed.order, record);
        if packed.has_previous
            && let Some(previous) = Flow::unpack(packed).and_then(|flow| flow.previous)
        {
            self.add(previous.summary());
        }
    }
}

/// The server's address, if it answered.
fn listening(summary: &Summary) -> Option<Address> {
    summary.has(Facts::SYNACK).then(|| summary.address(Side::Server))
}

impl<'a> Taken<'a> {
    fn of(connection: &'a mut Connection, segment: &Segment, rare: Option<&Rare>, place: Place) -> Self {
        let kind = connection.observe(segment, rare, place);
        Self { connection, kind }
    }
}

impl Flow {
    pub fn new(current: Connection) -> Self {
        Self { current, previous: None }
    }

    /// As small as it gets without losing anything that a later segment could ask for.
    pub fn pack(&mut self, now: Timestamp) -> Packed {
        let previous = self.previous.take();
        self.current.pack(now);
        let summary = self.current.summary();
        let (listening, has_previous) = (listening(summary).map(Into::into), previous.is_some());
        let order = (summary.point, summary.first_frame);
        let bytes = records::encode(summary, Vec::with_capacity(512));
        let record = bytes.len() as u32;
        let bytes = records::squeeze(&(self.current.beside(), previous), bytes);
        Packed { order, record, listening, has_previous, bytes: bytes.into_boxed_slice() }
    }

    pub fn unpack(packed: &Packed) -> Option<Self> {
        let (record, rest) = packed.bytes.split_at_checked(packed.record as usize)?;
        let (beside, previous) = records::expand(rest)?;
        Some(Self { current: Connection::resumed(records::decode(record)?, beside), previous })
    }

    /// `new` takes the flow; gives the connection that this pushes out.
    fn succeed(&mut self, mut new: Connection) -> Option<Box<Connection>> {
        new.succeeds(&self.current);
        let mut old = std::mem::replace(&mut self.current, new);
        old.succeeded_by(&self.current);
        self.previous.replace(Box::new(old))
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
        && !current[Side::Client].acked_plainly.is_set()
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
    let side = current.side_of(segment.way);
    let (me, peer) = (&current[side], &current[side.peer()]);
    if segment.flags.any(Flags::SYN) {
        // A SYN-ACK that answers the earlier SYN and not this one was long on its way.
        let of = |caller: &Half| caller.iss.is_some_and(|iss| segment.ack == iss.plus(1));
        let late = side == Side::Server && segment.flags.any(Flags::ACK) && !current.has(Facts::SYNACK);
        return late && !of(peer) && of(&previous[previous.side_of(segment.way).peer()]);
    }
    let reset = segment.flags.any(Flags::RST);
    if side == Side::Server {
        let (Some(iss), Some(next)) = (peer.iss, peer.snd_nxt) else { return false };
        let acknowledges = segment.flags.any(Flags::ACK) && segment.ack.acknowledges(iss, next);
        let follows = reset && current.has(Facts::SYNACK) && me.iss.is_some_and(|iss| segment.seq == iss.plus(1));
        return !acknowledges && !follows && fits(previous, segment);
    }
    let (Some(iss), Some(next)) = (me.iss, me.snd_nxt) else { return false };
    let ours = segment.seq.reaches(iss) && next.reaches(segment.seq);
    !ours && fits(previous, segment)
}

/// The segment's numbers lie where the earlier connection's two ends stood, as far as these are known.
fn fits(previous: &Summary, segment: &Segment) -> bool {
    let side = previous.side_of(segment.way);
    let (half, peer) = (&previous[side], &previous[side.peer()]);
    let near = |number: Seq, known: [Option<Seq>; 2]| {
        let mut known = known.into_iter().flatten().peekable();
        known.peek().is_some().then(|| known.any(|known| (1 - NEAR..NEAR).contains(&number.since(known))))
    };
    let sent = near(segment.seq, [half.snd_nxt, peer.rcv_nxt]);
    let acknowledged = segment.flags.any(Flags::ACK).then(|| near(segment.ack, [peer.snd_nxt, half.rcv_nxt])).flatten();
    (sent.is_some() || acknowledged.is_some()) && sent != Some(false) && acknowledged != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::wire::{Marks, Way};
    use proptest::prelude::*;

    /// A segment of one of eight flows, with numbers that often fit.
    fn segment() -> impl Strategy<Value = (Segment, i64)> {
        let flags = prop_oneof![Just(0x02u16), Just(0x12), Just(0x10), Just(0x18), Just(0x11), Just(0x04), Just(0x14)];
        let numbers = (0u32..3, 0u32..3, prop_oneof![Just(0u32), Just(1), Just(100)]);
        (0u64..8, flags, numbers, any::<bool>(), 0i64..400_000_000).prop_map(|(flow, flags, numbers, up, gap)| {
            let segment = Segment {
                flow: FlowHash([flow, flow]),
                time: Timestamp(0),
                offset: 0,
                frame: 0,
                seq: Seq(1000 + numbers.0),
                ack: Seq(1000 + numbers.1),
                len: if flags & 2 == 0 { numbers.2 } else { 0 },
                wire_len: 60,
                ts_value: 0,
                ts_echo: 0,
                window: 1000,
                ip_id: 0,
                flags: Flags(flags),
                ip_at: 0,
                interface: 0,
                vlan: 0,
                ttl: 64,
                marks: Marks::default(),
                way: if up { Way::Up } else { Way::Down },
                lane: 0,
            };
            (segment, gap)
        })
    }

    fn summaries(mut table: Table, segments: &[(Segment, i64)]) -> Vec<Summary> {
        let mut time = 1_700_000_000_000_000_000;
        for (number, (segment, gap)) in segments.iter().enumerate() {
            time += gap;
            let segment = Segment { time: Timestamp(time), frame: number as u32 + 1, ..*segment };
            let end = |port| Address::v4([10, 0, 0, 1], port);
            table.observe(&segment, None, Place::default(), &|| Some((end(1), end(2))));
        }
        let mut records = table.finish().records;
        records.sort();
        let decoded = |index| records.get(index).and_then(|(_, record)| records::decode(record));
        (0..records.len()).map(|index| decoded(index).expect("a record that was written")).collect()
    }

    proptest! {
        #[test]
        fn packing_idle_flows_changes_nothing(segments in proptest::collection::vec(segment(), 1..120)) {
            let one = Table { store: Store::holding(1), finished: Finished::default() };
            prop_assert_eq!(summaries(one, &segments), summaries(Table::default(), &segments));
        }
    }
}
