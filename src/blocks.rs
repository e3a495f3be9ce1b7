//! A list that grows by blocks: growing one vector would copy all of it and touch twice the memory.

/// Bytes of a block, about: of large values few stand in one, as every list has a block that is not full.
const BYTES: usize = 128 << 10;

/// Values in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks<T>(Vec<Vec<T>>);

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Blocks<T> {
    /// Values of a block.
    const BLOCK: usize = (BYTES / size_of::<T>()).next_power_of_two();

    pub fn push(&mut self, value: T) {
        match self.0.last_mut() {
            // The first one grows: most lists are short.
            Some(block) if block.len() < Self::BLOCK => block.push(value),
            Some(_) => {
                let mut block = Vec::with_capacity(Self::BLOCK);
                block.push(value);
                self.0.push(block);
            }
            None => self.0.push(vec![value]),
        }
    }

    pub fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * Self::BLOCK + last.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, place: usize) -> Option<&T> {
        self.0.get(place / Self::BLOCK)?.get(place % Self::BLOCK)
    }

    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.0.get_mut(place / Self::BLOCK)?.get_mut(place % Self::BLOCK)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// The blocks as they are: each is given back by itself.
    pub fn into_blocks(self) -> impl Iterator<Item = Vec<T>> {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_their_order_across_blocks() {
        const BLOCK: usize = Blocks::<[usize; 100]>::BLOCK;
        let mut blocks = Blocks::default();
        assert!(blocks.is_empty() && blocks.get(0).is_none());
        for value in 0..2 * BLOCK + 3 {
            assert_eq!(blocks.len(), value);
            blocks.push([value; 100]);
            blocks.get_mut(value).expect("the one just added")[0] += 1;
        }
        assert!(blocks.iter().map(|value| value[0]).eq(1..2 * BLOCK + 4));
        assert_eq!(blocks.get(BLOCK).map(|value| value[0]), Some(BLOCK + 1));
        assert_eq!(blocks.get(2 * BLOCK + 3), None);
        assert_eq!(blocks.into_blocks().map(|block| block.len()).collect::<Vec<_>>(), [BLOCK, BLOCK, 3]);
    }
}
