//! Guessing record boundaries. A run of plausible records long enough that no capture inside a packet has one: whoever
//! transfers a capture cuts it into packets, and behind each stands a header of the outer capture.

/// A run must have so many records and span so many bytes, or end with the file. Offloaded frames reach 64 KiB.
const RUN_RECORDS: usize = 8;
const RUN_BYTES: usize = 128 << 10;

/// Finds the start of a run of records in `from..limit`, trying every multiple of `step`. `next` gives the end of the
/// record that seems to start at an offset, or `None` where nothing plausible does. The search gives up on bytes made to
/// look plausible everywhere: a boundary that is not found costs time, never truth.
pub(super) fn boundary(
    length: usize,
    from: u64,
    limit: u64,
    step: usize,
    next: impl Fn(usize) -> Option<usize>,
) -> Option<u64> {
    let from = usize::try_from(from).ok()?.checked_next_multiple_of(step)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(length);
    let mut budget = limit.saturating_sub(from) / 4 + (RUN_BYTES / 4);
    for start in (from..limit).step_by(step) {
        let mut at = start;
        let mut records = 0;
        while let Some(end) = next(at) {
            records += 1;
            budget = budget.checked_sub(1)?;
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
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn bytes_made_to_look_like_records_everywhere_end_the_search_instead_of_making_it_slow() {
        // From every sixteenth byte a run goes on to just before it would be long enough.
        let (length, steps) = (4 << 20, Cell::new(0));
        let found = boundary(length, 0, length as u64, 4, |at| {
            steps.set(steps.get() + 1);
            let wall = (at + 16) % (RUN_BYTES - 64) < 16;
            (at.is_multiple_of(16) && !wall).then_some(at + 16)
        });
        assert_eq!(found, None);
        assert!(steps.get() < length, "{} steps", steps.get());
    }

    #[test]
    fn a_run_that_breaks_early_is_passed_over() {
        let next = |at: usize| if at == 48 { None } else { at.is_multiple_of(16).then_some(at + 16) };
        assert_eq!(boundary(1 << 20, 1, 1 << 20, 1, next), Some(64));
        assert_eq!(boundary(1 << 20, 1, 64, 1, next), None);
    }
}
