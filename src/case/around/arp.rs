//! Who was asked for by ARP or neighbour discovery, and who answered.

use crate::blocks::Blocks;
use crate::time::{Span, Timestamp};
use crate::wire::{Arp, ArpKind};
use hashbrown::HashMap;
use std::net::IpAddr;

/// Addresses told apart. A sweep of a network asks for each of its addresses once.
const MOST_ROWS: usize = 65_536;
/// Hardware addresses told apart of each: two are one too many already.
const MOST_HARDWARE: usize = 4;
/// Askers told apart of each.
const MOST_ASKERS: usize = 8;

/// An address that was asked for, or told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArpRow {
    pub address: IpAddr,
    /// Questions of somebody who wants to send there.
    pub asked: u64,
    /// Questions that only make sure that nobody has it.
    pub probed: u64,
    pub answered: u64,
    pub announced: u64,
    /// Questions since the last answer or announcement.
    pub unanswered: u64,
    /// Who asked, the first ones.
    pub askers: Vec<IpAddr>,
    /// Who answered or announced, the first ones.
    pub hardware: Vec<[u8; 6]>,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Longest time from a question to the next answer.
    pub answer_max: Option<Span>,
    pub first_frame: u64,
    pub last_frame: u64,
    /// When the oldest question came that still waits.
    waiting: Option<Timestamp>,
}

/// What became of the questions for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpState {
    /// Several hardware addresses claim it.
    AnsweredByTwo,
    /// Nobody was heard to answer.
    Unanswered,
    Answered,
    /// Nobody asked.
    Announced,
    /// Somebody took it for its own and nobody objected.
    Probed,
}

impl ArpState {
    pub const ALL: [Self; 5] = [Self::AnsweredByTwo, Self::Unanswered, Self::Answered, Self::Announced, Self::Probed];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AnsweredByTwo => "answered_by_two",
            Self::Unanswered => "unanswered",
            Self::Answered => "answered",
            Self::Announced => "announced",
            Self::Probed => "probed",
        }
    }
}

impl ArpRow {
    pub fn state(&self) -> ArpState {
        match (self.hardware.len(), self.asked, self.answered + self.announced) {
            (2.., ..) => ArpState::AnsweredByTwo,
            (_, 1.., 0) => ArpState::Unanswered,
            (_, 1.., _) => ArpState::Answered,
            (_, 0, 1..) => ArpState::Announced,
            (_, 0, 0) => ArpState::Probed,
        }
    }

    fn new(arp: &Arp, frame: u64) -> Self {
        Self {
            address: arp.address,
            asked: 0,
            probed: 0,
            answered: 0,
            announced: 0,
            unanswered: 0,
            askers: Vec::new(),
            hardware: Vec::new(),
            first: arp.time,
            last: arp.time,
            answer_max: None,
            first_frame: frame,
            last_frame: frame,
            waiting: None,
        }
    }

    fn take(&mut self, arp: &Arp, frame: u64) {
        self.first = self.first.min(arp.time);
        self.last = self.last.max(arp.time);
        self.last_frame = frame;
        match arp.kind {
            ArpKind::Asked => {
                self.asked += 1;
                self.unanswered += 1;
                self.waiting.get_or_insert(arp.time);
            }
            ArpKind::Probed => self.probed += 1,
            ArpKind::Answered | ArpKind::Announced => {
                *(if arp.kind == ArpKind::Answered { &mut self.answered } else { &mut self.announced }) += 1;
                self.unanswered = 0;
                let waited = self.waiting.take().map(|since| arp.time.since(since)).filter(|waited| waited.0 >= 0);
                self.answer_max = self.answer_max.max(waited);
            }
        }
        if arp.kind == ArpKind::Asked {
            note(&mut self.askers, arp.asker, MOST_ASKERS);
        }
        note(&mut self.hardware, arp.hardware, MOST_HARDWARE);
    }
}

fn note<T: PartialEq>(known: &mut Vec<T>, new: Option<T>, most: usize) {
    known.extend(new.filter(|new| known.len() < most && !known.contains(new)));
}

/// The addresses of a point, in the order of their first frames.
#[derive(Clone, Debug, Default)]
pub struct ArpFacts {
    pub rows: Blocks<ArpRow>,
    /// Messages about addresses beyond the bound.
    pub beyond: u64,
    places: HashMap<IpAddr, usize>,
}

impl ArpFacts {
    /// Takes a message; `frames_before` are the frames of the point before its chunk.
    pub fn take(&mut self, arp: &Arp, frames_before: u64) {
        let frame = frames_before + u64::from(arp.frame);
        let place = match self.places.get(&arp.address) {
            Some(&place) => place,
            None if self.rows.len() >= MOST_ROWS => {
                self.beyond += 1;
                return;
            }
            None => {
                self.places.insert(arp.address, self.rows.len());
                self.rows.push(ArpRow::new(arp, frame));
                self.rows.len() - 1
            }
        };
        if let Some(row) = self.rows.get_mut(place) {
            row.take(arp, frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages about 10.0.0.2, a second apart: `?` asks, `p` probes, `1` to `9` answer from that hardware address.
    fn row(story: &str) -> ArpRow {
        let mut facts = ArpFacts::default();
        for (number, letter) in (1..).zip(story.chars()) {
            let kind = match letter {
                '?' => ArpKind::Asked,
                'p' => ArpKind::Probed,
                _ => ArpKind::Answered,
            };
            let hardware = letter.to_digit(10).map(|digit| [2, 0, 0, 0, 0, digit as u8]);
            let asker = (kind == ArpKind::Asked).then_some([10, 0, 0, 1].into());
            let time = Timestamp::from_parts(i64::from(number), 0);
            let address = [10, 0, 0, 2].into();
            facts.take(&Arp { time, frame: number, kind, address, asker, hardware }, 100);
        }
        facts.rows.iter().next().expect("a row").clone()
    }

    #[test]
    fn silence_a_late_answer_and_a_second_owner_are_told_apart() {
        let silent = row("???");
        assert_eq!((silent.state(), silent.asked, silent.unanswered), (ArpState::Unanswered, 3, 3));
        assert_eq!((silent.first_frame, silent.last_frame), (101, 103));
        let late = row("??1?");
        assert_eq!(
            (late.state(), late.unanswered, late.answer_max),
            (ArpState::Answered, 1, Some(Span::from_seconds(2)))
        );
        assert_eq!(row("?1?2").state(), ArpState::AnsweredByTwo);
        assert_eq!(row("ppp").state(), ArpState::Probed);
    }

    #[test]
    fn a_sweep_ends_at_the_bound_and_is_counted() {
        let mut facts = ArpFacts::default();
        let arp = |number: u32| Arp {
            time: Timestamp(0),
            frame: number,
            kind: ArpKind::Asked,
            address: std::net::Ipv4Addr::from(number).into(),
            asker: None,
            hardware: None,
        };
        (0..MOST_ROWS as u32 + 5).for_each(|number| facts.take(&arp(number), 0));
        assert_eq!((facts.rows.len(), facts.beyond), (MOST_ROWS, 5));
    }
}
