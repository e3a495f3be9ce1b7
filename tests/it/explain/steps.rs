//! Steps: what a second look tells of a connection agrees with what tracking said of it.

use super::seen::{below, captures_of_scripts, rows, steps, tracking};
use crate::support::shared;
use std::path::{Path, PathBuf};
use synfin::analysis::Options;
use synfin::tcp::State;

/// Says where the steps of a file's connections contradict its rows.
fn contradictions(path: &Path) -> (usize, Vec<String>) {
    let options = Options { keys: Some([1, 2, 3, 4]), ..Options::default() };
    let rows = rows(path, &options);
    let mut tracking = tracking(path, &options);
    let mut wrong = Vec::new();
    // Of a flood, some are enough.
    for row in rows.iter().step_by(rows.len() / 64 + 1) {
        let (steps, _) = steps(&mut tracking, row);
        let last = steps.last().map_or([None; 2], |step| step.states);
        let names = |states: [Option<State>; 2]| states.map(|state| state.map_or("-", State::name));
        if last != row.judgement.states {
            wrong.push(format!(
                "{} frame {}: {} steps end in {:?}, the row in {:?}",
                path.display(),
                row.summary.first_frame,
                row.outcome.name(),
                names(last),
                names(row.judgement.states)
            ));
        }
        let segments = steps.iter().filter(|step| step.is_own_segment()).count();
        let packets = row.summary.sides.iter().map(|half| half.packets as usize).sum::<usize>();
        if segments != packets {
            wrong.push(format!(
                "{} frame {}: {segments} segments replayed, {packets} tracked",
                path.display(),
                row.summary.first_frame
            ));
        }
    }
    (rows.len(), wrong)
}

fn check(paths: impl Iterator<Item = PathBuf>) {
    let (mut connections, mut wrong) = (0, Vec::new());
    for path in paths {
        let (rows, here) = contradictions(&path);
        connections += rows;
        wrong.extend(here);
    }
    println!("{connections} connections revisited");
    assert!(wrong.is_empty(), "{} of {connections}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(connections > 0);
}

#[test]
fn the_steps_of_every_script_end_in_the_states_of_its_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    check(captures_of_scripts(folder.path()).into_iter());
}

#[test]
fn the_steps_of_every_recording_of_the_lab_end_in_the_states_of_its_row() {
    let Some(lab) = shared("lab") else { return };
    check(below(&lab, "pcap").into_iter());
}

#[test]
fn the_steps_of_every_foreign_capture_end_in_the_states_of_its_row() {
    let Some(captures) = shared("corpus/captures") else { return };
    check(below(&captures, "pcap").into_iter().chain(below(&captures, "pcapng")));
}
