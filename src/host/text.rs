//! Short texts that a dump repeats in row after row: users, programs, services. Eight bytes each, and shared.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::Arc;

/// A text that costs as much as a pointer; a copy shares it. Most cells of most sockets have none, so that the width counts
/// more than the second step to the letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<Box<str>>);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Texts met lately: the next row gets the same one. However many there are, so many are kept.
pub(super) struct Texts {
    kept: [Option<Text>; 64],
    hasher: RandomState,
}

impl Default for Texts {
    fn default() -> Self {
        Self { kept: [const { None }; 64], hasher: RandomState::new() }
    }
}

impl Texts {
    /// A text of these letters.
    pub fn get(&mut self, letters: &str) -> Text {
        let place = self.hasher.hash_one(letters) as usize % self.kept.len();
        let Some(kept) = self.kept.get_mut(place) else { return letters.into() };
        match kept {
            Some(text) if **text == *letters => text.clone(),
            other => other.insert(letters.into()).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_letters_share_a_text_as_long_as_they_are_remembered() {
        let mut texts = Texts::default();
        let [first, second] = ["nginx", "nginx"].map(|letters| texts.get(letters));
        assert!(Arc::ptr_eq(&first.0, &second.0));
        for number in 0..10_000 {
            let letters = number.to_string();
            assert_eq!(*texts.get(&letters), *letters);
        }
        assert_eq!(size_of::<Option<Text>>(), 8);
    }
}
