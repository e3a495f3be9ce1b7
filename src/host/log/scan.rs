//! The search for the words of all families over the text that is still to be read.

use super::family::FAMILIES;
use super::needles::Needles;
use crate::host::Lines;
use std::sync::LazyLock;

/// The words of each family, with its place in the registry as a bit.
static NEEDLES: LazyLock<Needles> = LazyLock::new(|| {
    let families = FAMILIES.iter().enumerate();
    Needles::new(families.flat_map(|(place, family)| family.needles.iter().map(move |needle| (*needle, 1 << place))))
});

/// The families whose words a line holds, as bits in the order of the registry.
pub fn families(line: &str) -> u64 {
    NEEDLES.all(line.as_bytes())
}

/// How far the text has been searched. Places are bytes that are left from there to the end, as [`Lines`] count them.
#[derive(Debug)]
pub struct Scan {
    /// Nothing is to be found before this place.
    clear: usize,
    hit: Option<usize>,
    window: usize,
}

/// A block may be short in a long text: so much is searched at first, and more each time.
const FIRST: usize = 1 << 10;
const LARGEST: usize = 1 << 18;

impl Scan {
    pub fn new() -> Self {
        Self { clear: usize::MAX, hit: None, window: FIRST }
    }

    /// Whether a word stands between the next line's beginning and `after`.
    pub fn hits(&mut self, lines: &Lines<'_>, after: &Lines<'_>) -> bool {
        let (from, to) = (lines.rest().len(), after.rest().len());
        loop {
            match self.hit {
                Some(hit) if hit > from => self.hit = None,
                Some(hit) => return hit > to,
                None if self.clear <= to => return false,
                None => self.search(lines.rest()),
            }
        }
    }

    fn search(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let start = self.window.min(bytes.len());
        // Whole lines only: no word lies across the end of one.
        let end = memchr::memchr(b'\n', bytes.get(start..).unwrap_or_default()).map_or(bytes.len(), |at| start + at);
        let stretch = bytes.get(..end).unwrap_or(bytes);
        let found = NEEDLES.find(stretch);
        self.hit = found.map(|start| bytes.len() - start);
        self.clear = self.hit.unwrap_or(bytes.len() - end);
        self.window = (self.window * 4).min(LARGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The search over stretches finds exactly the lines that hold a word.
        #[test]
        fn every_line_with_a_word_is_met(parts in proptest::collection::vec("[a-z ]{0,300}\n|Connection refused\n|x SRC=1 \n", 0..60)) {
            let text = parts.concat();
            let mut lines = Lines::new(&text);
            let mut scan = Scan::new();
            loop {
                let mut after = lines.clone();
                let Some(line) = after.next() else { break };
                prop_assert_eq!(scan.hits(&lines, &after), families(line.text) != 0, "{}", line.text);
                lines = after;
            }
        }
    }
}
