//! Where framing can begin again: the chunks of a file as tracking accepted them, so that a revisit reads only those that
//! it needs.

use crate::capture::{Context, Format, Frame};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// The accepted chunks of one file, in order; none overlaps the next.
#[derive(Debug, Default)]
pub struct Index {
    pub marks: Vec<Mark>,
    /// Where the last accepted chunk ended.
    pub end: u64,
}

/// A verified record boundary.
#[derive(Debug)]
pub struct Mark {
    /// Offset in the file.
    pub start: u64,
    /// Frames of the file before it.
    pub frames_before: u64,
    /// What framing needs to know there.
    pub context: Arc<Context>,
}

/// One chunk to be framed again.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub bytes: Range<u64>,
    pub frames_before: u64,
    context: Arc<Context>,
}

impl Index {
    /// The chunks that hold frames of these numbers, counted in the file.
    pub fn chunks(&self, frames: RangeInclusive<u64>) -> Vec<Chunk> {
        let marks = self.marks.iter().enumerate();
        let chunks = marks.map(|(number, mark)| {
            let next = self.marks.get(number + 1);
            let last = next.map_or(u64::MAX, |next| next.frames_before);
            let end = next.map_or(self.end, |next| next.start);
            (Chunk { bytes: mark.start..end, frames_before: mark.frames_before, context: mark.context.clone() }, last)
        });
        let wanted = chunks.filter(|(chunk, last)| chunk.frames_before < *frames.end() && *last >= *frames.start());
        wanted.map(|(chunk, _)| chunk).collect()
    }
}

impl Chunk {
    /// Frames the chunk; frames are numbered within it.
    pub fn frames<'a>(&self, format: &Format, bytes: &'a [u8], sink: &mut dyn FnMut(Frame<'a>)) {
        let mut context = (*self.context).clone();
        (format.frames)(bytes, &mut context, self.bytes.start, self.bytes.end, sink);
    }
}
