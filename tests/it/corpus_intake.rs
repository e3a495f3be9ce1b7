//! Nothing of the corpus is lost: every capture that tshark opens is opened, with as many frames, and each frame is a segment,
//! an ICMP error about a connection, or counted by name.

use crate::shared;
use crate::support::analyse_with;
use std::collections::BTreeMap;
use synfin::analysis::Options;

#[test]
fn every_frame_of_every_capture_is_counted_once() {
    let Some(corpus) = shared::path("corpus") else { return };
    let mut index = csv::Reader::from_path(corpus.join("INDEX.csv")).expect("the corpus has an index");
    let (mut files, mut frames, mut equal) = (0, 0, 0);
    let (mut not_opened, mut more, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for row in index.deserialize::<BTreeMap<String, String>>() {
        let row = row.expect("a row of the index");
        let theirs: u64 = row["packets"].parse().expect("a number of packets");
        let (_, case) = analyse_with(&[corpus.join(&row["file"])], &Options::default());
        let read: Vec<_> = case.facts.points.iter().flat_map(|point| &point.files).collect();
        for file in &read {
            let named: u64 = file.others.values().sum();
            let known = file.tcp_segments + file.icmp_errors + named + file.left_out;
            if known != file.frames || file.others.values().any(|count| *count == 0) {
                wrong.push((row["file"].clone(), file.frames, known, file.others.clone()));
            }
        }
        let ours: u64 = read.iter().map(|file| file.frames).sum();
        (files, frames) = (files + 1, frames + ours);
        match ours.cmp(&theirs) {
            std::cmp::Ordering::Equal => equal += 1,
            std::cmp::Ordering::Less if read.is_empty() => not_opened.push((row["file"].clone(), theirs)),
            std::cmp::Ordering::Greater if row["tshark_stderr"].contains("doesn't support") => {
                more.push(row["file"].clone())
            }
            _ => wrong.push((row["file"].clone(), ours, theirs, BTreeMap::new())),
        }
    }
    println!(
        "{files} files, {frames} frames; as many as tshark in {equal}; more where it refuses a link type: {more:#?}"
    );
    assert!(wrong.is_empty(), "frames that nothing explains: {wrong:#?}");
    assert!(not_opened.is_empty(), "tshark opens them: {not_opened:#?}");
    assert!(equal > 2800);
}
