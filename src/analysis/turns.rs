//! Work done on all threads whose ends have to come in order: each piece hands in what is left to do once it is its turn.

use crate::report::Turn;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many pieces may be ahead of the one whose turn it is: what bounds memory.
const MOST: u64 = 64;

/// What was handed in, and whose turn it is.
pub struct Turns<'t> {
    state: Mutex<State<'t>>,
    moved: Condvar,
}

struct State<'t> {
    next: u64,
    early: BTreeMap<u64, Turn<'t>>,
    /// Somebody is at it.
    busy: bool,
    /// Nothing more is done.
    stopped: bool,
    failed: Option<io::Error>,
}

impl<'t> Turns<'t> {
    /// Pieces are numbered from 0; each has to be handed in, or all are to be stopped.
    pub fn new() -> Self {
        let state = State { next: 0, early: BTreeMap::new(), busy: false, stopped: false, failed: None };
        Self { state: Mutex::new(state), moved: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<'t>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands in a piece, after waiting if it is too far ahead, and takes all turns that have come unless somebody does.
    pub fn hand_in(&self, number: u64, turn: Turn<'t>) {
        let mut state = self.state();
        while !state.stopped && number - state.next.min(number) >= MOST {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.early.insert(number, turn);
        if state.busy {
            return;
        }
        state.busy = true;
        while !state.stopped
            && let next = state.next
            && let Some(turn) = state.early.remove(&next)
        {
            drop(state);
            let done = turn();
            state = self.state();
            state.next += 1;
            self.moved.notify_all();
            if let Err(error) = done {
                fail(&mut state, error);
            }
        }
        state.busy = false;
    }

    /// Stops everything because of an error; the first one counts.
    pub fn fail(&self, error: io::Error) {
        fail(&mut self.state(), error);
        self.moved.notify_all();
    }

    /// Whether nothing more is to be done.
    pub fn are_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Held by a worker: what one has taken when it panics is never handed in, and the others must not wait for it.
    pub fn alarm(&self) -> Alarm<'_, 't> {
        Alarm(self)
    }

    /// # Errors
    /// The first one.
    pub fn finish(self) -> io::Result<()> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).failed.map_or(Ok(()), Err)
    }
}

fn fail(state: &mut State<'_>, error: io::Error) {
    state.stopped = true;
    state.failed.get_or_insert(error);
}

/// Stops everything if its holder panics.
pub struct Alarm<'a, 't>(&'a Turns<'t>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().stopped = true;
            self.0.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever order pieces are handed in, their turns come in the order of their numbers.
        #[test]
        fn turns_come_in_order(order in Just((0..20u64).collect::<Vec<_>>()).prop_shuffle()) {
            let done = Mutex::new(Vec::new());
            let turns = Turns::new();
            for number in order {
                let done = &done;
                turns.hand_in(number, Box::new(move || {
                    done.lock().unwrap().push(number);
                    Ok(())
                }));
            }
            turns.finish().unwrap();
            prop_assert_eq!(done.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_is_done_after_an_error_and_nobody_waits() {
        let turns = Turns::new();
        turns.hand_in(0, Box::new(|| Err(io::Error::other("full"))));
        turns.hand_in(MOST + 5, Box::new(|| panic!("its turn never comes")));
        assert!(turns.are_stopped());
        assert_eq!(turns.finish().unwrap_err().to_string(), "full");
    }

    #[test]
    fn many_threads_hand_in_more_than_may_be_ahead() {
        let (done, taken) = (Mutex::new(Vec::new()), Mutex::new(0));
        let turns = Turns::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let number = {
                            let mut taken = taken.lock().unwrap();
                            *taken += 1;
                            *taken - 1
                        };
                        if number > 2 * MOST + 5 {
                            return;
                        }
                        let done = &done;
                        turns.hand_in(
                            number,
                            Box::new(move || {
                                done.lock().unwrap().push(number);
                                Ok(())
                            }),
                        );
                    }
                });
            }
        });
        turns.finish().unwrap();
        assert_eq!(done.into_inner().unwrap(), (0..2 * MOST + 6).collect::<Vec<_>>());
    }
}
