//! The same capture given twice, packed or converted or under another name: every connection would count twice, so it is said.

use super::index::Index;
use super::plan;
use crate::case::{InputFile, Point};
use crate::time::Timestamp;
use std::collections::HashMap;

/// What copies have in common and other captures hardly ever: times, frames and bytes.
type Key = (Timestamp, Timestamp, u64, u64, u64);

/// Notes at each file of which an earlier one has the same frames, as far as their number, their times and the first of them
/// tell.
pub(super) fn note(points: &mut [Point], files: &[Vec<(plan::File, Index)>]) {
    let mut seen: HashMap<Key, (String, &plan::File)> = HashMap::new();
    for (point, files) in points.iter_mut().zip(files) {
        for (row, (file, _)) in point.files.iter_mut().zip(files) {
            let Some(key) = key(row) else { continue };
            let (path, first) = seen.entry(key).or_insert_with(|| (row.path.clone(), file));
            if *path != row.path && first.first_frames() == file.first_frames() {
                let note = format!("the same capture as {path}: name one of them, or each connection counts twice");
                row.note = Some(row.note.take().map_or_else(|| note.clone(), |before| format!("{before}; {note}")));
            }
        }
    }
}

fn key(row: &InputFile) -> Option<Key> {
    Some((row.first?, row.last?, row.frames, row.wire_bytes, row.tcp_segments))
}
