//! Finished summaries wait here for delivery: in memory up to a bound, beyond it in sorted, compressed runs on disk.

use crate::tcp::Summary;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Memory that an in-memory summary takes.
const SIZE: usize = size_of::<Summary>();

/// Summaries of all lanes and points, to be read back once in order of point and first frame.
pub struct Runs {
    /// Summaries held in memory before a run is written.
    most: usize,
    folder: PathBuf,
    memory: Vec<Summary>,
    files: Vec<File>,
}

impl Runs {
    /// Holds up to `bytes` of summaries in memory; runs are unlinked files in `folder`.
    pub fn new(bytes: u64, folder: &Path) -> Self {
        let most = usize::try_from(bytes / SIZE as u64).unwrap_or(usize::MAX).max(1);
        Self { most, folder: folder.to_owned(), memory: Vec::new(), files: Vec::new() }
    }

    pub fn add(&mut self, summaries: Vec<Summary>) -> io::Result<()> {
        for part in summaries.chunks(self.most) {
            if self.memory.len() + part.len() > self.most {
                self.spill()?;
            }
            self.memory.extend_from_slice(part);
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.memory.is_empty() {
            return Ok(());
        }
        self.memory.sort_unstable_by_key(order);
        let mut file = tempfile::tempfile_in(&self.folder)?;
        let mut out = lz4_flex::frame::FrameEncoder::new(BufWriter::with_capacity(1 << 18, &mut file));
        let mut buffer = Vec::with_capacity(1024);
        for summary in self.memory.drain(..) {
            buffer.clear();
            buffer = postcard::to_extend(&summary, buffer).map_err(io::Error::other)?;
            out.write_all(&(buffer.len() as u32).to_le_bytes())?;
            out.write_all(&buffer)?;
        }
        out.finish().map_err(io::Error::other)?.flush()?;
        file.rewind()?;
        self.files.push(file);
        Ok(())
    }

    /// All summaries in order. May be called again: what is in memory stays there, and runs are read anew.
    pub fn ordered(&mut self) -> io::Result<Ordered<'_>> {
        self.memory.sort_unstable_by_key(order);
        let mut heads = BinaryHeap::new();
        let mut streams: Vec<Stream<'_>> = vec![Stream::Memory(self.memory.iter())];
        for file in &mut self.files {
            file.rewind()?;
            streams.push(Stream::File(lz4_flex::frame::FrameDecoder::new(BufReader::with_capacity(1 << 18, &*file))));
        }
        for (index, stream) in streams.iter_mut().enumerate() {
            if let Some(summary) = stream.next().transpose()? {
                heads.push(Head { order: Reverse((order(&summary), index)), summary });
            }
        }
        Ok(Ordered { heads, streams })
    }
}

fn order(summary: &Summary) -> (u32, u64) {
    (summary.point, summary.first_frame)
}

/// Merges memory and runs.
pub struct Ordered<'a> {
    heads: BinaryHeap<Head>,
    streams: Vec<Stream<'a>>,
}

struct Head {
    order: Reverse<((u32, u64), usize)>,
    summary: Summary,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

enum Stream<'a> {
    Memory(std::slice::Iter<'a, Summary>),
    File(lz4_flex::frame::FrameDecoder<BufReader<&'a File>>),
}

impl Stream<'_> {
    fn next(&mut self) -> Option<io::Result<Summary>> {
        match self {
            Self::Memory(rest) => rest.next().copied().map(Ok),
            Self::File(decoder) => read_one(decoder).transpose(),
        }
    }
}

fn read_one(input: &mut impl Read) -> io::Result<Option<Summary>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut buffer = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut buffer)?;
    postcard::from_bytes(&buffer).map(Some).map_err(io::Error::other)
}

impl Iterator for Ordered<'_> {
    type Item = io::Result<Summary>;

    fn next(&mut self) -> Option<Self::Item> {
        let Head { order: Reverse((_, index)), summary } = self.heads.pop()?;
        match self.streams[index].next() {
            Some(Ok(next)) => self.heads.push(Head { order: Reverse((order(&next), index)), summary: next }),
            Some(Err(error)) => return Some(Err(error)),
            None => {}
        }
        Some(Ok(summary))
    }
}
