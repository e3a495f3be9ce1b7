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
    /// What was read last, and where that begins.
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
                Ok(entry) if self.table.revive(wanted, entry) => {}
                Ok(_) => self.failed = Some(io::Error::other("what was put on tape is not there any more")),
                Err(error) => self.failed = Some(error),
            }
        }
        self.failed.is_none()
    }

    /// Stores what was put on tape, and gives the connections that are finished, if they are many.
    pub fn tidy(&mut self) -> Option<Records> {
        while let Some((start, bytes)) = self.table.take_tape() {
            if self.shelf.write(start, &bytes).is_err() {
                // The disk is full: what cannot sleep there ends, and its row says so.
                self.table.evict(start, &bytes);
            }
        }
        self.table.drain()
    }

    /// The input has ended: all connections, in no order; what lies on disk goes to `finished` in pieces, but for the last.
    ///
    /// # Errors
    /// When the tape cannot be read.
    pub fn finish(mut self, finished: &dyn Fn(Records)) -> io::Result<Finished> {
        self.tidy().into_iter().for_each(finished);
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut rest = self.table.finish();
        for place in std::mem::take(&mut rest.taped) {
            rest.add_taped(place, self.shelf.read(place, ALL)?);
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
        // What was read may have reached to where nothing stood yet.
        self.window.clear();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seq::Seq;
    use crate::tcp::Summary;
    use crate::time::{SECOND, Timestamp};
    use crate::wire::{Address, Flags, FlowHash, Marks, Way};

    const FLOWS: u32 = 600;

    /// Handshakes one after another, each with `sent` segments that nobody acknowledges; then every third flow goes on, the last
    /// one first, and the first one once more.
    fn told(lane: &mut Lane, sent: u32) {
        let late = (0..FLOWS).rev().step_by(3).chain([0]).map(|flow| (flow, 200 + sent, Way::Up, Flags::ACK));
        let early = (0..FLOWS).flat_map(|flow| {
            let opening = [(Way::Up, Flags::SYN), (Way::Down, Flags::SYN.with(Flags::ACK)), (Way::Up, Flags::ACK)];
            let opening = (0..).zip(opening).map(move |(number, (way, flags))| (flow, number, way, flags));
            opening.chain((0..sent).map(move |number| (flow, 100 + number, Way::Up, Flags::ACK)))
        });
        for (frame, (flow, number, way, flags)) in (1u32..).zip(early.chain(late)) {
            let up = way == Way::Up;
            let seq = if flags.any(Flags::SYN) { 0 } else { 1 + number.saturating_sub(100) * 10 };
            let segment = Segment {
                // Of every two, the index holds the same part of the hash.
                flow: FlowHash([u64::from(flow / 2), u64::from(flow)]),
                time: Timestamp(i64::from(frame) * SECOND / 10),
                offset: 0,
                frame,
                seq: Seq(if up { seq } else { 5000 }),
                ack: Seq(if up { 5001 } else { 1 }),
                len: if number >= 100 { 10 } else { 0 },
                wire_len: 60,
                ts_value: 0,
                ts_echo: 0,
                window: 500,
                ip_id: frame as u16,
                flags,
                ip_at: 14,
                interface: 0,
                vlan: 0,
                ttl: 64,
                marks: Marks::default(),
                way,
                lane: 0,
            };
            let ends = [Address::v4([10, 0, 0, 1], flow as u16), Address::v4([10, 0, 0, 2], 80)];
            let [from, to] = if up { ends } else { [ends[1], ends[0]] };
            lane.observe(&segment, None, Place::default(), &|| Some((from, to)));
            if frame % 64 == 0 {
                assert!(lane.tidy().is_none());
            }
        }
    }

    fn summaries(mut lane: Lane, sent: u32) -> Vec<Summary> {
        told(&mut lane, sent);
        let rest = lane.finish(&|_| unreachable!("so few are one piece")).expect("a tape to read");
        let all = rest.held.iter().chain(rest.records.iter()).filter_map(|(_, record)| record.summary());
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|summary| summary.first_frame);
        all
    }

    #[test]
    fn what_lay_on_tape_comes_back_as_it_was_in_whatever_order_it_is_asked_for() {
        // Of the last, an entry is longer than what is read at once for one.
        for sent in [0, 1, 5, 48] {
            let folder = std::env::temp_dir();
            let on_tape = Lane::new(0, &folder);
            let [slept, awake] = [on_tape, Lane::new(usize::MAX, &folder)].map(|lane| summaries(lane, sent));
            assert_eq!(awake.len(), FLOWS as usize);
            assert_eq!(slept, awake);
        }
    }

    #[test]
    fn a_tape_that_somebody_has_changed_is_an_error_and_no_endless_search() {
        let mut lane = Lane::new(0, &std::env::temp_dir());
        told(&mut lane, 0);
        let file = lane.shelf.file.as_mut().expect("flows lie on tape");
        let length = file.metadata().expect("its length").len();
        // Of every entry the hash, which stands behind its length and kind, and all else but the lengths.
        let mut at = 0;
        while at < length {
            let mut entry = [0; 4];
            file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut entry)).expect("an entry");
            let inside = vec![0x5a; u32::from_le_bytes(entry) as usize];
            file.write_all(&inside).expect("room");
            at += 4 + inside.len() as u64;
        }
        lane.shelf.window.clear();
        told(&mut lane, 0);
        assert!(lane.failed.is_some());
        assert!(lane.finish(&|_| {}).is_err());
    }

    #[test]
    fn a_tape_is_read_from_any_of_its_entries_also_after_it_has_grown() {
        let entry = |byte: u8, length: u32| [&length.to_le_bytes()[..], &vec![byte; length as usize]].concat();
        // As long as entries are: another one may begin behind each.
        let lengths = [28, 604, 60, 300_028, 28, 508, 540, 60];
        let mut shelf = Lane::new(0, &std::env::temp_dir()).shelf;
        let mut places = Vec::new();
        let mut at = 0;
        for (byte, length) in (1..).zip(lengths) {
            let place = OnTape::at(at).expect("a place where one may begin");
            shelf.write(place, &entry(byte, length)).expect("room");
            places.push((place, entry(byte, length)));
            at += 4 + u64::from(length);
            for ahead in [ONE, ALL] {
                for (place, entry) in places.iter().rev().chain(&places) {
                    assert!(shelf.read(*place, ahead).expect("an entry").starts_with(entry));
                }
            }
        }
        let behind = OnTape::at(at).expect("a place where one may begin");
        assert!(shelf.read(behind, ONE).is_err(), "nothing stands there");
    }
}
