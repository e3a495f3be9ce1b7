//! A connection's steps in bounded room: its beginning, its end, and between them whatever is worth a line.

use super::super::human::{bytes, count, counted};
use crate::tcp::step::{Step, StepPacket, Weight};
use crate::tcp::{SegmentKind, Side};
use std::collections::VecDeque;

/// Lines kept of the beginning and of the end.
const ENDS: usize = 60;
/// Lines between, each a step or a fold.
const BETWEEN: usize = 80;
/// Lines between for steps that are only notable; the others are left to those where the story turns.
const NOTABLE: usize = 32;

/// Steps of a connection, folded.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    head: Vec<Step>,
    between: Vec<Fold>,
    notable: usize,
    /// The newest: as many as could be printed if nothing were folded.
    tail: VecDeque<Step>,
}

/// One line of the ladder.
#[derive(Clone, Debug)]
pub enum Fold {
    Step(Step),
    Many(Many),
}

/// Steps that have no line of their own.
#[derive(Clone, Debug, Default)]
pub struct Many {
    /// The first one: where it is the only one, it keeps its line.
    first: Option<Step>,
    steps: u64,
    /// Payload carried by client and server.
    payload: [u64; 2],
    retransmissions: u64,
    duplicates: u64,
    probes: u64,
    /// Steps that would have had a line if there had been room.
    notable: u64,
}

impl Folded {
    pub fn add(&mut self, step: Step) {
        if self.head.len() < ENDS {
            return self.head.push(step);
        }
        self.tail.push_back(step);
        if self.tail.len() > ENDS + BETWEEN
            && let Some(oldest) = self.tail.pop_front()
        {
            fold(&mut self.between, &mut self.notable, oldest);
        }
    }

    /// What is to be printed, in order: at most 200 lines.
    pub fn pieces(&self) -> Vec<Fold> {
        let (mut between, mut notable) = (self.between.clone(), self.notable);
        let spare = if between.is_empty() { 0 } else { self.tail.len().saturating_sub(ENDS) };
        let mut tail = self.tail.iter().cloned();
        tail.by_ref().take(spare).for_each(|step| fold(&mut between, &mut notable, step));
        let pieces = self.head.iter().cloned().map(Fold::Step).chain(between).chain(tail.map(Fold::Step));
        pieces.map(Fold::alone).collect()
    }
}

/// Puts a step into a line of its own if it is worth one and there is room, else into a fold.
fn fold(lines: &mut Vec<Fold>, notable: &mut usize, step: Step) {
    // A step that follows a line needs a line, and whatever comes after it one more.
    let room = lines.len() + 2 <= BETWEEN;
    let own = match step.weight() {
        Weight::Plain => false,
        Weight::Notable => room && *notable < NOTABLE,
        Weight::Turning => room,
    };
    if own {
        *notable += usize::from(step.weight() == Weight::Notable);
        return lines.push(Fold::Step(step));
    }
    match lines.last_mut() {
        Some(Fold::Many(many)) => many.add(&step),
        _ => {
            let mut many = Many::default();
            many.add(&step);
            lines.push(Fold::Many(many));
        }
    }
}

impl Fold {
    fn alone(self) -> Self {
        match self {
            Self::Many(Many { steps: 1, first: Some(step), .. }) => Self::Step(step),
            other => other,
        }
    }
}

impl Many {
    fn add(&mut self, step: &Step) {
        if self.steps == 0 {
            self.first = Some(step.clone());
        }
        self.steps += 1;
        self.notable += u64::from(step.weight() > Weight::Plain);
        let StepPacket::Segment { segment, kind, .. } = &step.packet else { return };
        self.payload[step.side as usize] += u64::from(segment.len);
        match kind {
            SegmentKind::Retransmission(_) => self.retransmissions += 1,
            SegmentKind::Duplicate(_) => self.duplicates += 1,
            SegmentKind::KeepAlive | SegmentKind::WindowProbe => self.probes += 1,
            SegmentKind::New
            | SegmentKind::Reordered
            | SegmentKind::DuplicateAck
            | SegmentKind::WindowUpdate
            | SegmentKind::Ack
            | SegmentKind::Outside => {}
        }
    }

    /// `1 234 segments of data and acknowledgements (client 1.2 MB, server 50 B, 3 retransmissions)`
    pub(super) fn words(&self) -> String {
        let mut parts: Vec<String> = Side::BOTH
            .into_iter()
            .filter(|&side| self.payload[side as usize] > 0)
            .map(|side| format!("{} {}", side.name(), bytes(self.payload[side as usize])))
            .collect();
        let more = [
            (self.retransmissions, "retransmission"),
            (self.duplicates, "duplicate"),
            (self.probes, "keep-alive or probe"),
        ];
        parts.extend(more.into_iter().filter(|(number, _)| *number > 0).map(|(number, name)| counted(number, name)));
        let named = self.retransmissions + self.duplicates + self.probes;
        if self.notable > named {
            parts.push(format!("{} more of note, see --all", count(self.notable - named)));
        }
        let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        format!("{} of data and acknowledgements{parts}", counted(self.steps, "segment"))
    }
}
