//! Opened inputs become observation points: which files are captures, and which of them make one stream of frames.

use crate::capture::foreign::{self, Foreign};
use crate::capture::{self, Format};
use crate::error::Error;
use crate::input::Source;
use std::path::PathBuf;

/// How much of a file's head decides its format: several records of a format without a magic number.
const HEAD: usize = 256 << 10;

/// A capture file, ready to be framed.
pub struct File {
    pub source: Source,
    pub format: &'static Format,
    /// Where the first record starts.
    pub start: u64,
    pub context: capture::Context,
}

/// Files of one observation point in time order.
pub struct Chain {
    pub name: String,
    pub files: Vec<File>,
}

/// What the sources turned out to be.
#[derive(Default)]
pub struct Recognised {
    pub chains: Vec<Chain>,
    pub errors: Vec<Error>,
    /// Files that nobody named and that are no captures: a folder of evidence holds dumps and notes too.
    pub left_out: Vec<PathBuf>,
}

/// Recognises each source by its content; with each, whether somebody named it.
pub fn plan(sources: Vec<(Source, bool)>) -> Recognised {
    let mut all = Recognised::default();
    for (source, named) in sources {
        let path = source.path().to_owned();
        let head = head(&source);
        let known = capture::recognise(head).is_some() || foreign::of(head).is_some();
        match recognise(source) {
            Ok(file) => all.chains.push(Chain { name: point_name(&file), files: vec![file] }),
            Err(_) if !named && !known => all.left_out.push(path),
            Err(error) => all.errors.push(error),
        }
    }
    all
}

fn head(source: &Source) -> &[u8] {
    let bytes = source.bytes();
    bytes.get(..HEAD).unwrap_or(bytes)
}

fn point_name(file: &File) -> String {
    file.source.path().display().to_string()
}

fn recognise(source: Source) -> Result<File, Error> {
    let bytes = source.bytes();
    if bytes.is_empty() {
        let cause = source.note().unwrap_or("empty: no bytes in it").to_owned();
        return Err(Error::new(source.path(), cause));
    }
    let head = head(&source);
    let Some(format) = capture::recognise(head) else { return Err(Error::new(source.path(), unknown(head))) };
    match (format.open)(bytes) {
        Ok((start, context)) => Ok(File { source, format, start, context }),
        Err(cause) => Err(Error::new(source.path(), format!("{}: {cause}", format.name))),
    }
}

/// What is known of a file that no format reads.
fn unknown(head: &[u8]) -> String {
    if let Some(Foreign { name, way_out, .. }) = foreign::of(head) {
        return format!("{name}: recognised, but not read here: {way_out}");
    }
    let known: Vec<&str> = capture::FORMATS.iter().map(|format| format.name).collect();
    let starts: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("no capture of a known kind ({}): begins with {} at offset 0", known.join(", "), starts.join(" "))
}
