//! Flows that sleep, one after another as bytes. A tape only grows; `analysis` takes what is new and keeps it on disk, and
//! gives back what is asked for by its place. What has not been taken yet is read here.

use super::embryo::Embryo;
use super::flow::Flow;
use crate::wire::FlowHash;
use std::num::NonZeroU64;

/// Where a flow lies on its lane's tape. (One more than the offset, so that an absent one takes no room.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OnTape(NonZeroU64);

impl OnTape {
    pub fn new(offset: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(offset))
    }

    /// Bytes of the tape before it.
    pub fn offset(self) -> u64 {
        self.0.get() - 1
    }
}

/// The part of a tape that was not taken yet.
#[derive(Debug, Default)]
pub(super) struct Tape {
    start: u64,
    bytes: Vec<u8>,
}

/// Before each entry stands its length.
const LENGTH: usize = 4;
/// What an entry is.
const EMBRYO: u8 = 0;
const FLOW: u8 = 1;

/// One flow on tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub place: OnTape,
    pub hash: FlowHash,
    kind: u8,
    bytes: &'a [u8],
}

impl Tape {
    pub fn put_flow(&mut self, hash: FlowHash, packed: &[u8]) -> OnTape {
        self.put(FLOW, hash, |bytes| bytes.extend_from_slice(packed))
    }

    pub fn put_embryo(&mut self, embryo: &Embryo) -> OnTape {
        self.put(EMBRYO, embryo.flow, |bytes| embryo.encode(bytes))
    }

    fn put(&mut self, kind: u8, hash: FlowHash, write: impl FnOnce(&mut Vec<u8>)) -> OnTape {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LENGTH]);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&hash.to_bytes());
        write(&mut self.bytes);
        let length = (self.bytes.len() - at - LENGTH) as u32;
        if let Some(place) = self.bytes.get_mut(at..at + LENGTH) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        OnTape::new(self.start + at as u64)
    }

    /// An entry that was not taken yet.
    pub fn get(&self, place: OnTape) -> Option<Entry<'_>> {
        let at = place.offset().checked_sub(self.start)?;
        Entry::first(place, self.bytes.get(usize::try_from(at).ok()?..)?).map(|(entry, _)| entry)
    }

    /// What was put since the last call, and where it begins.
    pub fn take(&mut self) -> (OnTape, Vec<u8>) {
        let (start, bytes) = (OnTape::new(self.start), std::mem::take(&mut self.bytes));
        self.start += bytes.len() as u64;
        (start, bytes)
    }
}

impl<'a> Entry<'a> {
    /// The entry at the start of these bytes of a tape, and those after it.
    pub fn first(place: OnTape, bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
        let (entry, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (&kind, rest) = entry.split_first()?;
        let (hash, bytes) = rest.split_first_chunk()?;
        Some((Self { place, hash: FlowHash::from_bytes(*hash), kind, bytes }, after))
    }

    /// All entries of a part of a tape that begins with one.
    pub fn all(start: OnTape, bytes: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut rest = bytes;
        std::iter::from_fn(move || {
            let place = OnTape::new(start.offset() + (bytes.len() - rest.len()) as u64);
            let (entry, after) = Self::first(place, rest)?;
            rest = after;
            Some(entry)
        })
    }

    pub fn content(&self) -> Content<'a> {
        match self.kind {
            EMBRYO => Embryo::decode(self.hash, self.bytes).map_or(Content::Nothing, Content::Embryo),
            _ => Content::Flow(self.bytes),
        }
    }

    pub fn flow(&self) -> Option<Flow> {
        match self.content() {
            Content::Embryo(embryo) => Some(Flow::new(embryo.connection())),
            Content::Flow(packed) => Flow::unpack(self.hash, packed),
            Content::Nothing => None,
        }
    }
}

/// What an entry holds.
pub(super) enum Content<'a> {
    Embryo(Embryo),
    /// As [`Flow::unpack`] takes it.
    Flow(&'a [u8]),
    /// Bytes that no tape held.
    Nothing,
}
