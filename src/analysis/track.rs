//! Track: all cores turn one file after another into connections, in the order of the file (DESIGN 7 b).
//!
//! Workers frame and decode chunks from guessed record boundaries; chunks are accepted in order, and only where a chunk
//! begins exactly where the one before it ended, so a wrong guess costs time and never truth. Accepted chunks are served
//! to the [`Lane`]s, each single-threaded, by whichever worker is free.

mod board;
mod feed;

pub use board::{Tracked, joined};

use super::chunk::{self, Batch, Extent, Read, Seen, Sorted};
use super::lane::Lane;
use super::lens::{Assembly, Lens};
use super::plan::File;
use super::timings::{Stage, Timings};
use crate::capture::{Context, End, LinkType};
use crate::case::{Around, Beside};
use crate::tcp::Place;
use crate::tcp::records::Records;
use crate::wire::Reassembler;
use crate::wire::flow::LANES;
use board::{AROUND, Board, SERVED};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What takes the records of a point, kept over its files.
pub struct Lanes {
    pub tables: [Mutex<Lane>; LANES],
    /// Takes what is about addresses and names: a lane like the others, the last one.
    pub around: Mutex<Around>,
    /// What stands beside the connections of each lane.
    pub beside: [Mutex<Beside>; LANES],
    /// Asked where chunks are accepted, which is in order.
    pub fragments: Mutex<Reassembler>,
}

impl Lanes {
    /// Flows that rest may take so many bytes before they go to unlinked files in `folder`.
    pub fn new(bytes: u64, folder: &Path) -> Self {
        // Nothing that a row shows depends on it, so each lane may have its share.
        let share = usize::try_from(bytes / LANES as u64).unwrap_or(usize::MAX);
        Self {
            tables: [(); LANES].map(|()| Mutex::new(Lane::new(share, folder))),
            around: Mutex::default(),
            beside: Default::default(),
            fragments: Mutex::default(),
        }
    }
}

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Pace<'a> {
    pub threads: usize,
    /// Bytes of a chunk of the grid.
    pub chunk: u64,
    pub lens: &'a Lens,
    /// Counts the bytes that have been tracked, for a progress bar.
    pub done: &'a AtomicU64,
    pub timings: &'a Timings,
}

/// A decoded chunk on its way to the lanes.
#[derive(Default)]
struct Slot {
    lanes: [Mutex<Batch>; LANES],
    seen: Mutex<Vec<Seen>>,
    links: Mutex<Vec<LinkType>>,
}

enum Job {
    Decode(usize),
    Redo(usize, u64, Arc<Context>),
    Serve { lane: usize, from: usize, to: usize, bases: Vec<u64> },
    Stop,
}

struct Run<'a> {
    finished: Finished<'a>,
    file: &'a File,
    lanes: &'a Lanes,
    pace: Pace<'a>,
    slots: Vec<Slot>,
    board: Mutex<Board>,
    wake: Condvar,
    unmatched: AtomicU64,
    at: Place,
}

/// Takes connections that are finished before the input is.
pub type Finished<'a> = &'a (dyn Fn(Records) + Sync);

/// Tracks one file into `lanes`; `at` is its place among the files of its point, with the frames before it.
pub fn track(file: &File, lanes: &Lanes, pace: Pace<'_>, at: Place, finished: Finished<'_>) -> Tracked {
    let length = file.source.bytes().len() as u64;
    let chunks = length.saturating_sub(file.start).div_ceil(pace.chunk).max(1) as usize;
    let window = (4 * pace.threads).max(8);
    let fragments = || lanes.fragments.lock().unwrap_or_else(PoisonError::into_inner).counts();
    let fragments_before = fragments();
    let run = Run {
        finished,
        file,
        lanes,
        pace,
        slots: (0..window).map(|_| Slot::default()).collect(),
        board: Mutex::new(Board::new(file, chunks)),
        wake: Condvar::new(),
        unmatched: AtomicU64::new(0),
        at,
    };
    rayon::scope(|scope| (0..pace.threads).for_each(|_| scope.spawn(|_| run.work())));
    let mut board = run.board.into_inner().unwrap_or_else(PoisonError::into_inner);
    board.tracked.comments = board.context.comments.clone();
    board.tracked.fragments = fragments_before.until(fragments());
    board.tracked.icmp_unmatched = run.unmatched.into_inner();
    // The lanes have read addresses and names since.
    if let Err(damage) = file.source.check(board.position) {
        board.tracked.damage = Some(damage.cause);
    }
    if !board.interfaces_dropped.is_empty() {
        board.tracked.dropped = Some(board.interfaces_dropped.values().sum());
    }
    pace.done.fetch_add(length.saturating_sub(board.released), Ordering::Relaxed);
    board.tracked
}

/// Held by a worker: what one had taken when it panicked is never done, and the others must not wait for it.
struct Alarm<'a>(&'a Run<'a>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.board().chunks = 0;
            self.0.wake.notify_all();
        }
    }
}

impl Run<'_> {
    fn work(&self) {
        let _alarm = Alarm(self);
        let mut lap = self.pace.timings.lap();
        loop {
            let job = self.take();
            lap.end(Stage::Wait);
            let stage = match job {
                Job::Stop => return,
                Job::Decode(chunk) => {
                    self.decode(chunk);
                    Stage::Decode
                }
                Job::Redo(chunk, from, context) => {
                    self.redo(chunk, from, context);
                    Stage::Redo
                }
                Job::Serve { lane, from, to, bases } => {
                    self.serve(lane, from, to, &bases);
                    Stage::Lanes
                }
            };
            lap.end(stage);
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to do. The lane furthest behind goes before new chunks once half of the slots wait for it.
    fn take(&self) -> Job {
        let mut board = self.board();
        loop {
            if let Some(job) = self.accept_in_order(&mut board) {
                return job;
            }
            let behind = board.furthest_behind();
            if behind >= board.chunks {
                self.wake.notify_all();
                return Job::Stop;
            }
            let free = (0..SERVED).filter(|&lane| !board.busy[lane] && board.taken[lane] < board.accepted);
            let lane = free.min_by_key(|&lane| board.taken[lane]);
            let window = self.slots.len();
            let room = board.next < board.chunks && board.next < behind + window;
            if room && (board.accepted - behind < window / 2 || lane.is_none()) {
                board.next += 1;
                return Job::Decode(board.next - 1);
            }
            if let Some(lane) = lane {
                board.busy[lane] = true;
                let (from, to) = (board.taken[lane], board.accepted);
                let skip = from - board.bases_from;
                let bases = board.bases.iter().skip(skip).take(to - from).copied().collect();
                return Job::Serve { lane, from, to, bases };
            }
            board = self.wake.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Accepts decoded chunks while each begins where the one before it ended; asks for the first that does not again.
    fn accept_in_order(&self, board: &mut Board) -> Option<Job> {
        while !board.redoing && board.accepted < board.chunks {
            let number = board.accepted;
            let Some(read) = board.decoded.remove(&number) else { break };
            let follows = read.follows(board.position, self.limit(number), &board.context);
            if !follows || !self.accept(board, read) {
                board.redoing = true;
                board.tracked.redone += 1;
                return Some(Job::Redo(number, board.position, board.context.clone()));
            }
        }
        None
    }

    /// Takes a chunk that begins where the one before it ended. False if the file was shortened meanwhile: the chunk may hold
    /// zeros in place of what was there, and has to be framed again as far as the file goes now.
    fn accept(&self, board: &mut Board, mut read: Read) -> bool {
        // Whoever finds the end has looked beyond it.
        let seen = if read.stop.end.is_some() { board.length } else { read.stop.at };
        if let Err(damage) = self.file.source.check(seen) {
            board.length = board.length.min(damage.at);
            board.tracked.damage = Some(damage.cause);
            return false;
        }
        let pieces_left_out =
            if read.fragments.is_empty() { Vec::new() } else { self.put_together(board.accepted, &mut read) };
        board.accept(read);
        pieces_left_out.into_iter().for_each(|(protocol, pieces)| board.leave_out(protocol, pieces));
        true
    }

    /// Puts packets together from the pieces in a chunk, and adds them to what the chunk holds. Of those that the filter does
    /// not take the pieces come back: by protocol, how many.
    #[cold]
    fn put_together(&self, number: usize, read: &mut Read) -> Vec<(u8, u64)> {
        let mut reassembler = self.lanes.fragments.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut late, mut left_out) = (Sorted::default(), Vec::new());
        for piece in std::mem::take(&mut read.fragments) {
            let at = usize::try_from(piece.offset).unwrap_or(usize::MAX);
            let bytes = self.file.source.bytes().get(at..).unwrap_or_default();
            match self.pace.lens.put_together(&mut reassembler, &piece, bytes) {
                Some(Assembly::Taken(whole)) => read.counts.take_whole(&piece, whole, &mut late),
                Some(Assembly::LeftOut { pieces }) => left_out.push((piece.protocol, pieces.into())),
                None => {}
            }
        }
        self.with_slot(number, |sorted| sorted.merge(late));
        left_out
    }

    fn limit(&self, chunk: usize) -> u64 {
        let length = self.file.source.bytes().len() as u64;
        (self.file.start + (chunk as u64 + 1) * self.pace.chunk).min(length)
    }

    fn decode(&self, number: usize) {
        let from = self.file.start + number as u64 * self.pace.chunk;
        let (limit, bytes) = (self.limit(number), self.file.source.bytes());
        let context = self.board().context.clone();
        let format = self.file.format;
        let start = if number == 0 { Some(from) } else { (format.boundary)(bytes, &context, from, limit) };
        let read = self.with_slot(number, |sorted| match start {
            Some(start) => chunk::read(self.file, context, Extent { bytes, start, limit }, self.pace.lens, sorted),
            None => chunk::empty(context, from..limit, sorted),
        });
        self.board().decoded.insert(number, read);
        self.wake.notify_all();
    }

    /// Frames the chunk that is next in order from its true start.
    fn redo(&self, number: usize, from: u64, context: Arc<Context>) {
        let mut board = self.board();
        loop {
            let length = board.length;
            if board.tracked.damage.is_some() && length <= from {
                board.tracked.end = End::Cut { offset: length };
                board.chunks = board.accepted;
                break;
            }
            drop(board);
            let all = self.file.source.bytes();
            let bytes = usize::try_from(length).ok().and_then(|length| all.get(..length)).unwrap_or(all);
            let chunk = Extent { bytes, start: from, limit: self.limit(number).min(length) };
            let read = |sorted: &mut Sorted| chunk::read(self.file, context.clone(), chunk, self.pace.lens, sorted);
            let read = self.with_slot(number, read);
            board = self.board();
            // Each turn finds the file shorter than the one before.
            if self.accept(&mut board, read) {
                break;
            }
        }
        board.redoing = false;
        drop(board);
        self.wake.notify_all();
    }

    /// Runs `read` on the buffers of a chunk's slot.
    fn with_slot<T>(&self, number: usize, read: impl FnOnce(&mut Sorted) -> T) -> T {
        let slot = &self.slots[number % self.slots.len()];
        let mut guards = slot.lanes.each_ref().map(|lane| lane.lock().unwrap_or_else(PoisonError::into_inner));
        let mut seen = slot.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let lanes = guards.each_mut().map(|guard| std::mem::take(&mut **guard));
        let mut links = slot.links.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted = Sorted { lanes, seen: std::mem::take(&mut *seen), links: std::mem::take(&mut *links) };
        let result = read(&mut sorted);
        for (guard, lane) in guards.iter_mut().zip(sorted.lanes) {
            **guard = lane;
        }
        (*seen, *links) = (sorted.seen, sorted.links);
        result
    }

    /// One lane takes the accepted chunks that wait for it.
    fn serve(&self, lane: usize, from: usize, to: usize, bases: &[u64]) {
        let places = bases.iter().map(|base| Place { frames_before: self.at.frames_before + base, ..self.at });
        let chunks = (from..to).map(|number| &self.slots[number % self.slots.len()]).zip(places);
        if lane == AROUND {
            chunks.for_each(|(slot, place)| self.look_around(slot, place));
        } else {
            self.feed_lane(lane, chunks);
        }
        let mut board = self.board();
        board.taken[lane] = to;
        board.busy[lane] = false;
        let behind = board.furthest_behind();
        while board.bases_from < behind {
            board.bases.pop_front();
            board.bases_from += 1;
        }
        let behind_at = (self.file.start + behind as u64 * self.pace.chunk).min(self.limit(behind));
        let released = std::mem::replace(&mut board.released, behind_at);
        drop(board);
        self.wake.notify_all();
        if behind_at > released {
            // The map itself is given back behind the reader. One chunk is left, for a record that began in it.
            self.file
                .source
                .release(released.saturating_sub(self.pace.chunk)..behind_at.saturating_sub(self.pace.chunk));
            self.pace.done.fetch_add(behind_at - released, Ordering::Relaxed);
        }
    }
}
