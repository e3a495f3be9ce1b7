//! The pieces of one packet that came, and the packet that they make.

use super::{Fragment, LONGEST, Whole};
use crate::capture::{Frame, LinkType};
use crate::wire::link::raw;
use crate::wire::{Keys, Marks, Packet, Passage, decode, ip, tunnels};
use std::ops::Range;

/// Pieces of one packet: one of 64 KiB over the smallest link has 120 (RFC 791), over the smallest IPv6 link 55.
const MOST_PIECES: usize = 512;
/// Bytes kept behind the headers of the first piece: what an inner network's headers, or a DNS answer, need.
const KEPT: u32 = 4096;

/// A packet of which pieces are missing.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    first: Option<First>,
    /// The first bytes of the payload, zeros where nothing came yet.
    head: Vec<u8>,
    /// From here on the snap length cut something of `head` off.
    cut_at: Option<u32>,
    /// In order; none overlaps another.
    pieces: Vec<Range<u32>>,
    total: Option<u32>,
    /// Of the frames that brought something.
    frames: u32,
    wire_len: u32,
    /// Some overlap or contradict each other.
    pub(super) overlapping: bool,
}

/// What only the first piece has.
#[derive(Debug)]
struct First {
    /// The IP header, extension headers included.
    header: Vec<u8>,
    vlan: u16,
    passages: Vec<Passage>,
}

impl Gathering {
    /// Takes a piece; false if the packet has to be given up.
    pub(super) fn add(&mut self, fragment: &Fragment, bytes: &[u8], v6: bool) -> bool {
        let piece = fragment.start..fragment.start.saturating_add(fragment.len);
        if piece.is_empty() {
            return true;
        }
        let ends = self.total.is_none_or(|total| if fragment.more { piece.end <= total } else { piece.end == total });
        let fits = fragment.more || self.pieces.last().is_none_or(|last| last.end <= piece.end);
        let too_long = piece.end as usize > LONGEST;
        if !ends || !fits || too_long {
            self.overlapping = true;
            return !v6 && !too_long;
        }
        let gaps = self.gaps(&piece);
        let copy = gaps.is_empty() && self.pieces.contains(&piece);
        if copy {
            return true;
        }
        if gaps.len() != 1 || gaps.first() != Some(&piece) {
            self.overlapping = true;
            if v6 {
                return false;
            }
        }
        if !fragment.more {
            self.total = Some(piece.end);
        }
        if piece.start == 0 && self.first.is_none() {
            self.first = First::of(fragment, bytes);
        }
        self.frames += 1;
        self.wire_len = self.wire_len.saturating_add(fragment.wire_len);
        let payload = bytes.get(fragment.payload_at as usize..).unwrap_or_default();
        for gap in gaps {
            self.keep(&gap, payload.get((gap.start - piece.start) as usize..).unwrap_or_default());
            let at = self.pieces.partition_point(|other| other.start < gap.start);
            self.pieces.insert(at, gap);
        }
        self.pieces.len() <= MOST_PIECES
    }

    /// What of a piece has not come yet.
    fn gaps(&self, piece: &Range<u32>) -> Vec<Range<u32>> {
        let mut gaps = Vec::new();
        let mut from = piece.start;
        let first = self.pieces.partition_point(|other| other.end <= piece.start);
        for other in self.pieces.iter().skip(first).take_while(|other| other.start < piece.end) {
            if from < other.start {
                gaps.push(from..other.start);
            }
            from = from.max(other.end);
        }
        if from < piece.end {
            gaps.push(from..piece.end);
        }
        gaps
    }

    /// Keeps what of a new range belongs to the head.
    fn keep(&mut self, range: &Range<u32>, captured: &[u8]) {
        let end = range.end.min(KEPT);
        if range.start >= end {
            return;
        }
        let (from, to) = (range.start as usize, end as usize);
        if self.head.len() < to {
            self.head.resize(to, 0);
        }
        if let Some(place) = self.head.get_mut(from..to) {
            let length = captured.len().min(place.len());
            place.iter_mut().zip(captured).for_each(|(to, from)| *to = *from);
            if length < place.len() {
                let cut = range.start + length as u32;
                self.cut_at = Some(self.cut_at.map_or(cut, |before| before.min(cut)));
            }
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        let covered: u32 = self.pieces.iter().map(|piece| piece.end - piece.start).sum();
        self.first.is_some() && self.total == Some(covered)
    }

    /// The packet as if it had come in one piece with the last one.
    pub(super) fn packet(mut self, last: &Fragment, keys: &Keys) -> Option<Whole> {
        let (first, total) = (self.first?, self.total? as usize);
        let mut bytes = first.header;
        let wire_len = (bytes.len() + total) as u32;
        ip::unfragment(&mut bytes, total)?;
        let known = self.cut_at.map_or(self.head.len(), |cut| cut as usize);
        self.head.truncate(known.min(total));
        bytes.extend_from_slice(&self.head);
        let frame = Frame {
            number: u64::from(last.frame),
            time: last.time,
            link: LinkType(raw::LINKTYPE),
            interface: last.interface,
            wire_len,
            bytes: &bytes,
            offset: last.offset,
            not_a_packet: false,
            remark: None,
        };
        let mut packet = decode(&frame, keys);
        let mut passages = first.passages;
        if let Packet::Segment(segment, _) = &mut packet {
            segment.wire_len = self.wire_len;
            segment.vlan = if first.vlan == 0 { segment.vlan } else { first.vlan };
            segment.marks = segment.marks.with(Marks::ASSEMBLED);
            if last.marks.has(Marks::TUNNEL) {
                segment.marks = segment.marks.with(Marks::TUNNEL);
            }
            if segment.marks.has(Marks::TUNNEL) {
                passages.extend(tunnels(frame.link, &bytes));
            }
        }
        Some(Whole { packet, bytes, passages, pieces: self.frames, wire_len: self.wire_len })
    }
}

impl First {
    fn of(fragment: &Fragment, bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(fragment.ip_at as usize..fragment.payload_at as usize)?.to_vec();
        let in_tunnel = fragment.marks.has(Marks::TUNNEL);
        let passages = if in_tunnel { tunnels(fragment.link, bytes) } else { Vec::new() };
        Some(Self { header, vlan: fragment.vlan, passages })
    }
}
