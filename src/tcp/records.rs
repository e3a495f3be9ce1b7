//! Finished connections as bytes: a few hundred of facts instead of a fixed-size summary of which most is empty. Embryos, and
//! flows that rested, stay as they are: they are small already.
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
    /// What they take beside their places.
    flow_bytes: usize,
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

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
struct Entry {
    point: u32,
    first_frame: u64,
    at: At,
}

#[derive(Clone, Copy, Debug)]
enum At {
    /// In a block of bytes. None begins further on in it, and none is as long.
    Bytes { block: u32, start: u16, length: u16 },
    /// In a block of flows.
    Flow { block: u32, place: u32 },
}

/// Of a block of flows with fewer than one in so many places taken, these are copied.
const SPARSE: usize = 4;

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

    /// Flows that rested, as a slab held them; `also` takes what a flow has beside its record.
    pub(super) fn add_flows(&mut self, flows: Vec<Option<Packed>>, also: &mut dyn FnMut(Ended<'_>)) {
        let taken = flows.iter().flatten().count();
        let stay = taken > flows.len() / SPARSE;
        let block = self.flows.len() as u32;
        for (place, packed) in (0..).zip(&flows) {
            let Some((packed, ended)) = packed.as_ref().and_then(|packed| Some((packed, packed.ended()?))) else {
                continue;
            };
            if stay {
                let (point, first_frame) = ended.order;
                self.flow_bytes += packed.bytes.len();
                self.index.push(Entry { point, first_frame, at: At::Flow { block, place } });
            } else {
                self.push_encoded(ended.order, packed.hash, ended.summary);
            }
            also(ended);
        }
        if stay {
            self.flows.push(flows);
        }
    }

    /// Takes out what lies where the store held it: embryos, and flows that rested.
    #[must_use]
    pub fn take_held(&mut self) -> Self {
        let all = std::mem::take(&mut self.index);
        let (held, others) = all.into_iter().partition(|entry| matches!(entry.at, At::Flow { .. }));
        self.index = others;
        Self {
            index: held,
            flows: std::mem::take(&mut self.flows),
            flow_bytes: std::mem::take(&mut self.flow_bytes),
            embryos: std::mem::take(&mut self.embryos),
            ..Self::default()
        }
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
        debug_assert!(start.max(length) <= usize::from(u16::MAX), "{start}, {length}");
        let at = At::Bytes { block, start: start as u16, length: length as u16 };
        self.index.push(Entry { point, first_frame, at });
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
        let flows: usize = self.flows.iter().map(Vec::len).sum();
        let held = embryos * size_of::<Embryo>() + flows * size_of::<Option<Packed>>() + self.flow_bytes;
        self.bytes + self.index.len() * size_of::<Entry>() + held
    }

    fn packed(&self, index: usize) -> Option<(Order, Record<'_>)> {
        let entry = self.index.get(index)?;
        let content = match entry.at {
            At::Bytes { block, start, length } => {
                let record = self.blocks.get(block as usize)?.get(usize::from(start)..)?;
                let (flow, packed) = record.get(..usize::from(length))?.split_first_chunk()?;
                Content::Packed(FlowHash::from_bytes(*flow), packed)
            }
            At::Flow { block, place } => {
                Content::Rested(self.flows.get(block as usize)?.get(place as usize)?.as_ref()?)
            }
        };
        Some((entry.order(), Record(content)))
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
