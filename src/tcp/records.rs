//! Finished connections as bytes: a few hundred of facts instead of a fixed-size summary of which most is empty. Embryos stay
//! as they are: they are small already.
//!
//! On disk a record is a tag, the flow's hash as it is (random bytes encode to no less), and a value.

use super::Summary;
use super::embryo::Embryo;
use super::flow::{Ended, Packed};
use super::packed;
use super::rebase::Rebase;
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
    /// Flows that rested, as a store held them: copies of all would need twice the memory.
    flows: Vec<Vec<Option<Packed>>>,
    /// The same of embryos.
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
    /// The newest of a flow that rested.
    Rested(&'a Packed),
    Embryo(&'a Embryo),
    /// As [`Record::write`] writes it.
    Written(Vec<u8>),
}

/// Records of one kind, with their places.
pub type Each<'a> = Box<dyn Iterator<Item = (Order, Record<'a>)> + Send + 'a>;

/// Where a record lies: in a block of bytes, so many from there on, or among flows, at that place.
#[derive(Clone, Copy, Debug)]
struct Entry {
    point: u32,
    first_frame: u64,
    /// From [`FLOWS`] on a block of flows.
    block: u32,
    start: u32,
    length: u32,
}

/// More blocks of bytes than there are.
const FLOWS: u32 = 1 << 31;

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

    /// Flows that rested as a slab held them; `also` takes what else there is to each.
    pub(super) fn add_flows(&mut self, block: Vec<Option<Packed>>, also: &mut dyn FnMut(Ended<'_>)) {
        let number = FLOWS + self.flows.len() as u32;
        for (place, packed) in (0..).zip(&block) {
            let Some(packed) = packed else { continue };
            let Some(ended) = packed.ended() else { continue };
            let (point, first_frame) = ended.order;
            self.bytes += packed.memory();
            self.index.push(Entry { point, first_frame, block: number, start: place, length: 0 });
            also(ended);
        }
        self.flows.push(block);
    }

    /// Takes out the embryos that lie where the store held them.
    #[must_use]
    pub fn take_embryos(&mut self) -> Self {
        Self { embryos: std::mem::take(&mut self.embryos), ..Self::default() }
    }

    /// A summary that is rebased and encoded already.
    pub(super) fn push_encoded(&mut self, order: Order, flow: FlowHash, encoded: &[u8]) {
        self.add(order, flow, |bytes| bytes.extend_from_slice(encoded));
    }

    fn add(&mut self, (point, first_frame): Order, flow: FlowHash, write: impl FnOnce(&mut Vec<u8>)) {
        if self.blocks.last().is_none_or(|block| block.len() + ROOM > BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let Some(block) = self.blocks.last_mut() else { return };
        let start = block.len();
        block.extend_from_slice(&flow.to_bytes());
        write(block);
        let length = block.len() - start;
        self.bytes += length;
        let block = self.blocks.len() as u32 - 1;
        self.index.push(Entry { point, first_frame, block, start: start as u32, length: length as u32 });
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
        let places: usize = self.embryos.iter().map(Vec::len).sum();
        self.bytes + self.index.len() * size_of::<Entry>() + (places + self.strays.len()) * size_of::<Embryo>()
    }

    fn packed(&self, index: usize) -> Option<(Order, Record<'_>)> {
        let entry = self.index.get(index)?;
        if let Some(block) = entry.block.checked_sub(FLOWS) {
            let packed = self.flows.get(block as usize)?.get(entry.start as usize)?.as_ref()?;
            return Some((entry.order(), Record(Content::Rested(packed))));
        }
        let record = self.blocks.get(entry.block as usize)?.get(entry.start as usize..)?;
        let (flow, packed) = record.get(..entry.length as usize)?.split_first_chunk()?;
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
            Content::Rested(packed) => unpack(summary, packed.hash, packed.summary()?),
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
            Content::Rested(packed) => write(packed.hash, packed.summary().unwrap_or_default(), out),
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
