//! Steps: what a revisit tells of a connection agrees with what tracking said of it.

use crate::support::shared;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use synfin::analysis::{self, Options, Rows, Tracking};
use synfin::capture::script;
use synfin::case::{Facts, Judged};
use synfin::tcp::State;
use synfin::tcp::step::Step;

pub struct Collected(pub Vec<Judged>);

impl Rows for Collected {
    fn batch(&mut self, rows: &[Judged], _: &Facts) -> std::io::Result<()> {
        self.0.extend_from_slice(rows);
        Ok(())
    }
}

pub fn tracking(path: &Path, options: &Options) -> Tracking {
    let plan = analysis::plan(&[path.to_owned()], options);
    analysis::track(plan, options, &Arc::default()).expect("scratch space")
}

/// All rows of a file.
fn rows(path: &Path, options: &Options) -> Vec<Judged> {
    let mut rows = Collected(Vec::new());
    tracking(path, options).deliver(&mut rows).expect("memory takes every row");
    rows.0
}

fn steps(tracking: &mut Tracking, row: &Judged) -> Vec<Step> {
    let mut steps = Vec::new();
    tracking
        .revisit(row, &mut |step| {
            steps.push(step);
            Ok(())
        })
        .expect("nothing waits on disk");
    steps
}

/// Says where the steps of a file's connections contradict its rows.
fn contradictions(path: &Path) -> (usize, Vec<String>) {
    let options = Options { keys: Some([1, 2, 3, 4]), ..Options::default() };
    let rows = rows(path, &options);
    let mut tracking = tracking(path, &options);
    let mut wrong = Vec::new();
    // Of a flood, some are enough.
    for row in rows.iter().step_by(rows.len() / 64 + 1) {
        let steps = steps(&mut tracking, row);
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

/// All files below a folder with this extension.
fn below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                ahead.push(path);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_steps_of_every_script_end_in_the_states_of_its_row() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scripts = below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts"), "pkt");
    let captures = scripts.iter().enumerate().map(|(index, path)| {
        let text = std::fs::read_to_string(path).expect("a script");
        let capture = folder.path().join(format!("{index}-{}.pcap", path.file_stem().expect("a name").display()));
        std::fs::write(&capture, script::to_capture(&text).expect("a sound script")).expect("written");
        capture
    });
    check(captures);
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
