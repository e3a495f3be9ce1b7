//! The loop over records that the rarer containers share; pcap and pcapng have their own, where every nanosecond counts.

use super::{End, Frame, Stop};

/// What stands at a position.
pub(super) enum Record<'a> {
    /// A frame, numbered by the loop, and the position behind it.
    Frame(Frame<'a>, u64),
    /// Nothing that is numbered; the position behind it.
    Skipped(u64),
    /// No record.
    Broken(End),
}

/// Hands the frames that start in `from..limit` to `sink`. No record starts at `end` or behind it.
pub(super) fn frames<'a>(
    (from, limit, end): (u64, u64, u64),
    sink: &mut dyn FnMut(Frame<'a>),
    mut record: impl FnMut(u64) -> Record<'a>,
) -> Stop {
    let mut stop = Stop { at: from, frames: 0, end: None, statistics: Vec::new() };
    while stop.at < limit.min(end) {
        match record(stop.at) {
            Record::Frame(frame, next) => {
                stop.frames += 1;
                stop.at = next;
                sink(Frame { number: stop.frames, ..frame });
            }
            Record::Skipped(next) => stop.at = next,
            Record::Broken(end) => {
                stop.end = Some(end);
                return stop;
            }
        }
    }
    stop.end = (stop.at >= end).then_some(End::Clean);
    stop
}

/// The bytes from `at` on; none beyond the end.
pub(super) fn rest(bytes: &[u8], at: u64) -> &[u8] {
    usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default()
}
