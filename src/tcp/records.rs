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
        self.add((summary.point, summary.first_frame), &Record::Whole(Box::new(*summary)));
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

    /// Puts the records into their order.
    pub fn sort(&mut self) {
        self.index.sort_unstable_by_key(|&(order, _)| order);
    }

    pub fn append(&mut self, other: &Self) {
        let base = self.bytes.len() as u64;
        self.bytes.extend_from_slice(&other.bytes);
        self.index.extend(other.index.iter().map(|&(order, start)| (order, base + start)));
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

    /// Order of the record that is `index`-th, and the bytes from its beginning on, for [`take_one`].
    pub fn get(&self, index: usize) -> Option<((u32, u64), &[u8])> {
        let &(order, start) = self.index.get(index)?;
        Some((order, self.bytes.get(usize::try_from(start).ok()?..)?))
    }
}

/// The record that begins here, and what follows it.
pub fn take_one(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// The summary that a record stands for.
pub fn decode(record: &[u8]) -> Option<Summary> {
    match postcard::from_bytes(record).ok()? {
        Record::Embryo(flow, embryo) => Some(embryo.summary(flow)),
        Record::Whole(summary) => Some(*summary),
    }
}
