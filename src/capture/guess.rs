//! Guessing record boundaries. A run of plausible records long enough that no capture inside a packet has one: whoever
//! transfers a capture cuts it into packets, and behind each stands a header of the outer capture.

/// A run must have so many records and span so many bytes, or end with the file. Offloaded frames reach 64 KiB.
const RUN_RECORDS: usize = 8;
const RUN_BYTES: usize = 128 << 10;

/// Finds the start of a run of records in `from..limit`, trying every multiple of `step`. `next` gives the end of the
/// record that seems to start at an offset, or `None` where nothing plausible does. Whatever the bytes, the search is
/// linear: a run that meets an earlier one will break where that one broke.
pub(super) fn boundary(
    length: usize,
    from: u64,
    limit: u64,
    step: usize,
    next: impl Fn(usize) -> Option<usize>,
) -> Option<u64> {
    let from = usize::try_from(from).ok()?.checked_next_multiple_of(step)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(length);
    let most = (limit.saturating_sub(from) + RUN_BYTES) / 64 + 1;
    let mut broken = Visited { from, most, bits: Vec::new() };
    for start in (from..limit).step_by(step) {
        let (mut at, mut records) = (start, 0);
        while let Some(end) = next(at).filter(|_| !broken.contains(at)) {
            records += 1;
            // A last record that the file cuts off says less than one that ends with it.
            let whole_run = records >= RUN_RECORDS && (end - start >= RUN_BYTES || end > length);
            if whole_run || end == length {
                return Some(start as u64);
            }
            if end > length {
                break;
            }
            at = end;
        }
        // Once more along a run that broke; most searches end before there is one.
        at = start;
        while let Some(end) = next(at).filter(|&end| end <= length && broken.insert(at)) {
            at = end;
        }
    }
    None
}

/// Offsets from `from` on where a run passed that broke. Those too far away are not kept: the few records of a run beyond
/// its first `RUN_BYTES`.
struct Visited {
    from: usize,
    /// Words that the set may grow to.
    most: usize,
    bits: Vec<u64>,
}

impl Visited {
    fn place(&self, at: usize) -> (usize, u64) {
        let index = at.saturating_sub(self.from);
        (index / 64, 1 << (index % 64))
    }

    fn contains(&self, at: usize) -> bool {
        let (word, bit) = self.place(at);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Whether the offset was not in the set.
    fn insert(&mut self, at: usize) -> bool {
        let (word, bit) = self.place(at);
        if self.bits.len() < self.most.min(word + 1) {
            self.bits.resize((word + 1).next_power_of_two().min(self.most), 0);
        }
        let Some(bits) = self.bits.get_mut(word) else { return false };
        let new = *bits & bit == 0;
        *bits |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn bytes_made_to_look_like_records_everywhere_do_not_make_the_search_slow() {
        // From every sixteenth byte a run goes on to just before it would be long enough.
        let (limit, steps) = (4 << 20, Cell::new(0));
        let found = boundary(2 * limit, 0, limit as u64, 4, |at| {
            steps.set(steps.get() + 1);
            let wall = (at + 16) % (RUN_BYTES - 64) < 16;
            (at.is_multiple_of(16) && !wall).then_some(at + 16)
        });
        assert_eq!(found, None);
        // One step at each offset that is tried, two where a run passes, and one where each run breaks.
        assert!(steps.get() <= limit, "{} steps", steps.get());
    }

    #[test]
    fn a_run_that_breaks_early_is_passed_over() {
        let next = |at: usize| if at == 48 { None } else { at.is_multiple_of(16).then_some(at + 16) };
        assert_eq!(boundary(1 << 20, 1, 1 << 20, 1, next), Some(64));
        assert_eq!(boundary(1 << 20, 1, 64, 1, next), None);
    }
}
