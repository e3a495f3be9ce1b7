//! Flows that rest, one after another as bytes, in blocks. The newest blocks are in memory; those that rested longest leave it
//! for the disk, where `analysis` keeps them, and gives back what is asked for by its place.
//!
//! Each block is a part of one long file, and its number is taken again if it is given up before it is written: what flows
//! that rest and wake again and again leave behind takes no room for long.

use super::embryo::Embryo;
use super::flow::{Flow, Packed};
use crate::time::Timestamp;
use crate::wire::FlowHash;
use std::collections::VecDeque;

/// Bytes that every entry begins at a multiple of, so that a small number tells where.
const STEP: usize = 32;
/// Bytes of a block. What an entry holds is bounded, and far less.
const BLOCK: usize = 64 << 10;
const STEPS: u32 = (BLOCK / STEP) as u32;
const _: () = assert!(BLOCK <= 1 << u16::BITS, "`Records` tell by so many bits where a record begins");

/// Where a flow lies on its lane's tape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
        let number = u32::try_from(offset / STEP as u64).ok().filter(|&number| number < Self::MOST)?;
        offset.is_multiple_of(STEP as u64).then_some(Self(number))
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// Bytes of the tape before it.
    pub fn offset(self) -> u64 {
        u64::from(self.0) * STEP as u64
    }

    /// Number of its block, and bytes before it there.
    fn split(self) -> (u32, usize) {
        (self.0 / STEPS, (self.0 % STEPS) as usize * STEP)
    }
}

/// Which flows come next to one another.
#[derive(Clone, Copy, Debug)]
enum Row {
    /// Those that begin to rest.
    Resting,
    /// Those that have rested for long, and go to disk.
    Leaving,
}

/// A tape, of which only what is in memory is read here.
#[derive(Debug)]
pub(super) struct Tape {
    /// Entries begin before the place with this number.
    most: u32,
    /// By number. What is not here is on disk, or free.
    blocks: Vec<Option<Block>>,
    free: Vec<u32>,
    /// Of each row the blocks in memory, in the order in which they were begun; the last one is being filled.
    rows: [VecDeque<u32>; 2],
    /// Bytes of the blocks in memory.
    memory: usize,
}

#[derive(Debug)]
struct Block {
    bytes: Vec<u8>,
    /// Of these, what belongs to flows that have woken.
    gone: usize,
    /// When something was last put there.
    last: Timestamp,
}

/// Each entry begins with its length, which counts what follows and the padding up to the next multiple of [`STEP`]; then
/// come what it is, the length of its record, and its hash, with which its record begins.
const LENGTH: usize = 4;
const KIND: usize = LENGTH;
const RECORD: usize = KIND + 1;
const HASH: usize = RECORD + 3;
const HEAD: usize = HASH + FlowHash::BYTES;

/// What an entry is.
const EMBRYO: u8 = 0;
const FLOW: u8 = 1;
/// A flow that is not here any more.
const GONE: u8 = 2;

/// One flow on tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub place: OnTape,
    pub hash: FlowHash,
    kind: u8,
    record: usize,
    /// Behind the hash.
    bytes: &'a [u8],
}

impl Tape {
    pub fn new(most: u32) -> Self {
        Self { most, blocks: Vec::new(), free: Vec::new(), rows: Default::default(), memory: 0 }
    }

    /// A flow begins to rest. `None` if the tape is full.
    pub fn put_flow(&mut self, now: Timestamp, hash: FlowHash, packed: Packed<'_>) -> Option<OnTape> {
        let Packed { record, bytes } = packed;
        self.put(Row::Resting, now, Entry { place: OnTape::default(), hash, kind: FLOW, record, bytes })
    }

    /// An embryo goes to disk. `None` if the tape is full.
    pub fn put_embryo(&mut self, now: Timestamp, embryo: &Embryo) -> Option<OnTape> {
        let mut bytes = Vec::new();
        embryo.encode(&mut bytes);
        let entry =
            Entry { place: OnTape::default(), hash: embryo.flow, kind: EMBRYO, record: bytes.len(), bytes: &bytes };
        self.put(Row::Leaving, now, entry)
    }

    fn put(&mut self, row: Row, now: Timestamp, entry: Entry<'_>) -> Option<OnTape> {
        let length = (HEAD + entry.bytes.len()).next_multiple_of(STEP);
        let number = self.open(row, length)?;
        let block = self.blocks.get_mut(number as usize)?.as_mut()?;
        let place = OnTape(number * STEPS + (block.bytes.len() / STEP) as u32);
        if place.0 >= self.most {
            return None;
        }
        let end = block.bytes.len() + length;
        block.bytes.extend_from_slice(&((length - LENGTH) as u32).to_le_bytes());
        block.bytes.push(entry.kind);
        block.bytes.extend_from_slice(&(entry.record as u32).to_le_bytes()[..HASH - RECORD]);
        block.bytes.extend_from_slice(&entry.hash.to_bytes());
        block.bytes.extend_from_slice(entry.bytes);
        block.bytes.resize(end, 0);
        block.last = now;
        self.memory += length;
        Some(place)
    }

    /// A block of a row with room for so many bytes.
    fn open(&mut self, row: Row, length: usize) -> Option<u32> {
        let last = self.rows[row as usize].back().copied();
        let room = |block: &Block| block.bytes.len() + length <= BLOCK;
        if let Some(number) = last.filter(|&number| self.block(number).is_some_and(room)) {
            return Some(number);
        }
        if length > BLOCK || self.is_full() {
            return None;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.blocks.push(None);
            self.blocks.len() as u32 - 1
        });
        let block = Block { bytes: Vec::with_capacity(BLOCK), gone: 0, last: Timestamp::default() };
        *self.blocks.get_mut(number as usize)? = Some(block);
        self.rows[row as usize].push_back(number);
        Some(number)
    }

    /// No other block can be begun.
    fn is_full(&self) -> bool {
        self.free.is_empty() && self.blocks.len() as u32 * STEPS >= self.most
    }

    fn block(&self, number: u32) -> Option<&Block> {
        self.blocks.get(number as usize)?.as_ref()
    }

    /// Whether an entry is in memory.
    #[inline]
    pub fn has(&self, place: OnTape) -> bool {
        self.block(place.split().0).is_some()
    }

    /// The hash of an entry in memory.
    #[inline]
    pub fn hash(&self, place: OnTape) -> Option<FlowHash> {
        let (number, at) = place.split();
        self.block(number)?.bytes.get(at + HASH..)?.first_chunk().map(|&hash| FlowHash::from_bytes(hash))
    }

    /// A flow in memory wakes, and leaves its place.
    pub fn wake(&mut self, place: OnTape) -> Option<Flow> {
        let (number, at) = place.split();
        let block = self.blocks.get_mut(number as usize)?.as_mut()?;
        let entry = Entry::first(place, block.bytes.get(at..)?)?.0;
        let (flow, length) = (entry.flow(), HEAD + entry.bytes.len());
        *block.bytes.get_mut(at + KIND)? = GONE;
        block.gone += length;
        if block.gone == block.bytes.len() {
            self.memory -= std::mem::take(&mut block.gone);
            block.bytes.clear();
            // One that is being filled goes on from its start.
            for row in &mut self.rows {
                if let Some(at) = row.iter().position(|&other| other == number).filter(|&at| at + 1 < row.len()) {
                    row.remove(at);
                    self.blocks[number as usize] = None;
                    self.free.push(number);
                }
            }
        }
        flow
    }

    /// Takes the oldest block of a row out of memory.
    fn take(&mut self, row: Row) -> Option<(u32, Block)> {
        let number = self.rows[row as usize].pop_front()?;
        let block = self.blocks.get_mut(number as usize)?.take()?;
        self.memory -= block.bytes.len();
        Some((number, block))
    }

    /// The next block that is to be kept on disk, and where it begins: more is in memory than `bound`, or what is there was put
    /// there before `before`, or it is full of what has left another one: of a block that many flows have left, `moved` is told
    /// where the others went.
    pub fn leave(
        &mut self,
        bound: usize,
        before: Timestamp,
        moved: &mut dyn FnMut(Entry<'_>, Option<OnTape>),
    ) -> Option<(OnTape, Vec<u8>)> {
        loop {
            let [resting, leaving] = &self.rows;
            let oldest = resting.front().and_then(|&number| self.block(number));
            let crowded = self.memory > bound;
            // Of those that leave, the last one is not full yet.
            let row = if leaving.len() > 1 || oldest.is_none() && crowded {
                Row::Leaving
            } else if oldest.is_some_and(|block| crowded || block.last < before) {
                Row::Resting
            } else {
                return None;
            };
            let (number, Block { bytes, gone, last }) = self.take(row)?;
            let start = OnTape(number * STEPS);
            let stays_whole = matches!(row, Row::Leaving) || gone < bytes.len() / 4 || self.is_full();
            if stays_whole && gone < bytes.len() {
                return Some((start, bytes));
            }
            for entry in Entry::all(start, &bytes) {
                moved(entry, self.put(Row::Leaving, last, entry));
            }
            // Not before: until all have moved, each place must be that of one flow.
            self.free.push(number);
        }
    }

    /// What lies there could not be kept.
    pub fn give_up(&mut self, start: OnTape) {
        self.free.push(start.split().0);
    }

    /// The blocks in memory.
    pub fn into_blocks(self) -> impl Iterator<Item = Vec<u8>> {
        self.blocks.into_iter().flatten().map(|block| block.bytes).filter(|bytes| !bytes.is_empty())
    }
}

impl<'a> Entry<'a> {
    /// The entry at the start of these bytes of a tape, and those after it.
    #[inline]
    pub fn first(place: OnTape, bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
        let (entry, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (&[kind, r0, r1, r2], rest) = entry.split_first_chunk()?;
        let (hash, bytes) = rest.split_first_chunk()?;
        let record = u32::from_le_bytes([r0, r1, r2, 0]) as usize;
        Some((Self { place, hash: FlowHash::from_bytes(*hash), kind, record, bytes }, after))
    }

    /// All entries of a part of a tape that begins with one, but for those that are gone.
    pub fn all(start: OnTape, bytes: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut rest = bytes;
        let entries = std::iter::from_fn(move || {
            let place = OnTape::at(start.offset() + (bytes.len() - rest.len()) as u64)?;
            let (entry, after) = Self::first(place, rest)?;
            rest = after;
            Some(entry)
        });
        entries.filter(|entry| entry.kind != GONE)
    }

    pub fn content(&self) -> Content<'a> {
        match self.kind {
            EMBRYO => Embryo::decode(self.hash, self.bytes).map_or(Content::Nothing, Content::Embryo),
            FLOW => Content::Flow(Packed { record: self.record, bytes: self.bytes }),
            _ => Content::Nothing,
        }
    }

    pub fn flow(&self) -> Option<Flow> {
        match self.content() {
            Content::Embryo(embryo) => Some(Flow::new(embryo.connection())),
            Content::Flow(packed) => packed.flow(self.hash),
            Content::Nothing => None,
        }
    }

    /// Where its record begins in bytes at whose start the tape had `start`: with the hash.
    pub fn record_at(&self, start: OnTape) -> usize {
        (self.place.offset() - start.offset()) as usize + HASH
    }
}

/// What an entry holds.
pub(super) enum Content<'a> {
    Embryo(Embryo),
    Flow(Packed<'a>),
    /// It is gone, or bytes that no tape held.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(0);

    fn put(tape: &mut Tape, flow: u64, length: usize) -> OnTape {
        let bytes = vec![1; length];
        tape.put_flow(NOW, FlowHash([flow, flow]), Packed { record: 7, bytes: &bytes }).expect("room")
    }

    /// The flow of each entry of a block, and how many of its bytes are there.
    fn read(start: OnTape, block: &[u8]) -> Vec<(u64, usize)> {
        let each = Entry::all(start, block).map(|entry| match entry.content() {
            Content::Flow(packed) => {
                assert_eq!(packed.record, 7);
                (entry.hash.0[0], packed.bytes.iter().filter(|&&byte| byte == 1).count())
            }
            _ => unreachable!("only flows were put there"),
        });
        each.collect()
    }

    #[test]
    fn flows_that_rest_and_wake_again_and_again_take_no_room() {
        let mut tape = Tape::new(OnTape::MOST);
        for _ in 0..100_000 {
            let places = [1, 2, 3].map(|flow| put(&mut tape, flow, 300));
            places.into_iter().for_each(|place| drop(tape.wake(place)));
            assert!(tape.leave(0, NOW, &mut |_, _| ()).is_none(), "nothing rests");
        }
        assert_eq!(tape.memory, 0);
        assert!(tape.blocks.len() < 4, "{}", tape.blocks.len());
    }

    #[test]
    fn few_flows_of_many_go_to_disk_side_by_side() {
        let mut tape = Tape::new(OnTape::MOST);
        let mut places: Vec<_> = (0..5000).map(|flow| Some(put(&mut tape, flow, 300))).collect();
        let many = tape.blocks.len();
        for place in
            places.iter_mut().enumerate().filter(|(flow, _)| flow % 10 != 0).filter_map(|(_, place)| place.take())
        {
            tape.wake(place);
        }
        let mut kept = Vec::new();
        let mut left = Vec::new();
        while let Some((start, block)) = tape.leave(0, NOW, &mut |entry, to| left.push((entry.hash.0[0], to))) {
            kept.push(start.split().0);
            for (flow, bytes) in read(start, &block) {
                assert_eq!(bytes, 300);
                let (_, place) = left.iter().rev().find(|(moved, _)| *moved == flow).expect("all have moved");
                let place = place.expect("room");
                assert!(!tape.has(place) && place >= start && place.split().0 == start.split().0);
                places[flow as usize] = None;
            }
        }
        assert!(places.iter().all(Option::is_none) && tape.memory == 0);
        assert!(kept.len() <= many / 9, "{} of {many}", kept.len());
    }

    #[test]
    fn blocks_go_when_they_are_too_many_or_too_old_and_the_oldest_first() {
        let mut tape = Tape::new(OnTape::MOST);
        for flow in 0..500 {
            put(&mut tape, flow, 300);
        }
        let all = tape.memory;
        let mut none = |_: Entry<'_>, _: Option<OnTape>| unreachable!("all of them rest");
        assert!(tape.leave(all, NOW, &mut none).is_none());
        let (start, block) = tape.leave(all - 1, NOW, &mut none).expect("one too many");
        assert_eq!(read(start, &block)[0].0, 0);
        assert!(tape.leave(all - 1, NOW, &mut none).is_none());
        let mut next = read(start, &block).len() as u64;
        while let Some((start, block)) = tape.leave(all, Timestamp(1), &mut none) {
            let flows = read(start, &block);
            assert_eq!(flows[0].0, next);
            next += flows.len() as u64;
        }
        assert_eq!((next, tape.memory), (500, 0));
    }

    #[test]
    fn what_wakes_behind_others_leaves_its_number_at_once() {
        let mut tape = Tape::new(OnTape::MOST);
        let first = put(&mut tape, 0, 300);
        for flow in 0..100_000 {
            let place = put(&mut tape, flow, 300);
            tape.wake(place);
        }
        assert!(tape.has(first) && tape.blocks.len() < 4, "{}", tape.blocks.len());
    }

    #[test]
    fn a_tape_may_be_full() {
        let bytes = [0; 200];
        let packed = Packed { record: 7, bytes: &bytes };
        let put = |tape: &mut Tape| tape.put_flow(NOW, FlowHash([0, 0]), packed);
        let mut tape = Tape::new(10);
        assert_eq!(std::iter::from_fn(|| put(&mut tape)).count(), 2);

        // What flows have left is not put elsewhere then.
        let mut tape = Tape::new(STEPS);
        let places: Vec<_> = std::iter::from_fn(|| put(&mut tape)).collect();
        places.iter().skip(1).for_each(|&place| drop(tape.wake(place)));
        let (start, block) = tape.leave(0, NOW, &mut |_, _| unreachable!("no room")).expect("a block");
        assert_eq!(read(start, &block), [(0, 0)]);
        tape.give_up(start);
        assert!(put(&mut tape).is_some(), "there is room again");
    }

    #[test]
    fn what_no_block_has_room_for_is_not_put_there() {
        let mut tape = Tape::new(OnTape::MOST);
        let bytes = vec![0; BLOCK];
        assert!(tape.put_flow(NOW, FlowHash([0, 0]), Packed { record: 7, bytes: &bytes }).is_none());
        assert_eq!(tape.memory, 0);
    }
}
