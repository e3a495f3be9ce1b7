//! The same capture given twice is said; captures that only look alike are not taken for one.

use crate::containers::testdata;
use crate::support::analyse_with;
use std::io::Write;
use std::path::Path;
use synfin::analysis::Options;

/// Notes of all files of a folder, by path below it.
fn notes(folder: &Path) -> Vec<(String, Option<String>)> {
    let (_, case) = analyse_with(&[folder.to_owned()], &Options::default());
    let root = format!("{}/", folder.display());
    let files = case.facts.points.iter().flat_map(|point| &point.files);
    let below = |text: &str| text.replace(&root, "");
    files.map(|file| (below(&file.path), file.note.as_deref().map(below))).collect()
}

#[test]
fn a_capture_beside_its_packed_and_its_converted_self_is_said_to_count_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let incidents = testdata("incidents/reset_midstream");
    let capture = std::fs::read(incidents.join("client.pcap")).expect("a capture");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    write("a.pcap", &capture);
    write("a.pcap.bak", &capture);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&capture).expect("packed");
    write("a.pcap.gz", &packed.finish().expect("packed"));
    let nanoseconds = testdata("captures/pcapng/reset_midstream.pcapng");
    write("b.pcapng", &std::fs::read(nanoseconds).expect("a capture"));
    // What the other host saw of the same connections; and the same with one byte of the first frame changed.
    write("other.pcap", &std::fs::read(incidents.join("server.pcap")).expect("a capture"));
    let mut changed = capture.clone();
    changed[24 + 16] ^= 1;
    write("z.pcap", &changed);
    let said = Some("the same capture as a.pcap: name one of them, or each connection counts twice".to_owned());
    let wanted = [
        ("a.pcap", None),
        ("a.pcap.bak", said.clone()),
        ("a.pcap.gz", said.clone()),
        ("b.pcapng", said),
        ("other.pcap", None),
        ("z.pcap", None),
    ];
    assert_eq!(notes(folder.path()), wanted.map(|(name, note)| (name.to_owned(), note)));
}
