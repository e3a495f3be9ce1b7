//! Every dump that others published equals its truth file, field by field.

use super::counters;
use super::normal::{self, Fields};
use crate::shared;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use synfin::host::{Document, Hints, read};

/// Truth files that name a format more narrowly than its one parser.
const NARROWER: &[(&str, &str)] = &[("netstat-s-aix", "netstat-s-bsd"), ("proc-net-netstat", "proc-net-snmp")];

struct Dump {
    path: PathBuf,
    truth: Value,
}

fn dumps() -> Option<Vec<Dump>> {
    let folder = shared::path("dumps")?;
    let mut found = Vec::new();
    walk(&folder, &mut found);
    found.sort();
    let dump = |truth: PathBuf| {
        let text = std::fs::read_to_string(&truth).expect("a truth file");
        let path = PathBuf::from(truth.display().to_string().trim_end_matches(".truth.json"));
        Dump { path, truth: serde_json::from_str(&text).expect("JSON") }
    };
    Some(found.into_iter().map(dump).collect())
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.display().to_string().ends_with(".truth.json") {
            found.push(path);
        }
    }
}

#[derive(Default)]
struct Score {
    files: u32,
    rows: usize,
    fields: usize,
    wrong: Vec<String>,
}

#[test]
fn every_dump_equals_its_truth_field_by_field() {
    let Some(dumps) = dumps() else { return };
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for dump in &dumps {
        let format = dump.truth["format"].as_str().expect("a format").to_owned();
        let bytes = std::fs::read(&dump.path).expect("a dump");
        let document = read(&bytes, &Hints::default());
        let score = scores.entry(format.clone()).or_default();
        score.files += 1;
        compare(dump, &format, &document, score);
    }
    let mut wrong = Vec::new();
    println!("{:<26}{:>6}{:>6}{:>8}{:>7}", "format", "files", "rows", "fields", "wrong");
    for (format, score) in &scores {
        println!("{format:<26}{:>6}{:>6}{:>8}{:>7}", score.files, score.rows, score.fields, score.wrong.len());
        wrong.extend(&score.wrong);
    }
    let shown: Vec<_> = wrong.iter().take(40).map(|line| line.as_str()).collect();
    assert!(wrong.is_empty(), "{} fields differ:\n{}", wrong.len(), shown.join("\n"));
    assert!(dumps.len() > 70);
}

fn compare(dump: &Dump, format: &str, document: &Document, score: &mut Score) {
    let name = dump.path.file_name().unwrap_or_default().to_string_lossy();
    if document.blocks.is_empty() {
        score.wrong.push(format!("{name}: unknown"));
    }
    let parser = NARROWER.iter().find(|(narrow, _)| *narrow == format).map_or(format, |(_, parser)| parser);
    for block in &document.blocks {
        if !parser.starts_with(block.format) {
            score.wrong.push(format!("{name}:{}: read as {}", block.first_line, block.format));
        }
    }
    let (compared, missing) = counters::missing(&dump.truth, document);
    score.fields += compared;
    score.wrong.extend(missing.iter().map(|missing| format!("{name}: {missing} is missing")));
    let sockets = document.blocks.iter().flat_map(|block| &block.found.sockets);
    let mut ours: Vec<Fields> = sockets.map(normal::ours).collect();
    for row in dump.truth["sockets"].as_array().into_iter().flatten() {
        score.rows += 1;
        let (fields, absent) = normal::truth(row);
        let shown = fields.get("line").map_or("?", String::as_str);
        // A truth file without line numbers has the order.
        let place = ours.iter().position(|ours| fields.get("line").is_none_or(|line| ours["line"] == *line));
        let Some(ours) = place.map(|place| ours.remove(place)) else {
            score.wrong.push(format!("{name}:{shown}: missing"));
            continue;
        };
        score.fields += fields.len() + absent.len();
        for (key, value) in &fields {
            // `*:443` of a newer `ss` is a listener for both; the truth file does not say so.
            let is_dual = *key == "proto" && format == "ss" && fields["local_addr"] == "*" && ours[key] == "tcp46";
            // Old net-tools print `tcp` of IPv6 sockets too; ours tells by the address.
            let is_old = *key == "proto" && format == "netstat-linux" && value == "tcp" && ours[key] == "tcp6";
            if ours.get(key) != Some(value) && !is_dual && !is_old {
                score.wrong.push(format!("{name}:{shown}: {key} is {:?} for {value:?}", ours.get(key)));
            }
        }
        // The truth of a table without a header names no columns; what stands in them is unmistakable.
        let is_unnamed = |key: &str| name == "netstat-no-header.txt" && matches!(key, "pid" | "program");
        for key in absent.iter().filter(|key| ours.contains_key(*key) && !is_unnamed(key)) {
            score.wrong.push(format!("{name}:{shown}: {key} is {:?} for none", ours[key]));
        }
    }
    score.wrong.extend(ours.iter().map(|ours| format!("{name}:{}: no TCP socket stands there", ours["line"])));
}
