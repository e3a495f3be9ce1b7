//! Numbered places that are taken again once they are free.

use crate::blocks::Blocks;

#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Blocks<Option<T>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Blocks::default(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    pub fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.places.get_mut(number as usize) {
                *place = Some(value);
            }
            return number;
        }
        let number = self.room();
        self.places.push(Some(value));
        number
    }

    pub fn get(&self, number: u32) -> Option<&T> {
        self.places.get(number as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.places.get_mut(number as usize)?.as_mut()
    }

    pub fn take(&mut self, number: u32) -> Option<T> {
        let value = self.places.get_mut(number as usize)?.take()?;
        self.len -= 1;
        self.free.push(number);
        Some(value)
    }

    /// Drops a value where it is, without moving it.
    pub fn clear(&mut self, number: u32) {
        if let Some(place @ Some(_)) = self.places.get_mut(number as usize) {
            *place = None;
            self.len -= 1;
            self.free.push(number);
        }
    }

    /// Values held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Places used so far, free ones included: numbers are below.
    pub fn room(&self) -> u32 {
        self.places.len() as u32
    }

    /// Every value, by number; memory is given back block by block.
    pub fn drain(self, leave: impl FnMut(T)) {
        self.blocks().flatten().flatten().for_each(leave);
    }

    /// The places as they are, by number.
    pub fn blocks(self) -> impl Iterator<Item = Vec<Option<T>>> {
        self.places.into_blocks()
    }
}
