//! Which segment belongs to which connection: port reuse, challenges, and the one predecessor of a flow (OUTCOMES 1.2).
//!
//! A single-threaded value; `analysis` runs one a lane. Connections never end by idling: each stays until its flow is
//! taken by the next but one, or the input ends. Those that are silent lie on a tape (see `tape`), of which `analysis` keeps
//! on disk what needs too much memory: whoever feeds a table gives back what it asks for, and asks again.

use super::embryo::Embryo;
use super::flow::{Flow, listening};
use super::records::Records;
use super::scoreboard::{FAR, NEAR};
use super::store::{Bounds, Leaving, Store};
use super::tape::{Content, Entry, OnTape};
use super::{Connection, Facts, Half, Place, SegmentKind, Side, State, Summary};
use crate::seq::Seq;
use crate::time::SECOND;
use crate::wire::{Address, Flags, FlowHash, IcmpError, Rare, Segment};
use hashbrown::HashSet;

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
    /// Those that lie where the table held them.
    pub held: Records,
    /// Addresses that sent an acceptable SYN-ACK.
    pub listening: HashSet<Address>,
    /// Flows that are still on disk: for [`Finished::add_taped`], in the tape's order.
    pub taped: Vec<OnTape>,
}

/// What became of a segment.
#[derive(Debug)]
pub struct Taken<'a> {
    pub connection: &'a mut Connection,
    pub kind: SegmentKind,
}

/// Sender and receiver of a segment: its record does not hold them, and only a connection's first segment is asked.
pub type Ends<'a> = &'a dyn Fn() -> Option<(Address, Address)>;

impl Table {
    /// A table whose flows that rest take so many bytes of memory at most; the others go to disk, although they may speak soon.
    pub fn within(bytes: usize) -> Self {
        Self { store: Store::new(Bounds { tape_memory: bytes, ..Bounds::default() }), finished: Finished::default() }
    }

    /// Takes one segment, in file order.
    ///
    /// # Errors
    /// When its flow lies on disk: nothing was done, and will be after [`Table::revive`].
    pub fn observe(
        &mut self,
        segment: &Segment,
        rare: Option<&Rare>,
        place: Place,
        ends: Ends<'_>,
    ) -> Result<(), OnTape> {
        let Self { store, finished } = self;
        if let Some(flow) = store.at_hand(segment.flow, segment.time) {
            if !flow.carries_on(segment, rare, place) {
                finished.give(flow, segment, rare, place, ends);
            }
            return Ok(());
        }
        if segment.flags.any(Flags::SYN) && self.store.begin(segment.flow, || Embryo::of(segment, rare, place, ends()?))
        {
            return Ok(());
        }
        self.take(segment, rare, place, ends).map(|_| ())
    }

    /// Takes one segment, in file order, and says which connection took it, and as what.
    ///
    /// # Errors
    /// As [`Table::observe`].
    pub fn take(
        &mut self,
        segment: &Segment,
        rare: Option<&Rare>,
        place: Place,
        ends: Ends<'_>,
    ) -> Result<Option<Taken<'_>>, OnTape> {
        let Self { store, finished } = self;
        store.now = segment.time;
        let Some(number) = store.find(segment.flow)? else {
            let flow = store.insert(segment.flow, Flow::new(begin(segment, place, ends)));
            return Ok(flow.map(|flow| Taken::of(&mut flow.current, segment, rare, place)));
        };
        Ok(store.at(number).map(|flow| finished.give(flow, segment, rare, place, ends)))
    }

    /// The newest connection of a flow that does not sleep.
    pub fn newest(&mut self, flow: FlowHash) -> Option<&mut Connection> {
        let number = self.store.find(flow).ok()??;
        self.store.at(number).map(|flow| &mut flow.current)
    }

    /// Takes an ICMP error; gives the connection that sent what it quotes, if one did.
    ///
    /// # Errors
    /// As [`Table::observe`].
    pub fn observe_icmp(&mut self, error: &IcmpError, place: Place) -> Result<Option<&Connection>, OnTape> {
        let Some(flow) = self.store.find(error.flow)?.and_then(|number| self.store.at(number)) else { return Ok(None) };
        if flow.current.observe_icmp(error, place) {
            return Ok(Some(&flow.current));
        }
        let Some(previous) = flow.previous.as_deref_mut() else { return Ok(None) };
        Ok(previous.observe_icmp(error, place).then_some(&*previous))
    }

    /// A block of the tape that is to be kept for [`Table::revive`], and where it begins; there may be more of them.
    pub fn take_tape(&mut self) -> Option<(OnTape, Vec<u8>)> {
        self.store.take_tape()
    }

    /// Gives back the tape's bytes from `place` on, as far as the flow there needs them: whether they are those that were put
    /// there.
    #[must_use]
    pub fn revive(&mut self, place: OnTape, bytes: &[u8]) -> bool {
        Entry::first(place, bytes).is_some_and(|(entry, _)| self.store.revive(entry))
    }

    /// A block of the tape could not be kept: its flows are finished, and marked.
    pub fn evict(&mut self, start: OnTape, block: &[u8]) {
        self.store.evict(start, block);
        self.lose_homeless();
    }

    fn lose_homeless(&mut self) {
        self.store.take_homeless().into_iter().for_each(|flow| self.finished.lose(flow));
    }

    /// Connections finished so far, if there are many: a port that is used again and again must not pile them up here.
    pub fn drain(&mut self) -> Option<Records> {
        self.lose_homeless();
        self.finished.drain()
    }

    /// The input has ended: all connections, in no order.
    pub fn finish(mut self) -> Finished {
        self.lose_homeless();
        let Self { store, mut finished } = self;
        store.drain(|leaving| match leaving {
            Leaving::Embryos(block) => finished.held.add_embryos(block),
            Leaving::Flow(flow) => finished.add_flow(&flow),
            Leaving::Tape(block) => finished.add_tape(block),
            Leaving::Taped(place) => finished.taped.push(place),
        });
        finished.taped.sort_unstable();
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
    /// Gives a segment to the connection of its flow that it belongs to.
    fn give<'a>(
        &mut self,
        flow: &'a mut Flow,
        segment: &Segment,
        rare: Option<&Rare>,
        place: Place,
        ends: Ends<'_>,
    ) -> Taken<'a> {
        if opens_anew(flow.current.summary(), segment) {
            if let Some(old) = flow.succeed(begin(segment, place, ends)) {
                self.add(old.summary());
            }
            return Taken::of(&mut flow.current, segment, rare, place);
        }
        let older = flow
            .previous
            .as_ref()
            .is_some_and(|previous| belongs_to_previous(flow.current.summary(), previous.summary(), segment));
        if older {
            if flow.current.summary().side_of(segment.way) == Side::Server && !segment.flags.any(Flags::RST) {
                flow.current.challenged();
            }
            let Flow { current, previous, .. } = flow;
            return Taken::of(previous.as_deref_mut().unwrap_or(current), segment, rare, place);
        }
        let kind = flow.current.observe(segment, rare, place);
        if flow.previous.is_some()
            && settled(flow.current.summary())
            && let Some(old) = flow.previous.take()
        {
            self.add(old.summary());
        }
        Taken { connection: &mut flow.current, kind }
    }

    fn add(&mut self, summary: &Summary) {
        self.listening.extend(listening(summary));
        self.records.push(summary);
    }

    fn add_flow(&mut self, flow: &Flow) {
        flow.previous.iter().for_each(|previous| self.add(previous.summary()));
        self.add(flow.current.summary());
    }

    /// A flow that nothing can keep any longer: the newest connection is marked.
    fn lose(&mut self, mut flow: Flow) {
        flow.current.summary.facts.set(Facts::EVICTED);
        self.add_flow(&flow);
    }

    fn add_tape(&mut self, block: Vec<u8>) {
        let Self { held, listening, .. } = self;
        let mut before = Vec::new();
        held.add_tape(block, &mut |ended| {
            listening.extend(ended.listening);
            before.extend(ended.previous);
        });
        before.iter().for_each(|previous| self.add(previous.summary()));
    }

    /// Takes the tape's bytes from one of `taped` on, as far as the flow there needs them.
    pub fn add_taped(&mut self, place: OnTape, bytes: &[u8]) {
        let Some((entry, _)) = Entry::first(place, bytes) else { return };
        match entry.content() {
            Content::Embryo(embryo) => self.records.push_embryo(embryo),
            Content::Flow(packed) => {
                let Some(ended) = packed.ended(entry.hash) else { return };
                self.listening.extend(ended.listening);
                self.records.push_encoded(ended.order, entry.hash, ended.summary);
                ended.previous.iter().for_each(|previous| self.add(previous.summary()));
            }
            Content::Nothing => {}
        }
    }

    /// Records, if there are many.
    pub fn drain(&mut self) -> Option<Records> {
        const MANY: usize = 1 << 20;
        (self.records.memory() > MANY).then(|| std::mem::take(&mut self.records))
    }
}

impl<'a> Taken<'a> {
    fn of(connection: &'a mut Connection, segment: &Segment, rare: Option<&Rare>, place: Place) -> Self {
        let kind = connection.observe(segment, rare, place);
        Self { connection, kind }
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
    use crate::tcp::records::Record;
    use crate::time::Timestamp;
    use crate::wire::{Marks, Way};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A segment of one of eight flows, with numbers that often fit.
    fn segment() -> impl Strategy<Value = (Segment, i64)> {
        let flags = prop_oneof![Just(0x02u16), Just(0x12), Just(0x10), Just(0x18), Just(0x11), Just(0x04), Just(0x14)];
        let numbers = (0u32..3, 0u32..3, prop_oneof![Just(0u32), Just(1), Just(100)]);
        (0u64..8, flags, numbers, any::<bool>(), 0i64..400_000_000).prop_map(|(flow, flags, numbers, up, gap)| {
            let segment = Segment {
                // Of every two, the index holds the same part of the hash; of two others the same tells whether they are at hand.
                flow: FlowHash([flow / 2, ((flow / 4) << 20) | (flow % 4)]),
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

    /// How a table's tape is kept.
    #[derive(Clone, Copy, PartialEq)]
    enum Keeper {
        Kept,
        Full,
        /// Full now and then.
        Crowded,
    }

    /// The segments with their frame numbers, each so long after the one before it.
    fn filed(segments: &[(Segment, i64)]) -> Vec<Segment> {
        let mut time = 1_700_000_000_000_000_000;
        let each = (1..).zip(segments).map(|(frame, &(segment, gap))| {
            time += gap;
            Segment { time: Timestamp(time), frame, ..segment }
        });
        each.collect()
    }

    /// All connections, and who answered a SYN.
    fn told(mut table: Table, keeper: Keeper, segments: &[Segment]) -> (Vec<Summary>, HashSet<Address>) {
        let mut shelf = BTreeMap::new();
        let mut turn = 0;
        let mut keep = |table: &mut Table, shelf: &mut BTreeMap<OnTape, Vec<u8>>| {
            while let Some((start, block)) = table.take_tape() {
                turn += 1;
                if keeper == Keeper::Kept || keeper == Keeper::Crowded && turn % 2 == 0 {
                    shelf.insert(start, block);
                } else {
                    table.evict(start, &block);
                }
            }
            assert!(table.drain().is_none(), "so few are one piece");
        };
        let kept = |place: OnTape, shelf: &BTreeMap<OnTape, Vec<u8>>| {
            let (start, block) = shelf.range(..=place).next_back().expect("a block");
            block[(place.offset() - start.offset()) as usize..].to_vec()
        };
        for (number, segment) in segments.iter().enumerate() {
            let end = |port| Address::v4([10, 0, 0, 1], port);
            let ends = || Some((end(1), end(2)));
            while let Err(place) = table.observe(segment, None, Place::default(), &ends) {
                assert!(table.revive(place, &kept(place, &shelf)), "what was put there");
            }
            if number % 3 == 0 {
                keep(&mut table, &mut shelf);
            }
        }
        keep(&mut table, &mut shelf);
        let mut finished = table.finish();
        for place in std::mem::take(&mut finished.taped) {
            finished.add_taped(place, &kept(place, &shelf));
        }
        let Finished { mut records, mut held, listening, .. } = finished;
        let all = [&mut records, &mut held].into_iter().flat_map(|records| {
            records.sort();
            in_order(records)
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|summary| summary.first_frame);
        (all, listening)
    }

    /// What the records stand for, also once they were written.
    fn in_order(records: &Records) -> Vec<Summary> {
        assert!(records.each().into_iter().all(|each| each.is_sorted_by_key(|(order, _)| order)), "sorted before");
        let mut all: Vec<_> = records.iter().collect();
        all.sort_by_key(|(order, _)| *order);
        let mut used = Summary::default();
        let mut one = |record: &Record<'_>| {
            let mut bytes = Vec::new();
            record.write(&mut bytes);
            let summary = record.summary().expect("a record that was written");
            record.fill(&mut used).expect("the same record");
            assert_eq!(used, summary, "in place of the one before");
            assert_eq!(Record::written(bytes).summary(), Some(summary));
            summary
        };
        all.iter().map(|(_, record)| one(record)).collect()
    }

    fn bounded(full: usize, tape_memory: usize, tape: u32) -> Table {
        Table { store: Store::new(Bounds { full, tape_memory, tape }), finished: Finished::default() }
    }

    const LONG: u32 = OnTape::MOST;

    proptest! {
        #[test]
        fn neither_rest_nor_sleep_changes_anything(segments in proptest::collection::vec(segment(), 1..120)) {
            let slow: Vec<_> = segments.iter().map(|&(segment, gap)| (segment, gap * 10_000)).collect();
            let (segments, slow) = (filed(&segments), filed(&slow));
            let awake = told(Table::default(), Keeper::Kept, &segments);
            prop_assert_eq!(&told(bounded(1, usize::MAX, LONG), Keeper::Kept, &segments), &awake);
            prop_assert_eq!(&told(bounded(1, 0, LONG), Keeper::Kept, &segments), &awake);
            // Flows that sleep for hours.
            let awake = told(bounded(usize::MAX, usize::MAX, LONG), Keeper::Kept, &slow);
            prop_assert_eq!(&told(bounded(1, usize::MAX, LONG), Keeper::Kept, &slow), &awake);
        }

        #[test]
        fn a_flow_is_told_as_if_it_were_the_only_one(segments in proptest::collection::vec(segment(), 1..120)) {
            let segments = filed(&segments);
            let mut alone: BTreeMap<[u64; 2], Vec<Segment>> = BTreeMap::new();
            segments.iter().for_each(|segment| alone.entry(segment.flow.0).or_default().push(*segment));
            let each = alone.values().flat_map(|segments| told(Table::default(), Keeper::Kept, segments).0);
            let mut each: Vec<_> = each.collect();
            each.sort_by_key(|summary| summary.first_frame);
            prop_assert_eq!(told(Table::default(), Keeper::Kept, &segments).0, each);
        }

        #[test]
        fn flows_that_no_tape_takes_are_finished_and_marked(segments in proptest::collection::vec(segment(), 60..120)) {
            // No tape is kept, or not all of it, or it ends at once or after some.
            let segments = filed(&segments);
            let all = [(LONG, Keeper::Full), (LONG, Keeper::Crowded), (0, Keeper::Kept), (20, Keeper::Kept)];
            for (tape, keeper) in all {
                let (evicted, _) = told(bounded(1, 0, tape), keeper, &segments);
                prop_assert!(evicted.iter().any(|summary| summary.has(Facts::EVICTED)));
                let packets = |summaries: &[Summary]| summaries.iter().flat_map(|summary| summary.sides).map(|half| half.packets).sum::<u32>();
                prop_assert_eq!(packets(&evicted) as usize, segments.len());
            }
        }
    }
}
