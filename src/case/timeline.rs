//! When what ended how: counts by outcome in buckets of equal length over the whole span.

use crate::tcp::Outcome;
use crate::time::Timestamp;

/// Buckets of a timeline: one character each in the terminal's spark line.
pub const BUCKETS: usize = 24;

/// Counts of each outcome by the time of the connection's first frame.
#[derive(Clone, Debug)]
pub struct Timeline {
    first: Timestamp,
    last: Timestamp,
    counts: Vec<[u64; BUCKETS]>,
}

impl Timeline {
    /// An empty timeline over a span.
    pub fn new(first: Timestamp, last: Timestamp) -> Self {
        Self { first, last, counts: vec![[0; BUCKETS]; Outcome::ALL.len()] }
    }

    /// From when to when it goes.
    pub fn span(&self) -> (Timestamp, Timestamp) {
        (self.first, self.last)
    }

    pub fn add(&mut self, outcome: Outcome, time: Timestamp) {
        let span = i128::from(self.last.since(self.first).0.max(0)) + 1;
        let at = i128::from(time.since(self.first).0).clamp(0, span - 1);
        let bucket = (at * BUCKETS as i128 / span) as usize;
        self.counts[outcome as usize][bucket.min(BUCKETS - 1)] += 1;
    }

    /// Adds the counts of another timeline over the same span.
    pub fn append(&mut self, other: &Self) {
        let both = self.counts.iter_mut().flatten().zip(other.counts.iter().flatten());
        both.for_each(|(count, more)| *count += more);
    }

    /// Connections with this outcome.
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.buckets(outcome).iter().sum()
    }

    pub fn buckets(&self, outcome: Outcome) -> &[u64; BUCKETS] {
        &self.counts[outcome as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_moment_fall_into_first_and_last_bucket() {
        let mut timeline = Timeline::new(Timestamp(100), Timestamp(1300));
        for time in [100, 150, 1300] {
            timeline.add(Outcome::Open, Timestamp(time));
        }
        assert_eq!(timeline.buckets(Outcome::Open)[0], 1 + 1);
        assert_eq!(timeline.buckets(Outcome::Open)[BUCKETS - 1], 1);
        assert_eq!(timeline.total(Outcome::Open), 3);
    }
}
