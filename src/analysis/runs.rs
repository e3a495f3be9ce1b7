//! Finished connections wait here for delivery: in memory up to a bound, beyond it in sorted, compressed runs on disk.

use crate::tcp::records::{Records, take_one};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Records of all lanes and points, to be read back once in order of point and first frame.
pub struct Runs {
    /// Bytes of records held in memory before a run is written.
    most: u64,
    folder: PathBuf,
    memory: Records,
    files: Vec<File>,
}

/// Point and first frame.
type Order = (u32, u64);

impl Runs {
    /// Holds up to `bytes` of records in memory; runs are unlinked files in `folder`.
    pub fn new(bytes: u64, folder: &Path) -> Self {
        Self { most: bytes, folder: folder.to_owned(), memory: Records::default(), files: Vec::new() }
    }

    /// # Errors
    /// When a run cannot be written.
    pub fn add(&mut self, records: &Records) -> io::Result<()> {
        if (self.memory.memory() + records.memory()) as u64 > self.most {
            self.spill()?;
        }
        self.memory.append(records);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.memory.is_empty() {
            return Ok(());
        }
        self.memory.sort();
        let mut file = tempfile::tempfile_in(&self.folder)?;
        let mut out = lz4_flex::frame::FrameEncoder::new(BufWriter::with_capacity(1 << 18, &mut file));
        for index in 0..self.memory.len() {
            let Some(((point, frame), rest)) = self.memory.get(index) else { continue };
            let Some((record, _)) = take_one(rest) else { continue };
            out.write_all(&point.to_le_bytes())?;
            out.write_all(&frame.to_le_bytes())?;
            out.write_all(&(record.len() as u32).to_le_bytes())?;
            out.write_all(record)?;
        }
        out.finish().map_err(io::Error::other)?.flush()?;
        self.files.push(file);
        self.memory = Records::default();
        Ok(())
    }

    /// All records in order. May be called again: what is in memory stays there, and runs are read anew.
    pub fn ordered(&mut self) -> io::Result<Ordered<'_>> {
        self.memory.sort();
        let mut streams = vec![Stream::Memory { records: &self.memory, next: 0 }];
        for file in &mut self.files {
            file.rewind()?;
            streams.push(Stream::File(lz4_flex::frame::FrameDecoder::new(BufReader::with_capacity(1 << 18, &*file))));
        }
        let mut heads = BinaryHeap::new();
        for (index, stream) in streams.iter_mut().enumerate() {
            if let Some((order, bytes)) = stream.next()? {
                heads.push(Head { order: Reverse((order, index)), bytes });
            }
        }
        Ok(Ordered { heads, streams })
    }
}

/// Merges memory and runs. Gives the bytes of one record after the other.
pub struct Ordered<'a> {
    heads: BinaryHeap<Head>,
    streams: Vec<Stream<'a>>,
}

struct Head {
    order: Reverse<(Order, usize)>,
    bytes: Vec<u8>,
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
    Memory { records: &'a Records, next: usize },
    File(lz4_flex::frame::FrameDecoder<BufReader<&'a File>>),
}

impl Stream<'_> {
    fn next(&mut self) -> io::Result<Option<(Order, Vec<u8>)>> {
        match self {
            Self::Memory { records, next } => {
                *next += 1;
                let found = records.get(*next - 1);
                Ok(found.and_then(|(order, rest)| Some((order, take_one(rest)?.0.to_vec()))))
            }
            Self::File(decoder) => read_one(decoder),
        }
    }
}

fn read_one(input: &mut impl Read) -> io::Result<Option<(Order, Vec<u8>)>> {
    let mut head = [0; 16];
    match input.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let [p0, p1, p2, p3, f0, f1, f2, f3, f4, f5, f6, f7, l0, l1, l2, l3] = head;
    let order = (u32::from_le_bytes([p0, p1, p2, p3]), u64::from_le_bytes([f0, f1, f2, f3, f4, f5, f6, f7]));
    let mut bytes = vec![0; u32::from_le_bytes([l0, l1, l2, l3]) as usize];
    input.read_exact(&mut bytes)?;
    Ok(Some((order, bytes)))
}

impl Iterator for Ordered<'_> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let Head { order: Reverse((_, index)), bytes } = self.heads.pop()?;
        match self.streams[index].next() {
            Ok(Some((order, bytes))) => self.heads.push(Head { order: Reverse((order, index)), bytes }),
            Ok(None) => {}
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(bytes))
    }
}
