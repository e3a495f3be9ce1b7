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

/// How much of what the truth files of a folder tell is read.
struct Measured {
    lines: usize,
    /// Rows that are told, and fields among them that are read as told, by the name of the field.
    fields: BTreeMap<&'static str, usize>,
    /// What is read otherwise, and what is read where nothing is told.
    wrong: Vec<String>,
}

fn measured(name: &str) -> Measured {
    let fields = FIELDS.iter().map(|field| (*field, 0)).collect();
    let mut measured = Measured { lines: 0, fields, wrong: Vec::new() };
    for path in files(&folder(name)) {
        let Some(log) = path.to_str().and_then(|path| path.strip_suffix(".truth.tsv")) else { continue };
        let mut read = rows(Path::new(log));
        for (line, told) in truth(&path) {
            measured.lines += 1;
            let place = read.iter().position(|(number, _)| *number == line);
            let row = place.map(|place| read.remove(place).1);
            for (place, field) in FIELDS.iter().enumerate() {
                // A field that is not told is found by being left out.
                if row.as_ref().is_some_and(|row| row[place] == told[place]) {
                    *measured.fields.entry(field).or_default() += 1;
                } else {
                    let row = row.as_ref().map_or("no row", |row| &row[place]);
                    measured.wrong.push(format!("{log}:{line} {field}: {} is told, {row} is read", told[place]));
                }
            }
        }
        let more = read.iter().map(|(line, fields)| format!("{log}:{line}: nothing is told, {fields:?} is read"));
        measured.wrong.extend(more);
    }
    for (field, found) in &measured.fields {
        println!("{name} {field}: {found} of {}", measured.lines);
    }
    measured
}

#[test]
fn every_line_says_what_a_person_reads_in_it() {
    for (name, least) in [("logs", 400), ("unseen-logs", 170)] {
        let Measured { lines, wrong, .. } = measured(name);
        assert!(lines > least && wrong.is_empty(), "of {lines} lines:\n{}", wrong.join("\n"));
    }
}

#[test]
fn nothing_is_taken_from_unrelated_logs() {
    let taken: Vec<_> = files(&folder("logs/unrelated")).iter().map(|path| (path.clone(), rows(path))).collect();
    assert!(taken.len() >= 7 && taken.iter().all(|(_, rows)| rows.is_empty()), "{taken:?}");
}

/// What the entries of `testdata/logs/journal` say, besides their times: `journalctl` (systemd 252) printed one journal of
/// our own in each of its forms.
const JOURNAL: [&str; 5] = [
    "kernel - in - 10.0.0.3:3306 10.0.0.7:40000 firewall",
    "sshd 4711 in ECONNRESET - 10.0.0.7:50000 reset",
    "systemd 1 - - - - started",
    "orders 812 out ECONNREFUSED - - refused",
    "kubelet 900 out ECONNREFUSED - 10.0.0.9:10250 refused",
];

#[test]
fn every_form_of_the_journal_says_the_same() {
    let forms = files(&folder("logs/journal"));
    assert_eq!(forms.len(), 16);
    for path in forms {
        let form = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let modified = Timestamp::from_rfc3339("2026-11-21T12:00:00Z");
        let bytes = std::fs::read(&path).expect("a log");
        let document = read(&bytes, &Hints { modified, ..Hints::default() });
        let lines: Vec<_> = document.blocks.iter().flat_map(|block| &block.found.log_lines).collect();
        let said = |line: &&LogLine| {
            let name = |name: Option<&str>| name.unwrap_or("-").to_owned();
            let [program, direction, errno] = [
                name(line.program.as_deref()),
                name(line.direction.map(|direction| direction.name())),
                name(line.errno.map(|errno| errno.name)),
            ];
            let pid = line.pid.map_or("-".to_owned(), |pid| pid.to_string());
            let (local, remote) = (end(line.local.as_deref()), end(line.remote.as_deref()));
            format!("{program} {pid} {direction} {errno} {local} {remote} {}", line.event.name())
        };
        let mut read: Vec<String> = lines.iter().map(said).collect();
        let mut expected = JOURNAL.map(str::to_owned).to_vec();
        if form == "cat" {
            let rest = |line: &String| line.splitn(3, ' ').last().unwrap_or_default().to_owned();
            (read, expected) = (read.iter().map(rest).collect(), expected.iter().map(rest).collect());
            // `Started X` alone is any sentence.
            expected.remove(2);
        }
        assert_eq!(read, expected, "{form}");
        let time = |line: &&LogLine| {
            let uptime = line.uptime.map(|uptime| format!("+{:.6}", uptime.seconds()));
            line.time.map(|time| time.time.rfc3339()).or(uptime).unwrap_or("-".to_owned())
        };
        let times = [lines.first().map(time), lines.last().map(time)].map(Option::unwrap_or_default);
        let expected = match form {
            "cat" => ["-", "-"],
            "short-monotonic" | "short-delta" => ["+1094.070250", "+1099.070250"],
            "short" | "short-full" | "short-iso" | "with-unit" => {
                ["2026-11-20T20:04:54.000000000Z", "2026-11-20T20:04:59.000000000Z"]
            }
            _ => ["2026-11-20T20:04:54.070139000Z", "2026-11-20T20:04:59.070139000Z"],
        };
        assert_eq!(times, expected, "{form}");
    }
}
