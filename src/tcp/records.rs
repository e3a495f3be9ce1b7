//! Finished connections as bytes: a few hundred of facts instead of a fixed-size summary of which most is empty. Embryos stay
//! as they are: they are small already.
//!
//! On disk a record is a tag, the flow's hash as it is (random bytes encode to no less), and a value.

use super::Summary;
use super::embryo::Embryo;
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

/// Embryos of a piece: 32 MiB.
const PIECE: usize = (32 << 20) / size_of::<Embryo>();

/// Finished connections with their places in the order of delivery.
#[derive(Debug, Default)]
pub struct Records {
    blocks: Vec<Vec<u8>>,
    index: Vec<Entry>,
    bytes: usize,
    embryos: Vec<Embryo>,
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

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
struct Entry {
    point: u32,
    first_frame: u64,
    block: u32,
    start: u32,
    length: u32,
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

    /// Room for so many more embryos, without any to spare, and for no more than a piece.
    pub(super) fn expect_embryos(&mut self, more: usize) {
        self.embryos.reserve_exact(more.min(PIECE));
    }

    /// All of them if their embryos fill a piece; none are left.
    pub(super) fn full(&mut self) -> Option<Self> {
        (self.embryos.len() >= PIECE).then(|| std::mem::take(self))
    }

    pub(super) fn push_embryo(&mut self, embryo: Embryo) {
        self.embryos.push(embryo);
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

    /// Puts the records into their order. Their bytes stay where they are: whoever reads them does so on all threads.
    pub fn sort(&mut self) {
        self.index.sort_unstable_by_key(Entry::order);
        self.embryos.sort_unstable_by_key(Embryo::order);
    }

    pub fn len(&self) -> usize {
        self.index.len() + self.embryos.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.bytes + self.index.len() * size_of::<Entry>() + self.embryos.len() * size_of::<Embryo>()
    }

    /// The `index`-th record that is no embryo.
    pub fn packed(&self, index: usize) -> Option<(Order, Record<'_>)> {
        let entry = self.index.get(index)?;
        let record = self.blocks.get(entry.block as usize)?.get(entry.start as usize..)?;
        let (flow, packed) = record.get(..entry.length as usize)?.split_first_chunk()?;
        Some((entry.order(), Record(Content::Packed(FlowHash::from_bytes(*flow), packed))))
    }

    /// The `index`-th embryo.
    pub fn embryo(&self, index: usize) -> Option<(Order, Record<'_>)> {
        self.embryos.get(index).map(|embryo| (embryo.order(), Record(Content::Embryo(embryo))))
    }

    /// All of them: each kind in its order.
    pub fn iter(&self) -> impl Iterator<Item = (Order, Record<'_>)> {
        let packed = (0..self.index.len()).filter_map(|index| self.packed(index));
        packed.chain((0..self.embryos.len()).filter_map(|index| self.embryo(index)))
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
            Content::Packed(flow, packed) => {
                out.push(SUMMARY);
                out.extend_from_slice(&flow.to_bytes());
                out.extend_from_slice(packed);
            }
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
