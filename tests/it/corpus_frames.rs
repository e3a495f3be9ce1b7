//! Every plain pcap and pcapng of the corpus is framed as tshark frames it.

use crate::shared;
use std::collections::BTreeMap;
use synfin::capture::{End, recognise};

/// What the index says of one file.
struct Row {
    file: String,
    frames: u64,
    /// tshark read it to its end without complaint.
    sound: bool,
    complaint: String,
}

fn index(corpus: &std::path::Path) -> Vec<Row> {
    let mut index = csv::Reader::from_path(corpus.join("INDEX.csv")).expect("the corpus has an index");
    let rows = index.deserialize::<BTreeMap<String, String>>().map(|row| row.expect("a row of the index"));
    rows.map(|row| Row {
        file: row["file"].clone(),
        frames: row["packets"].parse().expect("a number of packets"),
        sound: row["tshark_exit"] == "0",
        complaint: row["tshark_stderr"].clone(),
    })
    .collect()
}

/// Number of frames and whether the file reads to its end without damage; 0 frames where it cannot be opened.
fn frame(format: &synfin::capture::Format, bytes: &[u8]) -> (u64, bool) {
    let Ok((at, mut context)) = (format.open)(bytes) else { return (0, false) };
    let mut frames = 0;
    let stop = (format.frames)(bytes, &mut context, at, u64::MAX, &mut |frame| {
        frames += 1;
        assert_eq!(frame.number, frames);
        assert_eq!(bytes.get(frame.offset as usize..).map(|rest| rest.starts_with(frame.bytes)), Some(true));
    });
    assert_eq!(stop.frames, frames);
    (frames, stop.end == Some(End::Clean))
}

/// Why this reader may find other than tshark, if it may.
fn reason(row: &Row, frames: u64) -> Option<&'static str> {
    let refused = row.frames == 0 && frames > 0 && row.complaint.contains("record data that TShark doesn't support");
    refused.then_some("more frames: tshark refuses a file whose link type it does not support")
}

#[test]
fn every_plain_capture_has_the_frames_and_the_damage_that_tshark_finds() {
    let Some(corpus) = shared::path("corpus") else { return };
    let (mut equal, mut explained, mut not_read) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut unexplained = Vec::new();
    for row in index(&corpus) {
        let bytes = std::fs::read(corpus.join(&row.file)).expect("a file of the index");
        let Some(format) = recognise(&bytes) else {
            let kind = if bytes.starts_with(&[0x1f, 0x8b]) { "gzip" } else { "no capture" };
            not_read.entry(kind).or_insert_with(Vec::new).push(row.file);
            continue;
        };
        let (frames, sound) = frame(format, &bytes);
        if (frames, sound) == (row.frames, row.sound) {
            *equal.entry(format.name).or_insert(0) += 1;
        } else if let Some(reason) = reason(&row, frames) {
            explained.entry(reason).or_insert_with(Vec::new).push((row.file, frames, row.frames));
        } else {
            unexplained.push((row.file, frames, sound, row.frames, row.complaint));
        }
    }
    let gzip = not_read.remove("gzip").map_or(0, |files: Vec<String>| files.len());
    println!("equal: {equal:?}\nunpacked elsewhere: {gzip}; not read: {not_read:?}\nexplained: {explained:#?}");
    assert!(unexplained.is_empty(), "unexplained: {unexplained:#?}");
    assert!(["pcap", "pcapng"].iter().all(|format| equal[format] > 300), "the corpus has hundreds of either format");
    assert_eq!((equal.len(), equal["erf"], equal["etherpeek"]), (4, 4, 2), "and some of others");
}
