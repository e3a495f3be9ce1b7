//! Finished connections as bytes: a few hundred bytes of facts instead of a fixed-size summary of which most is empty.

use super::Summary;
use super::embryo::Embryo;
use crate::wire::FlowHash;
use serde::{Deserialize, Serialize};

/// One finished connection, as it waits for delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Record {
    Embryo(FlowHash, Embryo),
    Whole(Box<Summary>),
}

/// Finished connections with their places in the order of delivery.
#[derive(Debug, Default)]
pub struct Records {
    bytes: Vec<u8>,
    /// Point and first frame, and where the record begins.
    index: Vec<((u32, u64), u64)>,
}

impl Records {
    pub fn push(&mut self, summary: &Summary) {
        let mut summary = Box::new(*summary);
        summary.rebase(summary.first.0);
        self.add((summary.point, summary.first_frame), &Record::Whole(summary));
    }

    pub(super) fn push_embryo(&mut self, flow: FlowHash, embryo: &Embryo) {
        self.add(embryo.order(), &Record::Embryo(flow, *embryo));
    }

    /// A record is its length and its encoding.
    fn add(&mut self, order: (u32, u64), record: &Record) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let bytes = std::mem::take(&mut self.bytes);
        // A vector takes everything, and a record holds nothing that has no encoding.
        self.bytes = postcard::to_extend(record, bytes).unwrap_or_default();
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
    match postcard::from_bytes(record).ok()? {
        Record::Embryo(flow, embryo) => Some(embryo.summary(flow)),
        Record::Whole(mut summary) => {
            summary.rebase(summary.first.0.wrapping_neg());
            Some(*summary)
        }
    }
}
