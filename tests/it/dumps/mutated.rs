//! Cut, mixed and garbled dumps: no panic, no hang, nothing lost silently.

use crate::shared;
use std::path::{Path, PathBuf};
use synfin::host::{Hints, read};

/// A small generator (SplitMix64): the same mutations on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % below.max(1) as u64).unwrap_or_default()
    }
}

/// What the odd characters of dumps are made of.
const SPICE: [&[u8]; 16] = [
    b"\0",
    b"\xff\xfe",
    b"\x1b[",
    b"\r",
    b"\n",
    b" ",
    b":",
    b"::",
    b"(",
    b"\"",
    b",(",
    b"%",
    b"99999999999999999999",
    "\u{202e}é受".as_bytes(),
    b"\t",
    b">",
];

fn mutate(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.roll(8) {
        let at = dice.roll(bytes.len() + 1);
        let end = (at + dice.roll(200)).min(bytes.len());
        match dice.roll(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.extend_from_within(at..end),
            3 => drop(bytes.splice(at..at, SPICE[dice.roll(SPICE.len())].iter().copied())),
            4 => bytes[at..end].reverse(),
            5 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = dice.roll(256) as u8;
                }
            }
            _ => bytes[at..end].fill(b"0 \xff\n"[dice.roll(4)]),
        }
    }
    bytes
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            files(&path, found);
        } else if ![".json", ".pcap", ".snap", ".tsv", ".md"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// Reads so many mutations of each file of a folder.
fn survive(folder: &Path, times: u64) {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.sort();
    assert!(!found.is_empty(), "dumps are in {}", folder.display());
    for (number, path) in found.iter().enumerate() {
        let original = std::fs::read(path).expect("a dump");
        let original = &original[..original.len().min(64 << 10)];
        for time in 0..times {
            let bytes = mutate(original, &mut Dice(number as u64 * 1000 + time));
            let document = read(&bytes, &Hints::default());
            let taken: u64 = document.blocks.iter().map(|block| u64::from(block.lines)).sum();
            assert!(
                taken + document.unknown_lines <= u64::from(document.lines),
                "{}: a line counts once",
                path.display()
            );
        }
    }
    println!("{} files, {times} mutations of each", found.len());
}

#[test]
fn our_own_dumps_survive_mutation() {
    for (folder, times) in [("/testdata/host", 20), ("/testdata/logs", 4)] {
        survive(Path::new(&[env!("CARGO_MANIFEST_DIR"), folder].concat()), times);
    }
}

/// `SYNFIN_MUTATIONS=200` reads as many of each file of the corpus and the laboratory; a few without it.
#[test]
fn dumps_of_others_survive_mutation() {
    let times = std::env::var("SYNFIN_MUTATIONS").ok().and_then(|times| times.parse().ok()).unwrap_or(2);
    for part in ["dumps", "lab/s01_all_states", "lab/s26_app_logs", "lab/s37_nat"] {
        if let Some(folder) = shared::path(part) {
            survive(&folder, times);
        }
    }
}
