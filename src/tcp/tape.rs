//! Flows that sleep, one after another as bytes. A tape only grows; `analysis` takes what is new and keeps it on disk, and
//! gives back what is asked for by its place. What has not been taken yet is read here.

use super::embryo::Embryo;
use super::flow::Flow;
use crate::wire::FlowHash;

/// Bytes that every entry begins at a multiple of, so that a small number tells where.
const STEP: u64 = 32;

/// Where a flow lies on its lane's tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OnTape(u32);

impl OnTape {
    /// A tape holds what numbers below this lead to: 32 GiB.
    pub(super) const MOST: u32 = 1 << 30;

    /// The entry with this number.
    pub(super) fn numbered(number: u32) -> Self {
        Self(number)
    }

    /// `None` where no entry can begin.
    pub fn at(offset: u64) -> Option<Self> {
        let number = u32::try_from(offset / STEP).ok().filter(|&number| number < Self::MOST)?;
        offset.is_multiple_of(STEP).then_some(Self(number))
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// Bytes of the tape before it.
    pub fn offset(self) -> u64 {
        u64::from(self.0) * STEP
    }
}

/// The part of a tape that was not taken yet.
#[derive(Debug)]
pub(super) struct Tape {
    /// Entries begin before the place with this number.
    most: u32,
    start: u64,
    bytes: Vec<u8>,
}

/// Each entry begins with its length, which counts the padding up to the next multiple of [`STEP`].
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
    pub fn new(most: u32) -> Self {
        Self { most, start: 0, bytes: Vec::new() }
    }

    /// `None` if the tape is full.
    pub fn put_flow(&mut self, hash: FlowHash, packed: &[u8]) -> Option<OnTape> {
        self.put(FLOW, hash, |bytes| bytes.extend_from_slice(packed))
    }

    /// `None` if the tape is full.
    pub fn put_embryo(&mut self, embryo: &Embryo) -> Option<OnTape> {
        self.put(EMBRYO, embryo.flow, |bytes| embryo.encode(bytes))
    }

    fn put(&mut self, kind: u8, hash: FlowHash, write: impl FnOnce(&mut Vec<u8>)) -> Option<OnTape> {
        let at = self.bytes.len();
        let place = OnTape::at(self.start + at as u64).filter(|place| place.number() < self.most)?;
        self.bytes.extend_from_slice(&[0; LENGTH]);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&hash.to_bytes());
        write(&mut self.bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(STEP as usize), 0);
        let length = (self.bytes.len() - at - LENGTH) as u32;
        if let Some(before) = self.bytes.get_mut(at..at + LENGTH) {
            before.copy_from_slice(&length.to_le_bytes());
        }
        Some(place)
    }

    /// An entry that was not taken yet.
    pub fn get(&self, place: OnTape) -> Option<Entry<'_>> {
        let at = place.offset().checked_sub(self.start)?;
        Entry::first(place, self.bytes.get(usize::try_from(at).ok()?..)?).map(|(entry, _)| entry)
    }

    /// What was put since the last call, if anything was, and where it begins.
    pub fn take(&mut self) -> Option<(OnTape, Vec<u8>)> {
        if self.bytes.is_empty() {
            return None;
        }
        let (start, bytes) = (OnTape::at(self.start)?, std::mem::take(&mut self.bytes));
        self.start += bytes.len() as u64;
        Some((start, bytes))
    }

    /// What was taken last could not be kept: what comes takes its place.
    pub fn take_back(&mut self, start: OnTape) {
        if self.bytes.is_empty() {
            self.start = start.offset();
        }
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
            let place = OnTape::at(start.offset() + (bytes.len() - rest.len()) as u64)?;
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
