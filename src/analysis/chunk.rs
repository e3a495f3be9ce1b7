//! One chunk of a file becomes records sorted into lanes: the part of the work that needs no order.

use super::lens::{Lens, View};
use super::plan::File;
use crate::capture::{Context, End, Frame, LinkType, Remark, Stop, Told};
use crate::time::Timestamp;
use crate::wire::flow::LANES;
use crate::wire::{self, Arp, Dns, Fragment, IcmpError, Marks, Packet, Passage, Rare, Segment, Whole, Why};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;

/// Segments that a lane has room for at first: as many as a chunk of ordinary traffic has for the busiest. Room that grows is
/// memory touched for nothing.
const FEW: usize = 1024;
/// Comments beside frames without a connection that are kept of each file; the others are counted.
pub const MOST_COMMENTS: usize = 16;

/// What one lane gets of one chunk, in file order.
#[derive(Debug, Default)]
pub struct Batch {
    pub segments: Vec<Segment>,
    /// Rare parts of those segments that are marked to have some, in the same order.
    pub rares: Vec<Rare>,
    /// ICMP errors, each with the number of segments before it.
    pub errors: Vec<(usize, IcmpError)>,
    /// Those segments that were put together from fragments: their bytes stand nowhere else.
    pub assembled: Vec<Assembled>,
    /// What was written beside segments, each with the frame number of that.
    pub remarks: Vec<(u32, Told)>,
}

/// What belongs to a segment that was put together.
#[derive(Debug)]
pub struct Assembled {
    /// As [`Segment::frame`].
    pub frame: u32,
    /// As [`Whole`] has them.
    pub bytes: Vec<u8>,
    pub passages: Vec<Passage>,
}

/// What tells of addresses and names rather than of connections, in file order.
#[derive(Debug)]
pub enum Seen {
    Arp(Arp),
    Dns(Box<Dns>),
}

impl Seen {
    /// Its frame's number within the chunk.
    fn frame(&self) -> u32 {
        match self {
            Self::Arp(arp) => arp.frame,
            Self::Dns(dns) => dns.frame,
        }
    }
}

/// Everything that a chunk's frames hold, sorted by who takes it.
#[derive(Debug, Default)]
pub struct Sorted {
    pub lanes: [Batch; LANES],
    pub seen: Vec<Seen>,
    /// Link types of the chunk's frames.
    pub links: Vec<LinkType>,
}

impl Sorted {
    fn clear(&mut self) {
        for lane in &mut self.lanes {
            lane.segments.clear();
            lane.rares.clear();
            lane.errors.clear();
            lane.assembled.clear();
            lane.remarks.clear();
        }
        self.seen.clear();
    }
}

impl Sorted {
    /// Adds what was put together from fragments, each at the place of its last piece.
    pub fn merge(&mut self, late: Self) {
        for (lane, late) in self.lanes.iter_mut().zip(late.lanes) {
            lane.merge(late);
        }
        if !late.seen.is_empty() {
            self.seen.extend(late.seen);
            self.seen.sort_by_key(Seen::frame);
        }
    }
}

impl Batch {
    fn merge(&mut self, mut late: Self) {
        if late.segments.is_empty() && late.errors.is_empty() {
            return;
        }
        let mut all = self.pairs();
        all.extend(late.pairs());
        all.sort_by_key(|(segment, _)| segment.frame);
        self.segments.extend(all.iter().map(|(segment, _)| segment));
        self.rares.extend(all.iter().filter_map(|(_, rare)| *rare));
        self.assembled = late.assembled;
        self.errors.extend(late.errors);
        self.errors.sort_by_key(|(_, error)| error.frame);
        for (before, error) in &mut self.errors {
            *before = self.segments.partition_point(|segment| segment.frame < error.frame);
        }
    }

    /// Takes out all segments, each with its rare part.
    fn pairs(&mut self) -> Vec<(Segment, Option<Rare>)> {
        let mut rares = std::mem::take(&mut self.rares).into_iter();
        let pair = |segment: Segment| (segment, segment.marks.has(Marks::RARE).then(|| rares.next()).flatten());
        std::mem::take(&mut self.segments).into_iter().map(pair).collect()
    }

    /// What belongs to a segment that was put together.
    pub fn assembled(&self, segment: &Segment) -> Option<&Assembled> {
        let at = self.assembled.partition_point(|assembled| assembled.frame < segment.frame);
        self.assembled.get(at).filter(|assembled| assembled.frame == segment.frame)
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
    /// Pieces of packets, in file order: put together where the chunk is accepted.
    pub fragments: Vec<Fragment>,
}

/// What the packets of a chunk were.
#[derive(Debug, Default)]
pub struct Counts {
    pub segments: u64,
    pub errors: u64,
    /// What the frames had on the wire.
    pub wire_bytes: u64,
    /// Frames that were captured in part, and segments whose header was.
    pub cut_frames: u64,
    pub cut_headers: u64,
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
    /// Comments beside frames that no connection gets: how many, and the first of them with the numbers of their frames.
    pub comments: u64,
    pub first_comments: Vec<(u64, String)>,
}

/// Where a chunk lies.
pub struct Extent<'a> {
    /// The file, as far as it is there.
    pub bytes: &'a [u8],
    /// Where its first record begins.
    pub start: u64,
    /// The first place that belongs to the next.
    pub limit: u64,
}

/// Frames and decodes the records that start in a chunk.
pub fn read(file: &File, assumed: Arc<Context>, chunk: Extent<'_>, lens: &Lens, sorted: &mut Sorted) -> Read {
    let Extent { bytes, start, limit } = chunk;
    sorted.clear();
    let mut after = (*assumed).clone();
    let (mut counts, mut fragments) = (Counts::default(), Vec::new());
    let is_clear = lens.is_clear(file);
    let take = &mut |frame: Frame<'_>| {
        let mut rare = None;
        match if is_clear { lens.plain(&frame, &mut rare) } else { None } {
            Some(segment) => counts.take_plain(&frame, segment, rare.as_ref(), sorted),
            None => counts.take_any(&frame, lens, file, sorted, &mut fragments),
        }
    };
    let stop = (file.format.frames)(bytes, &mut after, start, limit, take);
    sorted.links = counts.links.iter().copied().map(LinkType).collect();
    Read { start: Some(start), stop, assumed, after, counts, fragments }
}

/// A chunk in which no record seems to begin.
pub fn empty(assumed: Arc<Context>, range: Range<u64>, sorted: &mut Sorted) -> Read {
    sorted.clear();
    let stop = Stop { at: range.end, frames: 0, end: None, statistics: Vec::new() };
    let after = (*assumed).clone();
    Read { start: None, stop, assumed, after, counts: Counts::default(), fragments: Vec::new() }
}

/// Takes what a segment says of DNS.
#[cold]
fn look_up(bytes: &[u8], segment: &Segment, seen: &mut Vec<Seen>) {
    seen.extend(wire::dns::in_segment(bytes, segment).into_iter().map(|dns| Seen::Dns(Box::new(dns))));
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
    /// Takes a frame of the plainest shape.
    #[inline(always)]
    fn take_plain(&mut self, frame: &Frame<'_>, segment: Segment, rare: Option<&Rare>, sorted: &mut Sorted) {
        self.packet(frame, true, true);
        self.segment(segment, rare, frame.bytes, sorted);
    }

    /// Takes a frame of any shape. Apart from those of the plainest, whose way is short as long as nothing else stands in it.
    #[inline(never)]
    fn take_any(
        &mut self,
        frame: &Frame<'_>,
        lens: &Lens,
        file: &File,
        sorted: &mut Sorted,
        fragments: &mut Vec<Fragment>,
    ) {
        let mut rare = None;
        match if lens.is_clear(file) { lens.plain_other(frame, &mut rare) } else { None } {
            Some(segment) => self.take_plain(frame, segment, rare.as_ref(), sorted),
            None => self.take(frame, lens.view(frame, file), sorted, fragments),
        }
    }

    /// Counts what holds of any packet; `in_time` if it lies between the moments asked for, `taken` if nothing left it out.
    #[inline(always)]
    fn packet(&mut self, frame: &Frame<'_>, in_time: bool, taken: bool) {
        self.wire_bytes += u64::from(frame.wire_len);
        let is_cut = (frame.bytes.len() as u64) < u64::from(frame.wire_len);
        self.cut_frames += u64::from(is_cut && taken);
        self.note_time(frame.time, in_time);
        if self.links.last() != Some(&frame.link.0) && !self.links.contains(&frame.link.0) {
            self.links.push(frame.link.0);
        }
    }

    fn take(&mut self, frame: &Frame<'_>, view: View, sorted: &mut Sorted, fragments: &mut Vec<Fragment>) {
        if !frame.not_a_packet {
            self.packet(frame, !matches!(view, View::OutOfTime), matches!(view, View::Taken(_)));
        }
        match &view {
            // By reference, into its place: a packet is larger than what else is done with it.
            View::Taken(Packet::Segment(segment, rare)) => {
                self.segment(*segment, rare.as_ref(), frame.bytes, sorted);
                if let Some(remark) = frame.remark {
                    let lane = &mut sorted.lanes[usize::from(segment.lane) % LANES];
                    lane.remarks.push((segment.frame, remark.told()));
                }
            }
            View::Taken(Packet::Fragment(fragment)) => {
                self.count(Packet::Fragment(*fragment).why());
                fragments.push(*fragment);
            }
            View::Taken(packet) => self.rarer(packet, sorted),
            View::OutOfTime | View::LeftOut => self.left_out += 1,
        }
        if let (Some(remark), false) = (frame.remark, matches!(view, View::Taken(Packet::Segment(..)))) {
            self.remarked(frame.number, remark);
        }
    }

    /// Keeps what was written beside a frame that no connection gets.
    #[cold]
    fn remarked(&mut self, frame: u64, remark: Remark<'_>) {
        if let Some(comment) = remark.told().comment {
            self.comments += 1;
            if self.first_comments.len() < MOST_COMMENTS {
                self.first_comments.push((frame, comment));
            }
        }
    }

    #[inline(always)]
    fn segment(&mut self, segment: Segment, rare: Option<&Rare>, bytes: &[u8], sorted: &mut Sorted) {
        let Sorted { lanes, seen, .. } = sorted;
        let marks = segment.marks;
        self.segments += 1;
        self.cut_headers += u64::from(marks.has(Marks::HEADER_CUT));
        let lane = &mut lanes[usize::from(segment.lane) % LANES];
        if lane.segments.len() == lane.segments.capacity() {
            lane.segments.reserve(FEW);
        }
        lane.segments.push(segment);
        if let Some(rare) = rare {
            lane.rares.push(*rare);
        }
        if marks.has(Marks::DNS)
            && let Some(segment) = lane.segments.last()
        {
            look_up(bytes, segment, seen);
        }
    }

    /// Takes what is no segment.
    #[inline(never)]
    fn rarer(&mut self, packet: &Packet, sorted: &mut Sorted) {
        self.count(packet.why());
        match packet {
            Packet::IcmpError(error) => {
                self.errors += 1;
                let lane = &mut sorted.lanes[usize::from(error.lane) % LANES];
                lane.errors.push((lane.segments.len(), *error));
            }
            Packet::Arp(arp) => sorted.seen.push(Seen::Arp(*arp)),
            Packet::Dns(dns) => sorted.seen.push(Seen::Dns(dns.clone())),
            Packet::Segment(..) | Packet::Fragment(_) | Packet::Other(_) => {}
        }
    }

    fn count(&mut self, why: Option<Why>) {
        if let Some(why) = why {
            *self.others.entry(why).or_default() += 1;
        }
    }

    /// Takes a packet whose last piece stood in this chunk: until now that was counted as a piece only.
    pub fn take_whole(&mut self, piece: &Fragment, whole: Whole, late: &mut Sorted) {
        if let Entry::Occupied(mut count) = self.others.entry(Why::Fragment(piece.protocol)) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        let Whole { packet, bytes, passages, .. } = whole;
        match &packet {
            Packet::Segment(segment, rare) => {
                self.segment(*segment, rare.as_ref(), &bytes, late);
                let lane = &mut late.lanes[usize::from(segment.lane) % LANES];
                lane.assembled.push(Assembled { frame: segment.frame, bytes, passages });
            }
            other => self.rarer(other, late),
        }
    }

    #[inline(always)]
    fn note_time(&mut self, time: Timestamp, asked_for: bool) {
        if time == Timestamp(0) {
            return; // the container gives no time
        }
        match (&mut self.last, &mut self.latest, &mut self.in_time) {
            // Later than all before: nothing else can change.
            (Some(last), Some(latest), Some((_, latest_asked))) if asked_for && time >= *latest => {
                (*last, *latest, *latest_asked) = (time, time, time);
            }
            _ => self.note_any_time(time, asked_for),
        }
    }

    #[inline(never)]
    fn note_any_time(&mut self, time: Timestamp, asked_for: bool) {
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
