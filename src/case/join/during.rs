//! Ranges of time, and where most of many overlap.

use crate::time::{Span, Timestamp};

/// From a time to a time, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct During {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl During {
    pub const ALWAYS: Self = Self { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) };

    pub const fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    #[must_use]
    pub const fn widened(self, by: Span) -> Self {
        Self { from: Timestamp(self.from.0.saturating_sub(by.0)), to: self.to.plus(by) }
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    pub fn meet(self, other: Self) -> Option<Self> {
        let meet = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (meet.from <= meet.to).then_some(meet)
    }

    pub fn contains(self, time: Timestamp) -> bool {
        self.from <= time && time <= self.to
    }

    pub const fn middle(self) -> Timestamp {
        Timestamp(self.from.0.saturating_add(self.to.0.saturating_sub(self.from.0) / 2))
    }

    /// How far the middle may be wrong.
    pub const fn uncertainty(self) -> Span {
        Span(self.to.0.saturating_sub(self.from.0) / 2)
    }

    /// How far `best` may be wrong.
    pub fn uncertainty_of(self, best: Timestamp) -> Span {
        Span(best.since(self.from).0.max(self.to.since(best).0))
    }

    /// All differences between a time of `self` and one of `other`.
    pub const fn minus(self, other: Self) -> Self {
        let least = self.from.0.saturating_sub(other.to.0);
        Self { from: Timestamp(least), to: Timestamp(self.to.0.saturating_sub(other.from.0)) }
    }

    /// All sums of a time of `self` and a difference.
    pub const fn plus(self, difference: Self) -> Self {
        let least = self.from.0.saturating_add(difference.from.0);
        Self { from: Timestamp(least), to: Timestamp(self.to.0.saturating_add(difference.to.0)) }
    }
}

/// Where most of the ranges overlap (the idea of Marzullo's clock algorithm), and how many. Of equally good places the
/// nearest to `hint`, of these the earliest.
pub(super) fn densest(ranges: &[During], hint: Timestamp) -> Option<(During, usize)> {
    // At one time ranges begin before others end: they touch.
    let kept = ranges.iter().filter(|range| range.from <= range.to);
    let mut edges: Vec<(Timestamp, bool)> = kept.flat_map(|range| [(range.from, false), (range.to, true)]).collect();
    edges.sort_unstable();
    let away = |range: During| {
        let before = range.from.0.saturating_sub(hint.0).max(0);
        before.max(hint.0.saturating_sub(range.to.0))
    };
    let (mut open, mut since) = (0, None);
    let mut best: Option<(During, usize)> = None;
    for (time, ends) in edges {
        if !ends {
            open += 1;
            since = Some(time);
            continue;
        }
        // A peak is where a range ends after one began.
        if let Some(from) = since.take() {
            let range = During { from, to: time };
            let is_better = |(known, most): (During, usize)| open > most || open == most && away(range) < away(known);
            if best.is_none_or(is_better) {
                best = Some((range, open));
            }
        }
        open -= 1;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: i64, to: i64) -> During {
        During::new(Timestamp(from), Timestamp(to))
    }

    fn best(ranges: &[(i64, i64)], hint: i64) -> Option<(i64, i64, usize)> {
        let ranges: Vec<_> = ranges.iter().map(|&(from, to)| range(from, to)).collect();
        densest(&ranges, Timestamp(hint)).map(|(range, count)| (range.from.0, range.to.0, count))
    }

    #[test]
    fn most_ranges_overlap_at_the_densest() {
        assert_eq!(best(&[], 0), None);
        assert_eq!(best(&[(0, 10)], 99), Some((0, 10, 1)));
        assert_eq!(best(&[(0, 10), (5, 20), (30, 40)], 0), Some((5, 10, 2)));
        assert_eq!(best(&[(0, 10), (10, 20)], 0), Some((10, 10, 2)), "ranges that touch overlap");
        assert_eq!(best(&[(0, 10), (30, 40)], 28), Some((30, 40, 1)), "the nearer of two");
        assert_eq!(best(&[(10, 0)], 0), None, "no range ends before it begins");
    }

    #[test]
    fn sums_and_differences_keep_what_is_uncertain() {
        let (seen, written) = (range(100, 110), range(40, 42));
        let difference = seen.minus(written);
        assert_eq!(difference, range(58, 70));
        assert!(written.plus(difference).meet(seen).is_some_and(|meet| meet == seen));
        assert_eq!(range(0, 10).middle(), Timestamp(5));
        assert_eq!(range(0, 10).widened(Span(3)), range(-3, 13));
    }
}
