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
