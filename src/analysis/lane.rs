//! One lane: its table, and the file on which the table's tape is kept.

use crate::tcp::records::Records;
use crate::tcp::table::{Ends, Finished};
use crate::tcp::{Connection, OnTape, Place, Table};
use crate::wire::{FlowHash, IcmpError, Rare, Segment};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes read at once where one entry of a tape is asked for, whose length stands at its start: most are shorter.
const ONE: u64 = 512;
/// Bytes read at once where all are asked for, in their order.
const ALL: u64 = 1 << 18;

/// A table and its tape.
#[derive(Debug)]
pub struct Lane {
    table: Table,
    shelf: Shelf,
    /// Why nothing more can be tracked: the tape could not be read.
    failed: Option<io::Error>,
}

/// A tape on disk: an unlinked file, made when it is first needed.
#[derive(Debug)]
struct Shelf {
    folder: PathBuf,
    file: Option<File>,
    /// What was read last, and where that begins. A tape only grows: it holds for good.
    window: Vec<u8>,
    window_at: u64,
}

impl Lane {
    /// Flows that rest take so many bytes at most before they go to `folder`.
    pub fn new(bytes: usize, folder: &Path) -> Self {
        Self {
            table: Table::within(bytes),
            shelf: Shelf { folder: folder.to_owned(), file: None, window: Vec::new(), window_at: 0 },
            failed: None,
        }
    }

    pub fn observe(&mut self, segment: &Segment, rare: Option<&Rare>, place: Place, ends: Ends<'_>) {
        while let Err(wanted) = self.table.observe(segment, rare, place, ends) {
            if !self.revive(wanted) {
                return;
            }
        }
    }

    /// The connection that took the last segment of its flow.
    pub fn newest(&mut self, flow: FlowHash) -> Option<&mut Connection> {
        self.table.newest(flow)
    }

    /// Whether a connection took the error.
    pub fn observe_icmp(&mut self, error: &IcmpError, place: Place) -> bool {
        loop {
            match self.table.observe_icmp(error, place).map(|connection| connection.is_some()) {
                Ok(took) => return took,
                Err(wanted) if !self.revive(wanted) => return true,
                Err(_) => {}
            }
        }
    }

    fn revive(&mut self, wanted: OnTape) -> bool {
        if self.failed.is_none() {
            match self.shelf.read(wanted, ONE) {
                Ok(entry) => self.table.revive(wanted, entry),
                Err(error) => self.failed = Some(error),
            }
        }
        self.failed.is_none()
    }

    /// Stores what was put on tape, and gives the connections that are finished, if they are many.
    pub fn tidy(&mut self) -> Option<Records> {
        let (start, bytes) = self.table.take_tape();
        if !bytes.is_empty() && self.shelf.write(start, &bytes).is_err() {
            // The disk is full: what cannot sleep there ends, and its row says so.
            self.table.evict(start, &bytes);
        }
        self.table.drain()
    }

    /// The input has ended: gives the embryos that lie where the table held them, and all other connections, in some order; what
    /// lay on tape goes to `finished` in pieces, the last of which is returned.
    ///
    /// # Errors
    /// When the tape cannot be read.
    pub fn finish(mut self, finished: &dyn Fn(Records)) -> io::Result<(Records, Finished)> {
        self.tidy().into_iter().for_each(finished);
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut rest = self.table.finish();
        let embryos = rest.records.take_embryos();
        for place in std::mem::take(&mut rest.taped) {
            rest.add_taped(place, self.shelf.read(place, ALL)?);
            rest.drain().into_iter().for_each(finished);
        }
        Ok((embryos, rest))
    }
}

impl Shelf {
    fn write(&mut self, start: OnTape, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.folder)?),
        };
        file.seek(SeekFrom::Start(start.offset()))?;
        file.write_all(bytes)
    }

    /// At least the entry that begins there: with it are read the bytes that follow, `ahead` in all.
    fn read(&mut self, place: OnTape, ahead: u64) -> io::Result<&[u8]> {
        let from = place.offset();
        let at = from.checked_sub(self.window_at).and_then(|at| usize::try_from(at).ok());
        if at.is_none_or(|at| missing(self.window.get(at..).unwrap_or_default()) > 0) {
            self.window.clear();
            self.window_at = from;
            let file = self.file.as_mut().ok_or_else(|| io::Error::other("nothing was put on tape"))?;
            file.seek(SeekFrom::Start(from))?;
            file.take(ahead).read_to_end(&mut self.window)?;
            file.take(missing(&self.window)).read_to_end(&mut self.window)?;
            if missing(&self.window) > 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.window.get((from - self.window_at) as usize..).unwrap_or_default())
    }
}

/// Bytes that are not there of the entry at the start.
fn missing(bytes: &[u8]) -> u64 {
    let Some((length, rest)) = bytes.split_first_chunk() else { return 1 };
    u64::from(u32::from_le_bytes(*length)).saturating_sub(rest.len() as u64)
}
