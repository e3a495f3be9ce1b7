//! Rooms import only leftwards, and each foreign crate lives in its room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// In data order: a room imports only from rooms before it. Those in one entry stand side by side.
const ROOMS: [&[&str]; 11] = [
    &["blocks", "seq", "time", "error", "service", "record_type"],
    &["input"],
    &["capture"],
    &["wire"],
    &["tcp"],
    &["host"],
    &["case"],
    &["diagnosis"],
    &["report"],
    &["analysis"],
    &["bin"],
];

/// Foreign crates and the rooms that may name them.
const HOMES: [(&str, &[&str]); 29] = [
    ("pcap_file", &["capture"]),
    ("byteorder_slice", &["capture"]),
    ("etherparse", &["wire"]),
    ("memmap2", &["input"]),
    ("memchr", &["host"]),
    ("libc", &["input"]),
    ("flate2", &["input"]),
    ("zstd", &["input"]),
    ("bzip2", &["input"]),
    ("lz4_flex", &["input", "analysis"]),
    ("tempfile", &["input", "analysis"]),
    ("hashbrown", &["case", "tcp"]),
    ("rayon", &["analysis", "report"]),
    ("polars", &["report"]),
    ("csv", &["host", "report"]),
    ("polars_parquet", &["report"]),
    ("sha1", &["report"]),
    ("base64", &["report"]),
    ("unicode_width", &["report"]),
    ("lzma_rust2", &["input"]),
    ("zip", &["input"]),
    ("anyhow", &["bin"]),
    ("mimalloc", &["bin"]),
    ("console", &["bin"]),
    ("clap", &["bin"]),
    ("sqlparser", &["bin"]),
    ("strsim", &["bin"]),
    ("indicatif", &["bin"]),
    ("jiff", &["time"]),
];

/// Rooms that may not read a clock, open a file, print, or start a thread.
const PURE: [&str; 12] =
    ["blocks", "seq", "time", "error", "service", "record_type", "capture", "wire", "tcp", "host", "case", "diagnosis"];

#[test]
fn rooms_import_only_from_rooms_before_them() {
    let mut wrong = Vec::new();
    for (room, path, code) in sources() {
        let mine = place(&room);
        for import in imports(&code) {
            let theirs = ROOMS.iter().position(|rooms| rooms.contains(&import.as_str()));
            if theirs.is_some_and(|theirs| theirs > mine || theirs == mine && mine > 0 && import != room) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that go rightwards:\n{}", wrong.join("\n"));
}

#[test]
fn each_foreign_crate_lives_in_its_room() {
    let homes: BTreeMap<_, _> = HOMES.into_iter().collect();
    let mut wrong = Vec::new();
    for (room, path, code) in sources() {
        for (name, home) in &homes {
            let named = [format!("use {name}::"), format!(" {name}::"), format!("({name}::"), format!("<{name}::")];
            if named.iter().any(|text| code.contains(text)) && !home.contains(&room.as_str()) {
                // `report::csv` and the like are our own modules.
                if !(code.contains(&format!("mod {name};")) || code.contains(&format!("::{name}::"))) {
                    wrong.push(format!("{} names {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "crates outside their room:\n{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for (room, path, code) in sources() {
        let forbidden =
            ["Instant::now", "SystemTime::now", "File::", "std::fs", "println!", "eprintln!", "std::thread", "Mutex"];
        for text in forbidden.iter().filter(|text| PURE.contains(&room.as_str()) && code.contains(**text)) {
            wrong.push(format!("{} uses {text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_stands_in_the_map_and_in_the_prefetch() {
    let allowed = |path: &Path| path.ends_with("input/map.rs") || path.ends_with("capture/ahead.rs");
    let found: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|(_, path, code)| (code.contains("unsafe {") || code.contains("unsafe_code")) && !allowed(path))
        .map(|(_, path, _)| path)
        .collect();
    assert!(found.is_empty(), "unsafe outside input: {found:?}");
}

fn place(room: &str) -> usize {
    ROOMS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("{room} has no place among the rooms"))
}

/// Room, path and code (tests cut off, comments left out) of every source file.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    let sources: Vec<_> = found
        .into_iter()
        .filter(|path| *path != root.join("lib.rs"))
        .map(|path| {
            let inner = path.strip_prefix(&root).expect("below src");
            let first = inner.components().next().expect("a room").as_os_str().to_string_lossy().into_owned();
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            (room, path, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    assert!(sources.len() > 30, "the walk finds the sources");
    sources
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Rooms that code names as `crate::room` or `synfin::room`.
fn imports(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for prefix in ["crate::", "synfin::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            let groups = rest.strip_prefix('{').map(|group| group.split('}').next().unwrap_or_default());
            let list = groups.map_or_else(|| vec![rest], |group| group.split(',').collect());
            for item in list {
                let name: String = item.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                names.push(name);
            }
        }
    }
    names
}
