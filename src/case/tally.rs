//! What the rows add up to: everything that the summary prints, gathered while rows are delivered.

use super::services::{ServiceCounts, ServicesMet};
use super::{Judged, Timeline};
use crate::tcp::judgement::Caveats;
use crate::tcp::{Outcome, Side, State, Verdict};
use crate::time::{Span, Timestamp};
use crate::wire::Address;
use hashbrown::HashSet;

/// Connections listed as longest stuck.
const STUCK_LISTED: usize = 8;
/// Hosts counted one by one.
const MOST_HOSTS: usize = 1 << 20;

/// A connection that waits in a state for something that does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    pub id: u64,
    pub client: Address,
    pub server: Address,
    pub outcome: Outcome,
    /// The side that waits or makes wait, and its state.
    pub side: Side,
    pub state: State,
    pub peer_state: Option<State>,
    /// Since when it waits, and how long that was up to the end of the capture.
    pub since: Timestamp,
    pub age: Span,
    pub first_frame: u64,
}

/// Sums over all rows of a case.
#[derive(Clone, Debug)]
pub struct Tally {
    pub connections: u64,
    pub timeline: Timeline,
    pub services: ServiceCounts,
    /// Rows with each caveat, in the order of [`Caveats`].
    pub caveats: [u64; 12],
    /// Rows whose label is ambiguous.
    pub ambiguous: u64,
    /// The oldest first, at most eight; of those as old, the first row first.
    pub stuck: Vec<Stuck>,
    /// How many rows were stuck.
    pub stuck_total: u64,
    hosts: HashSet<u128>,
    stuck_after: Span,
}

/// Sums over some rows: made anywhere, and added to those of the rows before.
#[derive(Clone, Debug)]
pub struct PartTally {
    connections: u64,
    timeline: Timeline,
    services: ServicesMet,
    caveats: [u64; 12],
    ambiguous: u64,
    stuck: Vec<Stuck>,
    /// One may come several times.
    hosts: Vec<u128>,
    stuck_after: Span,
}

impl PartTally {
    pub fn add(&mut self, row: &Judged) {
        self.connections += 1;
        self.timeline.add(row.outcome, row.summary.first);
        self.services.add(row.server, row.outcome.verdict());
        for (bit, count) in self.caveats.iter_mut().enumerate() {
            *count += u64::from(row.judgement.caveats.has(Caveats(1 << bit)));
        }
        self.ambiguous += u64::from(row.judgement.confidence == crate::tcp::Confidence::Ambiguous);
        for ip in [row.client.ip, row.server.ip] {
            // Most came just before.
            if !self.hosts.iter().rev().take(4).any(|&other| other == ip) {
                self.hosts.push(ip);
            }
        }
        self.stuck.extend(Stuck::of(row).filter(|stuck| stuck.age >= self.stuck_after));
    }
}

impl Tally {
    /// `stuck_after`: how old a waiting state must be to be called stuck.
    pub fn new(first: Timestamp, last: Timestamp, stuck_after: Span) -> Self {
        Self {
            connections: 0,
            timeline: Timeline::new(first, last),
            services: ServiceCounts::default(),
            caveats: [0; 12],
            ambiguous: 0,
            stuck: Vec::new(),
            stuck_total: 0,
            hosts: HashSet::new(),
            stuck_after,
        }
    }

    /// For sums over some of the rows.
    pub fn part(&self) -> PartTally {
        let (first, last) = self.timeline.span();
        PartTally {
            connections: 0,
            timeline: Timeline::new(first, last),
            services: ServicesMet::default(),
            caveats: [0; 12],
            ambiguous: 0,
            stuck: Vec::new(),
            hosts: Vec::new(),
            stuck_after: self.stuck_after,
        }
    }

    /// Adds the sums over the rows that follow.
    pub fn append(&mut self, part: PartTally) {
        self.connections += part.connections;
        self.timeline.append(&part.timeline);
        self.services.append(part.services);
        self.caveats.iter_mut().zip(part.caveats).for_each(|(count, more)| *count += more);
        self.ambiguous += part.ambiguous;
        self.stuck_total += part.stuck.len() as u64;
        for stuck in part.stuck {
            let at = self.stuck.partition_point(|other| other.age >= stuck.age);
            if at < STUCK_LISTED {
                self.stuck.insert(at, stuck);
                self.stuck.truncate(STUCK_LISTED);
            }
        }
        for ip in part.hosts {
            if self.hosts.len() >= MOST_HOSTS {
                break;
            }
            self.hosts.insert(ip);
        }
    }

    /// How old a waiting state must be to be called stuck.
    pub fn stuck_after(&self) -> Span {
        self.stuck_after
    }

    /// Distinct addresses, and whether there were more than are counted.
    pub fn hosts(&self) -> (usize, bool) {
        (self.hosts.len(), self.hosts.len() >= MOST_HOSTS)
    }

    pub fn of_verdict(&self, verdict: Verdict) -> u64 {
        Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.verdict() == verdict)
            .map(|outcome| self.timeline.total(outcome))
            .sum()
    }
}

impl Stuck {
    /// Which side of a connection waits, if its outcome is one that waits.
    pub fn of(row: &Judged) -> Option<Self> {
        let waits = |state: &State| {
            matches!(
                state,
                State::SynReceived
                    | State::FinWait1
                    | State::FinWait2
                    | State::CloseWait
                    | State::Closing
                    | State::LastAck
            )
        };
        let side = match row.outcome {
            Outcome::ServerCloseWait => Side::Server,
            Outcome::ClientCloseWait => Side::Client,
            Outcome::LastAck
            | Outcome::Closing
            | Outcome::FinUnanswered
            | Outcome::SynackUnanswered
            | Outcome::AcceptStalled => {
                Side::BOTH.into_iter().find(|&side| row.judgement.states[side as usize].as_ref().is_some_and(waits))?
            }
            Outcome::WindowStalled => {
                Side::BOTH.into_iter().find(|&side| row.summary[side].zero_window_since.is_set())?
            }
            _ => return None,
        };
        let since_stall = row.summary[side].zero_window_since.get().filter(|_| row.outcome == Outcome::WindowStalled);
        let changed = row.summary.state_changed.get()?;
        let ended = changed.plus(row.judgement.state_age?);
        let since = since_stall.unwrap_or(changed);
        Some(Self {
            id: row.id(),
            client: row.client,
            server: row.server,
            outcome: row.outcome,
            side,
            state: row.judgement.states[side as usize]?,
            peer_state: row.judgement.states[side.peer() as usize],
            since,
            age: ended.since(since),
            first_frame: row.summary.first_frame,
        })
    }
}
