//! The terminal summary, as people see it, and `summary.json`.

use super::incident::{incident, nothing};
use synfin::analysis::Options;
use synfin::case::{Case, Facts, Judged, Tally};
use synfin::report::terminal::{Style, width};
use synfin::report::text::{Written, summary};
use synfin::report::{human, json};
use synfin::tcp::Outcome;
use synfin::time::Span;

fn written() -> Vec<Written> {
    let file = |name: &str, rows, bytes| Written {
        path: format!("synfin-report/{name}"),
        rows,
        bytes,
        spent: Default::default(),
    };
    vec![
        file("connections.csv", Some(13), 3_214),
        file("connections.parquet", Some(13), 61_007),
        file("inputs.csv", Some(2), 611),
        file("summary.json", None, 4_120),
    ]
}

fn style(width: usize, colour: bool) -> Style {
    Style { width, colour, unicode: true }
}

/// Escape sequences spelled out, so that a snapshot can be read.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

fn fits(text: &str, columns: usize) {
    assert!(text.lines().count() <= 40, "{text}");
    for line in text.lines() {
        assert!(width(line) <= columns, "{line:?}");
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    }
}

#[test]
fn the_summary_tells_an_incident_at_every_width_with_colour_and_without() {
    let (_, case) = incident();
    for columns in [80, 100, 160] {
        let plain = summary(&case, &written(), style(columns, false));
        fits(&plain, columns);
        insta::assert_snapshot!(format!("incident_{columns}"), plain);
        let colour = summary(&case, &written(), style(columns, true));
        insta::assert_snapshot!(format!("incident_{columns}_colour"), visible(&colour));
        assert_eq!(anstyle_free(&colour), plain, "colour changes nothing but colour");
    }
}

/// The text without Select Graphic Rendition sequences.
fn anstyle_free(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let (_, case) = incident();
    let plain = summary(&case, &written(), Style { width: 80, colour: false, unicode: false });
    fits(&plain, 80);
    assert!(plain.is_ascii(), "{plain}");
    insta::assert_snapshot!("incident_80_ascii", plain);
}

#[test]
fn a_case_without_anything_says_so() {
    for columns in [80, 100, 160] {
        let plain = summary(&nothing(), &[], style(columns, false));
        fits(&plain, columns);
        insta::assert_snapshot!(format!("nothing_{columns}"), plain);
    }
    insta::assert_snapshot!("nothing_80_colour", visible(&summary(&nothing(), &[], style(80, true))));
}

/// The incident's rows a thousandfold, every outcome among them, and a hundred damaged inputs.
fn crowded() -> Case {
    let (rows, mut case) = incident();
    let (first, last) = case.facts.span().expect("frames");
    let mut tally = Tally::new(first, last, Span::from_seconds(60));
    let mut part = tally.part();
    for (index, row) in rows.iter().cycle().take(13_000).enumerate() {
        let outcome = Outcome::ALL[index % Outcome::ALL.len()];
        let mut row = Judged { outcome, ..row.clone() };
        row.server.port = 1000 + (index % 400) as u16;
        part.add(&row);
    }
    tally.append(part);
    case.tally = tally;
    let files = &mut case.facts.points[0].files;
    *files = files.iter().cycle().take(100).cloned().collect();
    case
}

#[test]
fn a_crowded_case_still_fits_forty_lines() {
    let case = crowded();
    for columns in [40, 80, 100, 160, 300] {
        let plain = summary(&case, &written(), style(columns, false));
        fits(&plain, columns);
        assert!(plain.lines().count() >= 30, "room is used: {plain}");
    }
    insta::assert_snapshot!("crowded_100", summary(&case, &written(), style(100, false)));
}

#[test]
fn every_number_of_the_headline_is_one_of_the_rows() {
    let (rows, case) = incident();
    let plain = summary(&case, &[], style(160, false));
    let failed = rows.iter().filter(|row| row.outcome.verdict().name() == "failed").count() as u64;
    let share = human::share(failed, rows.len() as u64);
    assert!(plain.contains(&format!("{} connections: {failed} failed ({share})", rows.len())), "{plain}");
}

#[test]
fn where_both_ends_were_captured_the_headline_says_that_a_connection_counts_twice() {
    let headline = |names: &[&str]| {
        let script = crate::support::capture("0.0 > S 0:0(0)\n0.1 < S. 0:0(0) ack 1\n0.2 > . 1:1(0) ack 1\n");
        let folder = tempfile::tempdir().expect("a folder");
        names.iter().for_each(|name| std::fs::write(folder.path().join(name), &script).expect("written"));
        let (_, case) = crate::support::analyse_with(&[folder.path().to_owned()], &Options::default());
        let plain = summary(&case, &[], style(100, false));
        fits(&plain, 100);
        plain.lines().find(|line| line.contains(" connection")).unwrap_or_default().trim().to_owned()
    };
    assert_eq!(headline(&["client.pcap"]), "1 connection: 0 failed (0 %), 1 ok (100 %)");
    assert_eq!(
        headline(&["client.pcap", "server.pcap"]),
        "2 connections seen at 2 points (one captured at both counts twice): 0 failed (0 %),"
    );
    assert_eq!(
        headline(&["client.pcap", "router.pcap", "server.pcap"]),
        "3 connections seen at 3 points (one captured at several counts at each): 0 failed (0 %),"
    );
}

#[test]
fn the_json_summary_is_deterministic_and_marks_the_folder_as_ours() {
    let print = || {
        let mut out = Vec::new();
        json::write(&incident().1, &mut out).expect("a vector takes everything");
        out
    };
    let bytes = print();
    assert_eq!(bytes, print());
    assert!(synfin::input::is_report(&bytes[..bytes.len().min(4096)]));
    insta::assert_snapshot!("summary_json", String::from_utf8(bytes).expect("JSON is UTF-8"));
    let empty = Case { facts: Facts::default(), ..nothing() };
    let mut out = Vec::new();
    json::write(&empty, &mut out).expect("a vector takes everything");
    assert!(synfin::input::is_report(&out));
}
