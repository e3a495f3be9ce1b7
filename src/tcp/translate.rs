//! What Zeek and Wireshark would call a connection, by their own definitions, for those who know their columns.
//!
//! Zeek's `history` is recorded while tracking, as letters with the way they went ([`Letters`]); its `conn_state` is
//! read off them once the connection is over, by stepping Zeek's endpoint states over the same letters. Wireshark's
//! `tcp.completeness` is a set of bits. What neither shares with packets is left out: Zeek's timers (it ends connections
//! by them, and writes those that go on as new ones), bad checksums (letter C) and limits of its analysers (letter X).

mod zeek;

pub use zeek::{ZEEK_PORTS, Zeek, zeek, zeek_conn_state};

use super::Summary;
use super::rebase::Rebase;
use super::words::{Bytes, words};
use crate::seq::Seq;
use crate::wire::{Flags, Marks, Segment, Way};

/// Letters that are kept; histories are shorter but where RSTs or FINs come in storms.
const MOST: usize = 24;
/// A SYN or RST further than this from the last number says nothing of it, to Zeek.
const TOO_FAR: u32 = 1 << 20;
/// Letters of events that recur are written at their 1st, 10th, 100th, 1000th ... time.
const TENFOLD: [u16; 5] = [1, 10, 100, 1000, 10_000];
/// Letter codes have this bit where the segment went [`Way::Down`].
const DOWN: u8 = 0x80;
/// SYN with RST: Zeek prints `Q`, as for SYN with FIN, and it ends in another state.
const SYN_RST: u8 = b'Z';

words! {
    /// The history of a connection as Zeek writes it, before it is known who is the originator.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct Letters {
        /// The highest number sent, by way.
        high: [Seq; 2],
        /// Kinds seen, by way: a byte each, of [`Kind`] bits.
        seen: [u8; 2],
        /// `tcp.completeness` so far.
        completeness: u8,
        count: u8,
        codes: Bytes<MOST>,
        /// Numbers of the last SYN, FIN and RST, by way: others make another letter.
        last: [[Seq; 3]; 2],
        repeats: [u16; 2],
        zero_windows: [u16; 2],
        gaps: [u16; 2],
    }
}

/// Bits of kinds of which Zeek writes the first.
struct Kind;

impl Kind {
    const SYN: u8 = 1;
    const FIN: u8 = 1 << 1;
    const RST: u8 = 1 << 2;
    const ACK: u8 = 1 << 3;
    const DATA: u8 = 1 << 4;
    const FIN_RST: u8 = 1 << 5;
    const MULTI: u8 = 1 << 6;
    /// Anything was sent that way.
    const ANY: u8 = 1 << 7;
}

impl Letters {
    /// Counts sequence numbers from the initial ones of [`Way::Up`] and [`Way::Down`], or back.
    pub(super) fn rebase(&mut self, rebase: Rebase, bases: [Seq; 2]) {
        for ((last, high), base) in self.last.iter_mut().zip(&mut self.high).zip(bases) {
            // From the number before, so that the initial one is 1: most connections know it.
            last.iter_mut().chain([high]).for_each(|seq| rebase.seq_or_zero(seq, base.minus(1)));
        }
    }

    /// Notes a segment of the connection, whatever it is.
    #[inline(always)]
    pub(super) fn note(&mut self, segment: &Segment) {
        self.completeness |= completeness_bits(segment);
        let way = usize::from(segment.way == Way::Down);
        let flags = Flags(segment.flags.0 & Flags::SYN.with(Flags::FIN).with(Flags::RST).0);
        let known = if segment.len > 0 { Kind::DATA } else { Kind::ACK };
        let end = segment.seq.plus(segment.len);
        let forward = segment.len == 0 || end.after(self.high[way]);
        if flags.0 == 0 && forward && segment.window != 0 && self.seen[way] & (known | Kind::RST) == known {
            self.high[way] = self.high[way].max(end);
            return; // nearly all segments add no letter
        }
        self.note_rare(segment, way);
    }

    #[inline(never)]
    fn note_rare(&mut self, segment: &Segment, way: usize) {
        let (before, nothing_yet) = (self.seen[way], self.seen == [0, 0]);
        self.seen[way] |= Kind::ANY;
        let flags = segment.flags;
        let (syn, fin, rst) = (flags.any(Flags::SYN), flags.any(Flags::FIN), flags.any(Flags::RST));
        if nothing_yet && syn && !rst && !flags.any(Flags::ACK) {
            self.completeness |= 1;
        }
        match (syn, fin, rst) {
            (_, true, true) => self.once(way, Kind::FIN_RST, b'I'),
            (true, true, false) => self.once(way, Kind::MULTI, b'Q'),
            (true, false, true) => self.once(way, Kind::MULTI, SYN_RST),
            (true, false, false) => {
                let letter = if flags.any(Flags::ACK) { b'H' } else { b'S' };
                self.numbered(way, Kind::SYN, letter, segment.seq);
            }
            (false, true, false) => self.numbered(way, Kind::FIN, b'F', segment.seq.plus(segment.len)),
            (false, false, true) => self.numbered(way, Kind::RST, b'R', segment.seq),
            (false, false, false) if segment.len > 0 => self.once(way, Kind::DATA, b'D'),
            (false, false, false) if flags.any(Flags::ACK) => self.once(way, Kind::ACK, b'A'),
            (false, false, false) => {}
        }
        let dead = before & Kind::RST != 0;
        let closes = self.seen[1 - way] & Kind::FIN != 0;
        if segment.window == 0 && !rst && !dead && !closes && !segment.marks.has(Marks::WINDOW_CUT) {
            let count = one_more(&mut self.zero_windows[way]);
            self.tenfold(count, way, b'W');
        }
        self.advance(segment, way, before);
    }

    /// Moves the highest number on, or finds a retransmission. A RST's payload takes no number, to Zeek.
    fn advance(&mut self, segment: &Segment, way: usize, before: u8) {
        let (syn, rst) = (segment.flags.any(Flags::SYN), segment.flags.any(Flags::RST));
        let carried = if rst { 0 } else { segment.len };
        let control = u32::from(syn) + u32::from(segment.flags.any(Flags::FIN));
        let end = segment.seq.plus(carried).plus(control);
        if before & Kind::ANY == 0 {
            self.high[way] = if syn { end } else { segment.seq };
        } else if syn && before & Kind::RST == 0 {
            self.high[way] = end;
        }
        let delta = end.since(self.high[way]);
        if before & Kind::RST != 0 || (syn || rst) && delta.unsigned_abs() > TOO_FAR {
            return;
        }
        if delta > 0 {
            self.high[way] = end;
        } else if segment.len > 0 {
            let count = one_more(&mut self.repeats[way]);
            self.tenfold(count, way, b'T');
        }
    }

    /// What was sent `way` is acknowledged and was never seen.
    pub(super) fn gap(&mut self, way: Way) {
        let way = usize::from(way == Way::Down);
        let reset = (self.seen[0] | self.seen[1]) & Kind::RST != 0;
        let answered = self.written().iter().any(|code| code & !DOWN == b'H');
        if answered && !reset && self.seen[way] != 0 {
            let count = one_more(&mut self.gaps[way]);
            self.tenfold(count, way, b'G');
        }
    }

    fn once(&mut self, way: usize, kind: u8, letter: u8) {
        if self.seen[way] & kind == 0 {
            self.seen[way] |= kind;
            self.write(way, letter);
        }
    }

    fn numbered(&mut self, way: usize, kind: u8, letter: u8, number: Seq) {
        let slot = kind.trailing_zeros() as usize;
        let first = self.seen[way] & kind == 0;
        let Some(last) = self.last[way].get_mut(slot) else { return };
        let another = first || *last != number;
        *last = number;
        self.seen[way] |= kind;
        if another {
            self.write(way, letter);
        }
    }

    fn tenfold(&mut self, count: u16, way: usize, letter: u8) {
        if TENFOLD.contains(&count) {
            self.write(way, letter);
        }
    }

    fn write(&mut self, way: usize, letter: u8) {
        if let Some(place) = self.codes.0.get_mut(usize::from(self.count)) {
            *place = letter | if way == 1 { DOWN } else { 0 };
            self.count += 1;
        }
    }

    fn written(&self) -> &[u8] {
        self.codes.0.get(..usize::from(self.count)).unwrap_or(&self.codes.0)
    }
}

fn one_more(count: &mut u16) -> u16 {
    *count = count.saturating_add(1);
    *count
}

/// What one segment adds to `tcp.completeness`: SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32. A SYN adds 1 where it comes first.
fn completeness_bits(segment: &Segment) -> u8 {
    let flags = segment.flags;
    let carries = if segment.len > 0 { 8 } else { 4 };
    match (flags.any(Flags::RST), flags.any(Flags::SYN), flags.any(Flags::ACK)) {
        (true, _, ack) => 32 | if ack { carries } else { 0 },
        (false, true, true) => 2,
        (false, true, false) => carries & 8,
        (false, false, true) => carries | if flags.any(Flags::FIN) { 16 } else { 0 },
        (false, false, false) => 0,
    }
}

/// Wireshark's `tcp.completeness` (4.0, second pass): a stream of one frame that is no SYN has none.
pub fn wireshark_completeness(summary: &Summary) -> u8 {
    let packets = summary.sides[0].packets.saturating_add(summary.sides[1].packets);
    let bits = summary.letters.completeness;
    if packets == 1 && bits & 1 == 0 { 0 } else { bits }
}
