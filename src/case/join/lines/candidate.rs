//! A connection that a log line may tell of, and when a program could write of it.

use super::super::clock::SLACK;
use super::super::during::During;
use crate::case::Judged;
use crate::host::{Direction, Event};
use crate::tcp::{Facts, Outcome, Side};
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::Address;

/// So long after the last packet a program has told of it (own).
const LATE: Span = Span(2 * SECOND);
/// So long after it, if the program is not busy (own).
const SOON: Span = Span(50_000_000);
/// Kernel and tap of one host see one segment within this (own).
const CLOSE: Span = Span(5_000_000);

/// What is true of a connection, as far as a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Any,
    Refused,
    NotRefused,
    Reset,
    /// It came about.
    Open,
    /// It did not.
    Failed,
}

impl Kind {
    /// What must be true of a connection of which a line says so; `None` if it tells of none.
    pub fn of(event: Event, direction: Option<Direction>) -> Option<Self> {
        Some(match event {
            // A proxy that tells its client so has taken the client's connection.
            Event::Unreachable | Event::ConnectFailed if direction == Some(Direction::In) => Self::Open,
            Event::Refused => Self::Refused,
            Event::Reset => Self::Reset,
            Event::TimedOut => Self::NotRefused,
            Event::Unreachable | Event::ConnectFailed => Self::Failed,
            Event::Aborted | Event::Firewall => Self::Any,
            Event::Closed
            | Event::BrokenPipe
            | Event::Connected
            | Event::Accepted
            | Event::Request
            | Event::ProtocolError
            | Event::LoginFailed
            | Event::LimitReached
            | Event::Unavailable => Self::Open,
            Event::NameNotFound
            | Event::Listening
            | Event::BindFailed
            | Event::AddressInUse
            | Event::CannotAssign
            | Event::TooManyFiles
            | Event::NoBuffers
            | Event::SynFlooding
            | Event::QueueOverflow
            | Event::ConntrackFull
            | Event::Orphans
            | Event::TcpMemory
            | Event::TimeWaitFull
            | Event::Started
            | Event::StartFailed
            | Event::Stopped
            | Event::Exited
            | Event::OomKill
            | Event::Answered
            | Event::Unanswered => return None,
        })
    }

    /// All that hold of a connection.
    pub fn all(row: &Judged) -> impl Iterator<Item = Self> {
        let summary = &row.summary;
        let refused = matches!(row.outcome, Outcome::RstRefused | Outcome::IcmpRejected);
        // Of one that began before the capture nobody saw the handshake.
        let open = summary.established.get().is_some() || !summary.has(Facts::SYN);
        let holds = [
            (Self::Any, true),
            (Self::Refused, refused),
            (Self::NotRefused, !refused),
            (Self::Reset, summary.reset.is_some() && !refused),
            (Self::Open, open),
            (Self::Failed, !open),
        ];
        holds.into_iter().filter_map(|(kind, holds)| holds.then_some(kind))
    }
}

/// One connection of a capture.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub point: u32,
    pub first_frame: u64,
    pub id: u64,
    pub client: Address,
    pub server: Address,
    first: Timestamp,
    last: Timestamp,
    /// When each side had said its last.
    ends: [Option<Timestamp>; 2],
    /// When the next connection took the flow.
    next: Option<Timestamp>,
}

impl Candidate {
    pub fn new(row: &Judged) -> Self {
        let summary = &row.summary;
        Self {
            point: summary.point,
            first_frame: summary.first_frame,
            id: row.id(),
            client: row.client,
            server: row.server,
            first: summary.first,
            last: summary.last,
            ends: Side::BOTH.map(|side| summary[side].fin.get()),
            next: summary.next.map(|next| next.time),
        }
    }

    /// From its first packet to its last.
    pub fn life(&self) -> During {
        During::new(self.first, self.last)
    }

    /// When a line that says so could have been written. Who waits for an answer gives up within twice the time for which it
    /// has asked (RFC 6298 5.5).
    pub fn written(&self, event: Event) -> During {
        let waits = matches!(event, Event::TimedOut | Event::Unreachable | Event::ConnectFailed);
        let asked = if waits { self.last.since(self.first) } else { Span(0) };
        let until = self.last.plus(asked).plus(LATE);
        During::new(self.first, self.next.map_or(until, |next| next.min(until))).widened(SLACK)
    }

    /// Whether a program that is not busy wrote then of its end, by a clock that is the capture's.
    pub fn ended_just_before(&self, at: During) -> bool {
        let soon = |end: Timestamp| During::new(end, end.plus(SOON)).widened(CLOSE);
        self.ends.into_iter().flatten().chain([self.last]).any(|end| soon(end).overlaps(at))
    }

    /// Whether it was opened then, by a clock that is the capture's.
    pub fn opened_within(&self, at: During) -> bool {
        at.widened(CLOSE).contains(self.first)
    }

    /// When a command begun then opened it.
    pub fn opened(&self) -> During {
        During::new(self.first, self.first).widened(SLACK)
    }
}
