//! Finished connections wait here for delivery: in memory up to a bound, beyond it in sorted runs on disk.
//!
//! Runs are not compressed: lz4 saved half of the file, and took longer than everything else that is done with a record here.

use crate::tcp::records::{Each, Order, Record, Records};
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

    /// Takes records that are in order and stay in memory, where they are already.
    pub fn keep(runs: &Mutex<Self>, records: Records) {
        runs.lock().unwrap_or_else(PoisonError::into_inner).memory.push(records);
    }

    /// All records in order. May be called again: what is in memory stays there, and runs are read anew.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn ordered(&mut self) -> io::Result<Ordered<'_>> {
        let mut ordered = Ordered::new();
        self.memory.iter().flat_map(Records::each).for_each(|each| ordered.add(Source::Memory(each)));
        for file in &mut self.files {
            file.rewind()?;
            ordered.add(Source::File(BufReader::with_capacity(BUFFER, &*file)));
        }
        Ok(ordered)
    }
}

/// Writes records as one run.
fn write(folder: &Path, records: &[Records]) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(BUFFER, &mut file);
    let mut ordered = Ordered::new();
    records.iter().flat_map(Records::each).for_each(|each| ordered.add(Source::Memory(each)));
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

/// Records put into order at once, about: these stay in the cache. More where there are many sources, each of which is asked.
const BATCH: usize = 256;
/// Frames of a window at most, so that a flood behind a quiet time does not come as one batch.
const WIDEST: u64 = 1 << 16;

/// Merges memory and runs: of each source what begins within the next few frames is taken and sorted. (A heap of the sources'
/// heads took several times as long a record.)
pub struct Ordered<'a> {
    sources: Vec<Source<'a>>,
    /// The first record of each that was not taken.
    heads: Vec<Option<(Order, Record<'a>)>>,
    /// Taken and in order, the next one last.
    ready: Vec<(Order, Record<'a>)>,
    /// Frames of a window.
    window: u64,
}

/// Records that are in order by themselves.
enum Source<'a> {
    Memory(Each<'a>),
    File(BufReader<&'a File>),
}

impl<'a> Source<'a> {
    fn next(&mut self) -> io::Result<Option<(Order, Record<'a>)>> {
        match self {
            Self::Memory(records) => Ok(records.next()),
            Self::File(run) => Ok(read_one(run)?.map(|(order, bytes)| (order, Record::written(bytes)))),
        }
    }
}

impl<'a> Ordered<'a> {
    fn new() -> Self {
        Self { sources: Vec::new(), heads: Vec::new(), ready: Vec::new(), window: BATCH as u64 }
    }

    fn add(&mut self, source: Source<'a>) {
        self.sources.push(source);
    }

    /// The next record.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn next(&mut self) -> io::Result<Option<(Order, Record<'a>)>> {
        if self.ready.is_empty() {
            self.refill()?;
        }
        Ok(self.ready.pop())
    }

    fn refill(&mut self) -> io::Result<()> {
        let Self { sources, heads, ready, window } = self;
        while let Some(source) = sources.get_mut(heads.len()) {
            heads.push(source.next()?);
        }
        let Some((point, frame)) = heads.iter().flatten().map(|(order, _)| *order).min() else { return Ok(()) };
        let end = (point, frame.saturating_add(*window));
        for (source, head) in sources.iter_mut().zip(heads) {
            while let Some(record) = head.take_if(|(order, _)| *order <= end) {
                ready.push(record);
                *head = source.next()?;
            }
        }
        ready.sort_unstable_by_key(|&(order, _)| std::cmp::Reverse(order));
        let wanted = BATCH.max(2 * sources.len());
        if ready.len() > 2 * wanted {
            *window = (*window / 2).max(1);
        } else if ready.len() < wanted / 2 {
            *window = (*window * 2).min(WIDEST);
        }
        Ok(())
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
