//! Finished connections as bytes: a few hundred bytes of facts instead of a fixed-size summary of which most is empty.

use super::Summary;
use super::embryo::Embryo;
use crate::wire::FlowHash;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// First byte of a record: what follows is a flow hash and an embryo, or a summary whose moments count from its first time.
const EMBRYO: u8 = 0;
const WHOLE: u8 = 1;
/// The same without squeezing: for connections held in full until the end, of which there are few; it takes half the time.
const PLAIN: u8 = 2;

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
        summary.rebase(summary.first.0);
        self.add((summary.point, summary.first_frame), |mut bytes| {
            bytes.push(PLAIN);
            postcard::to_extend(&summary, bytes).unwrap_or_default()
        });
    }

    pub(super) fn push_embryo(&mut self, flow: FlowHash, embryo: &Embryo) {
        self.add(embryo.order(), |mut bytes| {
            bytes.push(EMBRYO);
            postcard::to_extend(&(flow, embryo), bytes).unwrap_or_default()
        });
    }

    /// A record that [`encode`] made.
    pub(super) fn push_encoded(&mut self, order: (u32, u64), record: &[u8]) {
        self.add(order, |mut bytes| {
            bytes.extend_from_slice(record);
            bytes
        });
    }

    /// A record is its length and its encoding.
    fn add(&mut self, order: (u32, u64), write: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
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

/// Appends the record of a summary whose moments count from its first time.
pub(super) fn encode(summary: &Summary, mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(WHOLE);
    squeeze(summary, bytes)
}

/// Appends the encoding of a value, with each run of zeros as a zero and the run's length: most of what could be said of
/// a connection does not hold of it.
pub(super) fn squeeze(value: &impl Serialize, out: Vec<u8>) -> Vec<u8> {
    // Pushing cannot fail, and nothing in a connection lacks an encoding.
    postcard::serialize_with_flavor(value, Squeezer { out, run: 0 }).unwrap_or_default()
}

/// The value that [`squeeze`] encoded.
pub(super) fn expand<T: DeserializeOwned>(squeezed: &[u8]) -> Option<T> {
    let mut deserializer = postcard::Deserializer::from_flavor(Expander { rest: squeezed, run: 0 });
    T::deserialize(&mut deserializer).ok()
}

/// Takes encoded bytes one by one, counting zeros.
struct Squeezer {
    out: Vec<u8>,
    run: u8,
}

impl Squeezer {
    #[inline]
    fn end_run(&mut self) {
        if self.run > 0 {
            self.out.extend_from_slice(&[0, self.run]);
            self.run = 0;
        }
    }
}

impl postcard::ser_flavors::Flavor for Squeezer {
    type Output = Vec<u8>;

    #[inline(always)]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if byte == 0 {
            self.run += 1;
            if self.run == u8::MAX {
                self.end_run();
            }
        } else {
            self.end_run();
            self.out.push(byte);
        }
        Ok(())
    }

    fn finalize(mut self) -> postcard::Result<Vec<u8>> {
        self.end_run();
        Ok(self.out)
    }
}

/// Gives back the bytes that a [`Squeezer`] took.
struct Expander<'a> {
    rest: &'a [u8],
    run: u8,
}

impl<'a> postcard::de_flavors::Flavor<'a> for Expander<'a> {
    type Remainder = ();
    type Source = &'a [u8];

    #[inline(always)]
    fn pop(&mut self) -> postcard::Result<u8> {
        if let Some(left) = self.run.checked_sub(1) {
            self.run = left;
            return Ok(0);
        }
        match *self.rest {
            [0, run, ref rest @ ..] if run > 0 => {
                (self.rest, self.run) = (rest, run - 1);
                Ok(0)
            }
            [byte, ref rest @ ..] if byte != 0 => {
                self.rest = rest;
                Ok(byte)
            }
            _ => Err(postcard::Error::DeserializeUnexpectedEnd),
        }
    }

    /// Runs of bytes are borrowed from the input by texts only, and a connection holds none.
    fn try_take_n(&mut self, _: usize) -> postcard::Result<&'a [u8]> {
        Err(postcard::Error::WontImplement)
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// The summary that a record stands for.
pub fn decode(record: &[u8]) -> Option<Summary> {
    let (tag, rest) = record.split_first()?;
    if *tag == EMBRYO {
        let (flow, embryo): (FlowHash, Embryo) = postcard::from_bytes(rest).ok()?;
        return Some(embryo.summary(flow));
    }
    let mut summary: Summary = if *tag == PLAIN { postcard::from_bytes(rest).ok()? } else { expand(rest)? };
    summary.rebase(summary.first.0.wrapping_neg());
    Some(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn squeezed_values_expand_to_themselves(bytes in proptest::collection::vec(prop_oneof![3 => Just(0u8), 1 => any::<u8>()], 0..5000)) {
            let squeezed = squeeze(&bytes, Vec::new());
            prop_assert_eq!(expand::<Vec<u8>>(&squeezed), Some(bytes));
        }

        #[test]
        fn bytes_that_nobody_squeezed_expand_to_nothing_or_something(bytes: Vec<u8>) {
            let _: Option<Vec<u8>> = expand(&bytes);
            let _ = decode(&bytes);
        }
    }
}
