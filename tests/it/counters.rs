//! Counters of foreign dumps and of our own recordings: each number equals the truth, and all formats of one moment agree.

use super::shared;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use synfin::host::{self, Block, Counter, Hints};

fn blocks(path: &Path) -> Vec<Block> {
    let bytes = fs::read(path).expect("a readable file");
    let hints = Hints { path: path.display().to_string(), ..Hints::default() };
    host::read(&bytes, &hints).blocks
}

fn counters(path: &Path) -> Vec<Counter> {
    blocks(path).into_iter().flat_map(|block| block.found.counters).collect()
}

/// The truth names a counter by its line and the words with `#` for the number, or by section and name.
fn truth(path: &Path) -> Option<Vec<(String, u64)>> {
    let text = fs::read_to_string(format!("{}.truth.json", path.display())).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    let list = value.get("counters")?.as_object()?;
    let number = |value: &Value| value.as_u64().or_else(|| value.as_i64().map(|value| value as u64));
    list.iter().map(|(name, value)| Some((name.clone(), number(value)?))).collect()
}

#[test]
fn foreign_counters_equal_their_truth() {
    let Some(root) = shared::path("dumps") else { return };
    let mut compared = 0;
    let mut files = 0;
    for name in [
        "insights-core/netstat-s.txt",
        "insights-core/netstat-s-with-error-line.txt",
        "insights-core/proc-net-netstat.txt",
        "insights-core/proc-net-netstat-2.txt",
        "jc/linux-proc/net_netstat",
        "gopsutil/aix-netstat_s.txt",
        "lookups/win-en-netstat-s.txt",
    ] {
        let path = root.join(name);
        let truth = truth(&path).unwrap_or_else(|| panic!("{name}: no truth"));
        let found = counters(&path);
        files += 1;
        for (key, value) in &truth {
            let by_line = key.split_once(':').and_then(|(line, _)| line.parse::<u32>().ok());
            let equal = found.iter().any(|counter| match by_line {
                Some(line) => counter.line == line && counter.value == *value,
                None => counter.name.ends_with(key.as_str()) && counter.value == *value,
            });
            assert!(equal, "{name}: {key} = {value} is missing: {:?}", found.iter().filter(|c| Some(c.line) == by_line).collect::<Vec<_>>());
            compared += 1;
        }
    }
    println!("{files} files, {compared} counters equal");
}

#[test]
fn survey() {
    let Some(root) = shared::path("lab") else { return };
    let mut by: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut odd: BTreeMap<String, u64> = BTreeMap::new();
    for path in walk(&root).into_iter().chain(walk(&root.join("../dumps"))) {
        if path.extension().is_some_and(|e| e == "pcap" || e == "json") { continue; }
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a readable file");
        let hints = Hints { path: path.display().to_string(), ..Hints::default() };
        let document = host::read(&bytes, &hints);
        for block in &document.blocks {
            *by.entry((file.clone(), block.format.to_owned())).or_default() += 1;
            for (line, why) in &block.found.odd.first { *odd.entry(format!("{file} {} {why} {line}", block.format)).or_default() += 1; }
        }
        if document.blocks.is_empty() { *by.entry((file, "-".into())).or_default() += 1; }
    }
    for ((file, format), count) in by { println!("{file:40} {format:20} {count}"); }
    for (text, count) in odd.iter().take(100) { println!("ODD {text} {count}"); }
}

fn walk(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
