//! What the tests share: a capture goes in, judged rows come out, by the same road as in the program.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use synfin::analysis::{self, Options, Rows};
use synfin::case::{Case, Facts, Judged};
use synfin::report::Turn;
use synfin::tcp::{Judgement, Outcome};

/// Keeps all rows.
#[derive(Default)]
pub struct Collected(Mutex<Vec<Judged>>);

impl Collected {
    pub fn into_rows(self) -> Vec<Judged> {
        self.0.into_inner().expect("not poisoned")
    }
}

impl Rows for Collected {
    fn part<'w>(&'w self, rows: &[Judged], _: &Facts) -> Turn<'w> {
        let rows = rows.to_vec();
        Box::new(move || {
            self.0.lock().expect("not poisoned").extend(rows);
            Ok(())
        })
    }
}

/// Analyses files with these options.
pub fn analyse_with(paths: &[PathBuf], options: &Options) -> (Vec<Judged>, Case) {
    let plan = analysis::plan(paths, options);
    let rows = Collected::default();
    let tracking = analysis::track(plan, options, &Arc::default()).expect("scratch space");
    let (case, _) = tracking.deliver(&rows).expect("memory takes every row");
    (rows.into_rows(), case)
}

/// Analyses one file.
pub fn analyse(path: &Path) -> Vec<Judged> {
    analyse_with(&[path.to_owned()], &Options::default()).0
}

/// Analyses a capture held in memory.
pub fn analyse_bytes(capture: &[u8]) -> Vec<Judged> {
    analyse_bytes_with(capture, &Options::default()).0
}

/// Analyses a capture held in memory with these options.
pub fn analyse_bytes_with(capture: &[u8], options: &Options) -> (Vec<Judged>, Case) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("capture");
    std::fs::write(&path, capture).expect("the capture is written");
    analyse_with(&[path], options)
}

/// The capture that a packet script describes.
pub fn capture(script: &str) -> Vec<u8> {
    synfin::capture::script::to_capture(script).unwrap_or_else(|error| panic!("{error}\n{script}"))
}

/// The labels of a row as the scripts' comments state them: `outcome=... client_state=...`, empty ones left out.
pub fn labels(row: &Judged) -> String {
    labels_of(row.outcome, &row.judgement)
}

/// The same of a connection that stands alone.
pub fn labels_of(outcome: Outcome, judgement: &Judgement) -> String {
    let fields = [
        ("outcome", Some(outcome.name())),
        ("client_state", judgement.states[0].map(|state| state.name())),
        ("server_state", judgement.states[1].map(|state| state.name())),
        ("handshake", Some(judgement.handshake.name())),
        ("closed_by", judgement.closed_by.map(|by| by.name())),
        ("reset_by", judgement.reset_by.map(|side| side.name())),
        ("reset_phase", judgement.reset_phase.map(|phase| phase.name())),
    ];
    let set = fields.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}")));
    set.collect::<Vec<_>>().join(" ")
}

/// The folder of oracles, if it is there; says so if not.
pub fn shared(part: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared");
    let folder = std::env::var_os("SYNFIN_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from).join(part);
    if folder.exists() {
        return Some(folder);
    }
    println!("skipped: {} is not here", folder.display());
    None
}
