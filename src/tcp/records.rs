//! Finished connections as bytes: a few hundred of facts instead of a fixed-size summary of which most is empty.
//!
//! A record is a tag, the flow's hash as it is (random bytes encode to no less), and a sparse value.

use super::Summary;
use super::embryo::Embryo;
use super::rebase::Rebase;
use super::sparse;
use crate::wire::FlowHash;

/// What follows is an embryo, or a summary whose numbers count from its own beginning.
const EMBRYO: u8 = 0;
const SUMMARY: u8 = 1;

/// Finished connections with their places in the order of delivery.
#[derive(Debug, Default)]
pub struct Records {
    bytes: Vec<u8>,
    /// Point and first frame, and where the record begins.
    index: Vec<((u32, u64), u64)>,
}

impl Records {
    pub fn push(&mut self, summary: &Summary) {
        let mut summary = *summary;
        summary.rebase(Rebase::ToOwn);
        let write = |bytes| sparse::encode(&summary, bytes);
        self.add((summary.point, summary.first_frame), SUMMARY, summary.flow, write);
    }

    pub(super) fn push_embryo(&mut self, embryo: &Embryo) {
        self.add(embryo.order(), EMBRYO, embryo.flow, |bytes| embryo.encode(bytes));
    }

    /// A summary that is rebased and encoded already.
    pub(super) fn push_encoded(&mut self, order: (u32, u64), flow: FlowHash, encoded: &[u8]) {
        self.add(order, SUMMARY, flow, |mut bytes| {
            bytes.extend_from_slice(encoded);
            bytes
        });
    }

    /// A record is preceded by its length.
    fn add(&mut self, order: (u32, u64), tag: u8, flow: FlowHash, write: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0, 0, 0, tag]);
        self.bytes.extend_from_slice(&flow.to_bytes());
        self.bytes = write(std::mem::take(&mut self.bytes));
        let length = (self.bytes.len() - start - 4) as u32;
        if let Some(place) = self.bytes.get_mut(start..start + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        self.index.push((order, start as u64));
    }

    /// Puts the records into their order, bytes and all, so that reading them is one walk through memory.
    pub fn sort(&mut self) {
        if self.index.is_sorted_by_key(|&(order, _)| order) {
            return;
        }
        self.index.sort_unstable_by_key(|&(order, _)| order);
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for (_, start) in &mut self.index {
            let place = usize::try_from(*start).unwrap_or(usize::MAX);
            let record = self.bytes.get(place..).and_then(take_one).map_or(&[][..], |(record, _)| record);
            *start = bytes.len() as u64;
            bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
            bytes.extend_from_slice(record);
        }
        self.bytes = bytes;
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        self.bytes.len() + self.index.len() * size_of::<((u32, u64), u64)>()
    }

    /// Order and bytes of the record that is `index`-th.
    pub fn get(&self, index: usize) -> Option<((u32, u64), &[u8])> {
        let &(order, start) = self.index.get(index)?;
        let (record, _) = take_one(self.bytes.get(usize::try_from(start).ok()?..)?)?;
        Some((order, record))
    }
}

/// The record that begins here, and what follows it.
fn take_one(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// The summary that a record stands for.
pub fn decode(record: &[u8]) -> Option<Summary> {
    let (tag, rest) = record.split_first()?;
    let (flow, encoded) = rest.split_first_chunk()?;
    let flow = FlowHash::from_bytes(*flow);
    if *tag == EMBRYO {
        return Embryo::decode(flow, encoded).map(|embryo| embryo.summary());
    }
    let mut summary = Summary { flow, ..sparse::decode(encoded)? };
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
