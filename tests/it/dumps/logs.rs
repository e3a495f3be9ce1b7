//! Log lines of our own recordings, field by field against what a person read in them before any parser was written
//! (`testdata/logs/README.md`), and logs of which nothing is to be taken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use synfin::host::{Block, Hints, Host, LogLine, Port, SocketAddress, read};
use synfin::time::Timestamp;

const FIELDS: [&str; 7] = ["time", "program", "direction", "errno", "local", "remote", "event"];

/// A row's line, and its fields in the order of [`FIELDS`]; `-` for what is not told.
type Row = (u32, [String; 7]);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// What is read; the recordings were last changed soon after they were made, which tells the year.
fn rows(path: &Path) -> Vec<Row> {
    let modified = Timestamp::from_rfc3339("2026-11-21T12:00:00Z");
    let bytes = std::fs::read(path).expect("a log");
    let document = read(&bytes, &Hints { modified, ..Hints::default() });
    document.blocks.iter().flat_map(|block| block.found.log_lines.iter().map(|line| row(block, line))).collect()
}

fn row(block: &Block, line: &LogLine) -> Row {
    let own = line.time.map(|time| time.time.rfc3339());
    let uptime = line.uptime.map(|uptime| format!("+{:.6}", uptime.seconds()));
    let said = block.time.filter(|stamp| stamp.basis == synfin::host::Basis::Line).map(|stamp| stamp.time.rfc3339());
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let fields = [
        own.or(uptime).or(said).unwrap_or("-".to_owned()),
        text(line.program.as_deref()),
        text(line.direction.map(|direction| direction.name())),
        text(line.errno.map(|errno| errno.name)),
        end(line.local.as_deref()),
        end(line.remote.as_deref()),
        line.event.name().to_owned(),
    ];
    (line.line, fields)
}

/// Without the `*` of a port that is not told.
fn end(end: Option<&SocketAddress>) -> String {
    match end {
        None => "-".to_owned(),
        Some(SocketAddress { host: host @ (Host::Ip(_) | Host::Name(_)), port: Port::Any, .. }) => host.to_string(),
        Some(end) => end.to_string(),
    }
}

fn truth(path: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(path).expect("a truth file");
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let number = cells.next().expect("a line number").parse().expect("a number");
        (number, std::array::from_fn(|_| cells.next().expect("a cell")))
    };
    text.lines().skip(1).map(row).collect()
}

#[derive(Default)]
struct Recall {
    told: usize,
    found: usize,
}

#[test]
fn every_line_says_what_a_person_reads_in_it() {
    let mut recall: BTreeMap<&str, Recall> = FIELDS.iter().map(|field| (*field, Recall::default())).collect();
    let (mut count, mut wrong) = (0, Vec::new());
    for path in files(&folder("logs")) {
        let Some(log) = path.to_str().and_then(|path| path.strip_suffix(".truth.tsv")) else { continue };
        let (mut read, told) = (rows(Path::new(log)), truth(&path));
        count += told.len();
        for (line, told) in told {
            let place = read.iter().position(|(number, _)| *number == line);
            let row = place.map(|place| read.remove(place).1);
            for (place, field) in FIELDS.iter().enumerate() {
                let counted = recall.entry(field).or_default();
                let same = row.as_ref().is_some_and(|row| row[place] == told[place]);
                // A field that is not told is found by being left out.
                counted.told += 1;
                counted.found += usize::from(same);
                if !same {
                    let row = row.as_ref().map_or("no row", |row| &row[place]);
                    wrong.push(format!("{log}:{line} {field}: {} is told, {row} is read", told[place]));
                }
            }
        }
        wrong.extend(read.iter().map(|(line, fields)| format!("{log}:{line}: nothing is told, {fields:?} is read")));
    }
    for (field, recall) in &recall {
        println!("{field}: {} of {}", recall.found, recall.told);
    }
    let missed = recall.values().any(|recall| recall.found * 100 < recall.told * 98);
    assert!(count > 400 && !missed && wrong.is_empty(), "of {count} lines:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_taken_from_unrelated_logs() {
    let taken: Vec<_> = files(&folder("logs/unrelated")).iter().map(|path| (path.clone(), rows(path))).collect();
    assert!(taken.len() >= 7 && taken.iter().all(|(_, rows)| rows.is_empty()), "{taken:?}");
}
