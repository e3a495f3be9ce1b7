//! Reads what is no capture as a dump: each file as one task, all on the threads at hand.

use super::Options;
use super::plan::Found;
use crate::capture;
use crate::case::{Dump, hosts, reports};
use crate::error::Error;
use crate::host::{self, Hints, no_evidence};
use crate::input::Source;
use crate::time::Timestamp;
use rayon::prelude::*;
use std::path::PathBuf;

/// What the files that are no captures turned out to be.
#[derive(Default)]
pub(super) struct Read {
    pub dumps: Vec<Dump>,
    /// Named, and not recognised.
    pub errors: Vec<Error>,
    /// Met in a folder, and not recognised.
    pub unknown: Vec<PathBuf>,
}

pub(super) fn read(found: Vec<Found>, options: &Options) -> Read {
    let one = |found: &Found| dump(&found.source, found.point.as_deref());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.max(1)).build();
    let read: Vec<Option<Dump>> = match pool.ok().filter(|_| found.len() > 1) {
        Some(pool) => pool.install(|| found.par_iter().map(one).collect()),
        None => found.iter().map(one).collect(),
    };
    let (mut all, mut below) = (Read::default(), Vec::new());
    for (found, dump) in found.iter().zip(read) {
        match dump {
            Some(dump) => {
                all.dumps.push(dump);
                below.push(found.below());
            }
            None => match damage(&found.source) {
                Some(cause) => all.errors.push(Error::new(found.source.path(), cause)),
                None if found.named => all.errors.push(unknown(&found.source)),
                None => all.unknown.push(found.source.path().to_owned()),
            },
        }
    }
    hosts::name(&mut all.dumps, &below);
    reports::date(&mut all.dumps);
    all
}

/// `None` if no format claims anything in it.
fn dump(source: &Source, host: Option<&str>) -> Option<Dump> {
    let path = source.path().display().to_string();
    let bytes = source.bytes();
    if no_evidence::is_none(bytes) {
        return None;
    }
    let hints =
        Hints { path: path.clone(), modified: source.modified().map(Timestamp::of_system), host: host.map(Into::into) };
    let document = host::read(bytes, &hints);
    let (note, damage) = (source.note().map(str::to_owned), damage(source));
    (!document.blocks.is_empty()).then_some(Dump { path, bytes: bytes.len() as u64, document, note, damage })
}

/// That the file changed while it was read, in words.
fn damage(source: &Source) -> Option<String> {
    let mapped = source.check(u64::MAX).err().map(|damage| damage.cause);
    mapped.or_else(|| source.shortened().map(str::to_owned))
}

fn unknown(source: &Source) -> Error {
    if source.bytes().is_empty() {
        return Error::new(source.path(), source.note().unwrap_or("empty: no bytes in it"));
    }
    if let Some(kind) = no_evidence::kind(source.bytes()) {
        return Error::new(source.path(), format!("{kind}, no evidence: name captures, dumps or folders of them"));
    }
    let captures = capture::FORMATS.iter().map(|format| format.name);
    let known: Vec<&str> = captures.chain(capture::text::DIALECTS.iter().map(|dialect| dialect.name)).collect();
    let starts: Vec<String> = source.bytes().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let cause = format!(
        "not recognised: neither a capture ({}) nor a dump that synfin knows; begins with {} at offset 0",
        known.join(", "),
        starts.join(" ")
    );
    Error::new(source.path(), cause)
}
