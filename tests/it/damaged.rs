//! Damage ends by name: captures are cut and changed at random, all in one process of its own, which must neither panic
//! nor hang nor grow. What fuzzing has found stays found.
//!
//! A few captures are damaged in a few ways unless `SYNFIN_DAMAGE` says how often each file is cut, and has a byte flipped:
//! then every file of the corpus is. `SYNFIN_DAMAGE=200 cargo test --release damaged -- --nocapture` prints the figures.

use crate::containers::{files, testdata};
use crate::support::{analyse, analyse_bytes_with, analyse_with, capture};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use synfin::analysis::{Condition, Options, peak_resident};
use synfin::capture::End;
use synfin::case::Case;

/// How often each file is cut, and has a byte flipped; by default of one file in so many.
const SAMPLE: usize = 3;
const ONE_IN: usize = 40;
/// What the run may hold at most, bytes.
const MOST_MEMORY: u64 = 512 << 20;
/// Says to the test that it is the process of its own.
const CHILD: &str = "SYNFIN_TEST_DAMAGED";

#[test]
fn damaged_captures_end_by_name_in_bounded_memory() {
    if std::env::var_os(CHILD).is_some() {
        return damage_all();
    }
    let name = "damaged::damaged_captures_end_by_name_in_bounded_memory";
    let this = std::env::current_exe().expect("this test");
    let output = Command::new(this).args([name, "--exact", "--nocapture"]).env(CHILD, "1").output();
    let output = output.expect("the child runs");
    let [told, failed] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    println!("{told}");
    assert!(output.status.success(), "{}: {failed}", output.status);
}

#[test]
fn a_packed_capture_that_is_cut_is_cut_wherever_what_is_unpacked_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(testdata("incidents/close_wait_leak/server.pcap")).expect("a capture");
    let pack = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
    };
    // Whole records, and behind them a member that breaks off in its head.
    let packed = [&pack(&whole)[..], &pack(&whole)[..5]].concat();
    std::fs::write(folder.path().join("x.pcap.gz"), packed).expect("written");
    let run = Command::new(env!("CARGO_BIN_EXE_synfin"))
        .args(["x.pcap.gz", "--format", "none"])
        .current_dir(folder.path())
        .output();
    let output = run.expect("synfin runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("x.pcap.gz: only the first") && said.contains("cut"), "{said}");
}

#[test]
fn a_capture_cut_short_or_damaged_is_said_with_its_place_and_exit_status_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(testdata("incidents/close_wait_leak/server.pcap")).expect("a capture");
    let mut damaged = whole.clone();
    damaged[24 + 8..24 + 12].fill(0xff); // the first record's length
    for (name, bytes, how) in [
        ("cut.pcap", &whole[..whole.len() - 1], "ends inside the record at byte "),
        ("damaged.pcap", &damaged[..], "damaged at byte 24 ("),
    ] {
        std::fs::write(folder.path().join("whole.pcap"), &whole).expect("written");
        std::fs::write(folder.path().join(name), bytes).expect("written");
        for arguments in [&["-o", "report", name][..], &["show", "inputs", name], &[name, "whole.pcap", "-o", "report"]]
        {
            let run = Command::new(env!("CARGO_BIN_EXE_synfin")).args(arguments).current_dir(folder.path()).output();
            let output = run.expect("synfin runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
            assert!(said.starts_with(&format!("synfin: {name}: {how}")) && said.lines().count() == 1, "{said}");
        }
    }
    let rows = std::fs::read_to_string(folder.path().join("report/connections.csv")).expect("a report");
    assert_eq!(rows.lines().count(), 1 + 75, "nothing else is lost by it");
}

/// What became of all variants.
#[derive(Default)]
struct Totals {
    variants: u64,
    /// How inputs ended, by the kind of end.
    ends: BTreeMap<&'static str, u64>,
    slowest: (Duration, String),
    wrong: Vec<String>,
}

fn damage_all() {
    let asked = std::env::var("SYNFIN_DAMAGE").ok().and_then(|times| times.parse().ok());
    let corpus = crate::shared::path("corpus/captures").map(|corpus| files(&corpus, "**/*")).unwrap_or_default();
    let ours = ["captures", "incidents"].map(|folder| files(&testdata(folder), "**/*")).concat();
    let chosen = corpus.into_iter().step_by(asked.map_or(ONE_IN, |_| 1)).chain(ours.into_iter().step_by(2));
    let paths: Vec<PathBuf> = chosen.filter(|path| path.is_file()).collect();
    let began = Instant::now();
    let (next, totals) = (AtomicUsize::new(0), Mutex::new(Totals::default()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    damage(path, asked.unwrap_or(SAMPLE), &totals);
                }
            });
        }
    });
    let totals = totals.into_inner().expect("no thread panicked");
    let memory = peak_resident();
    println!("{} files, {} variants in {:.0?}: {:?}", paths.len(), totals.variants, began.elapsed(), totals.ends);
    println!("at most {} MiB, at most {:.0?} each ({})", memory.unwrap_or(0) >> 20, totals.slowest.0, totals.slowest.1);
    assert!(totals.wrong.is_empty(), "{} wrong:\n{}", totals.wrong.len(), totals.wrong.join("\n"));
    assert!(memory.is_none_or(|bytes| bytes < MOST_MEMORY), "{memory:?} bytes");
}

/// Cuts a file, and flips a byte of it, each so often.
fn damage(path: &Path, times: usize, totals: &Mutex<Totals>) {
    let whole = std::fs::read(path).expect("a capture");
    let folder = tempfile::tempdir_in(memory()).expect("a folder");
    // Some containers are told by their name's ending nowhere: that of the variants says nothing.
    let variant = folder.path().join("variant");
    let mut random = Random::of(path);
    for number in 0..times * 2 {
        let at = random.below(whole.len());
        let bytes = match number < times {
            true => whole[..at].to_vec(),
            false => flipped(&whole, at, random.below(255) as u8 + 1),
        };
        std::fs::write(&variant, bytes).expect("written");
        let kind = if number < times { "cut" } else { "flipped" };
        let what = format!("{} {kind} at {at}", path.display());
        let began = Instant::now();
        let ended = catch_unwind(|| ends(&variant));
        let took = began.elapsed();
        let mut totals = totals.lock().expect("no thread panicked");
        totals.variants += 1;
        if took > totals.slowest.0 {
            totals.slowest = (took, what.clone());
        }
        match ended {
            Ok(Ok(ends)) => ends.into_iter().for_each(|end| *totals.ends.entry(end).or_default() += 1),
            Ok(Err(nameless)) => totals.wrong.push(format!("{what}: {nameless}")),
            Err(_) => totals.wrong.push(format!("{what}: panicked")),
        }
    }
}

fn flipped(whole: &[u8], at: usize, bits: u8) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits);
    bytes
}

/// Where a million short-lived files cost no disk.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// How everything in an input ended; or why that is no named end.
fn ends(path: &Path) -> Result<Vec<&'static str>, String> {
    let scratch = memory();
    let mut options = Options { threads: 1, scratch: scratch.clone(), ..Options::default() };
    options.input.scratch = scratch;
    let (_, case) = analyse_with(&[path.to_owned()], &options);
    let files = case.facts.points.iter().flat_map(|point| &point.files).map(|file| end_of(&file.end));
    let mut ends = files.collect::<Result<Vec<_>, _>>()?;
    ends.extend(dumps(&case));
    for unread in &case.unread {
        let cause = unread.split_once(": ").map(|(_, cause)| cause).filter(|cause| !cause.is_empty());
        cause.ok_or_else(|| format!("an error without a cause: {unread}"))?;
        ends.push("not read");
    }
    if ends.is_empty() { Err("nothing is said of it".to_owned()) } else { Ok(ends) }
}

fn end_of(end: &End) -> Result<&'static str, String> {
    match end {
        End::Clean => Ok("clean"),
        End::Cut { .. } => Ok("cut"),
        End::Corrupt { why, .. } if why.is_empty() => Err("corrupt, for no reason".to_owned()),
        End::Corrupt { .. } => Ok("corrupt"),
    }
}

fn dumps(case: &Case) -> impl Iterator<Item = &'static str> {
    case.facts.dumps.0.iter().map(|_| "a dump").chain(case.left_out.iter().map(|_| "left out"))
}

/// The same numbers for the same file: a SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn of(path: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        path.file_name().hash(&mut hasher);
        Self(hasher.finish())
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound.max(1) as u64) as usize
    }
}

#[test]
fn what_fuzzing_found_stays_mended() {
    let found = files(&testdata("captures/fuzzed"), "*");
    assert!(!found.is_empty());
    for path in found {
        assert!(!analyse(&path).is_empty(), "{} is read", path.display());
    }
}

#[test]
fn a_panic_of_one_worker_stops_the_others() {
    let script = "0.0 > S 0:0(0)\n0.1 < S. 0:0(0) ack 1\n";
    let mut options = Options { threads: 3, ..Options::default() };
    let words = "a mistake of ours".to_owned();
    options.selection.packets = Some(Condition { words, test: Arc::new(|_| panic!("a mistake of ours")) });
    let run = catch_unwind(AssertUnwindSafe(|| analyse_bytes_with(&capture(script), &options)));
    assert!(run.is_err(), "a panic is passed on");
}
