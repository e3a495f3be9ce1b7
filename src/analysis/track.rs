//! Track: all cores turn one file after another into connections, in the order of the file (DESIGN 7 b).
//!
//! Workers frame and decode chunks from guessed record boundaries; chunks are accepted in order, and only where a chunk
//! begins exactly where the one before it ended, so a wrong guess costs time and never truth. Accepted chunks are served
//! to the [`Lane`]s, each single-threaded, by whichever worker is free.

use super::chunk::{self, Batch, Extent, Read, Seen, Sorted};
use super::index::{Index, Mark};
use super::lane::Lane;
use super::lens::{Assembly, Lens};
use super::plan::File;
use super::timings::{Stage, Timings};
use crate::capture::{Context, End, LinkType};
use crate::case::{Around, Beside};
use crate::tcp::Place;
use crate::tcp::records::Records;
use crate::time::Timestamp;
use crate::wire::flow::LANES;
use crate::wire::{self, FragmentCounts, Marks, Passage, Reassembler, Segment, Why};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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

/// Lanes that are served; [`AROUND`] is the number of the last.
const SERVED: usize = LANES + 1;
const AROUND: usize = LANES;

/// What tracking one file gave besides connections.
#[derive(Debug)]
pub struct Tracked {
    pub frames: u64,
    pub segments: u64,
    /// What the frames had on the wire.
    pub wire_bytes: u64,
    pub cut_frames: u64,
    pub cut_headers: u64,
    pub icmp_errors: u64,
    /// ICMP errors about flows or sequence numbers that no connection knows.
    pub icmp_unmatched: u64,
    pub others: BTreeMap<Why, u64>,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub went_back: u64,
    /// Frames that were not asked for.
    pub left_out: u64,
    /// The earliest and the latest time of those between the moments asked for.
    pub in_time: Option<(Timestamp, Timestamp)>,
    pub links: Vec<u32>,
    pub dropped: Option<u64>,
    pub fragments: FragmentCounts,
    /// What the file says of itself.
    pub comments: Vec<String>,
    pub end: End,
    pub damage: Option<String>,
    /// Chunks that had to be framed again from their true start.
    pub redone: u64,
    /// Where framing can begin again.
    pub index: Index,
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

/// The whole state that workers share; held only to take or give back work.
struct Board {
    /// Bytes of the file that are still there: fewer than at first once it was shortened.
    length: u64,
    /// Next chunk to decode.
    next: usize,
    /// Decoded chunks by number, until they are accepted.
    decoded: BTreeMap<usize, Read>,
    /// Chunks accepted so far, and where the next must begin.
    accepted: usize,
    position: u64,
    context: Arc<Context>,
    /// Frames before each accepted chunk that some lane has not yet taken: the front is chunk `bases_from`.
    bases: std::collections::VecDeque<u64>,
    bases_from: usize,
    /// A worker frames the chunk to be accepted next again.
    redoing: bool,
    /// Chunks each lane has taken, and whether a worker serves it now.
    taken: [usize; SERVED],
    busy: [bool; SERVED],
    /// Number of chunks; shrinks when the file ends early.
    chunks: usize,
    released: u64,
    tracked: Tracked,
    interfaces_dropped: BTreeMap<u16, u64>,
    /// Time of the last packet accepted.
    last_time: Option<Timestamp>,
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

impl Board {
    fn new(file: &File, chunks: usize) -> Self {
        Self {
            length: file.source.bytes().len() as u64,
            next: 0,
            decoded: BTreeMap::new(),
            accepted: 0,
            position: file.start,
            context: Arc::new(file.context.clone()),
            bases: Default::default(),
            bases_from: 0,
            redoing: false,
            taken: [0; SERVED],
            busy: [false; SERVED],
            chunks,
            released: 0,
            tracked: Tracked {
                frames: 0,
                segments: 0,
                wire_bytes: 0,
                cut_frames: 0,
                cut_headers: 0,
                icmp_errors: 0,
                icmp_unmatched: 0,
                others: BTreeMap::new(),
                first: None,
                last: None,
                went_back: 0,
                left_out: 0,
                in_time: None,
                links: Vec::new(),
                dropped: None,
                fragments: FragmentCounts::default(),
                comments: Vec::new(),
                end: End::Clean,
                damage: None,
                redone: 0,
                index: Index::default(),
            },
            interfaces_dropped: BTreeMap::new(),
            last_time: None,
        }
    }

    fn furthest_behind(&self) -> usize {
        self.taken.iter().copied().min().unwrap_or(0)
    }

    /// Pieces of a packet turn out not to have been asked for. Those of an earlier file stay counted there.
    fn leave_out(&mut self, protocol: u8, pieces: u64) {
        if let Entry::Occupied(mut count) = self.tracked.others.entry(Why::Fragment(protocol)) {
            let moved = pieces.min(*count.get());
            *count.get_mut() -= moved;
            self.tracked.left_out += moved;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Adds an accepted chunk's counts to the file's.
    fn accept(&mut self, read: Read) {
        self.bases.push_back(self.tracked.frames);
        let tracked = &mut self.tracked;
        if let Some(start) = read.start {
            let context = Arc::clone(&read.assumed);
            tracked.index.marks.push(Mark { start, frames_before: tracked.frames, context });
            tracked.index.end = read.stop.at;
        }
        tracked.frames += read.stop.frames;
        tracked.segments += read.counts.segments;
        tracked.wire_bytes += read.counts.wire_bytes;
        tracked.cut_frames += read.counts.cut_frames;
        tracked.cut_headers += read.counts.cut_headers;
        tracked.icmp_errors += read.counts.errors;
        tracked.went_back += read.counts.went_back
            + u64::from(read.counts.first.zip(self.last_time).is_some_and(|(first, last)| first < last));
        self.last_time = read.counts.last.or(self.last_time);
        tracked.left_out += read.counts.left_out;
        tracked.in_time = joined(tracked.in_time, read.counts.in_time);
        tracked.first = [tracked.first, read.counts.earliest].into_iter().flatten().min();
        tracked.last = tracked.last.max(read.counts.latest);
        for (why, count) in read.counts.others {
            *tracked.others.entry(why).or_default() += count;
        }
        for link in read.counts.links {
            if !tracked.links.contains(&link) {
                tracked.links.push(link);
            }
        }
        for statistics in &read.stop.statistics {
            if let Some(dropped) = statistics.dropped {
                // Statistics count from the start of the capture: the last one of an interface holds.
                self.interfaces_dropped.insert(statistics.interface, dropped);
            }
        }
        if read.start.is_some() {
            self.position = read.stop.at;
            if read.after != *read.assumed {
                self.context = Arc::new(read.after);
            }
        }
        self.accepted += 1;
        if let Some(end) = read.stop.end {
            let was_shortened = tracked.damage.is_some() && end == End::Clean;
            tracked.end = if was_shortened { End::Cut { offset: read.stop.at } } else { end };
            self.chunks = self.accepted;
        }
    }
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

/// From the earlier start to the later end.
pub fn joined(
    one: Option<(Timestamp, Timestamp)>,
    other: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    let both = |(first, last): (Timestamp, Timestamp), (from, to)| (first.min(from), last.max(to));
    one.zip(other).map(|(one, other)| both(one, other)).or(one).or(other)
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

    fn look_around(&self, slot: &Slot, place: Place) {
        let mut around = self.lanes.around.lock().unwrap_or_else(PoisonError::into_inner);
        for seen in slot.seen.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            match seen {
                Seen::Arp(arp) => around.arp.take(&arp, place.frames_before),
                Seen::Dns(dns) => around.take_dns(&dns, place.frames_before),
            }
        }
    }

    fn feed_lane<'s>(&self, number: usize, chunks: impl Iterator<Item = (&'s Slot, Place)>) {
        let mut lane = self.lanes.tables[number].lock().unwrap_or_else(PoisonError::into_inner);
        let mut beside = self.lanes.beside[number].lock().unwrap_or_else(PoisonError::into_inner);
        for (slot, place) in chunks {
            let batch = slot.lanes[number].lock().unwrap_or_else(PoisonError::into_inner);
            let links = slot.links.lock().unwrap_or_else(PoisonError::into_inner);
            self.feed(&mut lane, &mut beside, (&batch, &links), place);
        }
        drop(beside);
        let drained = lane.tidy();
        drop(lane);
        if let Some(records) = drained {
            (self.finished)(records);
        }
    }

    fn feed(&self, lane: &mut Lane, beside: &mut Beside, (batch, links): (&Batch, &[LinkType]), place: Place) {
        let mut rares = batch.rares.iter();
        let mut remarks = batch.remarks.iter().peekable();
        let mut errors = batch.errors.iter().peekable();
        for (index, segment) in batch.segments.iter().enumerate() {
            while let Some((_, error)) = errors.next_if(|(before, _)| *before <= index) {
                self.feed_error(lane, error, place);
            }
            let rare = segment.marks.has(Marks::RARE).then(|| rares.next()).flatten();
            let begins = Cell::new(false);
            lane.observe(segment, rare, place, &|| {
                begins.set(true);
                wire::addresses(self.frame(segment, batch)?, segment.ip_at)
            });
            let remark = remarks.next_if(|(frame, _)| *frame == segment.frame).map(|(_, told)| told);
            let tunnelled = segment.marks.has(Marks::TUNNEL) && begins.get();
            if tunnelled || segment.marks.has(Marks::NAMED) || remark.is_some() {
                let tunnels = if tunnelled { self.tunnels(segment, batch, links) } else { Vec::new() };
                if let Some(connection) = lane.newest(segment.flow) {
                    beside.note(connection, segment, self.frame(segment, batch), tunnels, remark);
                }
            }
        }
        errors.for_each(|(_, error)| self.feed_error(lane, error, place));
    }

    /// The bytes of a segment's frame, while they are still in the cache: only a few are asked for.
    fn frame<'b>(&'b self, segment: &Segment, batch: &'b Batch) -> Option<&'b [u8]> {
        if segment.marks.has(Marks::ASSEMBLED) {
            return batch.assembled(segment).map(|assembled| &assembled.bytes[..]);
        }
        self.file.source.bytes().get(usize::try_from(segment.offset).ok()?..)
    }

    /// The tunnels that a segment came through.
    fn tunnels(&self, segment: &Segment, batch: &Batch, links: &[LinkType]) -> Vec<Passage> {
        if let Some(assembled) = batch.assembled(segment) {
            return assembled.passages.clone();
        }
        let frame = self.frame(segment, batch).unwrap_or_default();
        wire::tunnels_to(segment.ip_at, links, frame)
    }

    fn feed_error(&self, lane: &mut Lane, error: &wire::IcmpError, place: Place) {
        if !lane.observe_icmp(error, place) {
            self.unmatched.fetch_add(1, Ordering::Relaxed);
        }
    }
}
