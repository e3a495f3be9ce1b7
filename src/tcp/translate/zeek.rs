//! Zeek's states of two endpoints, stepped over the letters of its history, and what it concludes from them.

use super::{DOWN, MOST, SYN_RST};
use crate::tcp::Summary;
use crate::wire::{Address, Flags, Way};

/// Server ports by which Zeek (9.1, its default scripts) tells who is the originator of a connection that it joins late.
pub const ZEEK_PORTS: &[u16] = &[
    21, 22, 25, 53, 79, 80, 81, 88, 135, 139, 143, 389, 443, 445, 465, 502, 514, 563, 585, 587, 614, 631, 636, 989,
    990, 992, 993, 995, 1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223, 5269, 5432, 6379, 6666, 6667, 6668,
    6669, 8000, 8080, 8888, 20_000,
];

/// `conn_state` and `history` of Zeek's `conn.log`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zeek {
    pub conn_state: &'static str,
    pub history: String,
}

/// Zeek's states of an endpoint, named as in its `endpoint` record.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Endpoint {
    #[default]
    Inactive,
    Partial,
    SynSent,
    SynAckSent,
    Established,
    Closed,
    Reset,
}

impl Endpoint {
    fn is_inactive(self) -> bool {
        matches!(self, Self::Inactive | Self::Partial)
    }
}

/// An endpoint with the state before.
#[derive(Clone, Copy, Default)]
struct Side {
    now: Endpoint,
    before: Endpoint,
}

impl Side {
    fn to(&mut self, state: Endpoint) {
        if self.now != state {
            *self = Self { now: state, before: self.now };
        }
    }
}

/// The connection in Zeek's words. `ports` are taken for a server's where the start was not captured.
pub fn zeek(summary: &Summary, ports: &[u16]) -> Zeek {
    let story = Story::of(summary, ports);
    Zeek { conn_state: story.conn_state(summary), history: story.history.text().to_owned() }
}

/// The `conn_state` of [`zeek`] alone.
pub fn zeek_conn_state(summary: &Summary, ports: &[u16]) -> &'static str {
    Story::of(summary, ports).conn_state(summary)
}

/// Whether Zeek takes the receiver of the first segment for the originator.
fn flips(summary: &Summary, ports: &[u16]) -> bool {
    let first = summary.pattern.first_flags();
    let [sender, receiver] = summary.ends.map(|end| Address::from(end).port);
    if first.any(Flags::SYN) && !first.any(Flags::ACK) || !ports.contains(&sender) {
        return false;
    }
    !ports.contains(&receiver) || !first.any(Flags::SYN) && sender < receiver
}

/// Zeek's reading of the letters, one after another.
struct Story {
    /// Originator and responder.
    sides: [Side; 2],
    /// The way of the originator's segments.
    originator: Way,
    history: History,
}

/// At most as many letters as a connection keeps, and a mark for each flip.
#[derive(Default)]
struct History {
    letters: [u8; MOST + 3],
    length: usize,
}

impl History {
    fn push(&mut self, letter: u8) {
        if let Some(place) = self.letters.get_mut(self.length) {
            *place = letter;
            self.length += 1;
        }
    }

    fn letters(&self) -> &[u8] {
        &self.letters[..self.length]
    }

    fn text(&self) -> &str {
        std::str::from_utf8(self.letters()).unwrap_or_default()
    }
}

impl Story {
    fn of(summary: &Summary, ports: &[u16]) -> Self {
        let mut story =
            Self { sides: [Side::default(); 2], originator: summary.first_way, history: History::default() };
        if flips(summary, ports) {
            story.flip();
        }
        for &code in summary.letters.written() {
            story.step(code & !DOWN, if code & DOWN == 0 { Way::Up } else { Way::Down });
        }
        story
    }

    fn flip(&mut self) {
        self.sides.swap(0, 1);
        self.originator = self.originator.back();
        self.history.push(b'^');
    }

    fn step(&mut self, letter: u8, way: Way) {
        if matches!(letter, b'A' | b'D') && self.history.letters() == b"H" {
            self.flip(); // who goes on after a SYN-ACK is no scanner: its sender was the responder
            self.history = History::default();
            self.history.push(b'^');
            self.history.push(b'h');
        }
        let is_originator = way == self.originator;
        let printed = if letter == SYN_RST { b'Q' } else { letter };
        self.history.push(if is_originator { printed } else { printed.to_ascii_lowercase() });
        match letter {
            b'A' | b'D' => self.speak(is_originator, letter == b'A'),
            b'S' | b'H' => self.open(is_originator, letter == b'H'),
            b'F' => self.close(is_originator),
            b'R' => self.reset(is_originator),
            b'I' => {
                self.close(is_originator);
                self.reset(is_originator);
            }
            b'Q' => {
                self.open(is_originator, false);
                self.close(is_originator);
            }
            SYN_RST => {
                self.open(is_originator, false);
                self.reset(is_originator);
            }
            _ => {}
        }
    }

    fn pair(&mut self, is_originator: bool) -> (&mut Side, &mut Side) {
        let [originator, responder] = &mut self.sides;
        if is_originator { (originator, responder) } else { (responder, originator) }
    }

    fn speak(&mut self, is_originator: bool, bare: bool) {
        let (me, peer) = self.pair(is_originator);
        if me.now != Endpoint::Inactive || bare && !is_originator && peer.now == Endpoint::SynSent {
            return; // some servers acknowledge a SYN before they answer it
        }
        me.to(if peer.now == Endpoint::Established { Endpoint::Established } else { Endpoint::Partial });
    }

    fn open(&mut self, is_originator: bool, ack: bool) {
        let (me, peer) = self.pair(is_originator);
        match me.now {
            Endpoint::Inactive if is_originator => {
                me.to(if ack { Endpoint::SynAckSent } else { Endpoint::SynSent });
            }
            Endpoint::Inactive => {
                let reversed = !ack && peer.now == Endpoint::SynAckSent;
                if reversed || peer.now == Endpoint::SynSent {
                    peer.to(Endpoint::Established);
                }
                me.to(Endpoint::Established);
                if reversed {
                    self.flip(); // the SYN was filed behind its SYN-ACK
                }
            }
            Endpoint::Partial if peer.now == Endpoint::Inactive && !ack => me.to(Endpoint::SynSent),
            _ => {}
        }
    }

    fn close(&mut self, is_originator: bool) {
        let (me, peer) = self.pair(is_originator);
        match me.now {
            Endpoint::Closed | Endpoint::Reset => return,
            Endpoint::Established | Endpoint::Partial
                if peer.now == Endpoint::Reset && peer.before == Endpoint::Closed =>
            {
                peer.to(Endpoint::Closed); // FIN, then RST, by the side that closed first
            }
            _ => {}
        }
        me.to(Endpoint::Closed);
    }

    fn reset(&mut self, is_originator: bool) {
        let (me, peer) = self.pair(is_originator);
        if me.now != Endpoint::Closed || peer.now != Endpoint::Closed {
            me.to(Endpoint::Reset);
        }
    }

    /// As Zeek's `conn_state` function (base/protocols/conn) decides.
    fn conn_state(&self, summary: &Summary) -> &'static str {
        use Endpoint::{Closed, Established, Inactive, Reset, SynAckSent, SynSent};
        let no_payload = summary.sides.iter().all(|half| half.bytes == 0);
        let [originator, responder] = self.sides.map(|side| side.now);
        match (originator, responder) {
            (SynSent | SynAckSent, Reset) => "REJ",
            (Reset, Reset) if no_payload => "REJ",
            (originator, Reset) => {
                if originator.is_inactive() {
                    "RSTRH"
                } else {
                    "RSTR"
                }
            }
            (Reset, responder) if responder.is_inactive() && self.syn_then_rst() => "RSTOS0",
            (Reset, responder) if responder.is_inactive() => "OTH",
            (Reset, _) => "RSTO",
            (Closed, Closed) => "SF",
            (Closed, responder) => {
                if responder.is_inactive() {
                    "SH"
                } else {
                    "S2"
                }
            }
            (originator, Closed) => {
                if originator.is_inactive() {
                    "SHR"
                } else {
                    "S3"
                }
            }
            (SynSent, Inactive) => "S0",
            (Established, Established) => "S1",
            _ => "OTH",
        }
    }

    /// The originator's SYN, and nothing of its else before its RST.
    fn syn_then_rst(&self) -> bool {
        let history = self.history.text();
        let history = history.strip_prefix('^').unwrap_or(history);
        let until_rst = history.split('R').next().filter(|before| before.len() < history.len());
        until_rst.is_some_and(|before| before.starts_with('S') && !before.contains(['H', 'A', 'F', 'G', 'I', 'Q']))
    }
}
