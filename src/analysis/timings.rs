//! Where time and memory went, for `--timings`: clocks are read a chunk and a batch, never a frame, and nothing that a row
//! shows depends on them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What time is spent on. The first five follow one another; the others are parts of them, side by side where they can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding, opening and recognising the inputs.
    Plan,
    /// Following every connection.
    Track,
    /// Taking the connections out of the lanes, and putting them in order.
    Gather,
    /// Joining the sockets of dumps with the connections.
    Join,
    /// Judging and writing every row.
    Deliver,
    /// Of `Track`, summed over the workers: framing and decoding.
    Decode,
    /// Of `Track`, summed over the workers: chunks framed again, because they began elsewhere than was guessed.
    Redo,
    /// Of `Track`, summed over the workers: the lanes' tables.
    Lanes,
    /// Of `Track`, summed over the workers: taking and giving back work, and waiting for some.
    Wait,
    /// Of `Deliver`, summed over the workers: reading the records back in order.
    Merge,
    /// Of `Deliver`, summed over the workers: decoding, labelling, judging.
    Judge,
    /// Of `Deliver`, summed over the workers: adding up.
    Tally,
    /// Of `Deliver`, summed over the workers: whoever takes the rows.
    Write,
}

impl Stage {
    const COUNT: usize = Self::Write as usize + 1;
}

/// Time by stage, and what memory was in use after each. All threads add to it.
#[derive(Debug, Default)]
pub struct Timings {
    nanoseconds: [AtomicU64; Stage::COUNT],
    /// Bytes; 0 where the system does not tell.
    memory: [AtomicU64; Stage::COUNT],
    redone: AtomicU64,
}

impl Timings {
    /// Does the work of a whole stage.
    pub fn stage<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let mut lap = self.lap();
        let done = work();
        lap.end(stage);
        self.memory[stage as usize].fetch_max(own_memory().unwrap_or(0), Ordering::Relaxed);
        done
    }

    /// Starts to measure pieces of work that follow one another on one thread.
    pub fn lap(&self) -> Lap<'_> {
        Lap { timings: self, since: Instant::now() }
    }

    /// Counts chunks that were framed again.
    pub fn add_redone(&self, chunks: u64) {
        self.redone.fetch_add(chunks, Ordering::Relaxed);
    }

    /// Time spent so far.
    pub fn spent(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.nanoseconds[stage as usize].load(Ordering::Relaxed))
    }

    /// Bytes of memory in use after a stage, without mapped files; for the first four, where the system tells.
    pub fn memory(&self, stage: Stage) -> Option<u64> {
        let bytes = self.memory[stage as usize].load(Ordering::Relaxed);
        (bytes > 0).then_some(bytes)
    }

    /// Chunks framed again.
    pub fn redone(&self) -> u64 {
        self.redone.load(Ordering::Relaxed)
    }
}

/// A running clock.
#[derive(Debug)]
pub struct Lap<'a> {
    timings: &'a Timings,
    since: Instant,
}

impl Lap<'_> {
    /// Books the time since the last call, or since the start, on a stage.
    pub fn end(&mut self, stage: Stage) {
        let now = Instant::now();
        let spent = now - std::mem::replace(&mut self.since, now);
        let nanoseconds = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.timings.nanoseconds[stage as usize].fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// Bytes of this process's own memory that are resident now: without files that are mapped. Where Linux says so.
fn own_memory() -> Option<u64> {
    status("RssAnon:")
}

/// The most that was ever resident, in bytes, mapped files included. Where Linux says so.
pub fn peak_resident() -> Option<u64> {
    status("VmHWM:")
}

/// A line of `/proc/self/status`, which counts in KiB (proc_pid_status(5)).
fn status(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_between_two_calls_is_booked_on_the_stage_named() {
        let timings = Timings::default();
        let (mut lap, outside) = (timings.lap(), Instant::now());
        lap.end(Stage::Decode);
        lap.end(Stage::Lanes);
        let most = outside.elapsed() + Duration::from_millis(1);
        assert!(timings.spent(Stage::Decode) + timings.spent(Stage::Lanes) <= most);
        assert_eq!(timings.spent(Stage::Wait), Duration::ZERO);
        assert_eq!(timings.memory(Stage::Decode), None);
    }
}
