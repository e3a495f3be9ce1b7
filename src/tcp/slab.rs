//! Numbered places in blocks of fixed size: growing one vector would copy all of it and need twice the memory.

/// Bytes of a block, about: of large values few stand in one, as every lane has a block that is not full.
const BYTES: usize = 128 << 10;

#[derive(Debug)]
pub(super) struct Slab<T> {
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
    /// Entries of a block.
    const BLOCK: usize = (BYTES / size_of::<Option<T>>()).next_power_of_two();

    pub fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.place(number) {
                *place = Some(value);
            }
            return number;
        }
        let number = self.room();
        match self.blocks.last_mut() {
            Some(block) if block.len() < Self::BLOCK => block.push(Some(value)),
            _ => {
                let mut block = Vec::with_capacity(Self::BLOCK);
                block.push(Some(value));
                self.blocks.push(block);
            }
        }
        number
    }

    fn place(&mut self, number: u32) -> Option<&mut Option<T>> {
        self.blocks.get_mut(number as usize / Self::BLOCK)?.get_mut(number as usize % Self::BLOCK)
    }

    pub fn get(&self, number: u32) -> Option<&T> {
        self.blocks.get(number as usize / Self::BLOCK)?.get(number as usize % Self::BLOCK)?.as_ref()
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.place(number)?.as_mut()
    }

    pub fn take(&mut self, number: u32) -> Option<T> {
        let value = self.place(number)?.take()?;
        self.len -= 1;
        self.free.push(number);
        Some(value)
    }

    /// Drops a value where it is, without moving it.
    pub fn clear(&mut self, number: u32) {
        if let Some(place @ Some(_)) = self.place(number) {
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
        self.blocks.last().map_or(0, |last| ((self.blocks.len() - 1) * Self::BLOCK + last.len()) as u32)
    }

    /// Every value, by number; memory is given back block by block.
    pub fn drain(self, leave: impl FnMut(T)) {
        self.blocks().flatten().flatten().for_each(leave);
    }

    /// The places as they are, by number.
    pub fn blocks(self) -> impl Iterator<Item = Vec<Option<T>>> {
        self.blocks.into_iter()
    }
}
