//! A connection as a packet script gives the same connection again.

use super::seen::{below, captures_of_scripts, rows, steps, tracking};
use crate::support::{analyse_bytes, capture, labels, shared};
use std::path::{Path, PathBuf};
use synfin::analysis::{Options, Tracking};
use synfin::case::Judged;
use synfin::report::ticket::Ticket;
use synfin::tcp::RoleBasis;

/// The script of a connection.
pub fn script(tracking: &mut Tracking, row: &Judged) -> String {
    let (steps, recorder) = steps(tracking, row);
    let first = steps.iter().map(|step| step.time).filter(|time| time.0 != 0).min().unwrap_or(row.summary.first);
    let ticket = Ticket::new(row, first, recorder.bases());
    let lines: String = steps.iter().map(|step| ticket.line(step)).collect();
    ticket.head(row, tracking.facts()) + &lines
}

/// Why a script of the connection alone may say something else: what it is told from, or what a script cannot say.
fn is_limited(row: &Judged) -> bool {
    // Other connections told which side listens.
    row.summary.role_basis == RoleBasis::Listener
}

/// Connections whose script gives something else, those that may do so, and all.
fn changed(path: &Path) -> (Vec<String>, usize, usize) {
    let options = Options { keys: Some([1, 2, 3, 4]), ..Options::default() };
    let all = rows(path, &options);
    let mut tracking = tracking(path, &options);
    let (mut wrong, mut limited, mut tried) = (Vec::new(), 0, 0);
    for row in all.iter().step_by(all.len() / 32 + 1) {
        let script = script(&mut tracking, row);
        let again: Vec<String> = analyse_bytes(&capture(&script)).iter().map(labels).collect();
        tried += 1;
        if again != [labels(row)] {
            if is_limited(row) {
                limited += 1;
            } else {
                wrong.push(format!("{}\n  was {}\n  got {again:?}\n{script}", path.display(), labels(row)));
            }
        }
    }
    (wrong, limited, tried)
}

fn check(paths: impl Iterator<Item = PathBuf>) {
    let (mut wrong, mut limited, mut tried) = (Vec::new(), 0, 0);
    for path in paths {
        let (here, may, all) = changed(&path);
        wrong.extend(here);
        limited += may;
        tried += all;
    }
    println!("{tried} connections through a script and back, {limited} changed for a reason that is known");
    assert!(tried > 0);
    assert!(wrong.is_empty(), "{} of {tried} changed:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_connection_of_the_scripts_survives_being_written_as_a_script() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    check(captures_of_scripts(folder.path()).into_iter());
}

#[test]
fn every_recording_of_the_lab_survives_being_written_as_a_script() {
    let Some(lab) = shared("lab") else { return };
    check(below(&lab, "pcap").into_iter());
}

#[test]
fn every_foreign_connection_survives_being_written_as_a_script() {
    let Some(captures) = shared("corpus/captures") else { return };
    check(below(&captures, "pcap").into_iter().chain(below(&captures, "pcapng")));
}
