//! What is recognised and not read is said by name with the way out.

use super::testdata;
use synfin::analysis::{self, Options};

/// Heads of files that `editcap -F` wrote, by its name of the type, with what they are called.
const SAMPLES: [(&str, &str); 2] = [("commview-ncfx", "CommView NCFX capture"), ("k12text", "K12 text export")];

#[test]
fn captures_of_other_programs_are_named_with_the_way_out() {
    for (kind, name) in SAMPLES {
        let sample = testdata("captures/foreign").join(kind);
        let plan = analysis::plan(std::slice::from_ref(&sample), &Options::default());
        let said: Vec<_> = plan.unread.iter().map(|error| error.cause.as_str()).collect();
        let way_out = "convert it with `editcap -F pcapng IN OUT` (Wireshark)";
        assert_eq!(said, [format!("{name}: recognised, but not read here: {way_out}")], "{kind}");
    }
}

#[test]
fn one_met_in_a_folder_is_not_passed_over_in_silence() {
    let plan = analysis::plan(&[testdata("captures/foreign")], &Options::default());
    assert_eq!((plan.unread.len(), plan.left_out.len()), (SAMPLES.len(), 0));
}
