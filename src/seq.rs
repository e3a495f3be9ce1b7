//! Sequence numbers: arithmetic modulo 2^32 (RFC 9293 3.4), total and never panicking.
//!
//! Every comparison of sequence numbers in synfin goes through [`Seq`]; the type has no `Ord`, because
//! "less than" on a circle is a question about two near numbers, not an order of all of them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A sequence or acknowledgement number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Seq(pub u32);

impl Seq {
    /// The number `bytes` further on.
    #[must_use]
    pub const fn plus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// The number `bytes` before this one.
    #[must_use]
    pub const fn minus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_sub(bytes))
    }

    /// How far this number lies beyond `earlier`: negative when it lies before it. Numbers exactly
    /// 2^31 apart are taken as before, as the sign of the wrapped difference says.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }

    /// Strictly beyond `other`.
    pub const fn after(self, other: Self) -> bool {
        self.since(other) > 0
    }

    /// At or beyond `other`.
    pub const fn reaches(self, other: Self) -> bool {
        self.since(other) >= 0
    }

    /// The further one of the two.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.after(other) { self } else { other }
    }

    /// `low < self <= high` on the circle: the test for an acceptable acknowledgement (RFC 9293 3.10.7.4).
    pub const fn acknowledges(self, low: Self, high: Self) -> bool {
        self.after(low) && high.reaches(self)
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn adding_and_asking_the_distance_agree_across_the_wrap(start: u32, step in 0u32..0x8000_0000) {
            prop_assert_eq!(Seq(start).plus(step).since(Seq(start)), step as i32);
            prop_assert_eq!(Seq(start).plus(step).minus(step), Seq(start));
        }

        #[test]
        fn of_two_numbers_less_than_half_a_circle_apart_one_is_the_further(a: u32, step in 1u32..0x8000_0000) {
            let (a, b) = (Seq(a), Seq(a).plus(step));
            prop_assert!(b.after(a) && !a.after(b));
            prop_assert_eq!(a.max(b), b);
            prop_assert!(b.acknowledges(a, b) && !a.acknowledges(a, b));
        }
    }
}
