//! Finished connections as bytes: a few hundred of facts instead of a fixed-size summary of which most is empty. Embryos stay as
//! they are, and flows that rested where they are: they are small already.
//!
//! On disk a record is a tag, the flow's hash as it is (random bytes encode to no less), and a value.

use super::Summary;
use super::embryo::Embryo;
use super::flow::Ended;
use super::packed;
use super::rebase::Rebase;
use super::tape::{Content as OfTape, Entry as Taped, OnTape};
use crate::wire::FlowHash;

/// What follows is an embryo, or a summary whose numbers count from its own beginning.
const EMBRYO: u8 = 0;
const SUMMARY: u8 = 1;

/// Bytes of a block: growing one vector would copy all of it and touch twice the memory.
const BLOCK: usize = 64 << 10;
/// Room that a block must have left for another record: hardly any is longer, and those that are make the block grow.
const ROOM: usize = 1 << 10;

/// Point and first frame: the order of delivery.
pub type Order = (u32, u64);

/// Finished connections with their places in the order of delivery.
#[derive(Debug, Default)]
pub struct Records {
    blocks: Vec<Vec<u8>>,
    index: Vec<Entry>,
    bytes: usize,
    /// Embryos as a store held them.
    embryos: Vec<Vec<Option<Embryo>>>,
    /// Embryos that came by themselves, or stood where others had stood before.
    strays: Vec<Embryo>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Record<'a>(Content<'a>);

#[derive(Clone, Debug)]
enum Content<'a> {
    /// Of this flow: a summary that is packed.
    Packed(FlowHash, &'a [u8]),
    Embryo(&'a Embryo),
    /// As [`Record::write`] writes it.
    Written(Vec<u8>),
}

/// Records of one kind, with their places.
pub type Each<'a> = Box<dyn Iterator<Item = (Order, Record<'a>)> + Send + 'a>;

/// Where a record lies: in a block, with the hash of its flow. None begins further on in it, and none is as long.
#[derive(Clone, Copy, Debug)]
struct Entry {
    point: u32,
    first_frame: u64,
    block: u32,
    start: u16,
    length: u16,
}

impl Entry {
    fn order(&self) -> Order {
        (self.point, self.first_frame)
    }
}

impl Records {
    pub fn push(&mut self, summary: &Summary) {
        let mut summary = *summary;
        summary.rebase(Rebase::ToOwn);
        let write = |bytes: &mut Vec<u8>| packed::encode(&summary, bytes);
        self.add((summary.point, summary.first_frame), summary.flow, write);
    }

    pub(super) fn push_embryo(&mut self, embryo: Embryo) {
        self.strays.push(embryo);
    }

    /// Embryos as a slab held them.
    pub(super) fn add_embryos(&mut self, block: Vec<Option<Embryo>>) {
        self.embryos.push(block);
    }

    /// A block of a tape; `also` takes what a flow has beside its record.
    pub(super) fn add_tape(&mut self, mut block: Vec<u8>, also: &mut dyn FnMut(Ended<'_>)) {
        let (start, number) = (OnTape::default(), self.blocks.len() as u32);
        for entry in Taped::all(start, &block) {
            match entry.content() {
                OfTape::Embryo(embryo) => self.push_embryo(embryo),
                OfTape::Flow(packed) => {
                    let Some(ended) = packed.ended(entry.hash) else { continue };
                    self.note(ended.order, number, entry.record_at(start), FlowHash::BYTES + packed.record);
                    also(ended);
                }
                OfTape::Nothing => {}
            }
        }
        // What is left of few takes as little memory as it says.
        if block.len() < BLOCK / 2 {
            block.shrink_to_fit();
        }
        self.bytes += block.len();
        self.blocks.push(block);
    }

    /// A summary that is rebased and encoded already.
    pub(super) fn push_encoded(&mut self, order: Order, flow: FlowHash, encoded: &[u8]) {
        self.add(order, flow, |bytes| bytes.extend_from_slice(encoded));
    }

    fn add(&mut self, order: Order, flow: FlowHash, write: impl FnOnce(&mut Vec<u8>)) {
        if self.blocks.last().is_none_or(|block| block.len() + ROOM > BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let Some(block) = self.blocks.last_mut() else { return };
        let start = block.len();
        block.extend_from_slice(&flow.to_bytes());
        write(block);
        let length = block.len() - start;
        self.bytes += length;
        self.note(order, self.blocks.len() as u32 - 1, start, length);
    }

    fn note(&mut self, (point, first_frame): Order, block: u32, start: usize, length: usize) {
        debug_assert!(start.max(length) <= usize::from(u16::MAX), "{start}, {length}");
        self.index.push(Entry { point, first_frame, block, start: start as u16, length: length as u16 });
    }

    /// Puts the records into their order. The bytes of those that are packed stay where they are.
    pub fn sort(&mut self) {
        self.index.sort_unstable_by_key(Entry::order);
        // A place that was taken again holds a later embryo than those behind it; all others lie in their order.
        let mut least = None;
        for block in self.embryos.iter_mut().rev() {
            for place in block.iter_mut().rev() {
                let Some(order) = place.as_ref().map(Embryo::order) else { continue };
                if least.is_none_or(|least| order < least) {
                    least = Some(order);
                } else {
                    self.strays.extend(place.take());
                }
            }
            if block.iter().all(Option::is_none) {
                *block = Vec::new();
            }
        }
        self.strays.sort_unstable_by_key(Embryo::order);
    }

    pub fn len(&self) -> usize {
        self.index.len() + self.strays.len() + self.embryos.iter().flatten().flatten().count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        let embryos = self.embryos.iter().map(Vec::len).sum::<usize>() + self.strays.len();
        self.bytes + self.index.len() * size_of::<Entry>() + embryos * size_of::<Embryo>()
    }

    fn packed(&self, index: usize) -> Option<(Order, Record<'_>)> {
        let entry = self.index.get(index)?;
        let record = self.blocks.get(entry.block as usize)?.get(usize::from(entry.start)..)?;
        let (flow, packed) = record.get(..usize::from(entry.length))?.split_first_chunk()?;
        Some((entry.order(), Record(Content::Packed(FlowHash::from_bytes(*flow), packed))))
    }

    /// All of them, of each kind in its order once they are sorted.
    pub fn each(&self) -> [Each<'_>; 3] {
        let embryo = |embryo| (Embryo::order(embryo), Record(Content::Embryo(embryo)));
        [
            Box::new((0..self.index.len()).filter_map(|index| self.packed(index))),
            Box::new(self.embryos.iter().flatten().flatten().map(embryo)),
            Box::new(self.strays.iter().map(embryo)),
        ]
    }

    /// All of them: each kind in its order.
    pub fn iter(&self) -> impl Iterator<Item = (Order, Record<'_>)> {
        self.each().into_iter().flatten()
    }
}

impl Record<'_> {
    /// The connection that it stands for.
    pub fn summary(&self) -> Option<Summary> {
        let mut summary = Summary::default();
        self.fill(&mut summary).map(|()| summary)
    }

    /// Makes this the connection that it stands for, in its place: a summary is large, and copies of it cost more than what is
    /// read. `None` for bytes that are no record; the summary is then of no use.
    pub fn fill(&self, summary: &mut Summary) -> Option<()> {
        match &self.0 {
            Content::Packed(flow, packed) => unpack(summary, *flow, packed),
            Content::Embryo(embryo) => {
                embryo.fill(summary);
                Some(())
            }
            Content::Written(bytes) => {
                let (tag, rest) = bytes.split_first()?;
                let (flow, encoded) = rest.split_first_chunk()?;
                let flow = FlowHash::from_bytes(*flow);
                match *tag {
                    EMBRYO => Embryo::decode(flow, encoded).map(|embryo| embryo.fill(summary)),
                    _ => unpack(summary, flow, encoded),
                }
            }
        }
    }

    /// Appends it, for [`Record::written`].
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Content::Packed(flow, packed) => write(*flow, packed, out),
            Content::Embryo(embryo) => {
                out.push(EMBRYO);
                out.extend_from_slice(&embryo.flow.to_bytes());
                embryo.encode(out);
            }
            Content::Written(bytes) => out.extend_from_slice(bytes),
        }
    }
}

impl Record<'static> {
    /// The record that these bytes were written of.
    pub fn written(bytes: Vec<u8>) -> Self {
        Self(Content::Written(bytes))
    }
}

fn write(flow: FlowHash, packed: &[u8], out: &mut Vec<u8>) {
    out.push(SUMMARY);
    out.extend_from_slice(&flow.to_bytes());
    out.extend_from_slice(packed);
}

fn unpack(summary: &mut Summary, flow: FlowHash, packed: &[u8]) -> Option<()> {
    packed::decode_into(summary, flow, packed)?;
    summary.rebase(Rebase::ToCapture);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_that_are_no_record_decode_to_nothing_or_something(bytes: Vec<u8>) {
            let _ = Record::written(bytes).summary();
        }
    }
}
