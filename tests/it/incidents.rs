//! The recorded incidents: each says in the table of its README what is true, and synfin finds just that.

use crate::support::analyse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use synfin::case::Judged;
use synfin::tcp::State;

/// Capture, outcome, client's state, server's state.
type Kind = [String; 4];

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn incidents() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/incidents");
    entries(&folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// The table of a README: number of connections of each kind.
fn told(incident: &Path) -> BTreeMap<Kind, usize> {
    let text = std::fs::read_to_string(incident.join("README.md")).expect("a README");
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = rows.map(|row| row.split('|').map(str::trim).skip(1).take(5).map(str::to_owned).collect::<Vec<_>>());
    cells
        .map(|cells| {
            let [capture, count, outcome, client, server] = cells.try_into().expect("five cells");
            ([capture, outcome, client, server], count.parse().expect("a number"))
        })
        .collect()
}

fn kind(capture: &str, row: &Judged) -> Kind {
    let [client, server] = row.judgement.states.map(|state| state.map_or("", State::name).to_owned());
    [capture.to_owned(), row.outcome.name().to_owned(), client, server]
}

fn found(incident: &Path) -> BTreeMap<Kind, usize> {
    let captures = entries(incident).into_iter().filter(|path| path.extension().is_some_and(|end| end == "pcap"));
    let mut found = BTreeMap::new();
    for path in captures {
        let capture = path.file_name().expect("a name").to_string_lossy().into_owned();
        analyse(&path).iter().for_each(|row| *found.entry(kind(&capture, row)).or_default() += 1);
    }
    found
}

#[test]
fn every_incident_is_what_its_readme_says() {
    for incident in incidents() {
        assert_eq!(found(&incident), told(&incident), "{}", incident.display());
    }
}

#[test]
fn the_incidents_show_each_end_that_people_look_for_and_stay_small() {
    let outcomes: Vec<String> =
        incidents().iter().flat_map(|incident| told(incident).into_keys()).map(|kind| kind[1].clone()).collect();
    for outcome in [
        "completed",
        "rst_refused",
        "icmp_rejected",
        "syn_unanswered",
        "synack_unanswered",
        "accept_stalled",
        "server_close_wait",
        "reset_by_server",
        "peer_vanished",
    ] {
        assert!(outcomes.iter().any(|has| has == outcome), "no incident shows {outcome}");
    }
    let files = incidents().iter().flat_map(|incident| entries(incident)).collect::<Vec<_>>();
    let bytes: u64 = files.iter().map(|path| path.metadata().expect("a file").len()).sum();
    assert!(bytes < 300_000, "{bytes} bytes of incidents");
}
