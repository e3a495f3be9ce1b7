//! Dumps of our own recordings: every format of one moment shows the sockets that the kernel had, as far as it carries
//! them and their fields.

use super::normal::{self, Fields};
use crate::shared;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use synfin::host::{Basis, Document, Hints, Socket, Tracked, read};

/// What a file shows, as its name (the command's options) says.
struct View {
    tool: &'static str,
    shows: Box<dyn Fn(&Fields) -> bool>,
    fields: Vec<&'static str>,
}

/// What every format of sockets prints; a port that is none is absent.
const ENDS: [&str; 6] = ["proto", "local_addr", "local_port", "remote_addr", "remote_port", "state"];

impl View {
    /// `None` of a file that shows names, other things than sockets, or several moments.
    fn of(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".txt")?;
        if let Some(more) = name.strip_prefix("proc-net-tcp") {
            let proto = if more == "6" { "tcp6" } else { "tcp" };
            let fields = [&ENDS[..], &["recv_q", "send_q", "user", "inode"]].concat();
            return Some(Self { tool: "/proc/net/tcp", shows: Box::new(move |row| row["proto"] == proto), fields });
        }
        if let Some(options) = name.strip_prefix("lsof-") {
            // Only sockets with a descriptor; without one there is no inode.
            let state = options.strip_prefix("iTCP-LISTEN").map(|_| "LISTEN");
            let is_shown =
                move |row: &Fields| row.contains_key("pid") && state.is_none_or(|state| row["state"] == state);
            let more: &[&str] = match options {
                "F" => &["pid", "recv_q", "send_q"],
                "Tqs" => &["pid", "inode", "recv_q", "send_q"],
                _ => &["pid", "inode"],
            };
            let fields = [&ENDS[..], more].concat();
            return (options != "iTCP-names").then(|| Self { tool: "lsof", shows: Box::new(is_shown), fields });
        }
        let tools =
            [("busybox-netstat-", "busybox"), ("toybox-netstat-", "toybox"), ("netstat-", "netstat"), ("ss-", "ss")];
        let (options, tool) = tools.into_iter().find_map(|(head, tool)| Some((name.strip_prefix(head)?, tool)))?;
        let versioned = options.strip_prefix('v').and_then(|rest| rest.split_once('-'));
        let options = versioned.map_or(options, |(_, options)| options);
        if let Some(state) = options.strip_prefix("state-") {
            return Some(Self::of_state(state.trim_end_matches("-o").replace('-', "_").to_uppercase()));
        }
        let letters = options.split('-').next().unwrap_or_default();
        if !letters.contains('n') || letters.contains(['s', 'r', 'c']) {
            return None;
        }
        let is_shown = shown_by(letters.to_owned());
        let mut fields = [&ENDS[..], &["recv_q", "send_q"]].concat();
        fields.extend(letters.contains('p').then_some("pid"));
        fields.extend(letters.contains('e').then_some("inode"));
        Some(Self { tool, shows: Box::new(is_shown), fields })
    }

    /// Its rows do not repeat the state.
    fn of_state(state: String) -> Self {
        let fields = [&ENDS[..5], &["recv_q", "send_q"]].concat();
        Self { tool: "ss state", shows: Box::new(move |row| row["state"] == state), fields }
    }
}

/// `-a` all, `-l` listeners, neither: what is connected; `-4` and `-6` one family.
fn shown_by(letters: String) -> impl Fn(&Fields) -> bool {
    move |row| {
        let state = row["state"].as_str();
        let is_wanted = match (letters.contains('a'), letters.contains('l')) {
            (true, _) => true,
            (false, true) => state == "LISTEN",
            (false, false) => !matches!(state, "LISTEN" | "SYN_RECV" | "TIME_WAIT" | "CLOSED"),
        };
        let of_family = |letter, proto| !letters.contains(letter) || row["proto"] == proto;
        is_wanted && of_family('4', "tcp") && of_family('6', "tcp6")
    }
}

#[derive(Default)]
struct Score {
    files: usize,
    rows: usize,
}

#[test]
fn every_format_of_one_moment_shows_what_the_kernel_had() {
    let Some(lab) = shared::path("lab") else { return };
    let (mut scores, mut wrong) = (BTreeMap::<&str, Score>::new(), Vec::new());
    for truth in truths(&lab) {
        let text = std::fs::read_to_string(&truth).expect("a truth file");
        let moment: Value = serde_json::from_str(&text).expect("JSON");
        if moment["stable_during_snapshot"] != true {
            continue;
        }
        let kernel: Vec<Fields> = moment["sockets"].as_array().into_iter().flatten().map(of_kernel).collect();
        for path in files(truth.parent().expect("a folder")) {
            let Some(view) = View::of(&name(&path)) else { continue };
            let rows = of_dump(&document(&path), view.tool);
            let score = scores.entry(view.tool).or_default();
            score.files += 1;
            score.rows += rows.len();
            wrong.extend(differences(&kernel, rows, &view).map(|line| format!("{}: {line}", path.display())));
        }
    }
    scores.iter().for_each(|(tool, Score { files, rows })| println!("{tool:<14}{files:>6} files{rows:>8} rows"));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    let least = [("netstat", 400), ("ss", 700), ("/proc/net/tcp", 200), ("lsof", 30)];
    for (tool, files) in least {
        assert!(scores[tool].files > files, "{tool}");
    }
}

/// Rows of the kernel that the dump lacks, and rows of the dump that the kernel lacks.
fn differences(kernel: &[Fields], mut rows: Vec<Fields>, view: &View) -> impl Iterator<Item = String> {
    let mut missing = Vec::new();
    for row in kernel.iter().filter(|row| (view.shows)(row)) {
        match rows.iter().position(|ours| agrees(ours, row, &view.fields)) {
            Some(place) => drop(rows.remove(place)),
            None => missing.push(format!("missing {row:?}")),
        }
    }
    missing.into_iter().chain(rows.into_iter().map(|row| format!("not the kernel's {row:?}")))
}

/// A cut address agrees with what it is the beginning of; of several processes the kernel's row names one.
fn agrees(ours: &Fields, kernel: &Fields, fields: &[&str]) -> bool {
    fields.iter().all(|field| match (ours.get(field), kernel.get(field)) {
        (Some(ours), Some(kernel)) => match ours.strip_suffix(" (clipped)") {
            Some(beginning) => kernel.starts_with(beginning),
            None => ours.split(';').any(|ours| ours == kernel),
        },
        (ours, kernel) => ours == kernel,
    })
}

fn of_kernel(socket: &Value) -> Fields {
    normalised(normal::truth(socket).0)
}

/// With all processes; each that holds a socket gives a row in `lsof`, which are one here.
fn of_dump(document: &Document, tool: &str) -> Vec<Fields> {
    let mut rows: Vec<Fields> = Vec::new();
    for socket in document.blocks.iter().flat_map(|block| &block.found.sockets) {
        let mut row = normalised(normal::ours(socket));
        let pids = socket.owners.iter().filter_map(|owner| Some(owner.pid?.to_string()));
        let pids = pids.collect::<Vec<_>>().join(";");
        let is_same = |known: &&mut Fields| ENDS.iter().all(|field| known.get(field) == row.get(field));
        let known = rows.iter_mut().find(|known| tool == "lsof" && is_same(known));
        match known.and_then(|known| known.get_mut("pid")) {
            Some(known) => *known += &format!(";{pids}"),
            None => {
                row.entry("pid").and_modify(|pid| *pid = pids);
                rows.push(row);
            }
        }
    }
    rows
}

/// Formats spell a wildcard differently, and show a listener's limit in place of its unsent bytes.
fn normalised(mut row: Fields) -> Fields {
    for address in ["local_addr", "remote_addr"] {
        if let Some(any) = row.get_mut(address).filter(|text| matches!(text.as_str(), "0.0.0.0" | "::")) {
            *any = "*".to_owned();
        }
    }
    for port in ["local_port", "remote_port"] {
        if row.get(port).is_some_and(|port| port == "0") {
            row.remove(port);
        }
    }
    if row["proto"] == "tcp46" {
        row.insert("proto", "tcp6".to_owned());
    }
    if row.get("state").is_some_and(|state| state == "LISTEN") {
        row.remove("send_q");
    }
    row
}

#[test]
fn every_layout_of_tracked_connections_shows_the_same() {
    let Some(lab) = shared::path("lab") else { return };
    let (mut hosts, mut entries) = (0, 0);
    for truth in truths(&lab) {
        let layouts =
            ["conntrack-L.txt", "conntrack-L-extended.txt", "conntrack-L-xml.txt", "proc-net-nf_conntrack.txt"];
        let paths = layouts.map(|name| truth.with_file_name(name));
        if !paths.iter().all(|path| path.is_file()) {
            continue;
        }
        let [plain, others @ ..] = paths.map(|path| (tracked(&path), path));
        assert!(others.iter().all(|(entries, _)| *entries == plain.0), "{others:?} differ from {plain:?}");
        hosts += 1;
        entries += plain.0.len();
    }
    println!("{hosts} hosts, {entries} tracked connections in four layouts");
    assert!(hosts > 2 && entries > 10, "{hosts} hosts, {entries} entries");
}

/// Without what moves: the seconds left.
fn tracked(path: &Path) -> Vec<String> {
    let document = document(path);
    let entries = document.blocks.iter().flat_map(|block| &block.found.tracked);
    let shown = |tracked: &Tracked| {
        let Tracked { state, original, reply, unreplied, assured, .. } = tracked;
        format!("{state:?} {original:?} {reply:?} {unreplied} {assured}")
    };
    let mut entries: Vec<String> = entries.map(shown).collect();
    entries.sort();
    entries
}

#[test]
fn a_transcript_shows_what_each_of_its_commands_printed() {
    let Some(lab) = shared::path("lab") else { return };
    let mut blocks = 0;
    for session in truths(&lab).iter().map(|truth| truth.with_file_name("session.log")).filter(|path| path.is_file()) {
        let commands = std::fs::read_to_string(session.with_file_name("commands.tsv")).expect("the commands");
        let files: BTreeMap<&str, &str> =
            commands.lines().filter_map(|line| line.split_once('\t')).map(swapped).collect();
        for block in document(&session).blocks.iter().filter(|block| !block.found.sockets.is_empty()) {
            let command = block.command.as_deref().expect("a prompt");
            let place = format!("{}:{}: {command}", session.display(), block.first_line);
            let single = document(&session.with_file_name(files[command]));
            let sockets = single.blocks.iter().flat_map(|block| &block.found.sockets);
            let expected: Vec<Fields> = sockets.map(unnumbered).collect();
            assert_eq!(block.found.sockets.iter().map(unnumbered).collect::<Vec<_>>(), expected, "{place}");
            assert!(block.time.is_some_and(|stamp| stamp.basis == Basis::Line) && block.host.is_some(), "{place}");
            blocks += 1;
        }
    }
    println!("{blocks} commands in transcripts");
    assert!(blocks > 250, "{blocks}");
}

/// Command and file.
fn swapped<'a>((file, rest): (&'a str, &'a str)) -> (&'a str, &'a str) {
    (rest.split('\t').next().unwrap_or_default(), file)
}

fn unnumbered(socket: &Socket) -> Fields {
    let mut fields = normal::ours(socket);
    fields.remove("line");
    fields
}

#[test]
fn a_loop_gives_a_snapshot_a_turn_with_its_time() {
    let Some(lab) = shared::path("lab") else { return };
    for (name, turns) in [
        ("s02_accept_queue_overflow/loop-ss-lnt.log", 12),
        ("s02_accept_queue_overflow/loop-client-ss-iso.log", 12),
        ("s02_accept_queue_overflow/loop-netstat-eq.log", 12),
        ("s06_fw_drop/loop-client-netstat.log", 9),
        ("s11_close_wait_leak/loop-ss.log", 11),
        ("s15_zero_window/loop-ss-tmio.log", 5),
        ("s25_idle_baseline/loop-ss.log", 4),
    ] {
        let document = document(&lab.join(name));
        let times: Vec<_> = document.blocks.iter().map(|block| block.time.map(|stamp| stamp.time)).collect();
        println!("{name}: {} turns, {} of {} lines unknown", times.len(), document.unknown_lines, document.lines);
        assert!(times.len() == turns && times.iter().all(Option::is_some) && times.is_sorted(), "{name}: {times:?}");
        assert_eq!(document.unknown_lines, 0, "{name}: {:?}", document.first_unknown);
    }
}

fn truths(lab: &Path) -> Vec<PathBuf> {
    let below = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let hosts = below(lab.to_owned()).flat_map(below).flat_map(below);
    hosts.map(|host| host.join("truth.json")).filter(|path| path.is_file()).collect()
}

/// An empty file is of a program that failed.
fn files(host: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(host).expect("a folder").flatten().map(|entry| entry.path());
    entries.filter(|path| path.metadata().is_ok_and(|metadata| metadata.len() > 0)).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn document(path: &Path) -> Document {
    read(&std::fs::read(path).expect("a dump"), &Hints::default())
}
