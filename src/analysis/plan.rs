//! Opened inputs become observation points: which files are captures, and which of them make one stream of frames.

use crate::capture::{self, Format};
use crate::error::Error;
use crate::input::Source;

/// How much of a file's head decides its format.
const HEAD: usize = 4096;

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

/// Recognises each source by its content. What is no capture, or one that cannot be read at all, gives an error.
pub fn plan(sources: Vec<Source>) -> (Vec<Chain>, Vec<Error>) {
    let mut chains = Vec::new();
    let mut errors = Vec::new();
    for source in sources {
        match recognise(source) {
            Ok(file) => chains.push(Chain { name: point_name(&file), files: vec![file] }),
            Err(error) => errors.push(error),
        }
    }
    (chains, errors)
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
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let Some(format) = capture::recognise(head) else {
        let known: Vec<&str> = capture::FORMATS.iter().map(|format| format.name).collect();
        let starts: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let cause =
            format!("no capture of a known kind ({}): begins with {} at offset 0", known.join(", "), starts.join(" "));
        return Err(Error::new(source.path(), cause));
    };
    match (format.open)(bytes) {
        Ok((start, context)) => Ok(File { source, format, start, context }),
        Err(cause) => Err(Error::new(source.path(), format!("{}: {cause}", format.name))),
    }
}
