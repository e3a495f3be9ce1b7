//! Which flow stands where. The table is of many parts that grow by themselves: growing takes the memory of a part twice, never
//! that of the whole.

use super::slot::Slot;
use crate::wire::FlowHash;
use hashbrown::HashTable;
use hashbrown::hash_table::{Entry, VacantEntry};

const PARTS: usize = 16;

/// By part of the hash: a table must not go to the flows when it grows.
#[derive(Debug, Default)]
pub(super) struct Index([HashTable<Place>; PARTS]);

#[derive(Clone, Copy, Debug)]
struct Place {
    key: u32,
    slot: Slot,
}

/// Where a flow may be entered that is not known.
pub(super) struct Vacancy<'a> {
    key: u32,
    entry: VacantEntry<'a, Place>,
}

impl Vacancy<'_> {
    pub fn fill(self, slot: Slot) {
        self.entry.insert(Place { key: self.key, slot });
    }
}

impl Index {
    /// The slot of a flow: the first that may be its by what the index knows, and by more.
    #[inline]
    pub fn find(&self, hash: FlowHash, may_be: impl Fn(Slot) -> bool) -> Option<Slot> {
        let key = key(hash);
        let found = self.0[part(key)].find(spread(key), |place| place.key == key && may_be(place.slot));
        found.map(|place| place.slot)
    }

    /// A place for a flow that is not known.
    #[inline]
    pub fn vacancy(&mut self, hash: FlowHash, may_be: impl Fn(Slot) -> bool) -> Option<Vacancy<'_>> {
        let key = key(hash);
        let is_it = |place: &Place| place.key == key && may_be(place.slot);
        match self.0[part(key)].entry(spread(key), is_it, |place| spread(place.key)) {
            Entry::Occupied(_) => None,
            Entry::Vacant(entry) => Some(Vacancy { key, entry }),
        }
    }

    /// Enters a flow that is not known.
    pub fn insert(&mut self, hash: FlowHash, slot: Slot) {
        let key = key(hash);
        self.0[part(key)].insert_unique(spread(key), Place { key, slot }, |place| spread(place.key));
    }

    /// Notes the new slot of a flow, or that it has none any more: whether it was in the one before.
    pub fn enter(&mut self, hash: FlowHash, from: Slot, to: Option<Slot>) -> bool {
        let key = key(hash);
        let Ok(mut entry) = self.0[part(key)].find_entry(spread(key), |place| place.slot == from) else { return false };
        match to {
            Some(to) => entry.get_mut().slot = to,
            None => {
                entry.remove();
            }
        }
        true
    }

    pub fn has(&self, hash: FlowHash, slot: Slot) -> bool {
        self.find(hash, |other| other == slot).is_some()
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(HashTable::len).sum()
    }

    /// The slots of all flows, in no order.
    pub fn into_slots(self) -> impl Iterator<Item = Slot> {
        self.0.into_iter().flatten().map(|place| place.slot)
    }
}

/// The part of a flow's hash that the index holds. The hash is random already: hashing it again would only cost time.
fn key(hash: FlowHash) -> u32 {
    hash.0[0] as u32
}

/// A table looks at the lowest bits and at the highest seven. Those that tell its part are the same of all in it.
fn spread(key: u32) -> u64 {
    (u64::from(key) << 32) | (u64::from(key) / PARTS as u64)
}

fn part(key: u32) -> usize {
    key as usize % PARTS
}
