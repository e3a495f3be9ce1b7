//! Tables in every format, read back.

use super::incident::{PATH, incident, incident_with_dumps};
use crate::support::analyse_with;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use synfin::analysis::Options;
use synfin::case::firewall::{Basis, Decision};
use synfin::case::{Dump, Dumps, Facts, Judged, history};
use synfin::host::firewall::Action;
use synfin::host::{self, Hints};
use synfin::report::columns::{
    COLUMNS, COUNTERS, FIREWALL, INPUTS, SETTINGS, SOCKETS, counters, firewall, inputs, select, settings, sockets,
};
use synfin::report::{Column, Kind, TableWriter, Value, format, unguarded};
use synfin::tcp::Outcome;
use synfin::time::Timestamp;

/// Bytes that a test can look at after the writer has gone.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("not poisoned").clone()
    }
}

/// The table in a format, in batches of `batch` rows.
pub fn print<R: Sync>(
    name: &str,
    columns: Vec<&'static Column<R>>,
    rows: &[R],
    facts: &Facts,
    batch: usize,
) -> Vec<u8> {
    let sink = Shared::default();
    let format = format(name).expect("a format");
    let writer = TableWriter::open(format, columns, Box::new(sink.clone())).expect("memory takes the head");
    rows.chunks(batch).for_each(|rows| writer.batch(rows, facts).expect("memory takes the rows"));
    writer.finish().expect("memory takes the rest");
    sink.bytes()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("tables are UTF-8")
}

fn outcomes(rows: &[Judged]) -> Vec<Outcome> {
    rows.iter().map(|row| row.outcome).collect()
}

#[test]
fn the_incident_is_what_its_script_says() {
    let (rows, _) = incident();
    let wanted = [
        Outcome::Completed,
        Outcome::Completed,
        Outcome::ClientCloseWait,
        Outcome::RstRefused,
        Outcome::SynUnanswered,
        Outcome::IcmpRejected,
        Outcome::AcceptStalled,
        Outcome::ResetByServer,
        Outcome::PeerVanished,
        Outcome::ClientCloseWait,
        Outcome::ClientCloseWait,
        Outcome::Stray,
        Outcome::Open,
    ];
    assert_eq!(outcomes(&rows), wanted);
}

#[test]
fn connections_as_csv_and_json_lines() {
    let (rows, case) = incident();
    insta::assert_snapshot!("connections_csv", text(print("csv", select(COLUMNS, false), &rows, &case.facts, 100)));
    let lines = text(print("jsonl", select(COLUMNS, true), &rows[..1], &case.facts, 100));
    insta::assert_snapshot!("connections_jsonl", lines.replace(",\"", ",\n\""));
}

#[test]
fn inputs_as_csv() {
    let (_, case) = incident();
    let table = text(print("csv", select(INPUTS, false), &inputs(&case.facts), &case.facts, 100));
    insta::assert_snapshot!("inputs_csv", table.replace('\u{1b}', "␛"));
}

#[test]
fn inputs_as_a_list() {
    let (_, case) = incident();
    let rows = inputs(&case.facts);
    let table = text(print("list", select(INPUTS, false), &rows, &case.facts, 100));
    assert!(!table.contains('\u{1b}'), "{table:?}");
    assert_eq!(table, text(print("list", select(INPUTS, false), &rows, &case.facts, 1)));
    insta::assert_snapshot!("inputs_list", table);
}

#[test]
fn tables_on_a_terminal_show_what_fits() {
    let (rows, case) = incident();
    for width in [80, 160] {
        let sink = Shared::default();
        let writer = TableWriter::aligned(select(COLUMNS, false), Box::new(sink.clone()), width);
        writer.batch(&rows, &case.facts).expect("memory takes the rows");
        writer.finish().expect("memory takes the rest");
        insta::assert_snapshot!(format!("connections_aligned_{width}"), text(sink.bytes()));
    }
    let sink = Shared::default();
    let writer = TableWriter::aligned(select(INPUTS, false), Box::new(sink.clone()), 160);
    writer.batch(&inputs(&case.facts), &case.facts).expect("memory takes the rows");
    writer.finish().expect("memory takes the rest");
    let table = text(sink.bytes());
    assert!(!table.contains('\u{1b}'), "{table:?}");
    insta::assert_snapshot!("inputs_aligned_160", table);
}

#[test]
fn the_size_of_batches_changes_no_byte() {
    let (rows, case) = incident();
    let rows: Vec<_> = rows.iter().cycle().take(10_000).cloned().collect();
    for name in ["csv", "jsonl"] {
        let whole = print(name, select(COLUMNS, true), &rows, &case.facts, rows.len());
        assert!(whole == print(name, select(COLUMNS, true), &rows, &case.facts, 77), "{name}");
        assert_eq!(whole.iter().filter(|&&byte| byte == b'\n').count(), rows.len() + usize::from(name == "csv"));
    }
}

/// The value that a cell was made of, by the type of its column.
fn parse(kind: Kind, cell: &str) -> String {
    let wrong = || panic!("{cell:?} is no {kind:?}");
    match kind {
        Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => {
            let bits = match kind {
                Kind::U8 => 8,
                Kind::U16 => 16,
                Kind::U32 => 32,
                _ => 64,
            };
            let number: u64 = cell.parse().unwrap_or_else(|_| wrong());
            assert!(bits == 64 || number >> bits == 0, "{cell} does not fit {kind:?}");
        }
        Kind::Bool => assert!(["true", "false"].contains(&cell)),
        Kind::Seconds => assert!(cell.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0) && cell.contains('.')),
        Kind::I64 => assert!(cell.parse::<i64>().is_ok(), "{cell}"),
        Kind::Decimal => assert!(cell.parse::<f64>().is_ok(), "{cell}"),
        Kind::Time => assert!(synfin::time::Timestamp::from_rfc3339(cell).is_some(), "{cell}"),
        Kind::Enum(names) => assert!(names.contains(&cell), "{cell} is none of {names:?}"),
        Kind::Text => return unguarded(cell).to_owned(),
    }
    cell.to_owned()
}

fn reads_back<R: Sync>(table: &'static [Column<R>], rows: &[R], facts: &Facts) {
    let bytes = print("csv", select(table, true), rows, facts, 3);
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let names: Vec<_> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    assert_eq!(names, table.iter().map(|column| column.name).collect::<Vec<_>>());
    let mut records = reader.records();
    for row in rows {
        let record = records.next().expect("a record").expect("a sound one");
        for (column, cell) in table.iter().zip(&record) {
            let value = (column.get)(row, facts);
            assert_eq!(cell.is_empty(), value == Value::Null, "{}: empty cells are null", column.name);
            if !cell.is_empty() {
                assert_eq!(parse(column.kind, cell), value.print(), "{}", column.name);
            }
            let is_number = matches!(column.kind, Kind::I64 | Kind::Decimal);
            let dangerous = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
            assert!(!dangerous, "{}: {cell} would be a formula", column.name);
        }
    }
    assert!(records.next().is_none());
}

#[test]
fn csv_reads_back_with_equal_values_of_the_documented_types() {
    let (rows, case) = incident();
    reads_back(COLUMNS, &rows, &case.facts);
    reads_back(INPUTS, &inputs(&case.facts), &case.facts);
    let point = case.facts.points[0].name.as_str();
    assert_eq!((&PATH[..1], point), ("=", "=cmd"), "formulas are among the cells");
}

/// What dumps of every kind say: counters before and after, settings, sockets.
pub fn facts_of_dumps() -> Facts {
    let paths = [
        "host/ss/5.9-tanpoemi.txt",
        "host/nstat/loop.txt",
        "host/netstat-s-linux/grepped.txt",
        "host/ip-link/two.txt",
        "host/sysctl/linux.txt",
        "host/proc-limits/gunicorn.txt",
        "host/iptables-list/exact.txt",
        "host/nft/sets.txt",
        "host/pfirewall-log/drops.txt",
    ];
    let dump = |path: &str| {
        let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path);
        let bytes = std::fs::read(whole).expect("a dump");
        let document = host::read(&bytes, &Hints { path: path.to_owned(), ..Hints::default() });
        Dump { path: path.to_owned(), bytes: bytes.len() as u64, document, note: None, damage: None }
    };
    Facts { dumps: Dumps(paths.map(dump).into()), ..Facts::default() }
}

#[test]
fn tables_of_dumps_read_back_from_csv() {
    let facts = facts_of_dumps();
    reads_back(SOCKETS, &sockets(&facts), &facts);
    reads_back(COUNTERS, &counters(&facts), &facts);
    reads_back(SETTINGS, &settings(&facts), &facts);
    reads_back(FIREWALL, &firewall(&facts), &facts);
    let fallen = counters(&facts).iter().any(|row| history::change(&facts.dumps, row).restarted);
    assert!(!fallen && counters(&facts).iter().any(|row| row.before.is_some()), "there are differences");
}

#[test]
fn whatever_tells_the_time_of_a_dump_is_named() {
    for basis in [host::Basis::Line, host::Basis::FileName, host::Basis::Report] {
        let mut facts = facts_of_dumps();
        let time = Timestamp::from_rfc3339("2026-01-01T00:00:00Z").expect("a time");
        for block in facts.dumps.0.iter_mut().flat_map(|dump| &mut dump.document.blocks) {
            block.time = Some(host::Stamp { time, basis, zone_known: true });
        }
        reads_back(SOCKETS, &sockets(&facts), &facts);
        reads_back(COUNTERS, &counters(&facts), &facts);
        reads_back(SETTINGS, &settings(&facts), &facts);
    }
}

#[test]
fn json_lines_read_back_with_equal_values() {
    let (rows, case) = incident();
    let lines = text(print("jsonl", select(COLUMNS, true), &rows, &case.facts, 3));
    assert_eq!(lines.lines().count(), rows.len());
    for (line, row) in lines.lines().zip(&rows) {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("JSON");
        assert_eq!(object.len(), COLUMNS.len());
        for column in COLUMNS {
            let value = serde_json::to_value((column.get)(row, &case.facts)).expect("JSON");
            assert_eq!(object[column.name], value, "{}", column.name);
        }
    }
}

#[test]
fn every_column_has_a_value_somewhere_in_the_incident() {
    let (mut rows, mut case) = incident();
    case.facts.dumps = facts_of_dumps().dumps;
    let rule = case.facts.dumps.places(|block| block.found.rules.len()).next().expect("a rule");
    rows[0].firewall = Some(Decision { place: rule, action: Action::Drop, basis: Basis::Matched, packets: Some(8) });
    let cases = [(rows, case), incident_with_dumps()];
    let empty = |column: &&Column<Judged>| {
        cases.iter().all(|(rows, case)| rows.iter().all(|row| (column.get)(row, &case.facts) == Value::Null))
    };
    let names: Vec<_> = COLUMNS.iter().filter(empty).map(|column| column.name).collect();
    assert_eq!(names, [""; 0], "of {} columns", COLUMNS.len());
}

#[test]
fn of_a_side_that_was_never_seen_nothing_is_said() {
    let (rows, case) = incident();
    let silent = rows.iter().find(|row| row.outcome == Outcome::SynUnanswered).expect("a silent server");
    let known = ["server_address", "server_port"];
    for column in COLUMNS.iter().filter(|column| column.name.starts_with("server_") && !known.contains(&column.name)) {
        assert_eq!((column.get)(silent, &case.facts), Value::Null, "{}", column.name);
    }
}

#[test]
fn the_rows_of_every_script_read_back() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/scripts");
    let scripts = glob::glob(&format!("{folder}/**/*.pkt")).expect("a pattern").map(|path| path.expect("a path"));
    let captures = tempfile::tempdir().expect("a temporary folder");
    let mut paths = Vec::new();
    for (index, path) in scripts.enumerate() {
        let script = std::fs::read_to_string(&path).expect("a script");
        let capture = synfin::capture::script::to_capture(&script).expect("a sound script");
        paths.push(captures.path().join(format!("{index:03}.pcap")));
        std::fs::write(&paths[index], capture).expect("the capture is written");
    }
    let (rows, case) = analyse_with(&paths, &Options::default());
    assert!(rows.len() > 100, "only {} rows", rows.len());
    reads_back(COLUMNS, &rows, &case.facts);
    reads_back(INPUTS, &inputs(&case.facts), &case.facts);
}
