//! Where a lane's flows live: embryos in one cache line, tracked flows in full, and idle ones packed to a few hundred
//! bytes until their next segment. Nothing that a connection knows is lost by packing: nothing visible depends on it.

use super::embryo::Embryo;
use super::table::{Flow, Packed};
use crate::time::Timestamp;
use crate::wire::FlowHash;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Flows of a lane that are held in full. The least recently used beyond these are packed.
const IN_FULL: usize = 8192;

/// Entries of a slab's block. Blocks, not one growing vector: growing would copy all of it and need twice the memory.
const BLOCK: usize = 1024;

#[derive(Clone, Copy, Debug)]
enum Slot {
    Embryo(u32),
    Full(u32),
    Packed(u32),
}

#[derive(Debug)]
pub(super) struct Store {
    /// Flows held in full at most.
    most: usize,
    index: HashMap<FlowHash, Slot, BuildHasherDefault<FlowHasher>>,
    embryos: Slab<Embryo>,
    full: Slab<Held>,
    packed: Slab<Packed>,
    /// Where the search for an idle flow goes on (clock algorithm).
    hand: u32,
    /// Time of the newest segment: what lies too far back is not worth packing.
    pub now: Timestamp,
}

#[derive(Debug)]
struct Held {
    hash: FlowHash,
    /// A segment came since the hand passed.
    used: bool,
    flow: Box<Flow>,
}

/// A flow that leaves the store.
pub(super) enum Leaving {
    Embryo(FlowHash, Embryo),
    Flow(Box<Flow>),
    Packed(Packed),
}

impl Default for Store {
    fn default() -> Self {
        Self::holding(IN_FULL)
    }
}

impl Store {
    pub fn holding(most: usize) -> Self {
        Self {
            most,
            index: HashMap::default(),
            embryos: Slab::default(),
            full: Slab::default(),
            packed: Slab::default(),
            hand: 0,
            now: Timestamp::default(),
        }
    }

    /// Where the flow stands in full, whatever form it was in: for [`Store::at`].
    pub fn find(&mut self, hash: FlowHash) -> Option<u32> {
        match *self.index.get(&hash)? {
            Slot::Full(number) => Some(number),
            Slot::Embryo(number) => {
                let embryo = self.embryos.take(number)?;
                Some(self.hold(hash, Box::new(Flow::new(embryo.connection(hash)))))
            }
            Slot::Packed(number) => {
                let flow = Flow::unpack(&self.packed.take(number)?)?;
                Some(self.hold(hash, Box::new(flow)))
            }
        }
    }

    /// The flow that [`Store::find`] found.
    pub fn at(&mut self, number: u32) -> Option<&mut Flow> {
        let held = self.full.get_mut(number)?;
        held.used = true;
        Some(&mut held.flow)
    }

    pub fn contains(&self, hash: FlowHash) -> bool {
        self.index.contains_key(&hash)
    }

    pub fn insert_embryo(&mut self, hash: FlowHash, embryo: Embryo) {
        let number = self.embryos.insert(embryo);
        self.index.insert(hash, Slot::Embryo(number));
    }

    pub fn insert(&mut self, hash: FlowHash, flow: Flow) -> Option<&mut Flow> {
        let number = self.hold(hash, Box::new(flow));
        self.full.get_mut(number).map(|held| &mut *held.flow)
    }

    fn hold(&mut self, hash: FlowHash, flow: Box<Flow>) -> u32 {
        if self.full.len >= self.most {
            self.pack_one();
        }
        let number = self.full.insert(Held { hash, used: true, flow });
        self.index.insert(hash, Slot::Full(number));
        number
    }

    /// Packs the flow that the hand finds unused since its last round.
    fn pack_one(&mut self) {
        for _ in 0..2 * self.full.room() {
            self.hand = if (self.hand as usize) + 1 < self.full.room() { self.hand + 1 } else { 0 };
            let Some(held) = self.full.get_mut(self.hand) else { continue };
            if std::mem::take(&mut held.used) {
                continue;
            }
            let (hash, packed) = (held.hash, held.flow.pack(self.now));
            self.full.take(self.hand);
            let number = self.packed.insert(packed);
            self.index.insert(hash, Slot::Packed(number));
            return;
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Every flow, in no order; the store is given back piece by piece.
    pub fn drain(self, mut leave: impl FnMut(Leaving)) {
        // By number, which is the order of their frames and of memory, not of hashes.
        let embryo = |(hash, slot): (&FlowHash, &Slot)| match *slot {
            Slot::Embryo(number) => Some((number, *hash)),
            Slot::Full(_) | Slot::Packed(_) => None,
        };
        let mut embryos: Vec<(u32, FlowHash)> = self.index.iter().filter_map(embryo).collect();
        embryos.sort_unstable_by_key(|&(number, _)| number);
        for (number, hash) in embryos {
            if let Some(embryo) = self.embryos.get(number) {
                leave(Leaving::Embryo(hash, *embryo));
            }
        }
        drop((self.index, self.embryos));
        self.full.drain(|held| leave(Leaving::Flow(held.flow)));
        self.packed.drain(|packed| leave(Leaving::Packed(packed)));
    }
}

/// Numbered places in blocks of fixed size.
#[derive(Debug)]
struct Slab<T> {
    blocks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.place(number) {
                *place = Some(value);
            }
            return number;
        }
        let number = self.room();
        match self.blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(Some(value)),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(Some(value));
                self.blocks.push(block);
            }
        }
        number as u32
    }

    fn place(&mut self, number: u32) -> Option<&mut Option<T>> {
        self.blocks.get_mut(number as usize / BLOCK)?.get_mut(number as usize % BLOCK)
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.blocks.get(number as usize / BLOCK)?.get(number as usize % BLOCK)?.as_ref()
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.place(number)?.as_mut()
    }

    fn take(&mut self, number: u32) -> Option<T> {
        let value = self.place(number)?.take()?;
        self.len -= 1;
        self.free.push(number);
        Some(value)
    }

    /// Places used so far, free ones included.
    fn room(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    fn drain(self, mut leave: impl FnMut(T)) {
        self.blocks.into_iter().flatten().flatten().for_each(&mut leave);
    }
}

/// The flow hash is random already; hashing it again would only cost time.
#[derive(Debug, Default)]
pub(super) struct FlowHasher(u64);

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
