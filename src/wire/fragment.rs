//! IP fragments are put together for their headers: a packet counts where its last piece came, with its full length.
//!
//! What is kept of a packet are its headers and the first bytes behind them; of the rest only which ranges came. Memory is
//! bounded by the number of packets waited for, time by how long a receiver waits. Where pieces overlap, an IPv6 packet is
//! given up (RFC 5722); of an IPv4 packet the bytes that came first stay, because hosts differ there: either way it is counted.

mod gathering;

use super::ip::{self, Ip};
use super::layers::Innermost;
use super::{Address, Keys, Marks, Packet, Passage, Why};
use crate::capture::{Frame, LinkType};
use crate::time::{Span, Timestamp};
use gathering::Gathering;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// A receiver waits so long for the rest of a packet (RFC 8200 4.5; RFC 1122 3.3.2 says 60 to 120 s).
const LIFETIME: Span = Span::from_seconds(60);
/// Packets waited for at once, those that were complete or given up a moment ago included. The oldest goes first.
const MOST_PACKETS: usize = 4096;
/// Packets in fragments in packets in fragments: each level of it is another tunnel.
const DEPTH: usize = 8;
/// No IP packet is longer (RFC 791, RFC 8200; a jumbogram is never fragmented, RFC 2675).
const LONGEST: usize = 65_535;

/// A piece of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    key: Key,
    pub time: Timestamp,
    /// Frame number within its chunk.
    pub frame: u32,
    /// Where the frame's bytes begin in the file.
    pub offset: u64,
    pub link: LinkType,
    /// Protocol of what the packet carries.
    pub protocol: u8,
    wire_len: u32,
    captured: u32,
    pub interface: u16,
    vlan: u16,
    marks: Marks,
    ip_at: u32,
    payload_at: u32,
    /// The piece's place in the packet's payload.
    start: u32,
    len: u32,
    more: bool,
}

/// Whose pieces belong together: RFC 791 3.2, RFC 8200 4.5; and within one tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: u128,
    destination: u128,
    id: u32,
    /// Pieces of IPv6 packets belong together whatever header follows in each.
    protocol: Option<u8>,
    tunnel: Option<u32>,
}

/// A packet whose last piece has come.
#[derive(Debug)]
pub struct Whole {
    /// What it was, by the frame number and time of that piece. Offsets within the frame count in `bytes`.
    pub packet: Packet,
    /// The packet from its IP header on, as far as it was kept.
    pub bytes: Vec<u8>,
    /// The tunnels that its first piece came through, and those within, outermost first.
    pub passages: Vec<Passage>,
    /// Frames that brought something of it, and their length on the wire together, bytes.
    pub pieces: u32,
    pub wire_len: u32,
}

/// What became of fragmented packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentCounts {
    /// Packets put together.
    pub assembled: u64,
    /// Packets of which some piece never came in time.
    pub incomplete: u64,
    /// Packets with pieces that overlap or contradict each other.
    pub overlapping: u64,
}

impl FragmentCounts {
    /// What came between these counts and later ones.
    #[must_use]
    pub fn until(self, later: Self) -> Self {
        Self {
            assembled: later.assembled.saturating_sub(self.assembled),
            incomplete: later.incomplete.saturating_sub(self.incomplete),
            overlapping: later.overlapping.saturating_sub(self.overlapping),
        }
    }

    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            assembled: self.assembled + more.assembled,
            incomplete: self.incomplete + more.incomplete,
            overlapping: self.overlapping + more.overlapping,
        }
    }
}

/// Puts packets together. A plain value: `analysis` hands it the fragments of an observation point in order.
#[derive(Debug, Default)]
pub struct Reassembler {
    packets: HashMap<Key, Waiting>,
    /// In the order of their first pieces. An entry whose number is not its packet's any more is stale.
    order: VecDeque<(Key, u64)>,
    next_number: u64,
    counts: FragmentCounts,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    since: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    Gathering(Gathering),
    /// Complete: what comes again of it is a copy.
    Done,
    /// Given up: what is still to come of it is passed over.
    Refused,
}

/// Reads where a piece belongs. `found` is an IP header that says that it is one.
#[cold]
pub(super) fn read(frame: &Frame<'_>, found: &Innermost, marks: Marks, tunnel: Option<u32>) -> Packet {
    let ip = &found.ip;
    match piece(frame, ip, tunnel) {
        Some((key, start, more)) => Packet::Fragment(Fragment {
            key,
            time: frame.time,
            frame: frame.number as u32,
            offset: frame.offset,
            link: frame.link,
            protocol: ip.protocol,
            wire_len: frame.wire_len,
            captured: frame.bytes.len() as u32,
            interface: frame.interface,
            vlan: found.vlan,
            marks: marks.with(ip.marks),
            ip_at: ip.at as u32,
            payload_at: ip.payload_at as u32,
            start,
            len: ip.payload_len.min(LONGEST + 1) as u32,
            more,
        }),
        None => Packet::Other(Why::Fragment(ip.protocol)),
    }
}

/// Whose piece it is, where it begins, and whether more follow.
fn piece(frame: &Frame<'_>, ip: &Ip, tunnel: Option<u32>) -> Option<(Key, u32, bool)> {
    let (source, destination) = ip.addresses(frame.bytes)?;
    if ip.marks.has(Marks::V6) {
        let header = ip::fragment_header(frame.bytes, ip)?;
        let key = Key { source, destination, id: header.id, protocol: None, tunnel };
        Some((key, header.start, header.more))
    } else {
        let &[high, low] = frame.bytes.get(ip.at.checked_add(6)?..)?.first_chunk()?;
        let field = u16::from_be_bytes([high, low]);
        let key = Key { source, destination, id: u32::from(ip.id), protocol: Some(ip.protocol), tunnel };
        Some((key, u32::from(field & 0x1fff) * 8, field & 0x2000 != 0))
    }
}

impl Fragment {
    /// The frame that holds it, of bytes that begin with that.
    pub(super) fn frame<'a>(&self, bytes: &'a [u8]) -> Frame<'a> {
        Frame {
            number: self.frame.into(),
            time: self.time,
            link: self.link,
            interface: self.interface,
            wire_len: self.wire_len,
            bytes: bytes.get(..self.captured as usize).unwrap_or(bytes),
            offset: self.offset,
            not_a_packet: false,
            remark: None,
        }
    }
}

impl Whole {
    /// Who sent it: of an ICMP error, the host that reports it.
    pub fn sender(&self) -> Option<IpAddr> {
        let ip = ip::read(&self.bytes, 0, self.bytes.len()).ok()?;
        Some(Address { ip: ip.addresses(&self.bytes)?.0, port: 0 }.ip())
    }
}

impl Reassembler {
    /// Takes a piece, with the bytes that begin with the frame that holds it; gives the packet that it completes.
    pub fn take(&mut self, fragment: &Fragment, bytes: &[u8], keys: &Keys) -> Option<Whole> {
        let mut whole = self.take_one(fragment, bytes, keys)?;
        for _ in 0..DEPTH {
            let Packet::Fragment(mut inner) = whole.packet else { return Some(whole) };
            inner.marks = inner.marks.with(Marks::TUNNEL);
            let mut within = self.take_one(&inner, &whole.bytes, keys)?;
            whole.passages.append(&mut within.passages);
            whole = Whole { passages: whole.passages, ..within };
        }
        Some(Whole { packet: Packet::Other(Why::TooDeep), ..whole })
    }

    /// What became of packets so far; those still waited for do not count.
    pub fn counts(&self) -> FragmentCounts {
        self.counts
    }

    /// No piece will come any more.
    pub fn finish(mut self) -> FragmentCounts {
        while let Some((key, number)) = self.order.pop_front() {
            self.leave(key, number);
        }
        self.counts
    }

    fn take_one(&mut self, fragment: &Fragment, bytes: &[u8], keys: &Keys) -> Option<Whole> {
        self.expire(fragment.time);
        let bytes = bytes.get(..fragment.captured as usize).unwrap_or(bytes);
        let is_first = fragment.start == 0;
        let number = self.next_number;
        let new = || Waiting { number, since: fragment.time, state: State::Gathering(Gathering::default()) };
        let waiting = match self.packets.entry(fragment.key) {
            // An identification used again: a copy of the first piece alone would be captured right behind it.
            Entry::Occupied(entry) if is_first && matches!(entry.get().state, State::Done) => {
                let waiting = entry.into_mut();
                *waiting = new();
                waiting
            }
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(new()),
        };
        if waiting.number == number {
            self.next_number += 1;
            self.order.push_back((fragment.key, number));
        }
        let State::Gathering(gathering) = &mut waiting.state else { return None };
        let v6 = fragment.marks.has(Marks::V6);
        let overlapped = gathering.overlapping;
        let goes_on = gathering.add(fragment, bytes, v6);
        self.counts.overlapping += u64::from(gathering.overlapping && !overlapped);
        if !goes_on {
            self.counts.incomplete += u64::from(!gathering.overlapping);
            waiting.state = State::Refused;
        } else if gathering.is_complete() {
            self.counts.assembled += 1;
            let gathered = std::mem::take(gathering);
            waiting.state = State::Done;
            return gathered.packet(fragment, keys);
        }
        None
    }

    /// Gives up what has waited too long, and the oldest where there is too much.
    fn expire(&mut self, now: Timestamp) {
        while let Some(&(key, number)) = self.order.front() {
            let current = self.packets.get(&key).filter(|waiting| waiting.number == number);
            let old = current.is_none_or(|waiting| now.since(waiting.since) > LIFETIME);
            if !old && self.order.len() < MOST_PACKETS {
                return;
            }
            self.order.pop_front();
            self.leave(key, number);
        }
    }

    fn leave(&mut self, key: Key, number: u64) {
        if let Entry::Occupied(entry) = self.packets.entry(key)
            && entry.get().number == number
        {
            let Waiting { state, .. } = entry.remove();
            // One whose pieces overlap is counted as that.
            let missing = matches!(state, State::Gathering(Gathering { overlapping: false, .. }));
            self.counts.incomplete += u64::from(missing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode;
    use crate::wire::fixture::{IP_47, KEYS, MACS, before, frame, hex, ipv4, ipv6, segment, udp};
    use crate::wire::{Segment, addresses};
    use proptest::prelude::*;

    const RAW: u32 = 101;

    /// The fixture's packet with a payload of `bytes`, `bytes % 8 == 4`, so that header and payload part at eights.
    fn packet(v6: bool, bytes: usize) -> Vec<u8> {
        let mut packet = if v6 { ipv6() } else { ipv4() };
        let header = if v6 { 40 } else { 20 };
        packet.truncate(header + 20);
        packet.resize(header + 20 + bytes, b'x');
        let length = if v6 { 20 + bytes } else { 40 + bytes } as u16;
        let at = if v6 { 4 } else { 2 };
        packet[at..at + 2].copy_from_slice(&length.to_be_bytes());
        packet
    }

    /// The piece of a packet's payload from `start` to `end`, in eights; the last one takes the rest.
    fn piece(packet: &[u8], start: usize, end: Option<usize>) -> Vec<u8> {
        let v6 = packet[0] >> 4 == 6;
        let header = if v6 { 40 } else { 20 };
        let payload = &packet[header..];
        let data = &payload[start * 8..end.map_or(payload.len(), |end| end * 8)];
        let mut out = packet[..header].to_vec();
        if v6 {
            out[6] = 44;
            out[4..6].copy_from_slice(&(8 + data.len() as u16).to_be_bytes());
            let field = (start as u16) << 3 | u16::from(end.is_some());
            out.extend([6, 0]);
            out.extend(field.to_be_bytes());
            out.extend(hex("0001 beef"));
        } else {
            out[2..4].copy_from_slice(&(20 + data.len() as u16).to_be_bytes());
            let field = start as u16 | if end.is_some() { 0x2000 } else { 0 };
            out[6..8].copy_from_slice(&field.to_be_bytes());
        }
        out.extend(data);
        out
    }

    /// What comes of frames one after another, a second apart.
    struct Story {
        reassembler: Reassembler,
        number: u64,
        second: i64,
    }

    impl Story {
        fn new() -> Self {
            Self { reassembler: Reassembler::default(), number: 0, second: 0 }
        }

        fn take(&mut self, link: u32, bytes: &[u8]) -> Option<Whole> {
            self.number += 1;
            self.second += 1;
            let time = Timestamp::from_parts(self.second, 0);
            let frame = Frame { number: self.number, time, ..frame(link, bytes) };
            let Packet::Fragment(fragment) = decode(&frame, &KEYS) else { panic!("no fragment") };
            self.reassembler.take(&fragment, bytes, &KEYS)
        }

        fn counts(self) -> (u64, u64, u64) {
            let FragmentCounts { assembled, incomplete, overlapping } = self.reassembler.finish();
            (assembled, incomplete, overlapping)
        }
    }

    fn segment_of(whole: Option<Whole>) -> (Segment, Vec<u8>) {
        match whole {
            Some(Whole { packet: Packet::Segment(segment, _), bytes, .. }) => (segment, bytes),
            other => panic!("no segment: {other:?}"),
        }
    }

    #[test]
    fn a_segment_counts_at_its_last_piece_with_its_full_length() {
        for v6 in [false, true] {
            let whole = packet(v6, 100);
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let pieces = [piece(&whole, 0, Some(5)), piece(&whole, 5, Some(9)), piece(&whole, 9, None)];
                let mut story = Story::new();
                assert!(story.take(RAW, &pieces[order[0]]).is_none() && story.take(RAW, &pieces[order[1]]).is_none());
                let (found, bytes) = segment_of(story.take(RAW, &pieces[order[2]]));
                assert_eq!((found.len, found.frame, found.time), (100, 3, Timestamp::from_parts(3, 0)));
                assert_eq!((found.seq, found.flow), (segment(RAW, &whole).seq, segment(RAW, &whole).flow));
                assert_eq!(found.wire_len as usize, pieces.concat().len());
                assert!(found.marks.has(Marks::ASSEMBLED) && !found.marks.has(Marks::LENGTH_PAST_FRAME));
                assert_eq!(addresses(&bytes, found.ip_at), addresses(&whole, 0));
                assert_eq!(story.counts(), (1, 0, 0));
            }
        }
    }

    #[test]
    fn a_first_piece_without_the_whole_tcp_header_is_enough_with_the_rest() {
        let whole = packet(false, 20);
        let mut story = Story::new();
        assert!(story.take(RAW, &piece(&whole, 0, Some(1))).is_none());
        let (found, _) = segment_of(story.take(RAW, &piece(&whole, 1, None)));
        assert_eq!((found.len, found.flags), (20, segment(RAW, &whole).flags));
    }

    #[test]
    fn what_the_snap_length_cut_off_a_piece_is_not_made_up() {
        let whole = packet(false, 100);
        let mut story = Story::new();
        let (first, last) = (piece(&whole, 0, Some(5)), piece(&whole, 5, None));
        assert!(story.take(RAW, &first[..44]).is_none());
        let (found, bytes) = segment_of(story.take(RAW, &last[..20]));
        assert_eq!((found.len, bytes.len()), (100, 44));
    }

    #[test]
    fn pieces_that_come_twice_change_nothing() {
        let whole = packet(true, 100);
        let (first, last) = (piece(&whole, 0, Some(5)), piece(&whole, 5, None));
        let mut story = Story::new();
        assert!(story.take(RAW, &first).is_none() && story.take(RAW, &first).is_none());
        assert!(story.take(RAW, &last).is_some() && story.take(RAW, &last).is_none());
        assert_eq!(story.counts(), (1, 0, 0));
    }

    #[test]
    fn overlapping_pieces_end_an_ipv6_packet_and_are_counted_of_ipv4() {
        for (v6, expected) in [(true, (0, 0, 1)), (false, (1, 0, 1))] {
            let whole = packet(v6, 100);
            let mut forged = piece(&whole, 4, Some(9));
            let at = forged.len() - 40;
            forged[at..at + 8].fill(b'!');
            let mut story = Story::new();
            assert!(story.take(RAW, &piece(&whole, 0, Some(5))).is_none());
            assert!(story.take(RAW, &forged).is_none());
            let end = story.take(RAW, &piece(&whole, 9, None));
            let intact = end.is_some_and(|whole| !whole.bytes.contains(&b'!'));
            assert_eq!(intact, !v6, "what came first stays");
            assert_eq!(story.counts(), expected);
        }
    }

    #[test]
    fn pieces_beyond_the_end_or_beyond_any_packet_are_refused() {
        let whole = packet(false, 100);
        let mut story = Story::new();
        story.take(RAW, &piece(&whole, 0, Some(5)));
        story.take(RAW, &piece(&whole, 5, None));
        let mut far = piece(&whole, 9, Some(10));
        far[4..8].copy_from_slice(&[0, 9, 0x3f, 0xff]);
        assert!(story.take(RAW, &far).is_none());
        assert_eq!(story.counts(), (1, 0, 1));
    }

    #[test]
    fn a_packet_whose_rest_comes_too_late_is_incomplete() {
        let whole = packet(false, 100);
        let mut story = Story::new();
        story.take(RAW, &piece(&whole, 0, Some(5)));
        story.second += 61;
        assert!(story.take(RAW, &piece(&whole, 5, None)).is_none());
        assert_eq!(story.counts(), (0, 2, 0));
    }

    #[test]
    fn an_identification_that_is_used_again_begins_another_packet() {
        let whole = packet(false, 100);
        let mut story = Story::new();
        for _ in 0..2 {
            assert!(story.take(RAW, &piece(&whole, 0, Some(5))).is_none());
            assert!(story.take(RAW, &piece(&whole, 5, None)).is_some());
        }
        assert_eq!(story.counts(), (2, 0, 0));
    }

    #[test]
    fn a_flood_of_first_pieces_is_bounded() {
        let mut first = piece(&packet(false, 100), 0, Some(5));
        let mut story = Story::new();
        for id in 0..10_000_u16 {
            first[4..6].copy_from_slice(&id.to_be_bytes());
            story.second = 0;
            story.take(RAW, &first);
        }
        assert!(story.reassembler.packets.len() <= MOST_PACKETS && story.reassembler.order.len() <= MOST_PACKETS);
        assert_eq!(story.counts(), (0, 10_000, 0));
    }

    #[test]
    fn pieces_inside_a_tunnel_and_a_tunnel_in_pieces_are_put_together() {
        let inner = packet(false, 100);
        let header = format!("{} 08000000 00002a00 {MACS} 0800", udp(4789));
        let mut story = Story::new();
        assert!(story.take(RAW, &before(&header, &piece(&inner, 0, Some(5)))).is_none());
        let whole = story.take(RAW, &before(&header, &piece(&inner, 5, None)));
        assert_eq!(whole.as_ref().map(|whole| whole.passages.len()), Some(1));
        let (found, _) = segment_of(whole);
        assert!((found.len, found.flow) == (100, segment(RAW, &inner).flow) && found.marks.has(Marks::TUNNEL));
        // GRE around the whole inner packet, parted in the middle of that; and the inner one is a piece itself.
        let carried =
            [hex(&IP_47.replace("2000 0000 0000", "0000 0007 0000")), hex("0000 0800"), piece(&inner, 0, Some(5))];
        let mut outer = carried.concat();
        let length = outer.len() as u16;
        outer[2..4].copy_from_slice(&length.to_be_bytes());
        let mut story = Story::new();
        assert!(story.take(RAW, &piece(&outer, 0, Some(3))).is_none());
        assert!(story.take(RAW, &piece(&outer, 3, None)).is_none());
        let rest = before(&format!("{IP_47} 0000 0800"), &piece(&inner, 5, None));
        let whole = story.take(RAW, &rest);
        assert_eq!(whole.as_ref().map(|whole| whole.passages.len()), Some(1));
        assert_eq!(segment_of(whole).0.len, 100);
        assert_eq!(story.counts(), (2, 0, 0));
    }

    proptest! {
        #[test]
        fn pieces_in_any_order_and_number_give_the_packet_or_nothing(
            v6: bool, cuts in prop::collection::btree_set(1usize..15, 0..6), order in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        ) {
            let whole = packet(v6, 100);
            let mut ends: Vec<Option<usize>> = cuts.iter().map(|&cut| Some(cut)).collect();
            ends.push(None);
            let starts = std::iter::once(0).chain(cuts.iter().copied());
            let pieces: Vec<_> = starts.zip(ends).map(|(start, end)| piece(&whole, start, end)).collect();
            prop_assume!(pieces.len() > 1);
            let mut story = Story::new();
            story.second = 0;
            for index in order {
                story.second = 0;
                if let Some(found) = story.take(RAW, &pieces[index.index(pieces.len())]) {
                    prop_assert_eq!(segment_of(Some(found)).0.len, 100);
                }
            }
            prop_assert_eq!(story.counts().2, 0, "copies are no overlaps");
        }

        #[test]
        fn no_pieces_make_it_panic(pieces in prop::collection::vec((0u16..0x4000, 0usize..60, any::<u8>()), 0..60), v6: bool) {
            let whole = packet(v6, 100);
            let mut story = Story::new();
            for (field, length, byte) in pieces {
                let mut bytes = piece(&whole, 1, Some(2));
                let at = if v6 { 42 } else { 6 };
                bytes[at..at + 2].copy_from_slice(&(field | 1).to_be_bytes());
                bytes.resize(bytes.len() + length, byte);
                story.take(RAW, &bytes);
            }
        }
    }
}
