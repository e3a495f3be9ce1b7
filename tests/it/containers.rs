//! Every container tells the same story: a recording, converted, gives the connections it gave as it was captured.

mod converted;
mod erf;
mod foreign;

use std::path::{Path, PathBuf};
use std::process::Command;
use synfin::analysis::Options;
use synfin::case::Judged;
use synfin::report::columns::COLUMNS;
use synfin::report::{Column, Kind, Value};

/// The program of that name, if it runs here; says so if not.
pub fn tool(name: &str) -> Option<&str> {
    let runs = Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    if !runs {
        eprintln!("skipped: {name} is not installed (Debian: wireshark-common, tshark, tcpdump)");
    }
    runs.then_some(name)
}

pub fn testdata(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(below)
}

/// All recordings that may be compared with what other programs make of them: of the incidents and of the lab.
pub fn recordings() -> Vec<PathBuf> {
    let lab = crate::shared::path("lab").map(|lab| files(&lab, "*/*.pcap")).unwrap_or_default();
    files(&testdata("incidents"), "*/*.pcap").into_iter().chain(lab).collect()
}

/// Files below a folder by a pattern, in order.
pub fn files(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = folder.join(pattern).display().to_string();
    glob::glob(&pattern).expect("a pattern").map(|path| path.expect("a path")).collect()
}

/// What a table's cells depend on, besides the packets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The original's.
    Kept,
    /// The original's without a date: times differ, and durations do not.
    Undated,
    /// A coarser one: times, durations, and what is computed of them, differ.
    Coarser,
}

/// All rows of a capture with all their cells but the names of files; without those that depend on the clock where it is
/// not the original's.
pub fn table(path: &Path, clock: Clock) -> Vec<Vec<String>> {
    let (rows, case) = crate::support::analyse_with(&[path.to_owned()], &Options::default());
    assert!(case.unread.is_empty(), "{:?}", case.unread);
    let kept = COLUMNS.iter().filter(|column| {
        let of_file = matches!(column.name, "point" | "first_file" | "last_file");
        let timed = column.kind == Kind::Time || OF_TIME.contains(&column.name);
        let is_kept = match clock {
            Clock::Kept => true,
            Clock::Undated => !timed,
            Clock::Coarser => !timed && column.kind != Kind::Seconds,
        };
        !of_file && is_kept
    });
    let columns: Vec<_> = kept.collect();
    let cell = |row, column: &Column<Judged>| -> String {
        let value: Value<'_> = (column.get)(row, &case.facts);
        format!("{}={value:?}", column.name)
    };
    rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect()
}

/// Columns that are no time and are computed of times.
const OF_TIME: [&str; 1] = ["id"];

/// Says the first cell that differs, which a dump of both tables would hide.
pub fn assert_same(what: &str, found: &[Vec<String>], expected: &[Vec<String>]) {
    assert_eq!(found.len(), expected.len(), "{what}: number of connections");
    for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, expected, "{what}: connection {number}");
        }
    }
}
