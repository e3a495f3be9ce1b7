//! Where bytes go that are not a plain file: standard input, pipes and whatever is unpacked. They are collected in an unlinked
//! temporary file, which nobody else can see or shorten and which goes away with the process, and mapped like any other file.

use super::map::Map;
use super::{Options, words};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

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

/// How many bytes may be collected, and in which folder.
pub(super) struct Limit {
    bytes: u64,
    why: String,
    folder: PathBuf,
}

impl Limit {
    /// For bytes that were packed, or that come without a length: `--max-unpacked`, of which `written` bytes are used, and the
    /// room there is.
    pub(super) fn unpacked(options: &Options, written: u64) -> Self {
        let room = Self::room(options);
        let bytes = options.max_unpacked.saturating_sub(written);
        if room.bytes < bytes {
            return room;
        }
        let why = format!("there are more than {} bytes, and --max-unpacked allows no more", options.max_unpacked);
        Self { bytes, why, ..room }
    }

    /// For a copy of a file: the room there is.
    pub(super) fn room(options: &Options) -> Self {
        let folder = options.scratch.clone();
        Self { bytes: room(&folder).unwrap_or(u64::MAX), why: no_room(&folder), folder }
    }
}

/// What was collected of a stream.
pub(super) struct Collected {
    pub store: Store,
    /// Why it is not all, in words.
    pub note: Option<String>,
    /// The limit was reached.
    pub is_full: bool,
}

/// Reads a stream to its end, or as far as it goes and there is room. Fails if not even its beginning could be had.
pub(super) fn collect(stream: &mut dyn Read, limit: &Limit) -> io::Result<Collected> {
    let mut buffer = vec![0; BUFFER];
    // Made when there is something to write.
    let mut file: Option<File> = None;
    let mut len = 0u64;
    let mut is_full = false;
    let why = loop {
        let read = match stream.read(&mut buffer) {
            Ok(0) => break None,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if len == 0 => return Err(error),
            Err(error) => break Some(words(&error)),
        };
        let left = usize::try_from(limit.bytes.saturating_sub(len)).unwrap_or(usize::MAX);
        let fitting = buffer.get(..read.min(left)).unwrap_or_default();
        let file = match &mut file {
            Some(file) => file,
            None => file.insert(temporary(&limit.folder)?),
        };
        if let Err(error) = file.write_all(fitting) {
            is_full = true;
            break Some(format!("{} ({error})", no_room(&limit.folder)));
        }
        len = len.saturating_add(fitting.len() as u64);
        if read > left {
            is_full = true;
            break Some(limit.why.clone());
        }
    };
    let store = match file {
        // Where the folder's file system cannot map. A failed write may have left more in the file than was counted.
        Some(file) => Store::mapped(&file, len).or_else(|_| read_back(file, len))?,
        None => Store::Memory(Vec::new()),
    };
    Ok(Collected { store, note: why.map(|why| format!("only the first {len} bytes were read: {why}")), is_full })
}

fn temporary(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder).map_err(|error| {
        let folder = folder.display();
        io::Error::other(format!("no temporary file can be made in {folder} ({error}): name another folder in TMPDIR"))
    })
}

fn read_back(mut file: File, len: u64) -> io::Result<Store> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(len).unwrap_or(usize::MAX))?;
    file.rewind()?;
    file.take(len).read_to_end(&mut bytes)?;
    Ok(Store::Memory(bytes))
}

fn no_room(folder: &Path) -> String {
    format!("there is no more room for temporary files in {}: name another folder in TMPDIR", folder.display())
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
