//! What is lacking to a connection's end: once it comes, the connection has ended as was said.

use super::seen::{captures_of_scripts, rows, tracking};
use super::ticket::script;
use crate::support::{analyse_bytes, capture};
use std::collections::BTreeMap;
use synfin::analysis::Options;
use synfin::tcp::judgement::Caveats;
use synfin::tcp::lack::{Lack, lacks};
use synfin::tcp::{Outcome, RoleBasis, Side, State};
use synfin::wire::Flags;

/// The segment as a line of a script.
fn line(lack: &Lack, at: usize) -> String {
    let sender = if lack.sender == Side::Client { '>' } else { '<' };
    let seq = lack.seq.map_or(1_000_000, |seq| seq.0);
    let ack = lack.ack.map_or(1_000_001, |ack| ack.0);
    let syn = if lack.flags.any(Flags::SYN) { "S" } else { "" };
    let fin = if lack.flags.any(Flags::FIN) { "F" } else { "" };
    format!("{at}.0 {sender} {syn}{fin}. ={seq}:{seq}(0) ack ={ack} win 4000\n")
}

fn names(states: [Option<State>; 2]) -> [&'static str; 2] {
    states.map(|state| state.map_or("-", State::name))
}

#[test]
fn a_connection_that_gets_what_it_lacks_has_ended_as_was_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { keys: Some([1, 2, 3, 4]), ..Options::default() };
    let (mut tried, mut wrong) = (BTreeMap::new(), Vec::new());
    for path in captures_of_scripts(folder.path()) {
        let mut tracking = tracking(&path, &options);
        for row in rows(&path, &options) {
            let lacks = lacks(&row.summary, row.outcome, &row.judgement);
            let Some(last) = lacks.last() else { continue };
            // What the unseen side sends would tell more than itself; and roles that other connections told are lost.
            let one_sided = row.judgement.caveats.has(Caveats::ONE_SIDED);
            if one_sided || row.summary.role_basis == RoleBasis::Listener {
                continue;
            }
            let mut text = script(&mut tracking, &row);
            text.extend(lacks.iter().enumerate().map(|(index, lack)| line(lack, 5000 + index)));
            let again = analyse_bytes(&capture(&text));
            let [ended] = again.as_slice() else { panic!("several connections:\n{text}") };
            *tried.entry(row.outcome.name()).or_insert(0) += 1;
            let closing =
                matches!(last.states, [Some(State::Closed | State::TimeWait), Some(State::Closed | State::TimeWait)]);
            let waits = last.states.contains(&Some(State::CloseWait));
            let wanted: &[Outcome] = if closing {
                &[Outcome::Completed, Outcome::Closed]
            } else if waits {
                &[Outcome::HalfClosed, Outcome::ServerCloseWait, Outcome::ClientCloseWait] // nobody is gone any more
            } else {
                &[Outcome::Open, Outcome::HalfClosed]
            };
            if names(ended.judgement.states) != names(last.states) || !wanted.contains(&ended.outcome) {
                let (outcome, states) = (ended.outcome.name(), names(ended.judgement.states));
                wrong.push(format!("{outcome} {states:?} instead of {:?}:\n{text}", names(last.states)));
            }
        }
    }
    println!("{tried:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for outcome in ["client_close_wait", "server_close_wait", "fin_unanswered", "last_ack", "closing", "half_closed"] {
        assert!(tried.contains_key(outcome), "no {outcome} was tried");
    }
}

#[test]
fn what_is_over_lacks_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options::default();
    let over =
        [Outcome::Completed, Outcome::Closed, Outcome::ResetByClient, Outcome::ResetByServer, Outcome::RstRefused];
    let mut met = 0;
    for row in captures_of_scripts(folder.path()).iter().flat_map(|path| rows(path, &options)) {
        if over.contains(&row.outcome) || row.summary.reset.is_some() {
            met += 1;
            assert_eq!(lacks(&row.summary, row.outcome, &row.judgement), []);
        }
    }
    assert!(met > 10);
}
