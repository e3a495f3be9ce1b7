//! Opened inputs become observation points: which files are captures, and which of them make one stream of frames.

mod chain;
mod series;

pub use chain::Chain;

use crate::capture::foreign::{self, Foreign};
use crate::capture::text::{self, Dialect};
use crate::capture::{self, Format};
use crate::error::Error;
use crate::input::Source;
use crate::time::Timestamp;
use std::path::PathBuf;

/// How much of a file's head decides its format: several records of a format without a magic number.
const HEAD: usize = 256 << 10;

/// A capture file, ready to be framed.
pub struct File {
    pub source: Source,
    pub format: &'static Format,
    /// The way of printing that `source` was read from, where it was text.
    pub text: Option<&'static Dialect>,
    /// Where the first record starts.
    pub start: u64,
    pub context: capture::Context,
    /// What the interfaces of `context` are called within the chain, by their place there; empty where that is the same.
    pub interfaces: Vec<u16>,
}

/// How much of a file's head and tail is framed to learn its times, bytes.
const LOOK: u64 = 256 << 10;

impl File {
    /// As `inputs.format` prints it.
    pub fn format_name(&self) -> &'static str {
        self.text.map_or(self.format.name, |dialect| dialect.name)
    }

    /// Times of the earliest frame of the head and of the latest of the tail. Only where the tail cannot be framed all is.
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        let (bytes, length) = (self.source.bytes(), self.source.bytes().len() as u64);
        let from = length.saturating_sub(2 * LOOK).max(self.start);
        let head = self.times_within(self.start, (self.start + LOOK).min(length));
        let tail = match (self.format.boundary)(bytes, &self.context, from, length) {
            Some(start) if from > self.start => self.times_within(start, length),
            _ => self.times_within(self.start, length),
        };
        head.or(tail).zip(tail.or(head)).map(|((first, _), (_, last))| (first, last))
    }

    fn times_within(&self, from: u64, limit: u64) -> Option<(Timestamp, Timestamp)> {
        let mut seen: Option<(Timestamp, Timestamp)> = None;
        (self.format.frames)(self.source.bytes(), &mut self.context.clone(), from, limit, &mut |frame| {
            if !frame.not_a_packet && frame.time != Timestamp(0) {
                let (first, last) = seen.unwrap_or((frame.time, frame.time));
                seen = Some((first.min(frame.time), last.max(frame.time)));
            }
        });
        seen
    }
}

/// A source, and what its naming tells.
pub struct Found {
    pub source: Source,
    /// Somebody named it, rather than a folder that it lies in.
    pub named: bool,
    /// The observation point that it was said to belong to.
    pub point: Option<String>,
}

/// What the sources turned out to be.
pub struct Recognised {
    pub chains: Vec<Chain>,
    pub errors: Vec<Error>,
    /// Files that nobody named and that are no captures: a folder of evidence holds dumps and notes too.
    pub left_out: Vec<PathBuf>,
}

/// Recognises each source by its content, and chains those of one observation point.
pub fn plan(found: Vec<Found>) -> Recognised {
    let (mut files, mut errors, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for Found { source, named, point } in found {
        let path = source.path().to_owned();
        match recognise(source) {
            Ok(file) => files.push((file, point)),
            Err(Refused::Unknown(_)) if !named => left_out.push(path),
            Err(Refused::Unknown(error) | Refused::Unreadable(error)) => errors.push(error),
        }
    }
    Recognised { chains: chain::chains(files), errors, left_out }
}

fn head(source: &Source) -> &[u8] {
    let bytes = source.bytes();
    bytes.get(..HEAD).unwrap_or(bytes)
}

/// Why a source is no capture that can be read.
enum Refused {
    /// Nothing says that it is a capture at all.
    Unknown(Error),
    Unreadable(Error),
}

fn recognise(source: Source) -> Result<File, Refused> {
    if source.bytes().is_empty() {
        let cause = source.note().unwrap_or("empty: no bytes in it").to_owned();
        return Err(Refused::Unknown(Error::new(source.path(), cause)));
    }
    let head = head(&source);
    if let Some(format) = capture::recognise(head) {
        return opened(source, format, None);
    }
    if let Some(Foreign { name, way_out, .. }) = foreign::of(head) {
        let cause = format!("{name}: recognised, but not read here: {way_out}");
        return Err(Refused::Unreadable(Error::new(source.path(), cause)));
    }
    let Some(dialect) = text::recognise(head) else {
        return Err(Refused::Unknown(Error::new(source.path(), unknown(head))));
    };
    match dialect.convert(source.bytes()) {
        Ok(text::Converted { pcap, note }) => {
            let format = capture::recognise(&pcap);
            let source = source.converted(pcap, &note);
            match format {
                Some(format) => opened(source, format, Some(dialect)),
                None => Err(Refused::Unreadable(Error::new(source.path(), dialect.name))),
            }
        }
        Err(cause) => Err(Refused::Unreadable(Error::new(source.path(), format!("{}: {cause}", dialect.name)))),
    }
}

fn opened(source: Source, format: &'static Format, text: Option<&'static Dialect>) -> Result<File, Refused> {
    match (format.open)(source.bytes()) {
        Ok((start, context)) => Ok(File { source, format, text, start, context, interfaces: Vec::new() }),
        Err(cause) => Err(Refused::Unreadable(Error::new(source.path(), format!("{}: {cause}", format.name)))),
    }
}

/// What there is to say of a file that nothing reads.
fn unknown(head: &[u8]) -> String {
    let formats = capture::FORMATS.iter().map(|format| format.name);
    let known: Vec<&str> = formats.chain(text::DIALECTS.iter().map(|dialect| dialect.name)).collect();
    let starts: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("no capture of a known kind ({}): begins with {} at offset 0", known.join(", "), starts.join(" "))
}
