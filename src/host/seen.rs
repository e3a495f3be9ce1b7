//! What a block has had already. Dumps are taken again and again into one file: a name that comes a second time begins
//! the next snapshot.

use std::collections::HashSet;

/// Names of the counters, sections, interfaces or chains of one block.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<Box<str>>);

impl Seen {
    /// Whether the name is new. From now on it is not.
    pub fn is_new(&mut self, name: &str) -> bool {
        self.0.insert(name.into())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
