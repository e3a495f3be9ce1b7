//! A connection as a packet script gives the same connection again.

use super::seen::{below, captures_of_scripts, rows, steps, tracking};
use crate::support::{analyse_bytes, capture, labels, shared};
use std::path::{Path, PathBuf};
use synfin::analysis::{Options, Tracking};
use synfin::case::Judged;
use synfin::report::ticket::Ticket;
use synfin::tcp::judgement::Caveats;

/// The script of a connection.
pub fn script(tracking: &mut Tracking, row: &Judged) -> String {
    let (steps, recorder) = steps(tracking, row);
    let first = steps.iter().map(|step| step.time).filter(|time| time.0 != 0).min().unwrap_or(row.summary.first);
    let ticket = Ticket::new(row, first, recorder.bases());
    let lines: String = steps.iter().map(|step| ticket.line(step)).collect();
    ticket.head(row, tracking.facts()) + &lines + &ticket.end(row, tracking.facts())
}

/// What a script must carry over. That another connection took the ports afterwards, or that memory was short, is no matter
/// of the connection's own packets; IP lengths that offloading left wrong are not written.
fn told(row: &Judged) -> String {
    let elsewhere = Caveats::SUPERSEDED.0 | Caveats::EVICTED.0 | Caveats::OFFLOAD.0;
    let caveats = Caveats(row.judgement.caveats.0 & !elsewhere);
    format!("{} confidence={} caveats={}", labels(row), row.judgement.confidence.name(), caveats.print())
}

/// Connections whose script gives something else, and all.
fn changed(path: &Path) -> (Vec<String>, usize) {
    let options = Options { keys: Some([1, 2, 3, 4]), ..Options::default() };
    let all = rows(path, &options);
    let mut tracking = tracking(path, &options);
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for row in all.iter().step_by(all.len() / 32 + 1) {
        let script = script(&mut tracking, row);
        let again = analyse_bytes(&capture(&script));
        let again: Vec<String> = again.iter().filter(|again| again.client.port == row.client.port).map(told).collect();
        tried += 1;
        if again != [told(row)] {
            wrong.push(format!("{}\n  was {}\n  got {again:?}\n{script}", path.display(), told(row)));
        }
    }
    (wrong, tried)
}

fn check(paths: impl Iterator<Item = PathBuf>) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for path in paths {
        let (here, all) = changed(&path);
        wrong.extend(here);
        tried += all;
    }
    println!("{tried} connections through a script and back");
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
