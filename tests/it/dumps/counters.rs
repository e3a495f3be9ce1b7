//! Counters of foreign dumps and of our own recordings: each number equals the truth, and all formats of one moment agree.

use crate::shared;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use synfin::case::{Dump, Dumps, history};
use synfin::host::{Block, Counter, Document, Hints, counter::is_level, read};

fn blocks(path: &Path) -> Vec<Block> {
    let bytes = fs::read(path).expect("a readable file");
    read(&bytes, &Hints { path: path.display().to_string(), ..Hints::default() }).blocks
}

/// How many counters a truth file has, and which of them no block has: sentences by their line, those of `/proc` by
/// prefix and name.
pub fn missing(truth: &Value, document: &Document) -> (usize, Vec<String>) {
    let found: Vec<&Counter> = document.blocks.iter().flat_map(|block| &block.found.counters).collect();
    let (mut compared, mut missing) = (0, Vec::new());
    let mut compare = |told: String, equals: &dyn Fn(&Counter) -> bool| {
        compared += 1;
        if !found.iter().any(|counter| equals(counter)) {
            missing.push(told);
        }
    };
    for (key, value) in truth["counters"].as_object().into_iter().flatten() {
        let (head, _) = key.split_once(':').expect("a line number or a prefix");
        if let Some(value) = value.as_u64() {
            let line: u32 = head.parse().expect("a line number");
            compare(format!("line {line}: {value}"), &|counter| (counter.line, counter.value) == (line, value));
            continue;
        }
        for (name, value) in value["v"].as_object().expect("names and values") {
            let (name, value) = (format!("{head}{name}"), value.as_u64().expect("a count"));
            compare(format!("{name}: {value}"), &|counter| counter.name == name && counter.value == value);
        }
    }
    (compared, missing)
}

#[test]
fn a_pair_of_other_lengths_is_refused_and_the_others_stay() {
    let text = "TcpExt: ListenOverflows ListenDrops\nTcpExt: 1\nIpExt: InOctets\nIpExt: 7\n";
    let document = read(text.as_bytes(), &Hints::default());
    let [block] = document.blocks.as_slice() else { panic!("one block") };
    assert_eq!(block.found.counters, [Counter::new("IpExtInOctets", 7, 4)]);
    assert_eq!(block.found.odd.first.first().map(|(line, _)| *line), Some(2));
}

/// The order and the times of the commands of one snapshot.
fn commands(folder: &Path) -> Vec<(PathBuf, f64)> {
    let Ok(text) = fs::read_to_string(folder.join("commands.tsv")) else { return Vec::new() };
    let row = |line: &str| {
        let mut cells = line.split('\t');
        let (file, time) = (cells.next()?, cells.nth(1)?);
        Some((folder.join(file), time.parse().ok()?))
    };
    text.lines().skip(1).filter_map(row).collect()
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if entry.is_dir() {
            if entry.join("commands.tsv").exists() {
                found.push(entry.clone());
            }
            found.extend(folders(&entry));
        }
    }
    found.sort();
    found
}

/// Within a snapshot the commands run one after another, within a second or three: the same counter stands still or has
/// grown from one to the next, whatever tool prints it, and every name that `netstat -s` has is one that the kernel has.
#[test]
fn all_formats_of_one_moment_agree_by_name() {
    let Some(root) = shared::path("lab") else { return };
    let (mut equal, mut grown, mut names_seen) = (0_u64, 0_u64, BTreeSet::new());
    let mut files = BTreeMap::<&'static str, u64>::new();
    let mut wrong = Vec::new();
    for folder in folders(&root) {
        let mut last = BTreeMap::<String, (u64, PathBuf)>::new();
        let mut kernel = BTreeSet::new();
        let mut printed = Vec::new();
        for (path, _) in commands(&folder) {
            for block in blocks(&path) {
                if block.found.counters.is_empty() {
                    continue;
                }
                *files.entry(block.format).or_default() += 1;
                for counter in block.found.counters {
                    let name = format!("{}{}", counter.scope.as_deref().unwrap_or_default(), counter.name);
                    match block.format {
                        "nstat" | "nstat-json" | "proc-net-snmp" | "proc-net-snmp6" => {
                            kernel.insert(name.clone());
                        }
                        "netstat-s-linux" => printed.push((name.clone(), path.clone(), counter.line)),
                        _ => {}
                    }
                    names_seen.insert(name.clone());
                    let before = last.insert(name.clone(), (counter.value, path.clone()));
                    let Some((before, by)) = before.filter(|_| !is_level(&name)) else { continue };
                    match counter.value.cmp(&before) {
                        std::cmp::Ordering::Equal => equal += 1,
                        std::cmp::Ordering::Greater => grown += 1,
                        std::cmp::Ordering::Less => wrong.push(format!(
                            "{name}: {before} in {}, then {} in {}",
                            by.display(),
                            counter.value,
                            path.display()
                        )),
                    }
                }
            }
        }
        // IpForwarding and TcpCurrEstab are in /proc alone, which not every snapshot has.
        let strange = |(name, ..): &&(String, PathBuf, u32)| !kernel.contains(name) && !is_level(name);
        wrong.extend(
            printed
                .iter()
                .filter(strange)
                .map(|(name, path, line)| format!("{}:{line}: {name} is no name of the kernel", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal > 10_000, "the laboratory was read");
    println!(
        "{files:?}, {} names, {equal} pairs equal, {grown} grown between two commands, 0 fallen",
        names_seen.len()
    );
}

/// A transcript has the same outputs as the files, under prompts.
#[test]
fn a_transcript_tells_what_its_files_tell() {
    let Some(root) = shared::path("lab") else { return };
    let mut transcripts = 0;
    for folder in folders(&root) {
        let all = |blocks: Vec<Block>| {
            let mut by_format = BTreeMap::<&'static str, Vec<Vec<(String, u64)>>>::new();
            for block in blocks {
                let list =
                    block.found.counters.iter().map(|counter| (counter.name.to_string(), counter.value)).collect();
                by_format.entry(block.format).or_default().push(list);
            }
            by_format
        };
        let session = all(blocks(&folder.join("session.log")));
        for (file, format) in [
            ("netstat-s.txt", "netstat-s-linux"),
            ("nstat-az.txt", "nstat"),
            ("ss-s.txt", "ss-summary"),
            ("proc-net-sockstat.txt", "proc-net-sockstat"),
        ] {
            let (Some(told), true) = (session.get(format), folder.join(file).exists()) else { continue };
            let own = all(blocks(&folder.join(file)));
            assert_eq!(own.get(format).and_then(|list| list.first()), told.first(), "{} {file}", folder.display());
            transcripts += 1;
        }
    }
    assert!(transcripts > 300);
    println!("{transcripts} outputs within transcripts equal");
}

/// Three moments of an overflowing listener, by three tools, called some milliseconds apart: what each of them saw grow adds
/// up to the same, also where `netstat -s` leaves the counter out as long as it is zero.
#[test]
fn differences_of_our_recordings_are_those_of_the_kernel() {
    let Some(root) = shared::path("lab/s02_accept_queue_overflow") else { return };
    let moments = ["t0-before", "t1-full", "t2-later"];
    let files = ["nstat-az.txt", "proc-net-netstat.txt", "netstat-s.txt"];
    let paths = moments.iter().flat_map(|moment| files.map(|file| root.join(moment).join("srv").join(file)));
    let dump = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a readable file");
        let path = path.display().to_string();
        let document = read(&bytes, &Hints { path: path.clone(), ..Hints::default() });
        Dump { path, bytes: bytes.len() as u64, document, note: None, damage: None }
    };
    let dumps = Dumps(paths.map(dump).collect());
    let mut grown = BTreeMap::<String, Vec<i64>>::new();
    for reading in history::counters(&dumps) {
        let (_, block, counter) = dumps.counter(reading.place).expect("a counter");
        let change = history::change(&dumps, &reading);
        assert!(!change.restarted, "{} fell", counter.name);
        if counter.name == "TcpExtListenOverflows" {
            grown.entry(block.format.to_owned()).or_default().extend(change.difference);
        }
    }
    assert_eq!(grown.keys().map(String::as_str).collect::<Vec<_>>(), ["netstat-s-linux", "nstat", "proc-net-snmp"]);
    for (format, differences) in &grown {
        assert_eq!((differences.len(), differences.iter().sum::<i64>()), (2, 93), "{format}: {differences:?}");
        assert!(differences.iter().all(|difference| *difference > 20), "{format}: {differences:?}");
    }
}
