//! Times that may be absent, small in memory and smaller when packed.

use super::rebase::Rebase;
use super::words::{Words, fold, unfold};
use crate::time::Timestamp;

/// A time that may be absent, in eight bytes. Encoded as 0 or a small number where it counts from
/// `Summary::first`: see `Rebase`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Moment(i64);

impl Words for Moment {
    const COUNT: usize = 1;

    /// Absent is 0; the others follow in the order 0, -1, 1, -2 ...
    #[inline(always)]
    fn put(&self, words: &mut [u64]) {
        words[0] = if self.is_set() { fold(self.0).wrapping_add(1) } else { 0 };
    }

    #[inline(always)]
    fn get(words: &[u64]) -> Option<Self> {
        Some(words[0].checked_sub(1).map_or(Self::NEVER, |folded| Self(unfold(folded))))
    }
}

impl Moment {
    pub const NEVER: Self = Self(i64::MIN);

    pub const fn at(time: Timestamp) -> Self {
        Self(time.0)
    }

    pub const fn get(self) -> Option<Timestamp> {
        if self.0 == i64::MIN { None } else { Some(Timestamp(self.0)) }
    }

    pub const fn is_set(self) -> bool {
        self.0 != i64::MIN
    }

    /// Counts from the connection's first time, or back.
    pub(super) fn rebase(&mut self, rebase: Rebase, first: Timestamp) {
        if self.is_set() {
            let mut time = Timestamp(self.0);
            rebase.time(&mut time, first);
            self.0 = time.0;
        }
    }

    /// Sets the time if it is still absent.
    pub const fn first(&mut self, time: Timestamp) {
        if !self.is_set() {
            *self = Self::at(time);
        }
    }
}

impl Default for Moment {
    fn default() -> Self {
        Self::NEVER
    }
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.get() {
            Some(time) => write!(f, "{}", time.0),
            None => write!(f, "never"),
        }
    }
}
