//! Finished connections wait here for delivery: in memory up to a bound, beyond it in sorted runs on disk.
//!
//! Runs are not compressed: lz4 saved half of the file, and took longer than everything else that is done with a record here.

use crate::tcp::records::{Order, Record, Records};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Records of all lanes and points, to be read back once in order of point and first frame.
pub struct Runs {
    /// Bytes of records held in memory before a run is written.
    most: u64,
    held: u64,
    folder: PathBuf,
    /// Each in order.
    memory: Vec<Records>,
    files: Vec<File>,
}

/// Records that take such a part of the memory for all are a run of their own.
const ALONE: u64 = 16;
/// Bytes that a run is written and read by.
const BUFFER: usize = 1 << 18;

impl Runs {
    /// Holds up to `bytes` of records in memory; runs are unlinked files in `folder`.
    pub fn new(bytes: u64, folder: &Path) -> Self {
        Self { most: bytes, held: 0, folder: folder.to_owned(), memory: Vec::new(), files: Vec::new() }
    }

    /// Takes records that are in order.
    ///
    /// # Errors
    /// When a run cannot be written.
    pub fn add(runs: &Mutex<Self>, records: Records) -> io::Result<()> {
        let lock = || runs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = lock();
        let bytes = records.memory() as u64;
        if held.held + bytes <= held.most {
            held.held += bytes;
            held.memory.push(records);
            return Ok(());
        }
        // Many of them are a run by themselves; few make one with those that are held.
        let folder = held.folder.clone();
        let mut all = vec![records];
        if bytes * ALONE < held.most {
            all.append(&mut held.memory);
            held.held = 0;
        }
        drop(held);
        let file = write(&folder, &all)?;
        lock().files.push(file);
        Ok(())
    }

    /// All records in order. May be called again: what is in memory stays there, and runs are read anew.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn ordered(&mut self) -> io::Result<Ordered<'_>> {
        let mut streams: Vec<Stream<'_>> = self.memory.iter().flat_map(Stream::memory).collect();
        for file in &mut self.files {
            file.rewind()?;
            streams.push(Stream::File(BufReader::with_capacity(BUFFER, &*file)));
        }
        Ordered::of(streams)
    }
}

/// Writes records as one run.
fn write(folder: &Path, records: &[Records]) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(BUFFER, &mut file);
    let mut ordered = Ordered::of(records.iter().flat_map(Stream::memory).collect())?;
    let mut bytes = Vec::new();
    while let Some(((point, frame), record)) = ordered.next()? {
        bytes.clear();
        record.write(&mut bytes);
        out.write_all(&point.to_le_bytes())?;
        out.write_all(&frame.to_le_bytes())?;
        out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        out.write_all(&bytes)?;
    }
    out.flush()?;
    drop(out);
    Ok(file)
}

/// Merges memory and runs.
pub struct Ordered<'a> {
    heads: BinaryHeap<Head<'a>>,
    streams: Vec<Stream<'a>>,
}

struct Head<'a> {
    order: Reverse<(Order, usize)>,
    record: Record<'a>,
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}

enum Stream<'a> {
    Packed { records: &'a Records, next: usize },
    Embryos { records: &'a Records, next: usize },
    File(BufReader<&'a File>),
}

impl<'a> Stream<'a> {
    fn memory(records: &'a Records) -> [Self; 2] {
        [Self::Packed { records, next: 0 }, Self::Embryos { records, next: 0 }]
    }

    fn next(&mut self) -> io::Result<Option<(Order, Record<'a>)>> {
        match self {
            Self::Packed { records, next } => {
                *next += 1;
                Ok(records.packed(*next - 1))
            }
            Self::Embryos { records, next } => {
                *next += 1;
                Ok(records.embryo(*next - 1))
            }
            Self::File(run) => read_one(run).map(|read| read.map(|(order, bytes)| (order, Record::written(bytes)))),
        }
    }
}

impl<'a> Ordered<'a> {
    fn of(mut streams: Vec<Stream<'a>>) -> io::Result<Self> {
        let mut heads = BinaryHeap::new();
        for (index, stream) in streams.iter_mut().enumerate() {
            if let Some((order, record)) = stream.next()? {
                heads.push(Head { order: Reverse((order, index)), record });
            }
        }
        Ok(Self { heads, streams })
    }

    /// The next record.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn next(&mut self) -> io::Result<Option<(Order, Record<'a>)>> {
        let Some(mut head) = self.heads.peek_mut() else { return Ok(None) };
        let Reverse((order, index)) = head.order;
        match self.streams[index].next()? {
            Some((next, record)) => {
                head.order = Reverse((next, index));
                Ok(Some((order, std::mem::replace(&mut head.record, record))))
            }
            None => Ok(Some((order, PeekMut::pop(head).record))),
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
