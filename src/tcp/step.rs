//! One connection told packet by packet: what each segment was, both states after it, and why a state moved.
//!
//! A [`Recorder`] watches one connection while its flow is replayed through a [`Table`](super::Table). It takes no part in
//! the tracking: a step is what the summary was before a packet, laid beside what it is after it, and judged as if
//! the capture ended there. So the last step shows the very states that the connection's row has.

mod note;
mod reset;

pub use note::{IgnoredReset, Note, Weight};
pub use reset::ResetEvidence;

use super::judgement::{States, final_states};
use super::table::Taken;
use super::{Connection, Outcome, Place, SegmentKind, Side, State, Summary};
use crate::seq::Seq;
use crate::time::Timestamp;
use crate::wire::{Flags, IcmpError, Marks, Rare, Segment, Way};
use std::net::IpAddr;

/// One packet of a connection.
#[derive(Clone, Debug)]
pub struct Step {
    /// Number of the frame, counted over all files of the observation point.
    pub frame: u64,
    /// Number of its file within the point.
    pub file: u32,
    pub time: Timestamp,
    /// Who sent it; of an ICMP error, who sent what it quotes.
    pub side: Side,
    pub packet: StepPacket,
    /// Numbers that relative ones count from, by side, as far as known: the initial sequence number, or in its place the
    /// number before the first one seen.
    pub bases: [Option<Seq>; 2],
    /// States of client and server after it.
    pub states: [Option<State>; 2],
    /// Whether it moved them.
    pub moved: [bool; 2],
    /// What it was and did, the weightiest first.
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug)]
pub enum StepPacket {
    Segment {
        segment: Segment,
        rare: Option<Rare>,
        kind: SegmentKind,
        /// The window it announces, scaled; `None` where the capture does not hold the field.
        window: Option<u32>,
    },
    Icmp(Notice),
}

/// An ICMP error, with what its compact record does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    pub error: IcmpError,
    /// Who reports it.
    pub from: Option<IpAddr>,
    /// Next-hop MTU (RFC 1191, RFC 8201).
    pub mtu: Option<u16>,
}

impl Step {
    /// A segment that this connection took: no ICMP error, and none that the connection before it took.
    pub fn is_own_segment(&self) -> bool {
        matches!(self.packet, StepPacket::Segment { .. }) && self.notes != [Note::OlderConnection]
    }

    /// How much the step matters to somebody who reads the connection's story.
    pub fn weight(&self) -> Weight {
        let moved = if self.moved == [false; 2] { Weight::Plain } else { Weight::Turning };
        self.notes.iter().map(|note| note.weight()).chain([moved]).max().unwrap_or(moved)
    }
}

/// Watches for one connection while its flow is replayed.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Frame that begins the connection, which no other one does.
    first_frame: u64,
    client_way: Way,
    /// The side of which nothing was captured up to the end.
    unseen: Option<Side>,
    /// The summary after the last step.
    before: Option<Summary>,
    states: [Option<State>; 2],
    /// No newer connection has taken the flow.
    newest: bool,
    bases: [Option<Seq>; 2],
    evidence: Option<ResetEvidence>,
}

impl Recorder {
    /// For the connection that came to this summary, its roles settled.
    pub fn new(summary: &Summary) -> Self {
        Self {
            first_frame: summary.first_frame,
            client_way: summary.client_way,
            unseen: summary.one_sided().map(Side::peer),
            before: None,
            states: [None; 2],
            newest: true,
            bases: summary.sides.map(|half| half.iss),
            evidence: None,
        }
    }

    /// Takes what the table made of a segment of the flow; gives the step, if it is one of this connection.
    pub fn segment(&mut self, taken: &Taken<'_>, segment: &Segment, rare: Option<&Rare>, place: Place) -> Option<Step> {
        let frame = place.frames_before + u64::from(segment.frame);
        let began = taken.connection.summary().first_frame;
        let is_ours = began == self.first_frame;
        if !is_ours && self.before.is_some() && began == frame {
            self.newest = false;
        }
        if !is_ours && (self.before.is_none() || !self.newest) {
            return None;
        }
        let side = self.side_of(segment.way);
        let base = &mut self.bases[side as usize];
        *base = base.or(Some(segment.seq.minus(1)));
        if segment.flags.any(Flags::ACK) && is_ours {
            let base = &mut self.bases[side.peer() as usize];
            *base = base.or(Some(segment.ack.minus(1)));
        }
        let (notes, moved, window) = if is_ours {
            let after = self.settled(taken.connection.summary());
            let before = self.before.unwrap_or_else(|| self.settled(Connection::new(segment, place).summary()));
            if after.reset.is_some() && before.reset.is_none() {
                self.evidence = Some(ResetEvidence::of(&before, side, segment));
            }
            let notes = note::of_segment(&before, &after, side, segment, rare, taken.kind);
            (notes, self.moves(&after), window(&after, side, segment))
        } else {
            // The connection before this one on the flow answers in its place.
            (vec![Note::OlderConnection], [false; 2], Some(u32::from(segment.window)))
        };
        Some(Step {
            frame,
            file: place.file,
            time: segment.time,
            side,
            packet: StepPacket::Segment { segment: *segment, rare: rare.copied(), kind: taken.kind, window },
            bases: self.bases,
            states: self.states,
            moved,
            notes,
        })
    }

    /// Takes an ICMP error that the table gave to `connection`.
    pub fn icmp(&mut self, connection: &Connection, notice: Notice, place: Place) -> Option<Step> {
        if connection.summary().first_frame != self.first_frame {
            return None;
        }
        let error = notice.error;
        let after = self.settled(connection.summary());
        let frame = place.frames_before + u64::from(error.frame);
        let rejects_syn = after.icmp.is_some_and(|icmp| icmp.rejects_syn && icmp.frame == frame);
        let moved = self.moves(&after);
        Some(Step {
            frame,
            file: place.file,
            time: error.time,
            side: self.side_of(error.way),
            packet: StepPacket::Icmp(notice),
            bases: self.bases,
            states: self.states,
            moved,
            notes: vec![Note::Icmp { rejects_syn }],
        })
    }

    /// What spoke for or against the endpoint as sender of the effective RST.
    pub fn evidence(&self) -> Option<ResetEvidence> {
        self.evidence
    }

    /// The numbers that relative ones count from, as far as the steps showed them.
    pub fn bases(&self) -> [Option<Seq>; 2] {
        self.bases
    }

    fn side_of(&self, way: Way) -> Side {
        if way == self.client_way { Side::Client } else { Side::Server }
    }

    /// The summary with the roles that the whole capture shows.
    fn settled(&self, summary: &Summary) -> Summary {
        let mut settled = *summary;
        if settled.client_way != self.client_way {
            settled.swap_sides();
        }
        settled
    }

    /// Notes the summary after a step; says which states it moved.
    fn moves(&mut self, after: &Summary) -> [bool; 2] {
        self.before = Some(*after);
        let mut judged = *after;
        if self.unseen.is_none() {
            // What a side has not sent yet is to come: nothing must be inferred in its place.
            judged.sides.iter_mut().for_each(|half| half.packets = half.packets.max(1));
        }
        let states = States::of(&judged);
        let outcome = Outcome::of(&judged, &states);
        let old = std::mem::replace(&mut self.states, final_states(&judged, outcome, &states));
        [old[0] != self.states[0], old[1] != self.states[1]]
    }
}

fn window(after: &Summary, side: Side, segment: &Segment) -> Option<u32> {
    if segment.marks.has(Marks::WINDOW_CUT) {
        return None;
    }
    let scaled = !segment.flags.any(Flags::SYN) && after.sides.iter().all(|half| half.window_scale.is_some());
    let scale = after[side].window_scale.filter(|_| scaled).unwrap_or(0);
    Some(u32::from(segment.window) << scale.min(14))
}
