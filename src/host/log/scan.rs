//! The search for the words of all families over the text that is still to be read.

use super::family::FAMILIES;
use crate::host::Lines;
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// Finds the next word of any family; its kind of match is the one that is fastest over long stretches without any.
static NEXT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| build(MatchKind::LeftmostFirst));

/// Finds all words in a line, also those that lie within each other.
static ALL: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| build(MatchKind::Standard));

/// The family of each word, as a bit.
static OWNERS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let families = FAMILIES.iter().enumerate();
    families.flat_map(|(place, family)| family.needles.iter().map(move |_| 1 << place)).collect()
});

fn build(kind: MatchKind) -> Option<AhoCorasick> {
    let needles = FAMILIES.iter().flat_map(|family| family.needles);
    AhoCorasick::builder().match_kind(kind).build(needles).ok()
}

/// The families whose words a line holds, as bits in the order of the registry.
pub fn families(line: &str) -> u64 {
    let Some(all) = &*ALL else { return u64::MAX };
    let owner = |found: aho_corasick::Match| OWNERS.get(found.pattern().as_usize());
    all.find_overlapping_iter(line).filter_map(owner).fold(0, |bits, owner| bits | owner)
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
        let found = NEXT.as_ref().map_or(Some(0), |next| next.find(stretch).map(|found| found.start()));
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
