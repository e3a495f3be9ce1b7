//! A list that grows by blocks: growing one vector would copy all of it and touch twice the memory.

/// Values of a block.
const BLOCK: usize = 512;

/// Values in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks<T>(Vec<Vec<T>>);

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Blocks<T> {
    pub fn push(&mut self, value: T) {
        match self.0.last_mut() {
            // The first one grows: most lists are short.
            Some(block) if block.len() < BLOCK => block.push(value),
            Some(_) => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(value);
                self.0.push(block);
            }
            None => self.0.push(vec![value]),
        }
    }

    pub fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * BLOCK + last.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, place: usize) -> Option<&T> {
        self.0.get(place / BLOCK)?.get(place % BLOCK)
    }

    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.0.get_mut(place / BLOCK)?.get_mut(place % BLOCK)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_their_order_across_blocks() {
        let mut blocks = Blocks::default();
        assert!(blocks.is_empty() && blocks.get(0).is_none());
        for value in 0..2 * BLOCK + 3 {
            assert_eq!(blocks.len(), value);
            blocks.push(value);
            *blocks.get_mut(value).expect("the one just added") += 1;
        }
        assert!(blocks.iter().copied().eq(1..2 * BLOCK + 4));
        assert_eq!(blocks.get(BLOCK), Some(&(BLOCK + 1)));
        assert_eq!(blocks.get(2 * BLOCK + 3), None);
    }
}
