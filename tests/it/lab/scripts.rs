//! What real kernels taught, as packet scripts: each says in its comments what is true of it.

use crate::support::{analyse_script, labels};
use std::path::Path;
use synfin::case::Judged;

/// The labels of a row that a script may state.
fn stated(row: &Judged) -> String {
    let judgement = &row.judgement;
    let more = [
        ("reset_kind", judgement.reset_kind.map(|kind| kind.name())),
        ("reset_origin", judgement.reset_origin.map(|origin| origin.name())),
        ("confidence", Some(judgement.confidence.name())),
    ];
    let more = more.into_iter().filter_map(|(name, value)| value.map(|value| format!(" {name}={value}")));
    let age = judgement.state_age.map(|age| format!(" state_age_s={}", age.0 / 1_000_000_000));
    labels(row) + &more.collect::<String>() + &age.unwrap_or_default()
}

/// Reads `// => name=value ...` lines, one a connection; gives what differs.
fn differences(path: &Path) -> Vec<String> {
    let script = std::fs::read_to_string(path).expect("a script");
    let expected: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix("// => ")).collect();
    let got: Vec<String> = analyse_script(&script).iter().map(stated).collect();
    assert!(!expected.is_empty() && expected.iter().all(|line| line.contains("outcome=")), "{}", path.display());
    let holds = |(expected, got): (&&str, &String)| {
        expected.split_whitespace().all(|label| got.split_whitespace().any(|has| has == label))
    };
    if expected.len() == got.len() && expected.iter().zip(&got).all(holds) {
        return Vec::new();
    }
    vec![format!("{}\n  expected {expected:#?}\n  got {got:#?}", path.display())]
}

#[test]
fn every_lesson_of_the_lab_holds_as_a_script() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scripts");
    let mut wrong = Vec::new();
    for folder in ["lab", "textbook"] {
        let mut paths: Vec<_> = std::fs::read_dir(scripts.join(folder))
            .expect("scripts")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths.iter().for_each(|path| wrong.extend(differences(path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
