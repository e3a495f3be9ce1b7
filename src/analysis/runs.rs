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
    /// Each in order, and never written.
    kept: Vec<Records>,
    files: Vec<File>,
}

/// Records that take such a part of the memory for all are a run of their own.
const ALONE: u64 = 16;
/// Bytes that a run is written and read by.
const BUFFER: usize = 1 << 18;

impl Runs {
    /// Holds up to `bytes` of records in memory; runs are unlinked files in `folder`.
    pub fn new(bytes: u64, folder: &Path) -> Self {
        Self {
            most: bytes,
            held: 0,
            folder: folder.to_owned(),
            memory: Vec::new(),
            kept: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Takes records that are in order.
    ///
    /// # Errors
    /// When a run cannot be written.
    pub fn add(runs: &Mutex<Self>, records: Records) -> io::Result<()> {
        let lock = || runs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = lock();
        let bytes = records.memory() as u64;
        if bytes == 0 {
            return Ok(()); // many points have little, and each is asked again and again
        }
        if held.held + bytes <= held.most {
            held.held += bytes;
            held.memory.push(records);
            return Ok(());
        }
        let folder = held.folder.clone();
        if bytes * ALONE < held.most {
            // Few make a run with those that are held. Others wait meanwhile, or as many would be held once more.
            let mut all = std::mem::take(&mut held.memory);
            all.push(records);
            held.held = 0;
            let file = write(&folder, &all)?;
            held.files.push(file);
            return Ok(());
        }
        // Many are a run by themselves, written beside others.
        drop(held);
        let file = write(&folder, &[records])?;
        lock().files.push(file);
        Ok(())
    }

    /// Takes records that are in order and stay in memory, where they are already.
    pub fn keep(runs: &Mutex<Self>, records: Records) {
        if records.memory() > 0 {
            runs.lock().unwrap_or_else(PoisonError::into_inner).kept.push(records);
        }
    }

    /// All records in order. May be called again: what is in memory stays there, and runs are read anew.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn ordered(&mut self) -> io::Result<Ordered<'_>> {
        let memory = self.memory.iter().chain(&self.kept).flat_map(Records::each).map(Source::Memory);
        let mut sources: Vec<Source<'_>> = memory.collect();
        for file in &mut self.files {
            file.rewind()?;
            sources.push(Source::File(BufReader::with_capacity(BUFFER, &*file)));
        }
        Ordered::of(sources)
    }
}

/// Writes records as one run.
fn write(folder: &Path, records: &[Records]) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(BUFFER, &mut file);
    let mut ordered = Ordered::of(records.iter().flat_map(Records::each).map(Source::Memory))?;
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
const _: () = assert!(WIDEST < 1 << 32, "a turn has half a word for it");

/// Merges memory and runs: of each source what begins within the next few frames is taken and sorted. (A heap of the sources'
/// heads took several times as long a record.)
pub struct Ordered<'a> {
    /// Sources of which nothing was taken yet, the one that begins last first: only few of many points are asked at once.
    waiting: Vec<Head<'a>>,
    active: Vec<Head<'a>>,
    /// Taken, as they came.
    ready: Vec<Option<(Order, Record<'a>)>>,
    /// Their frames after the first one's, and in the low half their places in `ready`: in order, the next one last.
    turns: Vec<u64>,
    /// Frames of a window.
    window: u64,
}

/// A source, and its first record that was not taken.
struct Head<'a> {
    first: Option<(Order, Record<'a>)>,
    source: Source<'a>,
}

impl Head<'_> {
    fn order(&self) -> Option<Order> {
        self.first.as_ref().map(|(order, _)| *order)
    }
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
    fn of(sources: impl IntoIterator<Item = Source<'a>>) -> io::Result<Self> {
        let mut waiting = Vec::new();
        for mut source in sources {
            if let first @ Some(_) = source.next()? {
                waiting.push(Head { first, source });
            }
        }
        waiting.sort_by_key(|head| std::cmp::Reverse(head.order()));
        let (active, ready, turns) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { waiting, active, ready, turns, window: BATCH as u64 })
    }

    /// The next record.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn next(&mut self) -> io::Result<Option<(Order, Record<'a>)>> {
        if self.turns.is_empty() {
            self.refill()?;
        }
        Ok(self.turns.pop().and_then(|turn| self.ready.get_mut(turn as u32 as usize)?.take()))
    }

    fn refill(&mut self) -> io::Result<()> {
        let Self { waiting, active, ready, turns, window } = self;
        ready.clear();
        let least = active.iter().chain(waiting.last()).filter_map(Head::order).min();
        let Some((point, frame)) = least else { return Ok(()) };
        let end = (point, frame.saturating_add(*window)); // nothing of another point lies between
        while let Some(head) = waiting.pop_if(|head| head.order() <= Some(end)) {
            active.push(head);
        }
        for Head { first, source } in active.iter_mut() {
            while let Some(record) = first.take_if(|(order, _)| *order <= end) {
                ready.push(Some(record));
                *first = source.next()?;
            }
        }
        // A record is several times as large as what tells its turn.
        let turn = |(place, taken): (usize, &Option<(Order, _)>)| {
            taken.as_ref().map(|((_, first_frame), _)| first_frame.saturating_sub(frame) << 32 | place as u64)
        };
        turns.extend(ready.iter().enumerate().filter_map(turn));
        turns.sort_unstable_by_key(|turn| std::cmp::Reverse(*turn));
        let wanted = BATCH.max(2 * active.len());
        if ready.len() > 2 * wanted {
            *window = (*window / 2).max(1);
        } else if ready.len() < wanted / 2 {
            *window = (*window * 2).min(WIDEST);
        }
        active.retain(|head| head.first.is_some());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::Summary;
    use proptest::prelude::*;

    fn records(orders: &[Order]) -> Records {
        let mut records = Records::default();
        for &(point, first_frame) in orders {
            records.push(&Summary { point, first_frame, ..Summary::default() });
        }
        records.sort();
        records
    }

    proptest! {
        #[test]
        fn records_come_in_order_from_wherever_they_wait(
            most in prop_oneof![Just(0u64), Just(2_000), Just(u64::MAX)],
            lanes in prop::collection::vec(
                prop::collection::vec((0..40u32, prop_oneof![0..3_000u64, 0..1u64 << 40]), 0..40), 0..40),
            keep: bool,
        ) {
            let runs = Mutex::new(Runs::new(most, &std::env::temp_dir()));
            for (number, lane) in lanes.iter().enumerate() {
                match keep && number % 2 == 0 {
                    true => Runs::keep(&runs, records(lane)),
                    false => Runs::add(&runs, records(lane)).expect("room for a run"),
                }
            }
            let mut runs = runs.into_inner().expect("no panic before");
            prop_assert!(!keep || runs.kept.len() == lanes.iter().step_by(2).filter(|lane| !lane.is_empty()).count());
            let mut expected = lanes.concat();
            expected.sort_unstable();
            for _ in 0..2 {
                let (mut ordered, mut orders) = (runs.ordered().expect("runs to read"), Vec::new());
                while let Some((order, record)) = ordered.next().expect("a run to read") {
                    let summary = record.summary().expect("a record");
                    prop_assert_eq!(order, (summary.point, summary.first_frame));
                    orders.push(order);
                }
                prop_assert_eq!(&orders, &expected);
            }
        }
    }
}
