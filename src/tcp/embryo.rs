//! A connection of which one SYN was seen, in 80 bytes: what a flood or a scan consists of.
//!
//! An embryo is its SYN and nothing else, so that the connection made of it, once a second segment comes, is the one
//! that would have stood there all along.

use super::scoreboard::Scoreboard;
use super::{Connection, Facts, Moment, Place, Side, Summary};
use crate::seq::Seq;
use crate::time::Timestamp;
use crate::wire::{Address, Flags, FlowHash, Marks, Rare, Segment, Way};
use std::sync::LazyLock;

/// The first SYN of a connection over IPv4. Anything rarer is a whole connection from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Embryo {
    /// Encoded apart, as of every connection.
    pub flow: FlowHash,
    pub time: Timestamp,
    frame: u64,
    seq: Seq,
    ts_value: u32,
    sender: [u8; 4],
    receiver: [u8; 4],
    sender_port: u16,
    receiver_port: u16,
    wire_len: u16,
    window: u16,
    ip_id: u16,
    flags: u16,
    interface: u16,
    vlan: u16,
    mss: u16,
    point: u16,
    file: u16,
    ttl: u8,
    marks: u8,
    /// Window scale plus one; 0 without the option.
    scale: u8,
    sack_permitted: bool,
    has_mss: bool,
    way: Way,
}

/// A summary of which nothing is known yet, to be copied: of one just built each part would be waited for (store forwarding).
static BLANK: LazyLock<Summary> = LazyLock::new(Summary::default);

impl Embryo {
    /// `None` if the segment is no plain SYN, or says more than an embryo holds.
    pub fn of(segment: &Segment, rare: Option<&Rare>, place: Place, ends: (Address, Address)) -> Option<Self> {
        let other = Flags::FIN.with(Flags::RST).with(Flags::ACK).with(Flags::URG);
        let odd = Marks(!(Marks::TIMESTAMPS.0 | Marks::RARE.0 | Marks::DONT_FRAGMENT.0));
        if !segment.flags.has(Flags::SYN) || segment.flags.any(other) || segment.len > 0 || segment.window == 0 {
            return None;
        }
        if segment.marks.has(odd) {
            return None;
        }
        let rare = rare.copied().unwrap_or_default();
        let plain = Rare {
            mss: rare.mss,
            window_scale: rare.window_scale,
            sack_permitted: rare.sack_permitted,
            ..Rare::default()
        };
        if rare != plain || segment.ts_echo != 0 {
            return None;
        }
        let ((sender, sender_port), (receiver, receiver_port)) = (v4(ends.0)?, v4(ends.1)?);
        Some(Self {
            flow: segment.flow,
            time: segment.time,
            frame: place.frames_before + u64::from(segment.frame),
            seq: segment.seq,
            ts_value: segment.ts_value,
            sender,
            receiver,
            sender_port,
            receiver_port,
            wire_len: u16::try_from(segment.wire_len).ok()?,
            window: segment.window,
            ip_id: segment.ip_id,
            flags: segment.flags.0,
            interface: segment.interface,
            vlan: segment.vlan,
            mss: rare.mss.unwrap_or_default(),
            point: u16::try_from(place.point).ok()?,
            file: u16::try_from(place.file).ok()?,
            ttl: segment.ttl,
            marks: segment.marks.0 as u8,
            scale: rare.window_scale.map_or(0, |scale| scale + 1),
            sack_permitted: rare.sack_permitted,
            has_mss: rare.mss.is_some(),
            way: segment.way,
        })
    }

    /// Appends it, without its flow.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let Self { seq, ts_value, sender, receiver, ttl, marks, scale, sack_permitted, has_mss, way, .. } = *self;
        out.extend_from_slice(&self.time.0.to_le_bytes());
        out.extend_from_slice(&self.frame.to_le_bytes());
        for word in [seq.0, ts_value, u32::from_le_bytes(sender), u32::from_le_bytes(receiver)] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for half in self.halves() {
            out.extend_from_slice(&half.to_le_bytes());
        }
        out.extend_from_slice(&[ttl, marks, scale, sack_permitted.into(), has_mss.into(), (way == Way::Down).into()]);
    }

    /// The embryo of this flow that was encoded.
    pub fn decode(flow: FlowHash, bytes: &[u8]) -> Option<Self> {
        let (time, rest) = bytes.split_first_chunk()?;
        let (frame, rest) = rest.split_first_chunk()?;
        let (words, rest) = rest.split_first_chunk::<16>()?;
        let (halves, rest) = rest.split_first_chunk::<22>()?;
        let [seq, ts_value, sender, receiver] = *words.as_chunks::<4>().0 else { return None };
        let [sender_port, receiver_port, wire_len, window, ip_id, flags, interface, vlan, mss, point, file] =
            *halves.as_chunks::<2>().0
        else {
            return None;
        };
        let [ttl, marks, scale, sack_permitted, has_mss, down] = *rest.first_chunk()?;
        Some(Self {
            flow,
            time: Timestamp(i64::from_le_bytes(*time)),
            frame: u64::from_le_bytes(*frame),
            seq: Seq(u32::from_le_bytes(seq)),
            ts_value: u32::from_le_bytes(ts_value),
            sender,
            receiver,
            sender_port: u16::from_le_bytes(sender_port),
            receiver_port: u16::from_le_bytes(receiver_port),
            wire_len: u16::from_le_bytes(wire_len),
            window: u16::from_le_bytes(window),
            ip_id: u16::from_le_bytes(ip_id),
            flags: u16::from_le_bytes(flags),
            interface: u16::from_le_bytes(interface),
            vlan: u16::from_le_bytes(vlan),
            mss: u16::from_le_bytes(mss),
            point: u16::from_le_bytes(point),
            file: u16::from_le_bytes(file),
            ttl,
            marks,
            scale,
            sack_permitted: sack_permitted != 0,
            has_mss: has_mss != 0,
            way: if down != 0 { Way::Down } else { Way::Up },
        })
    }

    /// Its fields of two bytes.
    fn halves(&self) -> [u16; 11] {
        [
            self.sender_port,
            self.receiver_port,
            self.wire_len,
            self.window,
            self.ip_id,
            self.flags,
            self.interface,
            self.vlan,
            self.mss,
            self.point,
            self.file,
        ]
    }

    pub fn order(&self) -> (u32, u64) {
        (u32::from(self.point), self.frame)
    }

    fn ends(&self) -> (Address, Address) {
        (Address::v4(self.sender, self.sender_port), Address::v4(self.receiver, self.receiver_port))
    }

    /// The connection that this SYN began.
    pub fn connection(&self) -> Connection {
        let mut connection = Connection::blank();
        self.grow(&mut connection);
        connection
    }

    /// Makes this, whatever it was, the connection that this SYN began.
    pub fn grow(&self, connection: &mut Connection) {
        let (segment, rare, place) = self.parts();
        let Connection { summary, boards, later_resets, steady } = connection;
        *summary = *BLANK;
        self.complete(summary, &segment, rare.as_ref(), place);
        boards.iter_mut().for_each(Scoreboard::clear);
        boards[Side::Client as usize].begins(&segment);
        later_resets.clear();
        *steady = false;
    }

    /// Makes this the summary of that connection.
    pub fn fill(&self, summary: &mut Summary) {
        let (segment, rare, place) = self.parts();
        *summary = *BLANK;
        self.complete(summary, &segment, rare.as_ref(), place);
    }

    /// Adds to a blank what [`Connection::observe`] makes of these parts of it, without looking for what a first SYN cannot be.
    #[inline]
    fn complete(&self, summary: &mut Summary, segment: &Segment, rare: Option<&Rare>, place: Place) {
        summary.begin(segment, place);
        let (sender, receiver) = self.ends();
        summary.ends = [sender.into(), receiver.into()];
        summary.pattern.add(segment.way, segment.flags, false);
        summary.letters.note(segment);
        summary.note_syn(Side::Client, segment, rare);
        summary.facts.set(Facts::VARIED);
        let sent = Moment::at(self.time);
        let client = &mut summary.sides[0];
        client.snd_nxt = Some(self.seq.plus(1));
        client.window = u32::from(self.window);
        client.wire_bytes = u64::from(self.wire_len);
        (client.packets, client.syns, client.tries) = (1, 1, 1);
        (client.ttl_min, client.ttl_max) = (self.ttl, self.ttl);
        (client.first, client.last, client.awaiting) = (sent, sent, sent);
    }

    fn parts(&self) -> (Segment, Option<Rare>, Place) {
        let marks = Marks(u16::from(self.marks));
        let rare = Rare {
            mss: self.has_mss.then_some(self.mss),
            window_scale: self.scale.checked_sub(1),
            sack_permitted: self.sack_permitted,
            ..Rare::default()
        };
        let segment = Segment {
            flow: self.flow,
            time: self.time,
            offset: 0,
            frame: 0,
            seq: self.seq,
            ack: Seq(0),
            len: 0,
            wire_len: u32::from(self.wire_len),
            ts_value: self.ts_value,
            ts_echo: 0,
            window: self.window,
            ip_id: self.ip_id,
            flags: Flags(self.flags),
            ip_at: 0,
            interface: self.interface,
            vlan: self.vlan,
            ttl: self.ttl,
            marks,
            way: self.way,
            lane: 0,
        };
        let place = Place { frames_before: self.frame, point: u32::from(self.point), file: u32::from(self.file) };
        (segment, marks.has(Marks::RARE).then_some(rare), place)
    }
}

/// An IPv4 address and its port.
fn v4(address: Address) -> Option<([u8; 4], u16)> {
    match address.ip() {
        std::net::IpAddr::V4(ip) => Some((ip.octets(), address.port)),
        std::net::IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::reset::{Fit, Reset, ResetOrigin, ResetPhase};
    use proptest::prelude::*;

    #[test]
    fn an_embryo_takes_eighty_bytes() {
        assert!(size_of::<Option<Embryo>>() <= 80);
    }

    /// Any RST.
    fn reset() -> Reset {
        Reset {
            by: Side::Server,
            time: Timestamp(1),
            frame: 9,
            seq: Seq(2),
            ack: None,
            fit: Fit::Exact,
            kind: None,
            phase: ResetPhase::Data,
            states: [None; 2],
            teardown: Default::default(),
            alone: None,
            unacked: [0; 2],
            origin: ResetOrigin::Unknown,
        }
    }

    fn syn() -> impl Strategy<Value = (Segment, Option<Rare>)> {
        let options = (any::<Option<u16>>(), proptest::option::of(0u8..15), any::<bool>(), any::<bool>());
        let numbers = (any::<u32>(), any::<u32>(), 1u16.., any::<u16>(), any::<u8>());
        (options, numbers, any::<bool>(), any::<bool>(), 0..1i64 << 60).prop_map(|(options, numbers, up, ecn, time)| {
            let (mss, window_scale, sack_permitted, has_rare) = options;
            let (seq, ts_value, window, ip_id, ttl) = numbers;
            let rare = has_rare.then_some(Rare { mss, window_scale, sack_permitted, ..Rare::default() });
            let marks = if has_rare { Marks::RARE } else { Marks::default() };
            let segment = Segment {
                flow: FlowHash([7, 8]),
                time: Timestamp(time),
                offset: 99,
                frame: 5,
                seq: Seq(seq),
                ack: Seq(0),
                len: 0,
                wire_len: 74,
                ts_value,
                ts_echo: 0,
                window,
                ip_id,
                flags: if ecn { Flags::SYN.with(Flags::ECE).with(Flags::CWR) } else { Flags::SYN },
                ip_at: 14,
                interface: 1,
                vlan: 12,
                ttl,
                marks: marks.with(Marks::TIMESTAMPS),
                way: if up { Way::Up } else { Way::Down },
                lane: 3,
            };
            (segment, rare)
        })
    }

    proptest! {
        #[test]
        fn an_embryo_is_the_connection_that_it_stands_for((segment, rare) in syn()) {
            let place = Place { frames_before: 1000, point: 2, file: 3 };
            let ends = (Address::v4([10, 0, 0, 1], 4711), Address::v4([10, 0, 0, 2], 80));
            let embryo = Embryo::of(&segment, rare.as_ref(), place, ends).expect("a plain SYN");
            let mut whole = Connection::new(&segment, place);
            whole.observe(&segment, rare.as_ref(), place);
            whole.set_ends(ends.0, ends.1);
            let grown = embryo.connection();
            prop_assert_eq!(&grown.boards, &whole.boards);
            prop_assert_eq!((grown.steady, grown.later_resets.len()), (whole.steady, whole.later_resets.len()));
            // Also where another connection stood.
            let mut used = Connection::new(&Segment { seq: segment.seq.plus(7), ..segment }, Place::default());
            for (number, way) in [Way::Up, Way::Down, Way::Up].into_iter().enumerate() {
                let (seq, ip_id) = (segment.seq.plus(1000 * number as u32), number as u16);
                used.observe(&Segment { seq, ip_id, flags: Flags::ACK, len: 5, way, ..segment }, None, place);
            }
            used.later_resets.push(reset());
            used.steady = true;
            prop_assert_ne!((&used.summary, &used.boards), (&grown.summary, &grown.boards));
            embryo.grow(&mut used);
            prop_assert_eq!((&used.summary, &used.boards), (&grown.summary, &grown.boards));
            prop_assert_eq!((used.steady, used.later_resets.len()), (false, 0));
            let mut encoded = Vec::new();
            embryo.encode(&mut encoded);
            // Where the frame lies in the file is the one thing that an embryo forgets: its addresses are known.
            let mut expected = whole.finish();
            (expected.first_offset, expected.ip_at) = (0, 0);
            prop_assert_eq!(&grown.finish(), &expected);
            let mut filled = Summary::default();
            embryo.fill(&mut filled);
            prop_assert_eq!(&filled, &expected);
            prop_assert_eq!(Embryo::decode(segment.flow, &encoded), Some(embryo));
        }
    }
}
