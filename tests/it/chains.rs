//! Rotated sets: however a capture was cut into files, its connections are those of the whole.

use crate::shared;
use crate::support::{analyse_with, capture};
use capgen::Profile;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use synfin::analysis::Options;
use synfin::case::Facts;
use synfin::report::columns::COLUMNS;

/// Files of a set.
const PARTS: usize = 20;
/// Columns that say in which file something stands.
const OF_FILES: [&str; 5] = ["point", "first_file", "first_file_frame", "last_file", "last_file_frame"];

/// What every file of a cut capture begins with, and the records, each whole.
struct Cut {
    head: Vec<u8>,
    records: Vec<Vec<u8>>,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Cuts a little-endian capture at its record boundaries.
fn cut(capture: &[u8]) -> Cut {
    if word(capture, 0) == 0x0a0d_0d0a {
        let (mut rest, mut head, mut records) = (capture, Vec::new(), Vec::new());
        while !rest.is_empty() {
            let (block, more) = rest.split_at(word(rest, 4) as usize);
            let describes = matches!(word(block, 0), 0x0a0d_0d0a | 1);
            assert!(!describes || records.is_empty(), "interfaces stand first");
            if describes {
                head.extend(block)
            } else {
                records.push(block.to_vec())
            }
            rest = more;
        }
        return Cut { head, records };
    }
    let (head, mut rest) = capture.split_at(24);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (record, more) = rest.split_at(16 + word(rest, 8) as usize);
        records.push(record.to_vec());
        rest = more;
    }
    Cut { head: head.to_vec(), records }
}

impl Cut {
    fn part(&self, number: usize) -> Vec<u8> {
        let size = self.records.len().div_ceil(PARTS);
        let records = self.records.chunks(size).nth(number).unwrap_or_default();
        [self.head.clone(), records.concat()].concat()
    }
}

/// Writes the parts under these names, and the whole as `whole`, and gives the two folders.
fn write(folder: &Path, capture: &[u8], name: impl Fn(usize) -> String) -> (PathBuf, PathBuf) {
    let (parts, whole) = (folder.join("parts"), folder.join("whole"));
    fs::create_dir_all(&parts).expect("made");
    fs::write(&whole, capture).expect("written");
    let cut = cut(capture);
    (0..PARTS).for_each(|number| fs::write(parts.join(name(number)), cut.part(number)).expect("written"));
    (parts, whole)
}

/// The whole table but for the file columns, as the program prints it.
fn table(paths: &[&Path], more: &[&str]) -> String {
    let columns: Vec<&str> = COLUMNS.iter().map(|column| column.name).filter(|name| !OF_FILES.contains(name)).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_synfin"))
        .args(["show", "connections", "--format", "csv", "--columns", &columns.join(",")])
        .args(more)
        .args(paths)
        .output()
        .expect("synfin runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Names of points, each with the names of its files.
fn points(facts: &Facts) -> Vec<(String, Vec<String>)> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let files = |point: &synfin::case::Point| point.files.iter().map(|file| last(&file.path)).collect();
    facts.points.iter().map(|point| (last(&point.name), files(point))).collect()
}

fn facts(paths: &[PathBuf], options: &Options) -> Facts {
    analyse_with(paths, options).1.facts
}

fn traffic(format: capgen::Format) -> Vec<u8> {
    capgen::capture(&capgen::Options { format, ..capgen::Options::new(Profile::Web).bytes(3_000_000) }).0
}

type Naming = (&'static str, fn(usize) -> String);

const NAMINGS: [Naming; 6] = [
    ("x.pcap*", |number| if number == 0 { "x.pcap".to_owned() } else { format!("x.pcap{number}") }),
    ("x*", |number| if number == 0 { "x".to_owned() } else { format!("x{number}") }),
    ("x_*.pcapng", |number| format!("x_{:05}_202601010000{number:02}.pcapng", number + 1)),
    ("x-*.pcap", |number| format!("x-2026-01-01_00.00.{number:02}.pcap")),
    ("x_*.pcap", |number| format!("x_{number}.pcap")),
    ("x.pcap*", |number| format!("x.pcap{:02}", (number + 7) % PARTS)),
];

#[test]
fn a_set_of_twenty_files_gives_the_table_of_the_uncut_capture_byte_for_byte() {
    for format in [capgen::Format::Pcap, capgen::Format::PcapNano, capgen::Format::Pcapng] {
        let capture = traffic(format);
        for (pattern, name) in NAMINGS {
            let folder = tempfile::tempdir().expect("a folder");
            let (parts, whole) = write(folder.path(), &capture, name);
            let options = Options { threads: 2, chunk: 64 << 10, ..Options::default() };
            let found = points(&facts(std::slice::from_ref(&parts), &options));
            assert_eq!(
                found.iter().map(|(name, files)| (name.as_str(), files.len())).collect::<Vec<_>>(),
                [(pattern, PARTS)]
            );
            assert_eq!(found[0].1, (0..PARTS).map(name).collect::<Vec<_>>(), "in the order of time");
            let whole = table(&[&whole], &[]);
            assert!(whole.lines().count() > 50, "the capture holds connections");
            assert!(table(&[&parts], &[]) == whole, "{pattern} of {format:?}");
        }
    }
}

#[test]
fn interfaces_that_each_file_numbers_anew_change_nothing() {
    let capture = traffic(capgen::Format::Pcapng);
    let folder = tempfile::tempdir().expect("a folder");
    let (parts, whole) = write(folder.path(), &capture, NAMINGS[2].1);
    // Every second file describes its interfaces the other way round.
    let cut = cut(&capture);
    let mut blocks = Vec::new();
    let mut rest = &cut.head[..];
    while !rest.is_empty() {
        let (block, more) = rest.split_at(word(rest, 4) as usize);
        blocks.push(block);
        rest = more;
    }
    let interfaces = blocks.len() as u32 - 1;
    assert_eq!(interfaces, 3);
    blocks[1..].reverse();
    for number in (1..PARTS).step_by(2) {
        let size = cut.records.len().div_ceil(PARTS);
        let mut records = cut.records[number * size..].iter().take(size).cloned().collect::<Vec<_>>();
        for record in records.iter_mut().filter(|record| matches!(word(record, 0), 5 | 6)) {
            let turned = interfaces - 1 - word(record, 8);
            record[8..12].copy_from_slice(&turned.to_le_bytes());
        }
        fs::write(parts.join(NAMINGS[2].1(number)), [blocks.concat(), records.concat()].concat()).expect("written");
    }
    assert!(table(&[&parts], &[]) == table(&[&whole], &[]));
}

#[test]
fn a_real_recording_cut_by_tcpdump_and_by_editcap_gives_the_same_table() {
    let Some(lab) = shared::path("lab") else { return };
    for scenario in ["s25_idle_baseline", "s01_all_states", "s15_zero_window"] {
        let whole = lab.join(scenario).join("srv.pcap");
        let size = fs::metadata(&whole).expect("a recording").len();
        let expected = table(&[&whole], &[]);
        // tcpdump counts in millions of bytes; the smaller recordings stay whole.
        let megabytes = (size / 1_000_000 / 4).max(1).to_string();
        let by: [(&str, Vec<&str>); 3] = [
            ("tcpdump", vec!["-C", &megabytes, "-Z", "root", "-r", "WHOLE", "-w", "PARTS/t.pcap"]),
            ("editcap", vec!["-F", "pcapng", "-c", "200", "WHOLE", "PARTS/e.pcapng"]),
            ("editcap", vec!["-F", "pcap", "-i", "2", "WHOLE", "PARTS/i.pcap"]),
        ];
        for (program, arguments) in by {
            let folder = tempfile::tempdir().expect("a folder");
            let place = |argument: &str| {
                argument
                    .replace("WHOLE", whole.to_str().expect("UTF-8"))
                    .replace("PARTS", folder.path().to_str().expect("UTF-8"))
            };
            let Ok(output) = Command::new(program).args(arguments.iter().map(|argument| place(argument))).output()
            else {
                eprintln!("skipped: {program} is not installed");
                continue;
            };
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            let files = fs::read_dir(folder.path()).expect("a folder").count();
            assert!(table(&[folder.path()], &[]) == expected, "{scenario} by {program} into {files} files");
            let found = points(&facts(&[folder.path().to_owned()], &Options::default()));
            assert_eq!((found.len(), found[0].1.len()), (1, files), "{scenario} by {program}: {found:?}");
        }
    }
}

/// A short exchange that begins this many seconds into the minute.
fn exchange(second: u32, port: u16) -> Vec<u8> {
    capture(&format!(
        "start 2026-01-01T00:00:{second:02}Z\nclient 10.0.0.1:{port} iss 1\nserver 10.0.0.2:80 iss 1\n0 > S 0:0(0) win 100\n\
         0.1 < S. 0:0(0) ack 1 win 100\n0.2 > . 1:1(0) ack 1 win 100\n2 > P. 1:11(10) ack 1 win 100\n"
    ))
}

fn chained(files: &[(&str, Vec<u8>)]) -> Vec<(String, Vec<String>)> {
    chained_with(files, |_| Options::default())
}

fn chained_with(files: &[(&str, Vec<u8>)], options: impl Fn(&Path) -> Options) -> Vec<(String, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, bytes).expect("written");
    }
    points(&facts(&[folder.path().to_owned()], &options(folder.path())))
}

fn owned(points: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let text = |text: &&str| (*text).to_owned();
    points.iter().map(|(name, files)| (text(name), files.iter().map(text).collect())).collect()
}

#[test]
fn captures_that_overlap_or_differ_in_kind_stay_apart() {
    // A folder a host, the same names in each, all at the same time.
    let hosts = [("a/cli.pcap", exchange(0, 1)), ("a/srv.pcap", exchange(0, 1)), ("b/cli.pcap", exchange(0, 2))];
    assert_eq!(
        chained(&hosts),
        owned(&[("cli.pcap", &["cli.pcap"]), ("srv.pcap", &["srv.pcap"]), ("cli.pcap", &["cli.pcap"])])
    );
    // Names like a set's, but both at once: interfaces 0 and 1 of one machine.
    let overlapping = [("eth_0.pcap", exchange(0, 1)), ("eth_1.pcap", exchange(0, 1))];
    assert_eq!(chained(&overlapping).len(), 2);
    // Hosts recorded one after another: a number after a letter is no set's.
    assert_eq!(chained(&[("web1.pcap", exchange(0, 1)), ("web2.pcap", exchange(10, 1))]).len(), 2);
    // Another link type: raw IP instead of Ethernet.
    let mut raw = exchange(10, 1);
    raw[20] = 101;
    assert_eq!(chained(&[("x.pcap", exchange(0, 1)), ("x.pcap1", raw)]).len(), 2);
}

#[test]
fn plainly_numbered_files_are_a_set_only_while_they_follow_on_one_another() {
    let files = |second| [("x_1.pcap", exchange(0, 1)), ("x_2.pcap", exchange(second, 2))];
    assert_eq!(chained(&files(3)), owned(&[("x_*.pcap", &["x_1.pcap", "x_2.pcap"])]));
    // Numbers that leave one out, and a pause of an hour.
    assert_eq!(chained(&[("x_1.pcap", exchange(0, 1)), ("x_3.pcap", exchange(3, 2))]).len(), 2);
    let later = capture(
        "start 2026-01-01T01:00:00Z\nclient 10.0.0.1:9 iss 1\nserver 10.0.0.2:80 iss 1\n0 > S 0:0(0) win 100\n",
    );
    assert_eq!(chained(&[("x_1.pcap", exchange(0, 1)), ("x_2.pcap", later)]).len(), 2);
}

#[test]
fn a_ring_that_wrapped_is_read_in_the_order_of_time_and_an_empty_file_in_that_of_numbers() {
    let empty = || exchange(0, 1)[..24].to_vec();
    let ring =
        [("r.pcap0", exchange(20, 3)), ("r.pcap1", exchange(5, 1)), ("r.pcap2", empty()), ("r.pcap3", exchange(10, 2))];
    assert_eq!(chained(&ring), owned(&[("r.pcap*", &["r.pcap1", "r.pcap2", "r.pcap3", "r.pcap0"])]));
}

#[test]
fn points_that_are_named_hold_what_they_are_said_to_hold() {
    let files = [
        ("one/morning.pcap", exchange(0, 1)),
        ("one/noon.pcap", exchange(5, 2)),
        ("two/other.pcap", exchange(0, 3)),
        ("two/same-time.pcap", exchange(0, 4)),
        ("rest.pcap", exchange(0, 5)),
    ];
    let named = chained_with(&files, |folder| Options {
        points: [("one", "one"), ("two", "two/other.pcap"), ("two", "two/same-time.pcap")]
            .map(|(name, path)| (name.to_owned(), folder.join(path)))
            .into(),
        ..Options::default()
    });
    assert_eq!(named[0], owned(&[("one", &["morning.pcap", "noon.pcap"])])[0]);
    // What overlaps cannot be one stream: each file keeps its own, under both names.
    assert_eq!(named[1].1, ["other.pcap"]);
    assert_eq!(named[2].1, ["same-time.pcap"]);
    assert_eq!(named[3], owned(&[("rest.pcap", &["rest.pcap"])])[0]);
}

#[test]
fn packed_files_of_a_set_are_chained_with_the_one_still_being_written() {
    use std::io::Write as _;
    let packed = |bytes: Vec<u8>| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
    };
    let set =
        [("x.pcap.gz", packed(exchange(0, 1))), ("x.pcap1.gz", packed(exchange(5, 2))), ("x.pcap2", exchange(10, 3))];
    assert_eq!(chained(&set), owned(&[("x.pcap*", &["x.pcap.gz", "x.pcap1.gz", "x.pcap2"])]));
}

#[test]
fn one_connection_over_several_files_is_told_whole_and_found_by_a_frame_of_any() {
    let script = "start 2026-01-01T00:00:00Z\nclient 10.0.0.1:40000 iss 100\nserver 10.0.0.2:80 iss 900\n\
        0.0 > S 0:0(0) win 100\n0.1 < S. 0:0(0) ack 1 win 100\n0.2 > . 1:1(0) ack 1 win 100\n\
        1.0 > P. 1:11(10) ack 1 win 100\n1.1 < . 1:1(0) ack 11 win 100\n\
        2.0 > F. 11:11(0) ack 1 win 100\n2.1 < F. 1:1(0) ack 12 win 100\n2.2 > . 12:12(0) ack 2 win 100\n";
    let cut = cut(&capture(script));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, range) in [("x.pcap", 0..3), ("x.pcap1", 3..5), ("x.pcap2", 5..8)] {
        let bytes = [cut.head.clone(), cut.records[range].concat()].concat();
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    let explain = |key: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_synfin"))
            .args(["explain", key, "."])
            .current_dir(folder.path())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("synfin runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let story = explain("10.0.0.1:40000");
    insta::assert_snapshot!(story);
    for key in ["x.pcap:1", "x.pcap1:2", "x.pcap2:3"] {
        assert_eq!(explain(key), story, "{key}");
    }
}

/// Records of several captures in one, each whole.
fn together(captures: &[Vec<u8>]) -> Vec<u8> {
    let cuts: Vec<Cut> = captures.iter().map(|capture| cut(capture)).collect();
    [cuts[0].head.clone(), cuts.iter().map(|cut| cut.records.concat()).collect::<Vec<_>>().concat()].concat()
}

/// Port, outcome, how sure, caveats and age of the state of each connection.
fn judged(folder: &Path) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_synfin"))
        .args(["show", "connections", "--format", "csv", "--columns"])
        .args(["client_port,outcome,confidence,caveats,state_age_s"])
        .arg(folder)
        .output()
        .expect("synfin runs");
    assert!(output.stderr.is_empty() || !output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn what_happened_in_files_that_are_missing_is_not_claimed() {
    let flow = |second: u32, port: u16, lines: &str| {
        capture(&format!(
            "start 2026-01-01T00:00:{second:02}Z\nclient 10.0.0.1:{port} iss 1\nserver 10.0.0.2:80 iss 1\n{lines}"
        ))
    };
    let opening = "0 > S 0:0(0) win 100\n0.1 < S. 0:0(0) ack 1 win 100\n0.2 > . 1:1(0) ack 1 win 100\n";
    // One that goes on behind the gap, one whose client has yet to close, and a SYN that was answered in what is missing.
    let before = [
        flow(0, 1, opening),
        flow(1, 2, &format!("{opening}0.3 < F. 1:1(0) ack 1 win 100\n0.4 > . 1:1(0) ack 2 win 100\n")),
        flow(3, 3, "0 > S 0:0(0) win 100\n"),
    ];
    let after =
        [flow(40, 1, "0 > . 1:1(0) ack 1 win 100\n"), flow(50, 4, "0 > S 0:0(0) win 100\n"), flow(55, 5, opening)];
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, captures: &[Vec<u8>]| fs::write(folder.path().join(name), together(captures)).expect("written");
    write("x.pcap", &before);
    write("x.pcap1", &after);
    let whole = judged(folder.path());
    fs::rename(folder.path().join("x.pcap1"), folder.path().join("x.pcap3")).expect("renamed");
    let torn = judged(folder.path());
    insta::assert_snapshot!(format!(
        "Nothing is missing:\n{}\n\nTwo files are:\n{}",
        whole.join("\n"),
        torn.join("\n")
    ));

    let output = Command::new(env!("CARGO_BIN_EXE_synfin")).arg(folder.path()).output().expect("synfin runs");
    assert!(output.status.success(), "what was given was read whole");
    let text = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("x.pcap3: 2 files missing before it, or of another kind, by the numbers"), "{text}");

    // A file that breaks off has a gap behind it, too.
    fs::rename(folder.path().join("x.pcap3"), folder.path().join("x.pcap1")).expect("renamed");
    let cut_short = together(&before);
    fs::write(folder.path().join("x.pcap"), [&cut_short[..], &[7; 9]].concat()).expect("written");
    assert_eq!(judged(folder.path()), torn);
}
