//! Where bytes go that are not a plain file: standard input, pipes and whatever is unpacked. A [`Spool`] collects them,
//! small ones in memory, others in an unlinked temporary file that nobody else can see or shorten and that goes away with
//! the process; then it is mapped like any other file.

use super::Options;
use super::map::Map;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use tempfile::{SpooledData, SpooledTempFile};

/// What stays in memory; a log of a few pages is not worth a file.
const IN_MEMORY: usize = 1 << 20;
const BUFFER: usize = 256 << 10;

/// Read-only bytes that stay where they are.
pub(super) enum Store {
    Map(Map),
    Memory(Vec<u8>),
}

impl Store {
    /// The first `len` bytes of a file, mapped.
    pub(super) fn mapped(file: &File, len: u64) -> io::Result<Self> {
        match usize::try_from(len) {
            Ok(0) => Ok(Self::Memory(Vec::new())),
            Ok(len) => Map::of(file, len).map(Self::Map),
            Err(_) => Err(io::Error::other("too long for this machine's addresses")),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Map(map) => map.bytes(),
            Self::Memory(bytes) => bytes,
        }
    }

    pub(super) fn damaged_from(&self) -> Option<usize> {
        match self {
            Self::Map(map) => map.damaged_from(),
            Self::Memory(_) => None,
        }
    }

    pub(super) fn release(&self, range: Range<usize>) {
        if let Self::Map(map) = self {
            map.release(range);
        }
    }
}

/// How a stream ended that was appended to a spool.
#[derive(Debug)]
pub(super) enum Ended {
    /// Its end was reached.
    Whole,
    /// The spool holds no more; the cause in words.
    Full(String),
    /// The stream could not be read further; what came before is in the spool.
    Broken(io::Error),
}

/// Bytes being collected.
pub(super) struct Spool {
    file: SpooledTempFile,
    folder: PathBuf,
    len: u64,
    limit: Limit,
    buffer: Vec<u8>,
}

/// How much may be collected, and why not more.
struct Limit {
    bytes: u64,
    why: String,
}

impl Spool {
    /// For bytes that were packed, or that come without a length: held to `--max-unpacked` and to the room there is.
    pub(super) fn limited(options: &Options) -> Self {
        let wanted = Limit {
            bytes: options.max_unpacked,
            why: format!("more than {} bytes: allow more with --max-unpacked", options.max_unpacked),
        };
        let limit = match room(&options.scratch) {
            Some(room) if room < wanted.bytes => Limit { bytes: room, why: no_room(&options.scratch) },
            _ => wanted,
        };
        Self::new(&options.scratch, limit)
    }

    /// For a copy of a file: held to the room there is.
    pub(super) fn copy(options: &Options) -> Self {
        let bytes = room(&options.scratch).unwrap_or(u64::MAX);
        Self::new(&options.scratch, Limit { bytes, why: no_room(&options.scratch) })
    }

    fn new(folder: &Path, limit: Limit) -> Self {
        let file = tempfile::spooled_tempfile_in(IN_MEMORY, folder);
        Self { file, folder: folder.to_owned(), len: 0, limit, buffer: Vec::new() }
    }

    /// Appends a stream to its end, or as far as there is room. Returns where it lies in the spool.
    pub(super) fn append(&mut self, stream: &mut dyn Read) -> (Range<u64>, Ended) {
        let start = self.len;
        self.buffer.resize(BUFFER, 0);
        let ended = loop {
            let read = match stream.read(&mut self.buffer) {
                Ok(0) => break Ended::Whole,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Ended::Broken(error),
            };
            let left = usize::try_from(self.limit.bytes.saturating_sub(self.len)).unwrap_or(usize::MAX);
            let fitting = self.buffer.get(..read.min(left)).unwrap_or_default();
            if let Err(error) = self.file.write_all(fitting) {
                break Ended::Full(format!("{}: {error}", no_room(&self.folder)));
            }
            self.len = self.len.saturating_add(fitting.len() as u64);
            if read > left {
                break Ended::Full(self.limit.why.clone());
            }
        };
        (start..self.len, ended)
    }

    /// The collected bytes, mapped; where the temporary folder's file system cannot map, read back into memory.
    pub(super) fn finish(self) -> io::Result<Store> {
        match self.file.into_inner() {
            SpooledData::InMemory(bytes) => Ok(Store::Memory(bytes.into_inner())),
            SpooledData::OnDisk(file) => {
                // A failed write may have left more in the file than was counted.
                Store::mapped(&file, self.len).or_else(|_| read_back(file, self.len))
            }
        }
    }
}

fn read_back(mut file: File, len: u64) -> io::Result<Store> {
    use std::io::Seek;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(len).unwrap_or(usize::MAX))?;
    file.rewind()?;
    file.take(len).read_to_end(&mut bytes)?;
    Ok(Store::Memory(bytes))
}

fn no_room(folder: &Path) -> String {
    format!("no more room for temporary files in {}: name another folder in TMPDIR", folder.display())
}

/// Nine tenths of what is free in the folder's file system: the machine that is examined may be the one that must go on.
#[cfg(unix)]
fn room(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some((system.f_bavail.saturating_mul(system.f_frsize) / 10).saturating_mul(9))
}

#[cfg(not(unix))]
fn room(_folder: &Path) -> Option<u64> {
    None
}
