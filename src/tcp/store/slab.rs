//! Numbered places that are taken again once they are free.

use crate::blocks::Blocks;

#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Blocks<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Blocks::default(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub fn insert(&mut self, value: T) -> u32 {
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

    pub fn take(&mut self, number: u32) -> Option<T> {
        let value = self.places.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(value)
    }

    /// Places used so far, free ones included: numbers are below.
    pub fn room(&self) -> u32 {
        self.places.len() as u32
    }

    /// The places as they are, by number.
    pub fn blocks(self) -> impl Iterator<Item = Vec<Option<T>>> {
        self.places.into_blocks()
    }
}
