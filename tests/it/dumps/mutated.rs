//! Cut, mixed and garbled dumps: no panic, no hang, nothing lost silently, and no socket that no line says.

use super::normal::{self, Fields};
use crate::shared;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use synfin::host::{Block, Document, Hints, Port, Socket, SocketAddress, encoding, read};

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

/// Formats whose sockets stand in one line each; the fields of `lsof -F` have no blanks.
fn has_lines(block: &Block) -> bool {
    !["tcpvcon", "powershell-nettcp-json", "powershell-nettcp-list"].contains(&block.format)
}

/// The lines of a text by their numbers, as its sockets count them.
fn lines(bytes: &[u8]) -> Vec<String> {
    let (text, _) = encoding::decode(bytes);
    text.lines().map(|line| line.trim().trim_start_matches("> ").trim_end().to_owned()).collect()
}

/// Sockets with the text of the line that each stands in.
fn rows(bytes: &[u8], document: &Document) -> Vec<(String, Socket, bool)> {
    let lines = lines(bytes);
    let mut rows = Vec::new();
    for block in document.blocks.iter().filter(|block| has_lines(block)) {
        for socket in &block.found.sockets {
            let text = lines.get(socket.line as usize - 1).cloned().unwrap_or_default();
            if block.format == "lsof" && !text.contains(' ') {
                continue;
            }
            rows.push((text, socket.clone(), block.found.odd.count > 0));
        }
    }
    rows
}

/// What a line says of a socket, whatever stands around it.
fn core(socket: &Socket) -> Fields {
    let mut fields = normal::ours(socket);
    fields.retain(|key, _| {
        ["local_addr", "local_port", "remote_addr", "remote_port", "state", "recv_q", "send_q"].contains(key)
    });
    fields
}

/// Whether nothing in a row is other than in another; what is absent in it is no lie. What has no peer listens, whether a header
/// with a column of states that is empty here stands above it or not.
fn is_part(row: &Fields, of: &Fields) -> bool {
    let listens = |key: &str, value: &str| key == "state" && value == "LISTEN" && !of.contains_key("remote_port");
    row.iter().all(|(key, value)| of.get(key).map_or_else(|| listens(key, value), |known| known == value))
}

/// Whether a line that was changed says the ports of its row, decimal or, as the kernel's own table does, hexadecimal.
fn says(text: &str, socket: &Socket) -> bool {
    let port_is_said = |end: &SocketAddress| match &end.port {
        Port::Number(port) => {
            text.contains(&port.to_string()) || text.to_ascii_uppercase().contains(&format!(":{port:04X}"))
        }
        Port::Name(name) => text.contains(&**name),
        Port::Any | Port::Clipped(_) | Port::Masked(_) => true,
    };
    port_is_said(&socket.local) && port_is_said(&socket.remote)
}

#[derive(Default)]
struct Rows {
    /// In lines that stayed as they were: read as before, read in part, or differently in a block that has odd lines.
    same: u64,
    less: u64,
    flagged: u64,
    /// In lines that changed.
    changed: u64,
    wrong: Vec<String>,
}

impl Rows {
    fn check(
        &mut self,
        path: &Path,
        time: u64,
        known: &HashMap<String, Vec<Fields>>,
        bytes: &[u8],
        document: &Document,
    ) {
        for (text, socket, odd) in rows(bytes, document) {
            let row = core(&socket);
            let place = || format!("{} mutation {time} line {}: {text:?} as {row:?}", path.display(), socket.line);
            match known.get(&text) {
                Some(before) if before.contains(&row) => self.same += 1,
                Some(before) if before.iter().any(|before| is_part(&row, before)) => self.less += 1,
                Some(_) if odd => self.flagged += 1,
                Some(_) => self.wrong.push(place()),
                None if says(&text, &socket) => self.changed += 1,
                None => self.wrong.push(place()),
            }
        }
    }
}

/// Reads so many mutations of each file of a folder; the rows that are wrong.
fn survive(folder: &Path, times: u64) -> Vec<String> {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.sort();
    assert!(!found.is_empty(), "dumps are in {}", folder.display());
    let mut seen = Rows::default();
    for (number, path) in found.iter().enumerate() {
        let original = std::fs::read(path).expect("a dump");
        let original = &original[..original.len().min(64 << 10)];
        let mut known: HashMap<String, Vec<Fields>> = HashMap::new();
        for (text, socket, _) in rows(original, &read(original, &Hints::default())) {
            known.entry(text).or_default().push(core(&socket));
        }
        for time in 0..times {
            let bytes = mutate(original, &mut Dice(number as u64 * 1000 + time));
            let document = read(&bytes, &Hints::default());
            let taken: u64 = document.blocks.iter().map(|block| u64::from(block.lines)).sum();
            assert!(
                taken + document.unknown_lines <= u64::from(document.lines),
                "{}: a line counts once",
                path.display()
            );
            seen.check(path, time, &known, &bytes, &document);
        }
    }
    let Rows { same, less, flagged, changed, wrong } = seen;
    println!(
        "{}: {} files, {times} mutations of each; rows of lines that stayed: {same} as before, {less} with less, {flagged} in blocks with odd lines; {changed} rows of changed lines say what these say; {} wrong",
        folder.display(),
        found.len(),
        wrong.len()
    );
    wrong
}

fn nothing_is_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(100)].join("\n"));
}

#[test]
fn our_own_dumps_survive_mutation() {
    let folders = [("/testdata/host", 20), ("/testdata/logs", 4)].into_iter();
    let wrong =
        folders.flat_map(|(folder, times)| survive(Path::new(&[env!("CARGO_MANIFEST_DIR"), folder].concat()), times));
    nothing_is_wrong(&wrong.collect::<Vec<_>>());
}

/// `SYNFIN_MUTATIONS=200` reads as many of each file of the corpus and the laboratory; a few without it.
#[test]
fn dumps_of_others_survive_mutation() {
    let times = std::env::var("SYNFIN_MUTATIONS").ok().and_then(|times| times.parse().ok()).unwrap_or(2);
    let parts = ["dumps", "lab/s01_all_states", "lab/s26_app_logs", "lab/s37_nat"].into_iter();
    let wrong = parts.filter_map(shared::path).flat_map(|folder| survive(&folder, times));
    nothing_is_wrong(&wrong.collect::<Vec<_>>());
}
