//! Where a lane's flows live: embryos in 80 bytes, those that speak in full, those that rest packed to some two hundred
//! bytes, and those that sleep on a tape that `analysis` keeps on disk. Nothing that a connection knows is lost on the
//! way, so nothing visible depends on when a flow changes its form.

use super::embryo::Embryo;
use super::flow::{Flow, Packed};
use super::slab::Slab;
use super::tape::{Entry as OfTape, OnTape, Tape};
use crate::time::{SECOND, Timestamp};
use crate::wire::FlowHash;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// A flow silent for so long is packed when another needs its place: what follows within a conversation comes sooner.
const RESTS: i64 = 2 * SECOND;
/// A flow silent for so long is put on tape.
const SLEEPS: i64 = 15 * 60 * SECOND;
/// Flows looked at for each that comes. More than one, or those that rest would pile up.
const LOOKED_AT: u32 = 2;
/// Flows among which the one that spoke last is packed when too many are held in full.
const COMPARED: u32 = 8;

/// What a store may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Flows in full.
    pub full: usize,
    /// Bytes of packed flows.
    pub packed: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { full: 4096, packed: usize::MAX }
    }
}

#[derive(Debug, Default)]
pub(super) struct Store {
    bounds: Bounds,
    /// By part of the hash: the table must not go to the flows when it grows.
    index: HashTable<Place>,
    forms: Forms,
    tape: Tape,
    /// Where a flow is packed before it is known how long it gets.
    scratch: Vec<u8>,
    /// Bytes of packed flows.
    packed_bytes: usize,
    /// Where the searches for a flow that rests or sleeps go on.
    hands: Hands,
    /// Time of the first embryo.
    eldest: Option<Timestamp>,
    /// Time of the newest segment.
    pub now: Timestamp,
}

#[derive(Debug, Default)]
struct Forms {
    embryos: Slab<Embryo>,
    full: Slab<Flow>,
    packed: Slab<Packed>,
    /// Each with the second word of its hash.
    taped: Slab<(u64, OnTape)>,
}

#[derive(Debug, Default)]
struct Hands {
    embryos: u32,
    full: u32,
    packed: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    part: u32,
    slot: Slot,
}

/// The form of a flow, and its number there, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u32);

/// The part of a slot that is the number: memory ends long before 2^30 flows of a lane.
const NUMBER: u32 = (1 << 30) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Embryo,
    Full,
    Packed,
    Taped,
}

impl Slot {
    fn new(form: Form, number: u32) -> Self {
        Self((form as u32) << 30 | (number & NUMBER))
    }

    fn split(self) -> (Form, u32) {
        let form = match self.0 >> 30 {
            0 => Form::Embryo,
            1 => Form::Full,
            2 => Form::Packed,
            _ => Form::Taped,
        };
        (form, self.0 & NUMBER)
    }
}

/// What leaves the store: a flow, or a block of those that are embryos.
pub(super) enum Leaving {
    Embryos(Vec<Option<Embryo>>),
    Flow(Box<Flow>),
    Packed(Packed),
    Taped(OnTape),
}

impl Store {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Where the flow stands in full, whatever form it was in: for [`Store::at`].
    pub fn find(&mut self, hash: FlowHash) -> Result<Option<u32>, OnTape> {
        match self.locate(hash) {
            None => return Ok(None),
            Some((Form::Full, number)) => return Ok(Some(number)),
            Some(_) => self.rest(),
        }
        // Making room may have put this very flow on tape.
        let Some((form, number)) = self.locate(hash) else { return Ok(None) };
        let flow = match form {
            Form::Full => return Ok(Some(number)),
            Form::Embryo => self.forms.embryos.take(number).map(|embryo| Flow::new(embryo.connection())),
            Form::Packed => self.unpack(number),
            Form::Taped => {
                let Some(&(_, place)) = self.forms.taped.get(number) else { return Ok(None) };
                let Some(entry) = self.tape.get(place) else { return Err(place) };
                self.forms.taped.take(number);
                entry.flow()
            }
        };
        let Some(flow) = flow else {
            self.forget(hash);
            return Ok(None);
        };
        Ok(Some(self.hold(hash, flow)))
    }

    fn unpack(&mut self, number: u32) -> Option<Flow> {
        let packed = self.forms.packed.take(number)?;
        self.packed_bytes -= packed.memory();
        packed.flow()
    }

    /// The flow that [`Store::find`] found.
    #[inline]
    pub fn at(&mut self, number: u32) -> Option<&mut Flow> {
        let flow = self.forms.full.get_mut(number)?;
        flow.last = flow.last.max(self.now);
        Some(flow)
    }

    /// A flow that is not known begins as an embryo, if it can: whether it does.
    pub fn begin(&mut self, hash: FlowHash, embryo: impl FnOnce() -> Option<Embryo>) -> bool {
        let Self { index, forms, .. } = self;
        let part = part(hash);
        let is_it = |place: &Place| place.part == part && forms.second(place.slot) == Some(hash.0[1]);
        let Entry::Vacant(place) = index.entry(spread(part), is_it, |place| spread(place.part)) else { return false };
        let Some(embryo) = embryo() else { return false };
        self.now = embryo.time;
        self.eldest.get_or_insert(embryo.time);
        let number = forms.embryos.insert(embryo);
        place.insert(Place { part, slot: Slot::new(Form::Embryo, number) });
        self.tape_embryos();
        true
    }

    pub fn insert(&mut self, hash: FlowHash, flow: Flow) -> Option<&mut Flow> {
        self.rest();
        let number = self.hold(hash, flow);
        self.at(number)
    }

    /// A flow comes back from tape.
    pub fn revive(&mut self, entry: OfTape<'_>) {
        let hash = entry.hash;
        self.rest();
        if let Some((Form::Taped, number)) = self.locate(hash) {
            self.forms.taped.take(number);
            match entry.flow() {
                Some(flow) => {
                    self.hold(hash, flow);
                }
                None => self.forget(hash),
            }
        }
    }

    /// A flow on tape that could not be kept there leaves for good.
    pub fn evict(&mut self, entry: OfTape<'_>) -> Option<Flow> {
        let (form, number) = self.locate(entry.hash)?;
        let there = form == Form::Taped && self.forms.taped.get(number).is_some_and(|&(_, place)| place == entry.place);
        if !there {
            return None; // it was revived since
        }
        self.forms.taped.take(number);
        self.forget(entry.hash);
        entry.flow()
    }

    /// What was put on tape since the last call, to be appended to what was before.
    pub fn take_tape(&mut self) -> (OnTape, Vec<u8>) {
        self.tape.take()
    }

    fn hold(&mut self, hash: FlowHash, mut flow: Flow) -> u32 {
        flow.last = self.now;
        let number = self.forms.full.insert(flow);
        self.enter(hash, Slot::new(Form::Full, number));
        number
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
        self.forms.full.clear(number);
        self.packed_bytes += packed.memory();
        let number = self.forms.packed.insert(packed);
        self.enter(hash, Slot::new(Form::Packed, number));
        self.tape_packed();
    }

    /// Puts packed flows on tape that sleep, or one that does not if they need too much memory.
    fn tape_packed(&mut self) {
        for _ in 0..LOOKED_AT {
            let number = advance(&mut self.hands.packed, self.forms.packed.room());
            let sleeps = |packed: &Packed| self.now.since(packed.last).0 > SLEEPS;
            if !self
                .forms
                .packed
                .get(number)
                .is_some_and(|packed| sleeps(packed) || self.packed_bytes > self.bounds.packed)
            {
                continue;
            }
            if let Some(packed) = self.forms.packed.take(number) {
                self.packed_bytes -= packed.memory();
                let place = self.tape.put_flow(packed.hash, &packed.bytes);
                self.taped(packed.hash, place);
            }
        }
    }

    /// Puts embryos on tape of which nothing more has come.
    fn tape_embryos(&mut self) {
        if self.eldest.is_none_or(|eldest| self.now.since(eldest).0 <= SLEEPS) {
            return; // none can sleep yet, and looking at them would take longer than all else
        }
        for _ in 0..LOOKED_AT {
            let number = advance(&mut self.hands.embryos, self.forms.embryos.room());
            let sleeps = |embryo: &&Embryo| self.now.since(embryo.time).0 > SLEEPS;
            if let Some(embryo) = self.forms.embryos.get(number).filter(sleeps).copied() {
                self.forms.embryos.take(number);
                let place = self.tape.put_embryo(&embryo);
                self.taped(embryo.flow, place);
            }
        }
    }

    fn taped(&mut self, hash: FlowHash, place: OnTape) {
        let number = self.forms.taped.insert((hash.0[1], place));
        self.enter(hash, Slot::new(Form::Taped, number));
    }

    fn locate(&self, hash: FlowHash) -> Option<(Form, u32)> {
        let part = part(hash);
        let is_it = |place: &Place| place.part == part && self.forms.second(place.slot) == Some(hash.0[1]);
        self.index.find(spread(part), is_it).map(|place| place.slot.split())
    }

    /// Notes the new form of a flow, which has just left its old one.
    fn enter(&mut self, hash: FlowHash, slot: Slot) {
        let Self { index, forms, .. } = self;
        let part = part(hash);
        let is_it = |place: &Place| place.part == part && forms.leads_to(place.slot, hash);
        match index.find_mut(spread(part), is_it) {
            Some(place) => place.slot = slot,
            None => {
                index.insert_unique(spread(part), Place { part, slot }, |place| spread(place.part));
            }
        }
    }

    fn forget(&mut self, hash: FlowHash) {
        let Self { index, forms, .. } = self;
        let part = part(hash);
        let is_it = |place: &Place| place.part == part && forms.leads_to(place.slot, hash);
        if let Ok(entry) = index.find_entry(spread(part), is_it) {
            entry.remove();
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Every flow, in no order; the store is given back piece by piece.
    pub fn drain(self, mut leave: impl FnMut(Leaving)) {
        drop(self.index);
        self.forms.embryos.blocks().for_each(|block| leave(Leaving::Embryos(block)));
        self.forms.full.drain(|flow| leave(Leaving::Flow(Box::new(flow))));
        self.forms.packed.drain(|packed| leave(Leaving::Packed(packed)));
        self.forms.taped.drain(|(_, place)| leave(Leaving::Taped(place)));
    }
}

impl Forms {
    /// The second word of a flow's hash. With the part of the first that the index holds, 96 bits tell flows apart.
    #[inline]
    fn second(&self, slot: Slot) -> Option<u64> {
        match slot.split() {
            (Form::Embryo, number) => self.embryos.get(number).map(|embryo| embryo.flow.0[1]),
            (Form::Full, number) => self.full.get(number).map(|flow| flow.hash().0[1]),
            (Form::Packed, number) => self.packed.get(number).map(|packed| packed.hash.0[1]),
            (Form::Taped, number) => self.taped.get(number).map(|&(second, _)| second),
        }
    }

    /// Whether a slot of the index is this flow's: of all slots, only that of a flow on its way to another form is empty.
    fn leads_to(&self, slot: Slot, hash: FlowHash) -> bool {
        self.second(slot).is_none_or(|second| second == hash.0[1])
    }
}

/// The part of a flow's hash that the index holds. The hash is random already: hashing it again would only cost time.
fn part(hash: FlowHash) -> u32 {
    hash.0[0] as u32
}

/// The index looks at the lowest bits and at the highest seven.
fn spread(part: u32) -> u64 {
    u64::from(part) << 32 | u64::from(part)
}

/// The next number below `room`, around and around.
fn advance(hand: &mut u32, room: u32) -> u32 {
    *hand = if *hand + 1 < room { *hand + 1 } else { 0 };
    *hand
}
