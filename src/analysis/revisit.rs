//! A second look at a few packets, after tracking: which connection took a frame, and the steps of one connection.
//!
//! Only chunks that can hold frames of the flow are framed again, on all threads, and of these only the flow's packets
//! are kept. They are replayed in file order through a table of their own, from the flow's first frame on, because which
//! connection a segment belongs to depends on those before it.

use super::Tracking;
use super::deliver::judged;
use super::index::Chunk;
use super::lens::{Assembly, Lens, View};
use super::plan::File;
use crate::case::Judged;
use crate::tcp::step::{Notice, Recorder, Step};
use crate::tcp::table::Taken;
use crate::tcp::{Connection, Place, Summary, Table};
use crate::wire::{self, Address, FlowHash, Fragment, Packet, Rare, Reassembler, Segment, Whole, Why};
use rayon::prelude::*;
use std::io;
use std::ops::{ControlFlow, RangeInclusive};

/// Chunks framed at once by each thread: bounds what is held of a flow that fills the capture.
const AHEAD: usize = 2;

/// Takes chunks of a file, and the place of that among the files of its point.
type Visit<'a> = &'a mut dyn FnMut(&[Chunk], &File, Place) -> ControlFlow<()>;

/// A packet of the flow, its frame number counted within the chunk.
enum Record {
    /// With sender and receiver, where the file does not show them in one place.
    Segment(Segment, Option<Rare>, Option<(Address, Address)>),
    Icmp(Notice),
    /// A piece of a packet, of whatever flow.
    Fragment(Fragment),
}

/// What the table made of a packet.
enum Replayed<'a> {
    Segment(&'a Segment, Option<&'a Rare>, Taken<'a>),
    Icmp(Notice, &'a Connection),
}

/// Whose a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The connection that begins with this frame of the point.
    Connection {
        first_frame: u64,
    },
    /// An ICMP error about no connection here.
    Unmatched,
    Other(Why),
    /// It was not asked for: see the selection.
    LeftOut,
    /// The point has no such frame.
    NoFrame,
}

impl Tracking {
    /// Gives the steps of a connection to `take`, in file order. What the recorder knows at the end comes back. `row` must be
    /// one of this tracking.
    ///
    /// # Errors
    /// When the rows that wait on disk cannot be read, or `take` fails.
    pub fn revisit(&mut self, row: &Judged, take: &mut dyn FnMut(Step) -> io::Result<()>) -> io::Result<Recorder> {
        let summary = &row.summary;
        let last = summary.icmp.map_or(summary.last_frame, |icmp| summary.last_frame.max(icmp.frame));
        let frames = self.flow_start(summary)?..=last;
        let mut recorder = Recorder::new(summary);
        let mut result = Ok(());
        self.replay(summary.point, summary.flow, frames, &mut |replayed, place| {
            let step = match replayed {
                Replayed::Segment(segment, rare, taken) => recorder.segment(&taken, segment, rare, place),
                Replayed::Icmp(notice, connection) => recorder.icmp(connection, notice, place),
            };
            result = step.map_or(Ok(()), &mut *take);
            if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        result.map(|()| recorder)
    }

    /// The frame with which the first connection of the same flow begins.
    fn flow_start(&mut self, summary: &Summary) -> io::Result<u64> {
        let mut first = summary.first_frame;
        if summary.previous.is_none() {
            return Ok(first);
        }
        let Self { runs, facts, pool, timings, .. } = self;
        pool.install(|| {
            judged(runs, facts, timings, &mut |rows| {
                let same = |row: &&Judged| row.summary.flow == summary.flow && row.summary.point == summary.point;
                first = rows.iter().filter(same).map(|row| row.summary.first_frame).fold(first, u64::min);
                Ok(())
            })
        })?;
        Ok(first)
    }

    /// Which connection took the frame with this number of the point.
    pub(super) fn owner(&mut self, point: u32, frame: u64) -> Owner {
        let mut flow = Err(Owner::NoFrame);
        let (lens, mut reassembler) = (&self.lens, Reassembler::default());
        self.each_chunk(point, &(self.pieces_from(point, frame)..=frame), &mut |chunks, file, place| {
            for chunk in chunks {
                let before = place.frames_before + chunk.frames_before;
                chunk.frames(file.format, file.source.bytes(), &mut |found| {
                    let mut view = lens.view(&found, file);
                    if let View::Taken(Packet::Fragment(piece)) = &view
                        && let Some(assembly) = lens.put_together(&mut reassembler, piece, found.bytes)
                    {
                        view = match assembly {
                            Assembly::Taken(whole) => View::Taken(whole.packet),
                            Assembly::LeftOut { .. } => View::LeftOut,
                        };
                    }
                    if before + found.number == frame {
                        flow = match &view {
                            View::Taken(Packet::Segment(segment, _)) => Ok(segment.flow),
                            View::Taken(Packet::IcmpError(error)) => Ok(error.flow),
                            View::Taken(other) => Err(other.why().map_or(Owner::NoFrame, Owner::Other)),
                            View::OutOfTime | View::LeftOut => Err(Owner::LeftOut),
                        };
                    }
                });
            }
            ControlFlow::Continue(())
        });
        let flow = match flow {
            Ok(flow) => flow,
            Err(owner) => return owner,
        };
        let mut owner = Owner::Unmatched;
        self.replay(point, flow, 1..=frame, &mut |replayed, place| {
            let (number, connection) = match replayed {
                Replayed::Segment(segment, _, taken) => (segment.frame, &*taken.connection),
                Replayed::Icmp(notice, connection) => (notice.error.frame, connection),
            };
            if place.frames_before + u64::from(number) == frame {
                owner = Owner::Connection { first_frame: connection.summary().first_frame };
            }
            ControlFlow::Continue(())
        });
        owner
    }

    /// Replays the flow's packets among these frames of the point, as long as `take` goes on.
    fn replay(
        &self,
        point: u32,
        flow: FlowHash,
        frames: RangeInclusive<u64>,
        take: &mut dyn FnMut(Replayed<'_>, Place) -> ControlFlow<()>,
    ) {
        let (mut table, mut reassembler) = (Table::default(), Reassembler::default());
        let framed = self.pieces_from(point, *frames.start())..=*frames.end();
        self.each_chunk(point, &framed, &mut |chunks, file, place| {
            let found: Vec<Vec<Record>> =
                self.pool.install(|| chunks.par_iter().map(|chunk| packets(chunk, file, &self.lens, flow)).collect());
            for (chunk, records) in chunks.iter().zip(found) {
                let place = Place { frames_before: place.frames_before + chunk.frames_before, ..place };
                for record in records {
                    let Some(record) = record.whole(&mut reassembler, file, &self.lens, flow) else { continue };
                    if frames.contains(&(place.frames_before + record.frame())) {
                        record.replay(&mut table, file, place, take)?;
                    }
                }
            }
            // What was replaced is of no more use here.
            table.drain();
            ControlFlow::Continue(())
        });
    }

    /// From which frame on packets may have pieces that matter at `frame`: in a point with fragmented packets, all of them.
    fn pieces_from(&self, point: u32, frame: u64) -> u64 {
        let files = self.facts.points.get(point as usize).map_or(&[][..], |point| &point.files);
        let fragmented = files.iter().any(|file| file.fragments.assembled > 0);
        if fragmented { 1 } else { frame }
    }

    /// The chunks that can hold these frames of the point, some at a time, with their file and its place.
    fn each_chunk(&self, point: u32, frames: &RangeInclusive<u64>, visit: Visit<'_>) {
        let number = point as usize;
        let (Some(files), Some(known)) = (self.files.get(number), self.facts.points.get(number)) else { return };
        for (index, ((file, marks), row)) in files.iter().zip(&known.files).enumerate() {
            let before = row.frames_before;
            let within = frames.start().saturating_sub(before)..=frames.end().saturating_sub(before).min(row.frames);
            let place = Place { frames_before: before, point, file: index as u32 };
            for chunks in marks.chunks(within).chunks(AHEAD * self.pool.current_num_threads()) {
                if visit(chunks, file, place).is_break() {
                    return;
                }
            }
        }
    }
}

/// The flow's packets in a chunk.
fn packets(chunk: &Chunk, file: &File, lens: &Lens, flow: FlowHash) -> Vec<Record> {
    let mut records = Vec::new();
    chunk.frames(file.format, file.source.bytes(), &mut |frame| match lens.view(&frame, file) {
        View::Taken(Packet::Segment(segment, rare)) if segment.flow == flow => {
            records.push(Record::Segment(segment, rare, None));
        }
        View::Taken(Packet::IcmpError(error)) if error.flow == flow => {
            let notice = Notice { error, from: wire::sender(&frame), mtu: mtu(frame.bytes, error.ip_at) };
            records.push(Record::Icmp(notice));
        }
        View::Taken(Packet::Fragment(piece)) => records.push(Record::Fragment(piece)),
        View::OutOfTime | View::LeftOut | View::Taken(_) => {}
    });
    records
}

/// The two bytes before the packet that an ICMP error quotes (RFC 1191 4; the lower half of RFC 4443 3.2's field).
fn mtu(frame: &[u8], quoted_at: u16) -> Option<u16> {
    let end = usize::from(quoted_at);
    let &[high, low] = frame.get(end.checked_sub(2)?..end)?.first_chunk()?;
    Some(u16::from_be_bytes([high, low])).filter(|&mtu| mtu > 0)
}

impl Record {
    fn frame(&self) -> u64 {
        match self {
            Self::Segment(segment, ..) => u64::from(segment.frame),
            Self::Icmp(notice) => u64::from(notice.error.frame),
            Self::Fragment(piece) => u64::from(piece.frame),
        }
    }

    /// What of the flow a record is, or completes.
    fn whole(self, reassembler: &mut Reassembler, file: &File, lens: &Lens, flow: FlowHash) -> Option<Self> {
        let Self::Fragment(piece) = &self else { return Some(self) };
        let frame = file.source.bytes().get(usize::try_from(piece.offset).ok()?..)?;
        let Assembly::Taken(whole) = lens.put_together(reassembler, piece, frame)? else { return None };
        let from = whole.sender();
        let Whole { packet, bytes, .. } = whole;
        match packet {
            Packet::Segment(segment, rare) if segment.flow == flow => {
                Some(Self::Segment(segment, rare, wire::addresses(&bytes, segment.ip_at)))
            }
            Packet::IcmpError(error) if error.flow == flow => {
                Some(Self::Icmp(Notice { error, from, mtu: mtu(&bytes, error.ip_at) }))
            }
            Packet::Segment(..) | Packet::IcmpError(_) => None,
            Packet::Fragment(_) | Packet::Arp(_) | Packet::Dns(_) | Packet::Other(_) => None,
        }
    }

    fn replay(
        &self,
        table: &mut Table,
        file: &File,
        place: Place,
        take: &mut dyn FnMut(Replayed<'_>, Place) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self {
            Self::Segment(segment, rare, ends) => {
                let ends = || {
                    if ends.is_some() {
                        return *ends;
                    }
                    let at = usize::try_from(segment.offset).ok()?;
                    wire::addresses(file.source.bytes().get(at..)?, segment.ip_at)
                };
                // A flow alone in its table never sleeps.
                let Ok(Some(taken)) = table.take(segment, rare.as_ref(), place, &ends) else {
                    return ControlFlow::Continue(());
                };
                take(Replayed::Segment(segment, rare.as_ref(), taken), place)
            }
            Self::Icmp(notice) => match table.observe_icmp(&notice.error, place) {
                Ok(Some(connection)) => take(Replayed::Icmp(*notice, connection), place),
                Ok(None) | Err(_) => ControlFlow::Continue(()),
            },
            Self::Fragment(_) => ControlFlow::Continue(()),
        }
    }
}
