//! The newest connection of a flow with its one predecessor, and the same packed into some two hundred bytes.

use super::embryo::Embryo;
use super::rebase::Rebase;
use super::summary::Reset;
use super::{Connection, Facts, Place, Scoreboard, Side, Summary, packed, short, sparse};
use crate::time::Timestamp;
use crate::wire::{Address, FlowHash, PackedAddress, Rare, Segment};
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

/// A flow that rests: the newest connection's summary as its record has it, what is asked once the input has ended, and what is
/// needed to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a> {
    /// Bytes of the summary.
    pub record: usize,
    pub bytes: &'a [u8],
}

/// What is asked of a packed flow that ends.
struct Head {
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
        let Self { order: (point, frame), listening, has_previous } = self;
        out.push(if *has_previous { HAS_PREVIOUS } else { 0 } | if listening.is_some() { LISTENS } else { 0 });
        [u64::from(*point), *frame].into_iter().for_each(|number| short::put(number, out));
        listening.iter().for_each(|server| server.write(out));
    }

    /// The head at the start, and what follows it.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&bits, rest) = bytes.split_first()?;
        let (point, rest) = short::take(rest)?;
        let (frame, rest) = short::take(rest)?;
        let (listening, rest) = match bits & LISTENS {
            0 => (None, rest),
            _ => PackedAddress::read(rest).map(|(server, rest)| (Some(server), rest))?,
        };
        let order = (u32::try_from(point).ok()?, frame);
        Some((Self { order, listening, has_previous: bits & HAS_PREVIOUS != 0 }, rest))
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
    /// One of which nothing is known, for a place in which others will stand.
    pub fn blank() -> Self {
        Self::new(Connection::blank())
    }

    /// Becomes the flow that this SYN began, whatever it was; when it was asked for last is for its holder to say.
    pub fn grow(&mut self, embryo: &Embryo) {
        embryo.grow(&mut self.current);
        self.previous = None;
    }

    pub fn new(current: Connection) -> Self {
        let last = current.summary().last;
        Self { current, previous: None, last }
    }

    pub fn hash(&self) -> FlowHash {
        self.current.summary().flow
    }

    /// Takes a segment that carries on the newest connection, if it does nothing else: whether it does.
    #[inline(always)]
    pub fn carries_on(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place) -> bool {
        self.previous.is_none() && self.current.carry_on(segment, rare, place).is_some()
    }

    /// As small as it gets without losing anything that a segment after `now` could ask for; made in `place`.
    pub fn pack<'p>(&mut self, now: Timestamp, place: &'p mut Vec<u8>) -> Packed<'p> {
        let Connection { summary, boards, later_resets, .. } = &mut self.current;
        let listening = listening(summary).map(Into::into);
        boards.iter_mut().for_each(|board| board.forget(now));
        rebase(summary, boards, Rebase::ToOwn);
        let order = (summary.point, summary.first_frame);
        let mut bytes = std::mem::take(place);
        bytes.clear();
        packed::encode(summary, &mut bytes);
        let record = bytes.len();
        Head { order, listening, has_previous: self.previous.is_some() }.write(&mut bytes);
        bytes = sparse::encode(&Beside(boards, later_resets), bytes);
        if let Some(Connection { summary, boards, later_resets, .. }) = self.previous.as_deref() {
            packed::encode(summary, &mut bytes);
            bytes = sparse::encode(&Beside(boards, later_resets), bytes);
        }
        *place = bytes;
        Packed { record, bytes: place }
    }

    /// `new` takes the flow; gives the connection that this pushes out.
    pub fn succeed(&mut self, mut new: Connection) -> Option<Box<Connection>> {
        new.succeeds(&self.current);
        let mut old = std::mem::replace(&mut self.current, new);
        old.succeeded_by(&self.current);
        self.previous.replace(Box::new(old))
    }
}

/// The packed connection at the start, its numbers as they were packed, and what follows it; `between` reads what stands behind
/// its summary.
fn connection<'b, T>(
    flow: FlowHash,
    bytes: &'b [u8],
    between: impl FnOnce(&'b [u8]) -> Option<(T, &'b [u8])>,
) -> Option<(Connection, T, &'b [u8])> {
    let (summary, rest) = packed::decode_first(flow, bytes)?;
    let (read, rest) = between(rest)?;
    let (TakenBeside(boards, later_resets), rest) = sparse::decode_first(rest)?;
    Some((Connection { summary, boards, later_resets, steady: false }, read, rest))
}

/// The boards before the summary, on which they are based, or after it.
fn rebase(summary: &mut Summary, boards: &mut [Scoreboard; 2], rebase: Rebase) {
    for (board, base) in boards.iter_mut().zip(summary.bases()) {
        board.rebase(rebase, base, summary.first);
    }
    summary.rebase(rebase);
}

impl<'a> Packed<'a> {
    pub fn flow(&self, hash: FlowHash) -> Option<Flow> {
        let (mut current, head, rest) = connection(hash, self.bytes, Head::read)?;
        rebase(&mut current.summary, &mut current.boards, Rebase::ToCapture);
        current.steady = current.is_steady();
        let previous = match head.has_previous {
            true => Some(Box::new(connection(hash, rest, |rest| Some(((), rest)))?.0)),
            false => None,
        };
        Some(Flow { previous, ..Flow::new(current) })
    }

    /// Once the input has ended. Its summary stays as it was packed; what came before it on the flow is rare, and unpacked.
    pub fn ended(&self, hash: FlowHash) -> Option<Ended<'a>> {
        let (summary, rest) = self.bytes.split_at_checked(self.record)?;
        let (head, _) = Head::read(rest)?;
        let previous = if head.has_previous { self.flow(hash)?.previous } else { None };
        Some(Ended { order: head.order, listening: head.listening.map(Address::from), summary, previous })
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
            let head =
                |has_previous| Head { order: (7, 1 << 30), listening: server.map(PackedAddress::from), has_previous };
            for has_previous in [false, true] {
                let mut bytes = Vec::new();
                head(has_previous).write(&mut bytes);
                lengths.push(bytes.len());
                bytes.push(99);
                let (read, rest) = Head::read(&bytes).expect("a head");
                assert_eq!((read.order, read.has_previous, rest), ((7, 1 << 30), has_previous, &[99][..]));
                assert_eq!(read.listening.map(Address::from), server);
                bytes.truncate(bytes.len() - 2);
                assert!(Head::read(&bytes).is_none(), "cut");
            }
        }
        assert_eq!(lengths, [7, 7, 14, 14, 26, 26]);
    }
}
