//! What is recognised and not read is said by name with the way out.

use std::path::PathBuf;
use synfin::analysis::{self, Options};
use tempfile::TempDir;

/// Beginnings of files, with what they are called.
const SAMPLES: [(&str, &[u8]); 2] = [
    ("OmniPeek capture", b"\x7fver\0\0\0\x09\0\0\0\0"),
    ("Tektronix K12 rf5 capture", b"\0\0\x02\0\x12\x05\0\x10\0\0\0\x10"),
];

fn folder() -> (TempDir, Vec<PathBuf>) {
    let folder = TempDir::new().expect("a folder");
    let write = |(name, head): (&str, &[u8])| {
        let path = folder.path().join(name);
        std::fs::write(&path, head).expect("written");
        path
    };
    let paths = SAMPLES.map(write).to_vec();
    (folder, paths)
}

#[test]
fn captures_of_other_programs_are_named_with_the_way_out() {
    let (_folder, paths) = folder();
    for (path, (name, _)) in paths.into_iter().zip(SAMPLES) {
        let plan = analysis::plan(&[path], &Options::default());
        let said: Vec<_> = plan.unread.iter().map(|error| error.cause.as_str()).collect();
        let way_out = "convert it with `editcap -F pcapng IN OUT` (Wireshark)";
        assert_eq!(said, [format!("{name}: recognised, but not read here: {way_out}")]);
    }
}

#[test]
fn one_met_in_a_folder_is_not_passed_over_in_silence() {
    let (folder, paths) = folder();
    let plan = analysis::plan(&[folder.path().to_owned()], &Options::default());
    assert_eq!((plan.unread.len(), plan.left_out.len()), (paths.len(), 0));
}
