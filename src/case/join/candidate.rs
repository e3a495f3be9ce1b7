//! A connection that may be that of a socket: as much of its row as tells which, and when it was in which state.

use super::clock::SLACK;
use super::during::During;
use crate::case::Judged;
use crate::host::{Socket, SocketState, TimerKind};
use crate::tcp::history::{Turn, history};
use crate::tcp::{Facts, Side, State};
use crate::time::{SECOND, Span, Timestamp};
use crate::wire::Address;

/// TIME_WAIT on Linux (TCP_TIMEWAIT_LEN; no setting changes it, unlike the countdown of a FIN_WAIT_2 without an owner).
const LINUX_TIMEWAIT: Span = Span(60 * SECOND);
/// Twice the maximum segment lifetime of RFC 9293 3.4.2: no system keeps TIME_WAIT longer.
const LONGEST_TIMEWAIT: Span = Span(240 * SECOND);

/// One connection of a capture.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub point: u32,
    pub first_frame: u64,
    pub id: u64,
    pub client: Address,
    pub server: Address,
    pub first: Timestamp,
    last: Timestamp,
    pub starts_here: bool,
    /// When the next connection took the flow.
    pub next: Option<Timestamp>,
    pub reset: Option<Timestamp>,
    turns: [Box<[Turn]>; 2],
    /// From the first to the last payload that each side sent.
    data: [Option<During>; 2],
}

/// The state of a connection's side as a socket table shows it.
pub fn as_socket(state: State) -> SocketState {
    match state {
        State::Listen => SocketState::Listen,
        State::SynSent => SocketState::SynSent,
        State::SynReceived => SocketState::SynRecv,
        State::Established => SocketState::Established,
        State::FinWait1 => SocketState::FinWait1,
        State::FinWait2 => SocketState::FinWait2,
        State::CloseWait => SocketState::CloseWait,
        State::Closing => SocketState::Closing,
        State::LastAck => SocketState::LastAck,
        State::TimeWait => SocketState::TimeWait,
        State::Closed => SocketState::Closed,
    }
}

/// A socket's state, spelled as those that packets show.
pub const fn socket_state(state: SocketState) -> &'static str {
    match state {
        SocketState::SynRecv => State::SynReceived.name(),
        SocketState::FinWait1 => State::FinWait1.name(),
        SocketState::FinWait2 => State::FinWait2.name(),
        other => other.name(),
    }
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
            starts_here: summary.has(Facts::SYN),
            next: summary.next.map(|next| next.time),
            reset: summary.reset.map(|reset| reset.time),
            turns: Side::BOTH.map(|side| history(summary, &row.judgement, side)),
            data: Side::BOTH.map(|side| {
                let half = &summary[side];
                Some(During::new(half.first_data.get()?, half.last_data.get()?))
            }),
        }
    }

    /// Which side has these addresses as its own and its peer's.
    pub fn side(&self, local: Address, remote: Address) -> Option<Side> {
        match (local, remote) {
            ends if ends == (self.client, self.server) => Some(Side::Client),
            ends if ends == (self.server, self.client) => Some(Side::Server),
            _ => None,
        }
    }

    /// The state that the packets show of a side at a time.
    pub fn state_at(&self, side: Side, time: Timestamp) -> Option<State> {
        let turns = &self.turns[side as usize];
        turns.iter().rev().find(|turn| turn.at <= time).map(|turn| turn.state)
    }

    /// The last state within a range of time that is meant.
    pub fn state_within(&self, side: Side, range: During, meant: impl Fn(&State) -> bool) -> Option<State> {
        let turns = &self.turns[side as usize];
        let end = |place: usize| turns.get(place + 1).map_or(Timestamp(i64::MAX), |next| next.at);
        let during =
            turns.iter().enumerate().rev().filter(|(place, turn)| During::new(turn.at, end(*place)).overlaps(range));
        during.map(|(_, turn)| turn.state).find(meant)
    }

    /// When the connection could have had sockets at all.
    pub fn life(&self) -> During {
        let from = if self.starts_here { self.first } else { Timestamp(i64::MIN) };
        During::new(from, self.next.unwrap_or(Timestamp(i64::MAX)))
    }

    /// Each range of time in which a side was in the state of a socket, as the packets show it, and in which the socket's
    /// timers could read so. A socket without a state may have been at any time before the side was closed.
    pub fn windows(&self, side: Side, socket: &Socket) -> impl Iterator<Item = During> {
        let by_timers = self.by_timers(side, socket);
        let ranges = match socket.state {
            Some(state) => self.in_state(side, state),
            None => {
                self.turns[side as usize].first().map(|turn| self.until_closed(side, turn.at)).into_iter().collect()
            }
        };
        ranges.into_iter().filter_map(move |range| range.widened(SLACK).meet(by_timers?))
    }

    fn in_state(&self, side: Side, state: SocketState) -> Vec<During> {
        let turns = &self.turns[side as usize];
        let end = self.next.unwrap_or(Timestamp(i64::MAX));
        let during =
            turns.iter().enumerate().filter(|(_, turn)| as_socket(turn.state) == state).map(|(place, turn)| {
                let next = turns.get(place + 1).map_or(end, |next| next.at);
                let to = if turn.state == State::TimeWait { next.min(turn.at.plus(LONGEST_TIMEWAIT)) } else { next };
                During::new(turn.at, to)
            });
        during.collect()
    }

    fn until_closed(&self, side: Side, from: Timestamp) -> During {
        let closed = self.turns[side as usize].iter().find(|turn| turn.state == State::Closed).map(|turn| turn.at);
        During::new(from, closed.or(self.next).unwrap_or(Timestamp(i64::MAX)))
    }

    /// When the socket's timers could read as the dump shows them: so long after some data was sent, after some was received,
    /// and so long before TIME_WAIT ends. `None` if never.
    pub fn by_timers(&self, side: Side, socket: &Socket) -> Option<During> {
        let since = |name: &str, of: Side| {
            let passed = socket.measures.get(name).and_then(|passed| i64::try_from(passed).ok())?;
            let passed = Timestamp(passed.checked_mul(1_000_000)?);
            Some(self.data[of as usize]?.plus(During::new(passed, passed)).widened(SLACK))
        };
        let heard = [since("lastsnd_ms", side), since("lastrcv_ms", side.peer())];
        let mut timed = heard.into_iter().chain([self.winding_down(side, socket)]).flatten();
        timed.try_fold(During::ALWAYS, During::meet)
    }

    /// When the countdown of TIME_WAIT stood where a dump shows it. A repeated FIN winds it up again.
    fn winding_down(&self, side: Side, socket: &Socket) -> Option<During> {
        let waits = socket.state == Some(SocketState::TimeWait);
        let timer = socket.timer.filter(|timer| waits && timer.kind == TimerKind::TimeWait)?;
        let left = i64::from(timer.left_ms?);
        let begun = self.turns[side as usize].iter().rev().find(|turn| turn.state == State::TimeWait)?;
        let passed = Span(LINUX_TIMEWAIT.0 - left * 1_000_000);
        // `ss` cuts long countdowns to the second.
        let cut = if left % 1000 == 0 { SECOND } else { 0 };
        let from = Timestamp(begun.at.0.saturating_sub(cut)).plus(passed);
        Some(During::new(from, begun.at.max(self.last).plus(passed)).widened(SLACK))
    }
}
