//! Accepted chunks go to the lanes: segments and errors to their tables, and what stands beside them to its lists.

use super::{Run, Slot};
use crate::analysis::chunk::{Batch, Seen};
use crate::analysis::lane::Lane;
use crate::capture::{LinkType, prefetch};
use crate::case::Beside;
use crate::tcp::Place;
use crate::wire::{self, Flags, Marks, Passage, Segment};
use std::cell::Cell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Segments between asking for a frame and reading it.
const AHEAD: usize = 8;

impl Run<'_> {
    pub(super) fn look_around(&self, slot: &Slot, place: Place) {
        let mut around = self.lanes.around.lock().unwrap_or_else(PoisonError::into_inner);
        for seen in slot.seen.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            match seen {
                Seen::Arp(arp) => around.arp.take(&arp, place.frames_before),
                Seen::Dns(dns) => around.take_dns(&dns, place.frames_before),
            }
        }
    }

    pub(super) fn feed_lane<'s>(&self, number: usize, chunks: impl Iterator<Item = (&'s Slot, Place)>) {
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
        let (mut remarks, mut errors) = (&batch.remarks[..], &batch.errors[..]);
        for (index, segment) in batch.segments.iter().enumerate() {
            if let Some(next) = batch.segments.get(index + AHEAD)
                && next.flags.any(Flags::SYN)
            {
                // It is likely to begin a connection, whose addresses stand in its frame only.
                prefetch(self.file.source.bytes(), next.offset + u64::from(next.ip_at));
            }
            while let [(before, error), rest @ ..] = errors
                && *before <= index
            {
                self.feed_error(lane, error, place);
                errors = rest;
            }
            let rare = segment.marks.has(Marks::RARE).then(|| rares.next()).flatten();
            let begins = Cell::new(false);
            lane.observe(segment, rare, place, &|| {
                begins.set(true);
                wire::addresses(self.frame(segment, batch)?, segment.ip_at)
            });
            let remark = match remarks {
                [(frame, told), rest @ ..] if *frame == segment.frame => {
                    remarks = rest;
                    Some(told)
                }
                _ => None,
            };
            let tunnelled = segment.marks.has(Marks::TUNNEL) && begins.get();
            if tunnelled || segment.marks.has(Marks::NAMED) || remark.is_some() {
                let tunnels = if tunnelled { self.tunnels(segment, batch, links) } else { Vec::new() };
                if let Some(connection) = lane.newest(segment.flow) {
                    beside.note(connection, segment, self.frame(segment, batch), tunnels, remark);
                }
            }
        }
        errors.iter().for_each(|(_, error)| self.feed_error(lane, error, place));
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
