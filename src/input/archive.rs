//! What tar and zip have in common: members, by name, as ranges of the archive or as streams.

use std::io::Read;
use std::ops::Range;

/// A file in an archive.
pub(super) struct Member<'a> {
    /// As the archive has it.
    pub name: String,
    pub content: Content<'a>,
}

pub(super) enum Content<'a> {
    /// A range of the archive's bytes; `missing` bytes should have followed.
    Slice { range: Range<usize>, missing: u64 },
    /// To be unpacked.
    Stream(&'a mut dyn Read),
    /// There, but not to be had; the cause in words.
    Unreadable(String),
}
