//! Which state a side was in when, as far as the moments of a summary tell: what a socket table of that time is held against.

use super::judgement::Judgement;
use super::state::{State, Teardown, shown};
use super::{Facts, Side, Summary};
use crate::time::Timestamp;

/// A side is in a state from this time on, until the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub at: Timestamp,
    pub state: State,
}

/// What moves a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Opens(State),
    SendsFin,
    FinAcked,
    FinReceived,
}

/// The turns of one side, in the order of time. The first of a connection that began before the capture stands at the
/// beginning of all time; the last is the state that the row shows.
///
/// Moments are when a segment passed the capture: the kernel moved up to one way's time before or after. A step that was
/// taken back, such as a FIN that had to be sent again, is not told: only the states up to the last one that stood.
pub fn history(summary: &Summary, judgement: &Judgement, side: Side) -> Box<[Turn]> {
    let (mut opening, mut teardown) = (None, Teardown::default());
    let mut turns: Vec<Turn> = Vec::new();
    let reset = summary.reset.map(|reset| reset.time);
    for (at, cause) in causes(summary, side) {
        if reset.is_some_and(|reset| at > reset) {
            break;
        }
        match cause {
            Cause::Opens(state) => opening = Some(state),
            Cause::SendsFin => {
                teardown.closed_second = teardown.fin_received;
                teardown.fin_sent = true;
            }
            Cause::FinAcked => teardown.fin_acked = true,
            Cause::FinReceived => teardown.fin_received = true,
        }
        if let Some(state) =
            shown(opening, teardown).filter(|state| turns.last().is_none_or(|turn| turn.state != *state))
        {
            turns.push(Turn { at, state });
        }
    }
    let Some(last) = judgement.states[side as usize] else { return Box::default() };
    if turns.last().is_none_or(|turn| turn.state != last) {
        let icmp = summary.icmp.filter(|icmp| icmp.rejects_syn).map(|icmp| icmp.time);
        let changed = summary.state_changed.get().unwrap_or(summary.last);
        let at = reset.or(icmp).unwrap_or(changed);
        let first = if turns.is_empty() { begun(summary) } else { at };
        turns.push(Turn { at: first, state: last });
    }
    turns.into()
}

/// When the connection was there at the earliest.
fn begun(summary: &Summary) -> Timestamp {
    if summary.has(Facts::SYN) { summary.first } else { Timestamp(i64::MIN) }
}

/// What moved a side, in the order of time.
fn causes(summary: &Summary, side: Side) -> Vec<(Timestamp, Cause)> {
    let (half, peer) = (&summary[side], &summary[side.peer()]);
    let answered = summary.synack.get();
    let mut causes = Vec::with_capacity(6);
    let mut add = |at: Option<Timestamp>, cause: Cause| causes.extend(at.map(|at| (at, cause)));
    let opens = summary.has(Facts::SYN) || summary.has(Facts::SYNACK);
    let established = summary.established.get().filter(|_| summary.opening(side) == Some(State::Established));
    match side {
        Side::Client if opens => {
            add(Some(begun(summary)), Cause::Opens(State::SynSent));
            let acked = half.acked_plainly.get();
            add(established.map(|time| acked.map_or(time, |acked| acked.min(time))), Cause::Opens(State::Established));
        }
        Side::Server if opens => {
            add(answered, Cause::Opens(State::SynReceived));
            add(established, Cause::Opens(State::Established));
        }
        Side::Client | Side::Server => add(established.map(|_| begun(summary)), Cause::Opens(State::Established)),
    }
    add(half.fin.get().filter(|_| half.teardown.fin_sent), Cause::SendsFin);
    add(peer.fin_received.get().filter(|_| half.teardown.fin_acked), Cause::FinAcked);
    add(half.fin_received.get().filter(|_| half.teardown.fin_received), Cause::FinReceived);
    // Within a segment the acknowledgement acts before the FIN.
    causes.sort_by_key(|(at, cause)| (*at, *cause == Cause::SendsFin));
    causes
}
