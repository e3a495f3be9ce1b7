//! One chunk of a file becomes records sorted into lanes: the part of the work that needs no order.

use super::lens::{Lens, View};
use super::plan::File;
use crate::capture::{Context, End, Frame, Stop};
use crate::time::Timestamp;
use crate::wire::flow::LANES;
use crate::wire::{IcmpError, Packet, Rare, Segment, Why};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What one lane gets of one chunk, in file order.
#[derive(Debug, Default)]
pub struct Batch {
    pub segments: Vec<Segment>,
    /// Rare parts of those segments that are marked to have some, in the same order.
    pub rares: Vec<Rare>,
    /// ICMP errors, each with the number of segments before it.
    pub errors: Vec<(usize, IcmpError)>,
}

impl Batch {
    pub fn clear(&mut self) {
        self.segments.clear();
        self.rares.clear();
        self.errors.clear();
    }
}

/// What a chunk held besides its records.
#[derive(Debug)]
pub struct Read {
    /// Where framing began; `None` where no record seems to begin in the chunk.
    pub start: Option<u64>,
    pub stop: Stop,
    /// Context assumed at the start, and left behind.
    pub assumed: Arc<Context>,
    pub after: Context,
    pub counts: Counts,
}

/// What the packets of a chunk were.
#[derive(Debug, Default)]
pub struct Counts {
    pub segments: u64,
    pub errors: u64,
    pub others: BTreeMap<Why, u64>,
    /// Time of the first and last packet in file order, and the least and greatest.
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub earliest: Option<Timestamp>,
    pub latest: Option<Timestamp>,
    pub went_back: u64,
    /// Frames that were not asked for.
    pub left_out: u64,
    /// The earliest and the latest time of those between the moments asked for.
    pub in_time: Option<(Timestamp, Timestamp)>,
    /// Link types met, by number.
    pub links: Vec<u32>,
}

/// Frames and decodes the records that start in `start..limit`.
pub fn read(
    file: &File,
    assumed: Arc<Context>,
    start: u64,
    limit: u64,
    lens: &Lens,
    lanes: &mut [Batch; LANES],
) -> Read {
    lanes.iter_mut().for_each(Batch::clear);
    let mut after = (*assumed).clone();
    let mut counts = Counts::default();
    let bytes = file.source.bytes();
    let take = &mut |frame: Frame<'_>| counts.take(&frame, lens.view(&frame, file), lanes);
    let stop = (file.format.frames)(bytes, &mut after, start, limit, take);
    Read { start: Some(start), stop, assumed, after, counts }
}

/// A chunk in which no record seems to begin.
pub fn empty(assumed: Arc<Context>, range: Range<u64>, lanes: &mut [Batch; LANES]) -> Read {
    lanes.iter_mut().for_each(Batch::clear);
    let stop = Stop { at: range.end, frames: 0, end: None, statistics: Vec::new() };
    let after = (*assumed).clone();
    Read { start: None, stop, assumed, after, counts: Counts::default() }
}

impl Read {
    /// Whether this is what framing from `position` with `context` would have given.
    pub fn follows(&self, position: u64, limit: u64, context: &Arc<Context>) -> bool {
        let Some(start) = self.start else { return position >= limit };
        if start != position {
            return false;
        }
        let extends = |context: &Context| {
            self.after == *self.assumed
                && self.stop.end.as_ref().is_none_or(|end| *end == End::Clean)
                && context.big_endian == self.assumed.big_endian
                && context.section == self.assumed.section
                && context.variant == self.assumed.variant
                && context.interfaces.starts_with(&self.assumed.interfaces)
        };
        Arc::ptr_eq(&self.assumed, context) || *self.assumed == **context || extends(context)
    }
}

impl Counts {
    fn take(&mut self, frame: &Frame<'_>, view: View, lanes: &mut [Batch; LANES]) {
        if !frame.not_a_packet {
            self.note_time(frame.time, !matches!(view, View::OutOfTime));
            if self.links.last() != Some(&frame.link.0) && !self.links.contains(&frame.link.0) {
                self.links.push(frame.link.0);
            }
        }
        let View::Taken(packet) = view else {
            self.left_out += 1;
            return;
        };
        match packet {
            Packet::Segment(segment, rare) => {
                self.segments += 1;
                let lane = &mut lanes[usize::from(segment.lane) % LANES];
                lane.segments.push(segment);
                lane.rares.extend(rare);
            }
            Packet::IcmpError(error) => {
                self.errors += 1;
                let lane = &mut lanes[usize::from(error.lane) % LANES];
                lane.errors.push((lane.segments.len(), error));
            }
            Packet::Other(why) => *self.others.entry(why).or_default() += 1,
        }
    }

    fn note_time(&mut self, time: Timestamp, asked_for: bool) {
        if time == Timestamp(0) {
            return; // the container gives no time
        }
        self.first.get_or_insert(time);
        self.went_back += u64::from(self.last.is_some_and(|last| time < last));
        self.last = Some(time);
        self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
        if asked_for {
            let (first, last) = self.in_time.unwrap_or((time, time));
            self.in_time = Some((first.min(time), last.max(time)));
        }
    }
}
