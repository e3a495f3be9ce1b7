//! What the workers on one file share: how far decoding, accepting and the lanes have come, and what the file's frames add
//! up to.

use crate::analysis::chunk::{MOST_COMMENTS, Read};
use crate::analysis::index::{Index, Mark};
use crate::analysis::plan::File;
use crate::capture::{Context, End};
use crate::time::Timestamp;
use crate::wire::flow::LANES;
use crate::wire::{FragmentCounts, Why};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Lanes that are served; [`AROUND`] is the number of the last.
pub(super) const SERVED: usize = LANES + 1;
pub(super) const AROUND: usize = LANES;

/// What tracking one file gave besides connections.
#[derive(Debug, Default)]
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
    /// Comments beside frames that no connection got: how many, and the first of them with the numbers of their frames.
    pub frame_comments: u64,
    pub first_comments: Vec<(u64, String)>,
    pub end: End,
    pub damage: Option<String>,
    /// Chunks that had to be framed again from their true start.
    pub redone: u64,
    /// Where framing can begin again.
    pub index: Index,
}

/// The whole state that workers share; held only to take or give back work.
pub(super) struct Board {
    /// Bytes of the file that are still there: fewer than at first once it was shortened.
    pub length: u64,
    /// Next chunk to decode.
    pub next: usize,
    /// Decoded chunks by number, until they are accepted.
    pub decoded: BTreeMap<usize, Read>,
    /// Chunks accepted so far, and where the next must begin.
    pub accepted: usize,
    pub position: u64,
    pub context: Arc<Context>,
    /// Frames before each accepted chunk that some lane has not yet taken: the front is chunk `bases_from`.
    pub bases: VecDeque<u64>,
    pub bases_from: usize,
    /// A worker frames the chunk to be accepted next again.
    pub redoing: bool,
    /// Chunks each lane has taken, and whether a worker serves it now.
    pub taken: [usize; SERVED],
    pub busy: [bool; SERVED],
    /// Number of chunks; shrinks when the file ends early.
    pub chunks: usize,
    pub released: u64,
    pub tracked: Tracked,
    pub interfaces_dropped: BTreeMap<u16, u64>,
    /// Time of the last packet accepted.
    pub last_time: Option<Timestamp>,
}

impl Board {
    pub fn new(file: &File, chunks: usize) -> Self {
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
            tracked: Tracked::default(),
            interfaces_dropped: BTreeMap::new(),
            last_time: None,
        }
    }

    pub fn furthest_behind(&self) -> usize {
        self.taken.iter().copied().min().unwrap_or(0)
    }

    /// Pieces of a packet turn out not to have been asked for. Those of an earlier file stay counted there.
    pub(super) fn leave_out(&mut self, protocol: u8, pieces: u64) {
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
    pub fn accept(&mut self, read: Read) {
        self.bases.push_back(self.tracked.frames);
        let tracked = &mut self.tracked;
        if let Some(start) = read.start {
            let context = Arc::clone(&read.assumed);
            tracked.index.marks.push(Mark { start, frames_before: tracked.frames, context });
            tracked.index.end = read.stop.at;
        }
        let room = MOST_COMMENTS.saturating_sub(tracked.first_comments.len());
        let comments = read.counts.first_comments.into_iter().take(room);
        tracked.first_comments.extend(comments.map(|(frame, comment)| (tracked.frames + frame, comment)));
        tracked.frame_comments += read.counts.comments;
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

/// From the earlier start to the later end.
pub fn joined(
    one: Option<(Timestamp, Timestamp)>,
    other: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    let both = |(first, last): (Timestamp, Timestamp), (from, to)| (first.min(from), last.max(to));
    one.zip(other).map(|(one, other)| both(one, other)).or(one).or(other)
}
