//! Opened inputs become observation points: which files are captures, and which of them make one stream of frames.

mod chain;
mod series;

pub use chain::Chain;

use crate::capture::foreign::{self, Foreign};
use crate::capture::text::{self, Dialect, Unsettled};
use crate::capture::{self, End, Format};
use crate::error::Error;
use crate::input::Source;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How much of a file's head decides its format: several records of a format without a magic number.
const HEAD: usize = 256 << 10;

/// A capture file, ready to be framed.
pub struct File {
    pub source: Source,
    pub format: &'static Format,
    /// Where it was text that `source` was read from.
    pub text: Option<OfText>,
    /// Where the first record starts.
    pub start: u64,
    pub context: capture::Context,
    /// What the interfaces of `context` are called within the chain, by their place there; empty where that is the same.
    pub interfaces: Vec<u16>,
    /// Files of its set that are missing between it and the one before, by the numbers in their names.
    pub missing_before: u64,
}

/// What a capture that was text has beside its frames.
pub struct OfText {
    /// The way of printing.
    pub dialect: &'static Dialect,
    /// How the text ended, at an offset of its own.
    pub end: End,
    /// Lines were left out, or could not be read, between packets.
    pub lacks_lines: bool,
    /// ICMP errors of which the text does not say what they are about.
    pub unsettled: BTreeSet<Unsettled>,
}

/// How much of a file's head and tail is framed to learn its times, bytes.
const LOOK: u64 = 256 << 10;

/// The same to tell a copy, and how many of the frames there: containers differ in what stands around one.
const FEW: u64 = 16 << 10;
const MOST_FRAMES: usize = 8;

impl File {
    /// As `inputs.format` prints it.
    pub fn format_name(&self) -> &'static str {
        self.text.as_ref().map_or(self.format.name, |text| text.dialect.name)
    }

    /// Whether only headers of its packets are known.
    pub fn is_of_headers(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.dialect.is_of_headers())
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

    /// The frames that the file begins with, a few: time, length on the wire, and what was captured.
    pub fn first_frames(&self) -> Vec<(Timestamp, u32, &[u8])> {
        let mut frames = Vec::new();
        let limit = self.start + FEW;
        (self.format.frames)(self.source.bytes(), &mut self.context.clone(), self.start, limit, &mut |frame| {
            frames.push((frame.time, frame.wire_len, frame.bytes));
        });
        frames.truncate(MOST_FRAMES);
        frames
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
    /// The folder or file that somebody named.
    pub under: PathBuf,
}

impl Found {
    /// Its path below the folder that was named; of a file that was named itself, only its name.
    pub fn below(&self) -> String {
        let path = self.source.path();
        let below = path.strip_prefix(&self.under).ok().filter(|below| !below.as_os_str().is_empty());
        below.unwrap_or_else(|| path.file_name().map(Path::new).unwrap_or(path)).display().to_string()
    }
}

/// What the sources turned out to be.
pub struct Recognised {
    pub chains: Vec<Chain>,
    pub errors: Vec<Error>,
    /// No captures: a folder of evidence holds dumps and notes too.
    pub others: Vec<Found>,
}

/// Recognises each source by its content, and chains those of one observation point.
pub fn plan(found: Vec<Found>) -> Recognised {
    let (mut files, mut errors, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for found in found {
        let head = head(&found.source);
        if let Some(format) = capture::recognise(head) {
            match open(found.source, format) {
                Ok(file) => files.push((file, found.point)),
                Err(error) => errors.push(error),
            }
        } else if let Some(Foreign { name, way_out, .. }) = foreign::of(head) {
            let cause = format!("{name}: recognised, but not read here: {way_out}");
            errors.push(Error::new(found.source.path(), cause));
        } else if let Some(dialect) = text::recognise(head) {
            match of_text(&found.source, dialect) {
                Ok(file) => files.push((file, found.point)),
                Err(error) => errors.push(error),
            }
        } else {
            others.push(found);
        }
    }
    Recognised { chains: chain::chains(files), errors, others }
}

fn head(source: &Source) -> &[u8] {
    let bytes = source.bytes();
    bytes.get(..HEAD).unwrap_or(bytes)
}

fn open(source: Source, format: &'static Format) -> Result<File, Error> {
    match (format.open)(source.bytes()) {
        Ok((start, context)) => {
            let interfaces = Vec::new();
            Ok(File { source, format, text: None, start, context, interfaces, missing_before: 0 })
        }
        Err(cause) => Err(Error::new(source.path(), format!("{}: {cause}", format.name))),
    }
}

/// The capture that a text tells of, under its name.
fn of_text(source: &Source, dialect: &'static Dialect) -> Result<File, Error> {
    let failed = |cause: String| Error::new(source.path(), format!("{}: {cause}", dialect.name));
    let text::Converted { pcap, end, note, lacks_lines, unsettled } =
        dialect.convert(source.bytes()).map_err(failed)?;
    let format = capture::recognise(&pcap).ok_or_else(|| failed("no packet in it".into()))?;
    let file = open(source.converted(pcap, &note), format)?;
    Ok(File { text: Some(OfText { dialect, end, lacks_lines, unsettled }), ..file })
}
