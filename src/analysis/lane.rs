//! One lane: its table, and the file on which the table's tape is kept.

use crate::tcp::records::Records;
use crate::tcp::table::{Ends, Finished};
use crate::tcp::{Connection, OnTape, Place, Table};
use crate::wire::{FlowHash, IcmpError, Rare, Segment};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that are read at once of a tape's entry, whose length stands at its start: most are shorter.
const GUESS: u64 = 512;

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
}

impl Lane {
    /// Flows that rest take so many bytes at most before they go to `folder`.
    pub fn new(bytes: usize, folder: &Path) -> Self {
        Self { table: Table::within(bytes), shelf: Shelf { folder: folder.to_owned(), file: None }, failed: None }
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
            match self.shelf.read(wanted) {
                Ok(entry) => self.table.revive(wanted, &entry),
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

    /// The input has ended: hands out the connections in some order, in pieces; the last one is returned.
    ///
    /// # Errors
    /// When the tape cannot be read.
    pub fn finish(mut self, finished: &dyn Fn(Records)) -> io::Result<Finished> {
        self.tidy().into_iter().for_each(finished);
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut rest = self.table.finish(finished);
        for place in std::mem::take(&mut rest.taped) {
            rest.add_taped(place, &self.shelf.read(place)?);
            rest.drain().into_iter().for_each(finished);
        }
        Ok(rest)
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

    /// At least the entry that begins there.
    fn read(&mut self, place: OnTape) -> io::Result<Vec<u8>> {
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("nothing was put on tape"))?;
        file.seek(SeekFrom::Start(place.offset()))?;
        let mut bytes = Vec::with_capacity(GUESS as usize);
        file.take(GUESS).read_to_end(&mut bytes)?;
        let Some((length, rest)) = bytes.split_first_chunk() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let missing = u64::from(u32::from_le_bytes(*length)).saturating_sub(rest.len() as u64);
        if missing > 0 && file.take(missing).read_to_end(&mut bytes)? as u64 != missing {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}
