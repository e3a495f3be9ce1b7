//! Fills `corpus/TARGET/` from the repository's test data: captures of every container, their frames by link type, packet
//! scripts, captured texts, and captures packed by the programs that are here.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use synfin::capture::recognise;
use synfin::wire::LINKS;

/// Longer files teach a fuzzer little and make it slow.
const LONGEST: usize = 16 << 10;

fn main() -> std::io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in files(&fuzz.join("../testdata"))? {
        let bytes = fs::read(&path)?;
        let start = bytes.get(..LONGEST).unwrap_or(&bytes);
        if let Some(format) = recognise(&bytes) {
            seed(fuzz, format.name, start)?;
            pack(fuzz, start)?;
            frames(fuzz, start)?;
        } else if path.extension().is_some_and(|end| end == "pkt") {
            seed(fuzz, "script", start)?;
            if let Ok(capture) = synfin::capture::script::to_capture(&String::from_utf8_lossy(start)) {
                seed(fuzz, if capture.starts_with(&[10]) { "pcapng" } else { "pcap" }, &capture)?;
            }
        } else if path.extension().is_some_and(|end| end == "txt") {
            seed(fuzz, "text", start)?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Named by content, so that seeding again changes nothing.
fn seed(fuzz: &Path, target: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = fuzz.join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    fs::write(folder.join(format!("seed-{:016x}", hasher.finish())), bytes)
}

fn frames(fuzz: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let Some((format, Ok((at, mut context)))) = recognise(bytes).map(|format| (format, (format.open)(bytes))) else {
        return Ok(());
    };
    let mut found = Vec::new();
    (format.frames)(bytes, &mut context, at, u64::MAX, &mut |frame| {
        let link = LINKS.iter().position(|link| link.linktype == frame.link.0);
        found.extend(link.map(|link| [&[link as u8], frame.bytes].concat()));
    });
    found.iter().take(20).try_for_each(|frame| seed(fuzz, "link", frame))
}

fn pack(fuzz: &Path, bytes: &[u8]) -> std::io::Result<()> {
    for (program, arguments) in
        [("gzip", "-c"), ("zstd", "-c"), ("xz", "-c"), ("bzip2", "-c"), ("lz4", "-c"), ("tar", "-cf-")]
    {
        let mut command = Command::new(program);
        command.arg(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if program == "tar" {
            command.arg("Cargo.toml").current_dir(fuzz);
        }
        let Ok(mut child) = command.spawn() else { continue };
        // tar does not read it.
        let _ = child.stdin.take().expect("piped").write_all(bytes);
        seed(fuzz, "packed", &child.wait_with_output()?.stdout)?;
    }
    Ok(())
}
