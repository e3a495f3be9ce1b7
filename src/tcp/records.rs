//! Finished connections as bytes: a few hundred of facts instead of a fixed-size summary of which most is empty.
//!
//! A record is a tag, the flow's hash as it is (random bytes encode to no less), and a sparse value.

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

/// Finished connections with their places in the order of delivery.
#[derive(Debug, Default)]
pub struct Records {
    blocks: Vec<Vec<u8>>,
    index: Vec<Entry>,
    bytes: usize,
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
    fn order(&self) -> (u32, u64) {
        (self.point, self.first_frame)
    }
}

impl Records {
    pub fn push(&mut self, summary: &Summary) {
        let mut summary = *summary;
        summary.rebase(Rebase::ToOwn);
        let write = |bytes: &mut Vec<u8>| packed::encode(&summary, bytes);
        self.add((summary.point, summary.first_frame), SUMMARY, summary.flow, write);
    }

    pub(super) fn push_embryo(&mut self, embryo: &Embryo) {
        self.add(embryo.order(), EMBRYO, embryo.flow, |bytes| *bytes = embryo.encode(std::mem::take(bytes)));
    }

    /// A summary that is rebased and encoded already.
    pub(super) fn push_encoded(&mut self, order: (u32, u64), flow: FlowHash, encoded: &[u8]) {
        self.add(order, SUMMARY, flow, |bytes| bytes.extend_from_slice(encoded));
    }

    fn add(&mut self, (point, first_frame): (u32, u64), tag: u8, flow: FlowHash, write: impl FnOnce(&mut Vec<u8>)) {
        if self.blocks.last().is_none_or(|block| block.len() + ROOM > BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let Some(block) = self.blocks.last_mut() else { return };
        let start = block.len();
        block.push(tag);
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
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.bytes + self.index.len() * size_of::<Entry>()
    }

    /// Order and bytes of the record that is `index`-th.
    pub fn get(&self, index: usize) -> Option<((u32, u64), &[u8])> {
        let entry = self.index.get(index)?;
        let record = self.blocks.get(entry.block as usize)?.get(entry.start as usize..)?;
        Some((entry.order(), record.get(..entry.length as usize)?))
    }
}

/// The summary that a record stands for.
pub fn decode(record: &[u8]) -> Option<Summary> {
    let (tag, rest) = record.split_first()?;
    let (flow, encoded) = rest.split_first_chunk()?;
    let flow = FlowHash::from_bytes(*flow);
    if *tag == EMBRYO {
        return Embryo::decode(flow, encoded).map(|embryo| embryo.summary());
    }
    let (mut summary, _) = packed::decode_first(flow, encoded)?;
    summary.rebase(Rebase::ToCapture);
    Some(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_that_are_no_record_decode_to_nothing_or_something(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
