//! Where a lane's flows live: embryos in 80 bytes, those that speak in full, those that rest packed to some two hundred
//! bytes on a tape, most of which `analysis` keeps on disk. Nothing that a connection knows is lost on the way, so nothing
//! visible depends on when a flow changes its form.

mod full;
mod index;
mod slab;
mod slot;

use super::embryo::Embryo;
use super::flow::Flow;
use super::tape::{Entry as OfTape, OnTape, Tape};
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::FlowHash;
use full::Full;
use index::Index;
use slab::Slab;
use slot::{Form, Slot};

/// A flow silent for so long is packed when another needs its place: what follows within a conversation comes sooner.
const RESTS: i64 = 2 * SECOND;
/// A flow silent for so long need not be in memory.
const SLEEPS: i64 = 15 * 60 * SECOND;
/// Flows looked at for each that comes. More than one, or those that rest would pile up.
const LOOKED_AT: u32 = 2;
/// Flows among which the one that spoke last is packed when too many are held in full.
const COMPARED: u32 = 8;

/// Flows of which it is noted where they stand in full, without asking the index: a power of two.
const AT_HAND: usize = 1024;

/// What a store may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Flows in full.
    pub full: usize,
    /// Bytes of tape in memory.
    pub tape_memory: usize,
    /// Places on tape.
    pub tape: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { full: 4096, tape_memory: usize::MAX, tape: OnTape::MOST }
    }
}

#[derive(Debug)]
pub(super) struct Store {
    bounds: Bounds,
    index: Index,
    forms: Forms,
    /// Numbers of flows in full, by a part of their hash: of those that share it the one that spoke last. It may have left.
    at_hand: Box<[u32; AT_HAND]>,
    /// Flows that should rest and found the tape full.
    homeless: Vec<Flow>,
    /// Where a flow is packed before it is known how long it gets.
    scratch: Vec<u8>,
    /// Where the searches for a flow that rests or sleeps go on.
    hands: Hands,
    /// Time of the first embryo.
    eldest: Option<Timestamp>,
    /// Time of the newest segment.
    pub now: Timestamp,
}

#[derive(Debug)]
struct Forms {
    embryos: Slab<Embryo>,
    full: Full,
    tape: Tape,
}

#[derive(Debug, Default)]
struct Hands {
    embryos: u32,
    full: u32,
}

/// What leaves the store: a flow, a block of embryos or of the tape, or a place on tape that is not in memory.
pub(super) enum Leaving {
    Embryos(Vec<Option<Embryo>>),
    Flow(Box<Flow>),
    Tape(Vec<u8>),
    Taped(OnTape),
}

impl Default for Store {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

impl Store {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            index: Index::default(),
            forms: Forms { embryos: Slab::default(), full: Full::default(), tape: Tape::new(bounds.tape) },
            at_hand: Box::new([0; AT_HAND]),
            homeless: Vec::new(),
            scratch: Vec::new(),
            hands: Hands::default(),
            eldest: None,
            now: Timestamp::default(),
        }
    }

    /// Where the flow stands in full, whatever form it was in: for [`Store::at`].
    ///
    /// Flows on disk are told apart by a part of their hash only, as they are not at hand. So, rarely, another one is asked for
    /// and wakes: from then on more of its hash tells them apart.
    pub fn find(&mut self, hash: FlowHash) -> Result<Option<u32>, OnTape> {
        let Some(slot) = self.locate(hash) else { return Ok(None) };
        match slot.split() {
            (Form::Full, number) => return Ok(Some(number)),
            (Form::Taped, number) if !self.forms.tape.has(OnTape::numbered(number)) => {
                return Err(OnTape::numbered(number));
            }
            _ => {}
        }
        // First: what rests now must not take the place that the index still has for this flow.
        self.rest();
        let number = match slot.split() {
            (Form::Full, _) => None,
            (Form::Embryo, number) => {
                let embryo = self.forms.embryos.take(number);
                embryo.map(|embryo| self.hold(|flow| flow.grow(&embryo)))
            }
            (Form::Taped, number) => {
                let flow = self.forms.tape.wake(OnTape::numbered(number));
                flow.map(|woken| self.hold(|flow| *flow = woken))
            }
        };
        self.index.enter(hash, slot, number.map(|number| Slot::new(Form::Full, number)));
        Ok(number)
    }

    /// A flow of which a segment comes now, if it stands where one of its part of all hashes stood last: as [`Store::find`] and
    /// [`Store::at`] give it, for nearly all segments, and without the index.
    #[inline(always)]
    pub fn at_hand(&mut self, hash: FlowHash, now: Timestamp) -> Option<&mut Flow> {
        let number = self.at_hand[hand(hash)];
        let flow = self.forms.full.get_mut(number).filter(|flow| flow.hash() == hash)?;
        self.now = now;
        flow.last = flow.last.max(now);
        Some(flow)
    }

    /// The flow that [`Store::find`] found.
    #[inline]
    pub fn at(&mut self, number: u32) -> Option<&mut Flow> {
        let flow = self.forms.full.get_mut(number)?;
        flow.last = flow.last.max(self.now);
        self.at_hand[hand(flow.hash())] = number;
        Some(flow)
    }

    /// A flow that is not known begins as an embryo, if it can: whether it does.
    pub fn begin(&mut self, hash: FlowHash, embryo: impl FnOnce() -> Option<Embryo>) -> bool {
        let Self { index, forms, .. } = self;
        let Some(vacancy) = index.vacancy(hash, |slot| forms.may_be(slot, hash)) else { return false };
        let Some(embryo) = embryo() else { return false };
        self.now = embryo.time;
        self.eldest.get_or_insert(embryo.time);
        let number = forms.embryos.insert(embryo);
        vacancy.fill(Slot::new(Form::Embryo, number));
        self.tape_embryos();
        true
    }

    /// A flow that is not known begins in full.
    pub fn insert(&mut self, hash: FlowHash, flow: Flow) -> Option<&mut Flow> {
        self.rest();
        let number = self.hold(|place| *place = flow);
        self.index.insert(hash, Slot::new(Form::Full, number));
        self.at(number)
    }

    /// A flow comes back from disk: whether it was there, and is a flow.
    pub fn revive(&mut self, entry: OfTape<'_>) -> bool {
        self.rest();
        let slot = Slot::new(Form::Taped, entry.place.number());
        let Some(flow) = entry.flow().filter(|_| self.index.has(entry.hash, slot)) else { return false };
        let number = self.hold(|place| *place = flow);
        self.index.enter(entry.hash, slot, Some(Slot::new(Form::Full, number)))
    }

    /// A block of the tape that could not be kept: its flows leave for good.
    pub fn evict(&mut self, start: OnTape, block: &[u8]) {
        for entry in OfTape::all(start, block) {
            if self.index.enter(entry.hash, Slot::new(Form::Taped, entry.place.number()), None) {
                self.homeless.extend(entry.flow());
            }
        }
        self.forms.tape.give_up(start);
    }

    /// Flows that leave for good, as nothing can keep them.
    pub fn take_homeless(&mut self) -> Vec<Flow> {
        std::mem::take(&mut self.homeless)
    }

    /// A block of the tape that is to be kept on disk.
    pub fn take_tape(&mut self) -> Option<(OnTape, Vec<u8>)> {
        let Self { index, forms, homeless, bounds, now, .. } = self;
        let before = now.plus(Span(-SLEEPS));
        forms.tape.leave(bounds.tape_memory, before, &mut |entry, to| {
            let from = Slot::new(Form::Taped, entry.place.number());
            if to.is_none() {
                homeless.extend(entry.flow());
            }
            index.enter(entry.hash, from, to.map(|to| Slot::new(Form::Taped, to.number())));
        })
    }

    /// A flow that `make` makes stands in full.
    fn hold(&mut self, make: impl FnOnce(&mut Flow)) -> u32 {
        let now = self.now;
        self.forms.full.hold(|flow| {
            make(flow);
            flow.last = now;
        })
    }

    /// Makes room for a flow in full.
    fn rest(&mut self) {
        let crowded = self.forms.full.len() >= self.bounds.full;
        let mut idlest: Option<(u32, Timestamp)> = None;
        for _ in 0..if crowded { COMPARED } else { LOOKED_AT } {
            let number = advance(&mut self.hands.full, self.forms.full.room());
            let Some(last) = self.forms.full.get(number).map(|flow| flow.last) else { continue };
            if self.now.since(last).0 > RESTS {
                self.pack(number);
            } else if idlest.is_none_or(|(_, idlest)| last < idlest) {
                idlest = Some((number, last));
            }
        }
        if let Some((number, _)) = idlest
            && self.forms.full.len() >= self.bounds.full
        {
            self.pack(number);
        }
    }

    fn pack(&mut self, number: u32) {
        let Some(flow) = self.forms.full.get_mut(number) else { return };
        let hash = flow.hash();
        let packed = flow.pack(self.now, &mut self.scratch);
        let place = self.forms.tape.put_flow(self.now, hash, packed);
        if place.is_none() {
            self.homeless.extend(packed.flow(hash));
        }
        self.forms.full.leave(number);
        self.sleep(hash, Slot::new(Form::Full, number), place);
    }

    /// Puts embryos on tape of which nothing more has come.
    fn tape_embryos(&mut self) {
        if self.eldest.is_none_or(|eldest| self.now.since(eldest).0 <= SLEEPS) {
            return; // none can sleep yet, and looking at them would take longer than all else
        }
        for _ in 0..LOOKED_AT {
            let number = advance(&mut self.hands.embryos, self.forms.embryos.room());
            let sleeps = |embryo: &&Embryo| self.now.since(embryo.time).0 > SLEEPS;
            let Some(embryo) = self.forms.embryos.get(number).filter(sleeps).copied() else { continue };
            let place = self.forms.tape.put_embryo(self.now, &embryo);
            if place.is_none() {
                self.homeless.push(Flow::new(embryo.connection()));
            }
            self.forms.embryos.take(number);
            self.sleep(embryo.flow, Slot::new(Form::Embryo, number), place);
        }
    }

    /// A flow has left its form for a place on tape, or for good if there was none.
    fn sleep(&mut self, hash: FlowHash, from: Slot, place: Option<OnTape>) {
        self.index.enter(hash, from, place.map(|place| Slot::new(Form::Taped, place.number())));
    }

    fn locate(&self, hash: FlowHash) -> Option<Slot> {
        self.index.find(hash, |slot| self.forms.may_be(slot, hash))
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Every flow, in no order; blocks of those that are embryos or rest as they are.
    pub fn drain(self, mut leave: impl FnMut(Leaving)) {
        let Self { index, forms: Forms { embryos, full, tape }, .. } = self;
        for (form, number) in index.into_slots().map(Slot::split) {
            let place = OnTape::numbered(number);
            if form == Form::Taped && !tape.has(place) {
                leave(Leaving::Taped(place));
            }
        }
        embryos.blocks().for_each(|block| leave(Leaving::Embryos(block)));
        full.drain(|flow| leave(Leaving::Flow(Box::new(flow))));
        tape.into_blocks().for_each(|block| leave(Leaving::Tape(block)));
    }
}

impl Forms {
    /// Whether a slot may be this flow's, the part of whose hash that the index holds leads there. With the second word 96 bits
    /// tell flows apart; of one on disk nothing more is known.
    #[inline]
    fn may_be(&self, slot: Slot, hash: FlowHash) -> bool {
        let known = match slot.split() {
            (Form::Embryo, number) => self.embryos.get(number).map(|embryo| embryo.flow),
            (Form::Full, number) => self.full.get(number).map(Flow::hash),
            (Form::Taped, number) => Some(self.tape.hash(OnTape::numbered(number)).unwrap_or(hash)),
        };
        known.is_some_and(|known| known.0[1] == hash.0[1])
    }
}

/// Where it is noted of a flow whether it is at hand. The index looks at the other half of the hash.
#[inline(always)]
fn hand(hash: FlowHash) -> usize {
    hash.0[1] as usize % AT_HAND
}

/// The next number below `room`, around and around.
fn advance(hand: &mut u32, room: u32) -> u32 {
    *hand = if *hand + 1 < room { *hand + 1 } else { 0 };
    *hand
}
