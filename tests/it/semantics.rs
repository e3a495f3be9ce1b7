//! The 60 connections of the semantics folder: every label, from real captures and from our scripts of them.

use crate::support::{analyse, labels, shared};
use std::collections::BTreeMap;

/// One capture a case; expected labels in a table, one row a connection.
#[test]
fn every_label_of_the_shared_semantics_is_right() {
    let Some(folder) = shared("semantics") else { return };
    let table = std::fs::read_to_string(folder.join("expected.csv")).expect("expected.csv");
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let set = header.iter().zip(&cells).skip(2).filter(|(_, cell)| !cell.is_empty());
        let labels = set.map(|(name, cell)| format!("{name}={cell}")).collect::<Vec<_>>().join(" ");
        expected.entry(cells[0]).or_default().push(labels);
    }
    let mut wrong = Vec::new();
    for (case, expected) in &expected {
        let rows = analyse(&folder.join(format!("{case}.pcap")));
        let got: Vec<String> = rows.iter().map(labels).collect();
        if got != *expected {
            wrong.push(format!("{case}\n  expected {expected:#?}\n  got {got:#?}"));
        }
    }
    println!("semantics: {} cases, {} connections", expected.len(), expected.values().map(Vec::len).sum::<usize>());
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
