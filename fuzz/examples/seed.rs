//! Fills `corpus/TARGET/` from the repository's test data: captures of every container, their frames by link type, packet
//! scripts, captured texts, dumps, and captures packed by the programs that are here.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use synfin::capture::recognise;
use synfin::wire::LINKS;

/// Longer files teach a fuzzer little and make it slow.
const LONGEST: usize = 16 << 10;
/// Frames of one link type that are taken of a capture.
const FRAMES: usize = 8;

fn main() -> io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in files(&fuzz.join("../testdata"))? {
        let bytes = fs::read(&path)?;
        let start = bytes.get(..LONGEST).unwrap_or(&bytes);
        let is_script = path.extension().is_some_and(|end| end == "pkt");
        if recognise(&bytes).is_some() {
            seed("capture", start)?;
            pack(start)?;
            frames(start)?;
        } else if is_script || path.parent().is_some_and(|folder| folder.ends_with("captures/text")) {
            seed("text", start)?;
        } else if path.components().any(|part| part.as_os_str() == "host") {
            seed("dump", start)?;
        }
        if is_script && let Ok(capture) = synfin::capture::script::to_capture(&String::from_utf8_lossy(start)) {
            seed("capture", &capture)?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Named by content, so that seeding again changes nothing.
fn seed(target: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    fs::write(folder.join(format!("seed-{:016x}", hasher.finish())), bytes)
}

/// The first frames of each link type of a capture, as the target `wire` takes them.
fn frames(bytes: &[u8]) -> io::Result<()> {
    let Some((format, Ok((at, mut context)))) = recognise(bytes).map(|format| (format, (format.open)(bytes))) else {
        return Ok(());
    };
    let mut found: BTreeMap<usize, Vec<&[u8]>> = BTreeMap::new();
    (format.frames)(bytes, &mut context, at, u64::MAX, &mut |frame| {
        if let Some(link) = LINKS.iter().position(|link| link.linktype == frame.link.0) {
            found.entry(link).or_default().push(frame.bytes);
        }
    });
    for (link, frames) in found {
        let written = frames.iter().take(FRAMES).flat_map(|frame| {
            let length = u16::try_from(frame.len()).unwrap_or(u16::MAX);
            [&length.to_be_bytes(), *frame].concat()
        });
        seed("wire", &[link as u8].into_iter().chain(written).collect::<Vec<u8>>())?;
    }
    Ok(())
}

fn pack(bytes: &[u8]) -> io::Result<()> {
    for (program, arguments) in
        [("gzip", "-c"), ("zstd", "-c"), ("xz", "-c"), ("bzip2", "-c"), ("lz4", "-c"), ("tar", "-cf-")]
    {
        let mut command = Command::new(program);
        command.arg(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if program == "tar" {
            command.arg("Cargo.toml").current_dir(env!("CARGO_MANIFEST_DIR"));
        }
        let Ok(mut child) = command.spawn() else { continue };
        // tar does not read it.
        let _ = child.stdin.take().expect("piped").write_all(bytes);
        seed("packed", &child.wait_with_output()?.stdout)?;
    }
    Ok(())
}
