//! A [`Source`]: the bytes of one file, one stream or one member of an archive, shared read-only by everyone who reads them.

use super::spool::Store;
use std::fmt;
use std::fs::Metadata;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// The bytes of one file, of one stream, or of one member of an archive. Cheap to clone; clones share the bytes.
#[derive(Clone)]
pub struct Source {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    store: Arc<Store>,
    /// Where in the store the bytes lie; never beyond it.
    range: Range<usize>,
    note: Option<String>,
    /// That note says that bytes are lacking.
    is_incomplete: bool,
    shortened: Option<String>,
    modified: Option<SystemTime>,
    /// Of the file when it was opened, if these are its bytes.
    length: Option<u64>,
    /// Shared by the members of a mapped archive.
    watch: Option<Arc<Watch>>,
}

/// The file that is mapped and that others can change.
struct Watch {
    path: PathBuf,
    opened: Metadata,
    /// The shortest that it was seen to be.
    shortest: AtomicU64,
}

/// Bytes that were there when the file was opened, and are not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Offset of the first byte that is not to be trusted.
    pub at: u64,
    /// In words, for the person who reads the report.
    pub cause: String,
}

impl Source {
    /// As it was named; a member of an archive is called `ARCHIVE:MEMBER`.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The bytes; as many as there were when the source was opened.
    pub fn bytes(&self) -> &[u8] {
        self.shared.store.bytes().get(self.shared.range.clone()).unwrap_or_default()
    }

    /// Why there are fewer bytes than there should be, in words: the packed stream was cut short or damaged, or holds more
    /// than may be unpacked. [`Source::bytes`] is what came before.
    pub fn note(&self) -> Option<&str> {
        self.shared.note.as_deref()
    }

    /// Whether more was there than could be unpacked or was allowed to be: a packed stream that is cut short.
    pub fn is_incomplete(&self) -> bool {
        self.shared.is_incomplete
    }

    /// That the file was shortened while these bytes were copied or unpacked from it, in words. Of a file that is mapped
    /// [`Source::check`] tells.
    pub fn shortened(&self) -> Option<&str> {
        self.shared.shortened.as_deref()
    }

    /// When the file that was named was last changed, as of its opening; absent for streams.
    pub fn modified(&self) -> Option<SystemTime> {
        self.shared.modified
    }

    /// Whether the bytes before `end` are still those of the file. To be asked after bytes were read and before what they
    /// gave is accepted: what was read before a check that succeeds was true. Costs one `stat`.
    pub fn check(&self, end: u64) -> Result<(), Damage> {
        let start = self.shared.range.start as u64;
        let end = end.min(self.shared.range.len() as u64);
        if let Some(len) = self.shared.watch.as_deref().map(Watch::shortest)
            && len.saturating_sub(start) < end
        {
            return Err(Damage { at: len.saturating_sub(start), cause: shortened_to(len) });
        }
        match self.shared.store.damaged_from().map(|at| (at as u64).saturating_sub(start)) {
            Some(at) if at < end => {
                let cause = "the file was shortened while it was read, or the disk failed: analyse a copy of it";
                Err(Damage { at, cause: cause.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Whether the file has grown since it was opened: somebody still writes it, and its last record may be half there.
    pub fn has_grown(&self) -> bool {
        let now = || std::fs::metadata(&self.shared.path).ok().map(|now| now.len());
        self.shared.length.is_some_and(|length| now() > Some(length))
    }

    /// Gives back the memory that holds these bytes; they are read again when they are touched again. So a reader keeps its
    /// resident size small by releasing what lies behind it. Does nothing to bytes that are held in memory.
    pub fn release(&self, range: Range<u64>) {
        let held = &self.shared.range;
        let place =
            |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).saturating_add(held.start).min(held.end);
        self.shared.store.release(place(range.start)..place(range.end));
    }

    /// A mapped file.
    pub(super) fn of_file(path: &Path, store: Store, opened: Metadata) -> Self {
        let modified = opened.modified().ok();
        let length = Some(opened.len());
        let watch = Watch { path: path.to_owned(), opened, shortest: AtomicU64::new(u64::MAX) };
        Self::of(Shared { modified, length, watch: Some(Arc::new(watch)), ..Shared::new(path, store) })
    }

    /// Bytes of our own, that nobody can change; `modified` if they come from a file.
    pub(super) fn of_copy(path: &Path, store: Store, modified: Option<SystemTime>, lacks: Lacks) -> Self {
        let Lacks { note, shortened, length } = lacks;
        let is_incomplete = note.is_some();
        Self::of(Shared { modified, note, is_incomplete, shortened, length, ..Shared::new(path, store) })
    }

    /// Bytes that were made of this source's, under its name; `note` says what was assumed.
    pub fn converted(&self, bytes: Vec<u8>, note: &str) -> Self {
        let notes: Vec<&str> = self.note().into_iter().chain([note]).collect();
        let damage = || self.check(u64::MAX).err().map(|damage| damage.cause);
        Self::of(Shared {
            modified: self.modified(),
            note: Some(notes.join("; ")),
            is_incomplete: self.is_incomplete(),
            shortened: self.shortened().map(str::to_owned).or_else(damage),
            ..Shared::new(self.path(), Store::Memory(bytes))
        })
    }

    fn of(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// A member of this archive, in place. `range` must lie within the archive's bytes.
    pub(super) fn part(&self, path: PathBuf, range: Range<usize>, note: Option<String>) -> Self {
        let Shared { store, range: held, modified, shortened, watch, .. } = &*self.shared;
        let place = |offset: usize| held.start.saturating_add(offset).min(held.end);
        let range = place(range.start)..place(range.end);
        let (store, shortened, modified, watch) = (store.clone(), shortened.clone(), *modified, watch.clone());
        let is_incomplete = note.is_some();
        Self::of(Shared { path, store, range, note, is_incomplete, shortened, modified, length: None, watch })
    }
}

/// Why a copy is not all that there was; in words, each.
#[derive(Debug, Default)]
pub(super) struct Lacks {
    /// See [`Source::note`].
    pub note: Option<String>,
    /// See [`Source::shortened`].
    pub shortened: Option<String>,
    /// Of the file of which it is a copy as it stood there.
    pub length: Option<u64>,
}

/// A file that has only so many bytes left.
pub(super) fn shortened_to(len: u64) -> String {
    format!("the file was shortened to {len} bytes while it was read: analyse a copy of it")
}

impl Shared {
    fn new(path: &Path, store: Store) -> Self {
        let range = 0..store.bytes().len();
        let (note, shortened, modified, length, watch) = (None, None, None, None, None);
        let (path, store, is_incomplete) = (path.to_owned(), Arc::new(store), false);
        Self { path, store, range, note, is_incomplete, shortened, modified, length, watch }
    }
}

impl Watch {
    /// Asks by name and not by descriptor, so that thousands of files can stay mapped. A file that was renamed or replaced
    /// meanwhile is another one, and the map still shows the old.
    fn shortest(&self) -> u64 {
        if let Some(now) = std::fs::metadata(&self.path).ok().filter(|now| is_same_file(&self.opened, now)) {
            self.shortest.fetch_min(now.len(), Ordering::Relaxed);
        }
        self.shortest.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path().display(), self.bytes().len())
    }
}

#[cfg(unix)]
fn is_same_file(opened: &Metadata, now: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (opened.dev(), opened.ino()) == (now.dev(), now.ino())
}

/// Windows refuses to shorten or replace a file that is mapped.
#[cfg(not(unix))]
fn is_same_file(_opened: &Metadata, _now: &Metadata) -> bool {
    true
}
