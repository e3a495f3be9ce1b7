//! The newest connection of a flow with its one predecessor, and the same packed into some two hundred bytes.

use super::rebase::Rebase;
use super::summary::Reset;
use super::{Connection, Facts, Scoreboard, Side, Summary, packed, short, sparse};
use crate::time::Timestamp;
use crate::wire::{Address, FlowHash, PackedAddress};
use serde::{Deserialize, Serialize};

/// A flow being tracked.
#[derive(Debug)]
pub(super) struct Flow {
    pub current: Connection,
    /// The connection before, until the current one is established or has ended.
    pub previous: Option<Box<Connection>>,
    /// When anything was last asked of it.
    pub last: Timestamp,
}

/// A flow that rests.
#[derive(Debug)]
pub(super) struct Packed {
    pub hash: FlowHash,
    /// When anything was last asked of it.
    pub last: Timestamp,
    /// The head, the newest connection's summary as its record has it, and what is needed to go on.
    pub bytes: Box<[u8]>,
}

/// What is asked of a packed flow that ends.
struct Head {
    /// Bytes of the summary that follows.
    length: u32,
    /// Point and first frame of its newest connection.
    order: (u32, u64),
    /// Its server, if that answered.
    listening: Option<PackedAddress>,
    has_previous: bool,
}

/// What a head says in bits.
const HAS_PREVIOUS: u8 = 1;
const LISTENS: u8 = 2;

impl Head {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { length, order: (point, frame), listening, has_previous } = self;
        out.push(if *has_previous { HAS_PREVIOUS } else { 0 } | if listening.is_some() { LISTENS } else { 0 });
        [u64::from(*length), u64::from(*point), *frame].into_iter().for_each(|number| short::put(number, out));
        listening.iter().for_each(|server| server.write(out));
    }

    /// The head at the start, and what follows it.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&bits, rest) = bytes.split_first()?;
        let (length, rest) = short::take(rest)?;
        let (point, rest) = short::take(rest)?;
        let (frame, rest) = short::take(rest)?;
        let (listening, rest) = match bits & LISTENS {
            0 => (None, rest),
            _ => PackedAddress::read(rest).map(|(server, rest)| (Some(server), rest))?,
        };
        let order = (u32::try_from(point).ok()?, frame);
        Some((
            Self { length: u32::try_from(length).ok()?, order, listening, has_previous: bits & HAS_PREVIOUS != 0 },
            rest,
        ))
    }

    /// The head at the start, and the summary behind it.
    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = Self::read(bytes)?;
        let summary = rest.get(..head.length as usize)?;
        Some((head, summary))
    }
}

/// What a connection holds beside its summary.
#[derive(Serialize)]
struct Beside<'a>(&'a [Scoreboard; 2], &'a [Reset]);

/// The same on its way back.
#[derive(Deserialize)]
struct TakenBeside([Scoreboard; 2], Vec<Reset>);

/// A packed flow whose input has ended.
pub(super) struct Ended<'a> {
    pub order: (u32, u64),
    pub listening: Option<Address>,
    /// As `Records` take it.
    pub summary: &'a [u8],
    pub previous: Option<Box<Connection>>,
}

impl Flow {
    pub fn new(current: Connection) -> Self {
        let last = current.summary().last;
        Self { current, previous: None, last }
    }

    pub fn hash(&self) -> FlowHash {
        self.current.summary().flow
    }

    /// As small as it gets without losing anything that a segment after `now` could ask for. It is made in `scratch`, which is
    /// empty before and after.
    pub fn pack(&mut self, now: Timestamp, scratch: &mut Vec<u8>) -> Packed {
        let (hash, last) = (self.hash(), self.last);
        let Connection { summary, boards, later_resets, .. } = &mut self.current;
        let listening = listening(summary).map(Into::into);
        boards.iter_mut().for_each(|board| board.forget(now));
        rebase(summary, boards, Rebase::ToOwn);
        let order = (summary.point, summary.first_frame);
        let mut bytes = std::mem::take(scratch);
        packed::encode(summary, &mut bytes);
        let length = bytes.len() as u32;
        bytes = sparse::encode(&Beside(boards, later_resets), bytes);
        if let Some(Connection { summary, boards, later_resets, .. }) = self.previous.as_deref() {
            packed::encode(summary, &mut bytes);
            bytes = sparse::encode(&Beside(boards, later_resets), bytes);
        }
        let rest = bytes.len();
        Head { length, order, listening, has_previous: self.previous.is_some() }.write(&mut bytes);
        let (rest, head) = bytes.split_at(rest);
        let packed = Packed { hash, last, bytes: [head, rest].concat().into() };
        *scratch = bytes;
        scratch.clear();
        packed
    }

    pub fn unpack(flow: FlowHash, bytes: &[u8]) -> Option<Self> {
        let (head, rest) = Head::read(bytes)?;
        let (mut current, rest) = connection(flow, rest)?;
        rebase(&mut current.summary, &mut current.boards, Rebase::ToCapture);
        current.steady = current.is_steady();
        let previous = if head.has_previous { Some(Box::new(connection(flow, rest)?.0)) } else { None };
        Some(Self { previous, ..Self::new(current) })
    }

    /// `new` takes the flow; gives the connection that this pushes out.
    pub fn succeed(&mut self, mut new: Connection) -> Option<Box<Connection>> {
        new.succeeds(&self.current);
        let mut old = std::mem::replace(&mut self.current, new);
        old.succeeded_by(&self.current);
        self.previous.replace(Box::new(old))
    }
}

/// The packed connection at the start, its numbers as they were packed, and what follows it.
fn connection(flow: FlowHash, bytes: &[u8]) -> Option<(Connection, &[u8])> {
    let (summary, rest) = packed::decode_first(flow, bytes)?;
    let (TakenBeside(boards, later_resets), rest) = sparse::decode_first(rest)?;
    Some((Connection { summary, boards, later_resets, steady: false }, rest))
}

/// The boards before the summary, on which they are based, or after it.
fn rebase(summary: &mut Summary, boards: &mut [Scoreboard; 2], rebase: Rebase) {
    for (board, base) in boards.iter_mut().zip(summary.bases()) {
        board.rebase(rebase, base, summary.first);
    }
    summary.rebase(rebase);
}

impl Packed {
    pub fn flow(&self) -> Option<Flow> {
        Flow::unpack(self.hash, &self.bytes)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    /// The newest connection's summary, as its record has it.
    pub fn summary(&self) -> Option<&[u8]> {
        Head::split(&self.bytes).map(|(_, summary)| summary)
    }

    /// What is asked of it once the input has ended.
    pub fn ended(&self) -> Option<Ended<'_>> {
        Ended::of(self.hash, &self.bytes)
    }
}

impl<'a> Ended<'a> {
    /// Its summary stays as it was packed; what came before it on the flow is rare, and unpacked.
    pub fn of(flow: FlowHash, bytes: &'a [u8]) -> Option<Self> {
        let (head, summary) = Head::split(bytes)?;
        let previous = if head.has_previous { Flow::unpack(flow, bytes)?.previous } else { None };
        Some(Self { order: head.order, listening: head.listening.map(Address::from), summary, previous })
    }
}

/// The server's address, if it answered.
pub(super) fn listening(summary: &Summary) -> Option<Address> {
    summary.has(Facts::SYNACK).then(|| summary.address(Side::Server))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_takes_few_bytes() {
        let v6 = Address::v6([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], 443);
        let mut lengths = Vec::new();
        for server in [None, Some(Address::v4([192, 0, 2, 1], 80)), Some(v6)] {
            let head = |has_previous| Head {
                length: 0x0102_0304,
                order: (7, 1 << 30),
                listening: server.map(PackedAddress::from),
                has_previous,
            };
            for has_previous in [false, true] {
                let mut bytes = Vec::new();
                head(has_previous).write(&mut bytes);
                lengths.push(bytes.len());
                bytes.push(99);
                let (read, rest) = Head::read(&bytes).expect("a head");
                let (length, order, has) = (read.length, read.order, read.has_previous);
                assert_eq!((length, order, has, rest), (0x0102_0304, (7, 1 << 30), has_previous, &[99][..]));
                assert_eq!(read.listening.map(Address::from), server);
                bytes.truncate(bytes.len() - 2);
                assert!(Head::read(&bytes).is_none(), "cut");
            }
        }
        assert_eq!(lengths, [11, 11, 18, 18, 30, 30]);
    }
}
