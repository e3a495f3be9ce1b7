//! What the tests of a second look share: tracked captures, the steps of a connection, files to walk.

use crate::support::Collected;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use synfin::analysis::{self, Options, Tracking};
use synfin::capture::script;
use synfin::case::Judged;
use synfin::tcp::step::{Recorder, Step};

pub fn tracking(path: &Path, options: &Options) -> Tracking {
    let plan = analysis::plan(&[path.to_owned()], options);
    analysis::track(plan, options, &Arc::default()).expect("scratch space")
}

/// All rows of a file.
pub fn rows(path: &Path, options: &Options) -> Vec<Judged> {
    let rows = Collected::default();
    tracking(path, options).deliver(&rows).expect("memory takes every row");
    rows.into_rows()
}

/// All steps of a connection, and what the recorder knows after them.
pub fn steps(tracking: &mut Tracking, row: &Judged) -> (Vec<Step>, Recorder) {
    let mut steps = Vec::new();
    let recorder = tracking.revisit(row, &mut |step| {
        steps.push(step);
        Ok(())
    });
    (steps, recorder.expect("nothing waits on disk"))
}

/// The capture of a script, in a folder that lives as long as it is held.
pub fn capture_of(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("script.pcap");
    std::fs::write(&path, script::to_capture(text).unwrap_or_else(|error| panic!("{error}\n{text}"))).expect("written");
    (folder, path)
}

/// Every script of `testdata` as a capture in `folder`.
pub fn captures_of_scripts(folder: &Path) -> Vec<PathBuf> {
    let scripts = below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts"), "pkt");
    let captures = scripts.iter().enumerate().map(|(index, path)| {
        let text = std::fs::read_to_string(path).expect("a script");
        let capture = folder.join(format!("{index}-{}.pcap", path.file_stem().expect("a name").display()));
        std::fs::write(&capture, script::to_capture(&text).expect("a sound script")).expect("written");
        capture
    });
    captures.collect()
}

/// All files below a folder with this extension.
pub fn below(folder: &Path, extension: &str) -> Vec<PathBuf> {
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
