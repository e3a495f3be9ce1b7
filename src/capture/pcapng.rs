//! The pcapng container (draft-ietf-opsawg-pcapng): blocks with their length on both ends, in sections with a byte order
//! and interfaces of their own. Here are the loop over blocks and the three kinds of packet blocks; `describe` reads what
//! sections and interfaces say of themselves. Damage ends the file at the block that shows it.

mod describe;

use super::ahead::prefetch;
use super::{Context, End, Format, Frame, LinkType, Statistics, Stop, guess};
use crate::time::Timestamp;
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcapng::RawBlock;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) const FORMAT: Format = Format { name: "pcapng", recognises, open, boundary, frames };

/// Block types. Those of `NUMBERED` are no packets, but Wireshark numbers them.
mod kind {
    pub const SECTION: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    pub const PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const NAMES: u32 = 4;
    pub const STATISTICS: u32 = 5;
    pub const ENHANCED_PACKET: u32 = 6;
    pub const JOURNAL: u32 = 9;
    pub const SECRETS: u32 = 10;
    pub const CUSTOM: u32 = 0xbad;
    pub const CUSTOM_NO_COPY: u32 = 0x4000_0bad;
    /// Custom blocks, systemd journal entries, and the six kinds of sysdig events.
    pub const NUMBERED: [u32; 9] = [CUSTOM, CUSTOM_NO_COPY, JOURNAL, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222];
}

/// A block said to be longer is damage, not a file that was cut: room for the longest packets (D-Bus, 128 MiB).
const MAX_BLOCK: usize = (128 << 20) + (256 << 10);

/// One block. The length on its end was compared, and rounded up as written.
struct Block<'a> {
    kind: u32,
    body: &'a [u8],
    /// Bytes from its start to the next block's.
    length: usize,
}

/// The file does not go on here, as far as it makes sense; the caller knows where.
enum Broken {
    Cut,
    Corrupt(String),
}

impl Broken {
    fn at(self, offset: u64) -> End {
        match self {
            Self::Cut => End::Cut { offset },
            Self::Corrupt(why) => End::Corrupt { offset, why },
        }
    }

    fn why(self) -> String {
        match self {
            Self::Cut => "the file ends within its section header".into(),
            Self::Corrupt(why) => why,
        }
    }
}

fn recognises(head: &[u8]) -> bool {
    let starts = head.get(..4) == Some(&kind::SECTION.to_be_bytes());
    // Text may begin with these line ends; a head of less than twelve bytes gets the benefit of the doubt.
    starts && head.get(8..12).is_none_or(|magic| describe::is_big_endian(magic).is_some())
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let block = block::<LittleEndian>(bytes).map_err(Broken::why)?;
    let mut context = Context::default();
    describe::section(&block, &mut context).map_err(Broken::why)?;
    let mut at = block.length;
    // Interfaces that stand first are known to every chunk of the file.
    while let Ok(block) = in_order(&context, bytes.get(at..).unwrap_or_default()) {
        match block.kind {
            kind::INTERFACE if interface(&block, &mut context).is_ok() => at += block.length,
            kind::NAMES | kind::SECRETS => at += block.length,
            _ => break,
        }
    }
    Ok((at as u64, context))
}

fn in_order<'a>(context: &Context, rest: &'a [u8]) -> Result<Block<'a>, Broken> {
    if context.big_endian { block::<BigEndian>(rest) } else { block::<LittleEndian>(rest) }
}

fn interface(block: &Block<'_>, context: &mut Context) -> Result<(), Broken> {
    if context.big_endian {
        describe::interface::<BigEndian>(block, context)
    } else {
        describe::interface::<LittleEndian>(block, context)
    }
}

fn is_big_endian<B: ByteOrder>() -> bool {
    B::read_u16(&[0, 1]) == 1
}

/// The block at the start of `rest`.
#[inline(always)]
fn block<B: ByteOrder>(rest: &[u8]) -> Result<Block<'_>, Broken> {
    match RawBlock::from_slice::<B>(rest) {
        Ok((_, RawBlock { type_: kind, body: Cow::Borrowed(body), .. })) => {
            Ok(Block { kind, body, length: body.len() + 12 })
        }
        _ => odd_block::<B>(rest),
    }
}

/// By hand, what the crate refuses: lengths that leave out the padding (written by real programs, read by Wireshark) are
/// rounded up; else it says what is wrong.
#[cold]
fn odd_block<B: ByteOrder>(rest: &[u8]) -> Result<Block<'_>, Broken> {
    let word = |at: usize| rest.get(at..at + 4).map(B::read_u32);
    let (Some(kind), Some(mut said)) = (word(0), word(4)) else { return Err(Broken::Cut) };
    let mut swapped = false;
    if kind == kind::SECTION {
        let Some(magic) = rest.get(8..12) else { return Err(Broken::Cut) };
        let order = describe::is_big_endian(magic)
            .ok_or_else(|| Broken::Corrupt("a section header without its byte-order mark".into()))?;
        swapped = is_big_endian::<B>() != order;
        said = if swapped { said.swap_bytes() } else { said };
    }
    if said < 12 {
        return Err(Broken::Corrupt(format!("a block of type {kind:#x} says that it is {said} bytes long")));
    }
    let length = (said as usize).next_multiple_of(4);
    if length > rest.len() {
        let corrupt = || Broken::Corrupt(format!("a block of type {kind:#x} says that it is {said} bytes long"));
        return Err(if length > MAX_BLOCK { corrupt() } else { Broken::Cut });
    }
    let trailer =
        word(length - 4).map(|trailer| if swapped { trailer.swap_bytes() } else { trailer }).unwrap_or_default();
    if trailer.checked_next_multiple_of(4) != Some(length as u32) {
        return Err(Broken::Corrupt(format!("a block is {said} bytes long by its start and {trailer} by its end")));
    }
    Ok(Block { kind, body: rest.get(8..length - 4).unwrap_or_default(), length })
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    let mut run = Run { bytes, limit, at: from, frames: 0, statistics: BTreeMap::new(), sink };
    let paused = loop {
        let paused =
            if context.big_endian { run.blocks::<BigEndian>(context) } else { run.blocks::<LittleEndian>(context) };
        if !matches!(paused, Paused::OtherOrder) {
            break paused;
        }
    };
    let end = match paused {
        Paused::Broken(broken) => Some(broken.at(run.at)),
        Paused::OtherOrder | Paused::AtLimit => (run.at >= bytes.len() as u64).then_some(End::Clean),
    };
    Stop { at: run.at, frames: run.frames, end, statistics: run.statistics.into_values().collect() }
}

/// One call of `frames`.
struct Run<'a, 's> {
    bytes: &'a [u8],
    limit: u64,
    /// Where the next block begins.
    at: u64,
    frames: u64,
    /// The last statistics of each interface: they count from its start.
    statistics: BTreeMap<u16, Statistics>,
    sink: &'s mut dyn FnMut(Frame<'a>),
}

enum Paused {
    AtLimit,
    /// A section of the other byte order begins.
    OtherOrder,
    Broken(Broken),
}

/// What the packet blocks have in common.
struct Packet<'a> {
    interface: u32,
    /// Absent in simple packet blocks.
    ticks: Option<u64>,
    wire_len: u32,
    data: &'a [u8],
    /// Where in the block's body the data begins.
    data_at: u64,
    /// What follows the data and its padding.
    options: &'a [u8],
}

impl<'a> Run<'a, '_> {
    /// The loop over blocks of one byte order: nothing per packet but its header's fields and its interface.
    fn blocks<B: ByteOrder>(&mut self, context: &mut Context) -> Paused {
        while self.at < self.limit.min(self.bytes.len() as u64) {
            let rest = usize::try_from(self.at).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
            let block = match block::<B>(rest) {
                Ok(block) => block,
                Err(broken) => return Paused::Broken(broken),
            };
            let packet = match block.kind {
                kind::ENHANCED_PACKET => enhanced_packet::<B>(block.body),
                kind::SIMPLE_PACKET => simple_packet::<B>(block.body, context),
                kind::PACKET => packet::<B>(block.body),
                _ => {
                    match self.other::<B>(&block, context) {
                        Ok(()) => self.at += block.length as u64,
                        Err(broken) => return Paused::Broken(broken),
                    }
                    if context.big_endian != is_big_endian::<B>() {
                        return Paused::OtherOrder;
                    }
                    continue;
                }
            };
            match packet.and_then(|packet| self.frame::<B>(&packet, context)) {
                Some(frame) => {
                    self.look_ahead::<B>(block.length);
                    (self.sink)(frame);
                }
                None => return Paused::Broken(Broken::Corrupt(why_no_packet::<B>(&block, context))),
            }
            self.at += block.length as u64;
        }
        Paused::AtLimit
    }

    /// The next block is read after this one is dealt with, and its end is read to check its length: both are asked for now. So is
    /// the one after them, should it be as long.
    #[inline(always)]
    fn look_ahead<B: ByteOrder>(&self, length: usize) {
        let next = self.at + length as u64;
        prefetch(self.bytes, next);
        let head = usize::try_from(next).ok().and_then(|next| self.bytes.get(next + 4..)?.first_chunk::<4>());
        if let Some(head) = head {
            let length = u64::from(B::read_u32(head));
            prefetch(self.bytes, next + length);
            prefetch(self.bytes, next + 2 * length);
        }
    }

    #[inline(always)]
    fn frame<B: ByteOrder>(&mut self, packet: &Packet<'a>, context: &Context) -> Option<Frame<'a>> {
        let index = context.section.checked_add(packet.interface as usize)?;
        let interface = context.interfaces.get(index)?;
        self.frames += 1;
        Some(Frame {
            number: self.frames,
            time: packet.ticks.map_or(Timestamp(0), |ticks| interface.clock.time(ticks)),
            link: interface.link,
            interface: index as u16,
            wire_len: packet.wire_len.max(packet.data.len() as u32),
            bytes: packet.data,
            offset: self.at + 8 + packet.data_at,
            not_a_packet: false,
            remark: if packet.options.is_empty() { None } else { describe::remark::<B>(packet.options) },
        })
    }

    /// A block that carries no packet.
    #[cold]
    fn other<B: ByteOrder>(&mut self, block: &Block<'a>, context: &mut Context) -> Result<(), Broken> {
        match block.kind {
            kind::SECTION => describe::section(block, context)?,
            kind::INTERFACE => describe::interface::<B>(block, context)?,
            kind::STATISTICS => {
                if let Some(statistics) = describe::statistics::<B>(block, context) {
                    self.statistics.insert(statistics.interface, statistics);
                }
            }
            kind if kind::NUMBERED.contains(&kind) => {
                self.frames += 1;
                (self.sink)(Frame {
                    number: self.frames,
                    time: Timestamp(0),
                    link: LinkType(0),
                    interface: 0,
                    wire_len: 0,
                    bytes: &[],
                    offset: self.at + 8,
                    not_a_packet: true,
                    remark: None,
                });
            }
            _ => {}
        }
        Ok(())
    }
}

#[inline(always)]
fn enhanced_packet<B: ByteOrder>(body: &[u8]) -> Option<Packet<'_>> {
    let (head, rest) = body.split_first_chunk::<20>()?;
    let data = rest.get(..B::read_u32(&head[12..]) as usize)?;
    let ticks = u64::from(B::read_u32(&head[4..])) << 32 | u64::from(B::read_u32(&head[8..]));
    Some(Packet {
        interface: B::read_u32(head),
        ticks: Some(ticks),
        wire_len: B::read_u32(&head[16..]),
        data,
        data_at: 20,
        options: rest.get(data.len().next_multiple_of(4)..).unwrap_or_default(),
    })
}

/// The obsolete packet block: its interface has 16 bits, beside a count of drops.
fn packet<B: ByteOrder>(body: &[u8]) -> Option<Packet<'_>> {
    let interface = B::read_u16(body.get(..2)?);
    Some(Packet { interface: interface.into(), ..enhanced_packet::<B>(body)? })
}

/// The simple packet block: of the first interface, with what its snap length and the block leave of it.
fn simple_packet<'a, B: ByteOrder>(body: &'a [u8], context: &Context) -> Option<Packet<'a>> {
    let (head, rest) = body.split_first_chunk::<4>()?;
    let wire_len = B::read_u32(head);
    let snaplen = match context.interfaces.get(context.section)?.snaplen {
        0 => usize::MAX,
        snaplen => snaplen as usize,
    };
    let captured = rest.len().min(wire_len as usize).min(snaplen);
    Some(Packet { interface: 0, ticks: None, wire_len, data: rest.get(..captured)?, data_at: 4, options: &[] })
}

#[cold]
fn why_no_packet<B: ByteOrder>(block: &Block<'_>, context: &Context) -> String {
    let packet = match block.kind {
        kind::ENHANCED_PACKET => enhanced_packet::<B>(block.body),
        kind::PACKET => packet::<B>(block.body),
        _ => simple_packet::<B>(block.body, context),
    };
    let known = context.interfaces.len().saturating_sub(context.section);
    match packet {
        Some(packet) => format!("a packet of interface {} where the section has described {known}", packet.interface),
        None if known == 0 => "a packet before any interface was described".into(),
        None => format!("a packet block of {} bytes is too short for what it says it holds", block.length),
    }
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    match context.big_endian {
        true => guess::boundary(bytes.len(), from, limit, 4, |at| {
            plausible::<BigEndian>(bytes.get(at..)?).map(|length| at + length)
        }),
        false => guess::boundary(bytes.len(), from, limit, 4, |at| {
            plausible::<LittleEndian>(bytes.get(at..)?).map(|length| at + length)
        }),
    }
}

/// Length of the block that seems to stand at the start of `rest`.
fn plausible<B: ByteOrder>(rest: &[u8]) -> Option<usize> {
    let word = |at: usize| rest.get(at..at + 4).map(B::read_u32);
    let (kind, length) = (word(0)?, word(4)? as usize);
    let known = match kind {
        kind::ENHANCED_PACKET | kind::PACKET => length >= 32 && word(20)? as usize <= length - 32,
        kind::SECTION => word(8)? == describe::BYTE_ORDER_MARK,
        kind::INTERFACE | kind::SIMPLE_PACKET | kind::NAMES | kind::STATISTICS | kind::SECRETS => true,
        kind => kind::NUMBERED.contains(&kind),
    };
    let sound = known && length >= 12 && length.is_multiple_of(4) && length <= MAX_BLOCK;
    (sound && word(length - 4).is_none_or(|trailer| trailer as usize == length)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tests::all;
    use crate::time::SECOND;

    /// A file under construction, in one byte order at a time.
    struct File {
        bytes: Vec<u8>,
        big: bool,
    }

    impl File {
        /// Begins with a section of this byte order.
        fn new(big: bool) -> Self {
            Self { bytes: Vec::new(), big }.section(big)
        }

        fn word(&self, word: u32) -> [u8; 4] {
            if self.big { word.to_be_bytes() } else { word.to_le_bytes() }
        }

        fn half(&self, half: u16) -> [u8; 2] {
            if self.big { half.to_be_bytes() } else { half.to_le_bytes() }
        }

        fn block(mut self, kind: u32, body: &[&[u8]]) -> Self {
            let mut body = body.concat();
            body.resize(body.len().next_multiple_of(4), 0);
            let length = self.word(body.len() as u32 + 12);
            self.bytes.extend(self.word(kind));
            self.bytes.extend(length);
            self.bytes.extend(body);
            self.bytes.extend(length);
            self
        }

        fn section(mut self, big: bool) -> Self {
            self.big = big;
            let head = [&self.word(describe::BYTE_ORDER_MARK)[..], &self.half(1), &self.half(0), &[0xff; 8]].concat();
            self.block(kind::SECTION, &[&head])
        }

        fn option(&self, code: u16, value: &[u8]) -> Vec<u8> {
            let mut out = [self.half(code), self.half(value.len() as u16)].concat();
            out.extend(value);
            out.resize(out.len().next_multiple_of(4), 0);
            out
        }

        fn interface(self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) -> Self {
            let options: Vec<u8> = options.iter().flat_map(|(code, value)| self.option(*code, value)).collect();
            let (link, snaplen) = (self.half(link), self.word(snaplen));
            self.block(kind::INTERFACE, &[&link, &[0, 0], &snaplen, &options])
        }

        fn packet(self, interface: u32, ticks: u64, wire_len: u32, data: &[u8]) -> Self {
            let words = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, wire_len];
            let head = words.map(|word| self.word(word)).concat();
            self.block(kind::ENHANCED_PACKET, &[&head, data])
        }
    }

    /// Index of the interface, time and captured length of each frame.
    fn frames_of(file: &File) -> Vec<(u16, i64, usize)> {
        let (frames, end) = all(&FORMAT, &file.bytes);
        assert_eq!(end, End::Clean);
        frames.iter().map(|frame| (frame.interface, frame.time.0, frame.len)).collect()
    }

    #[test]
    fn each_section_has_its_own_byte_order_and_numbers_its_interfaces_anew() {
        let file = File::new(false).interface(1, 0, &[]).packet(0, 5, 60, b"abc").section(true);
        let file =
            file.interface(101, 0, &[]).interface(1, 0, &[]).packet(1, 6, 60, b"abcd").section(true).section(false);
        let file = file.interface(1, 0, &[]).packet(0, 7, 60, b"");
        assert_eq!(frames_of(&file), [(0, 5000, 3), (2, 6000, 4), (3, 7000, 0)]);
    }

    #[test]
    fn clocks_count_in_powers_of_ten_or_two_from_their_offset() {
        let at = |resolution: u8, offset: i64, ticks: u64| {
            let file = File::new(true).interface(1, 0, &[(9, &[resolution]), (14, &offset.to_be_bytes())]);
            frames_of(&file.packet(0, ticks, 1, b"a"))[0].1
        };
        assert_eq!(at(0, 0, 3), 3 * SECOND);
        assert_eq!(at(3, 0, 1500), 1_500_000_000);
        assert_eq!(at(9, -1, 5), 5 - SECOND);
        assert_eq!(at(10, 0, 17_000_000_000_000_000_019), 1_700_000_000_000_000_001);
        assert_eq!(at(12, 0, 2_999), 2);
        assert_eq!(at(127, 0, u64::MAX), 0);
        assert_eq!(at(0x80 | 10, 2, 1536), 2 * SECOND + 1_500_000_000);
        assert_eq!(at(0x80 | 63, 0, 3 << 62), 1_500_000_000);
        assert_eq!(at(0xff, 0, u64::MAX), 0);
        // A stamp of -1 µs, written as an unsigned number; and one that no calendar has.
        assert_eq!(at(6, 0, u64::MAX), -1000);
        assert_eq!(at(6, i64::MAX, 1 << 62), i64::MAX);
    }

    #[test]
    fn all_three_kinds_of_packet_blocks_are_frames() {
        let file = File::new(false).interface(1, 5, &[]);
        let obsolete = [file.half(0), file.half(9)].concat();
        let rest = [0, 7, 3, 60].map(|word| file.word(word)).concat();
        let simple = file.word(60);
        let file =
            file.block(kind::PACKET, &[&obsolete, &rest, b"abc"]).block(kind::SIMPLE_PACKET, &[&simple, b"abcdefgh"]);
        assert_eq!(frames_of(&file), [(0, 7000, 3), (0, 0, 5)]);
        let small = File::new(false).interface(1, 0, &[]);
        let length = small.word(3);
        assert_eq!(frames_of(&small.block(kind::SIMPLE_PACKET, &[&length, b"abc"])), [(0, 0, 3)]);
    }

    #[test]
    fn blocks_that_are_no_packets_are_numbered_where_wireshark_numbers_them() {
        let file = File::new(false).block(kind::CUSTOM, &[b"pen."]).interface(1, 0, &[]).block(0x7777, &[b"unknown"]);
        let file = file
            .block(kind::JOURNAL, &[b"entry"])
            .block(kind::NAMES, &[b""])
            .packet(0, 1, 1, b"a")
            .block(kind::CUSTOM_NO_COPY, &[b"pen."]);
        let (frames, end) = all(&FORMAT, &file.bytes);
        assert_eq!(end, End::Clean);
        assert_eq!(frames.iter().map(|frame| frame.not_a_packet).collect::<Vec<_>>(), [true, true, false, true]);
    }

    #[test]
    fn options_are_read_as_far_as_they_make_sense() {
        let interface = |options: &[(u16, &[u8])]| {
            open(&File::new(false).interface(1, 0, options).bytes).expect("a section").1.interfaces
        };
        let sound = interface(&[(2, b"eth0"), (13, &[4]), (0, b"")]);
        assert_eq!((sound[0].name.as_deref(), sound[0].fcs_bytes), (Some("eth0"), 4));
        assert_eq!(interface(&[(2, b"eth0"), (13, &[4])]), sound, "without opt_endofopt");
        assert_eq!(interface(&[(2, b"caf\xe9")])[0].name.as_deref(), Some("caf\u{fffd}"));
        let file = File::new(false);
        let past_the_end = [&file.option(2, b"eth0")[..], &file.option(13, &[4]), &[9, 0, 200, 0]].concat();
        let head = [1, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(
            open(&file.block(kind::INTERFACE, &[&head, &past_the_end]).bytes).expect("a section").1.interfaces,
            sound
        );
    }

    #[test]
    fn the_last_statistics_of_an_interface_count() {
        let statistics = |file: File, received: u64| {
            let options = [
                file.option(4, &received.to_be_bytes()),
                file.option(5, &2_u64.to_be_bytes()),
                file.option(7, &[0, 0, 0, 0, 0, 0, 0, 1]),
            ];
            let head = [0; 12];
            file.block(kind::STATISTICS, &[&head, &options.concat()])
        };
        let file = File::new(true).interface(1, 0, &[]).section(true).interface(1, 0, &[]);
        let file = statistics(statistics(file, 10), 20);
        let (at, mut context) = open(&file.bytes).expect("a section");
        let stop = frames(&file.bytes, &mut context, at, u64::MAX, &mut |_| ());
        assert_eq!(stop.statistics, [Statistics { interface: 1, received: Some(20), dropped: Some(3) }]);
    }

    #[test]
    fn lengths_that_leave_out_the_padding_are_rounded_up() {
        let mut file = File::new(false).interface(1, 0, &[]).packet(0, 1, 60, b"abc");
        let block = file.bytes.len() - 36;
        for at in [block + 4, file.bytes.len() - 4] {
            file.bytes[at] = 35;
        }
        assert_eq!(frames_of(&file.packet(0, 2, 60, b"")), [(0, 1000, 3), (0, 2000, 0)]);
    }

    /// How a file ends whose sound start, with one packet, is followed by this.
    fn end_after(file: impl Fn(File) -> File) -> (u64, End) {
        let start = File::new(false).interface(1, 0, &[]).packet(0, 1, 60, b"abcd");
        let sound = start.bytes.len() as u64;
        let (frames, end) = all(&FORMAT, &file(start).bytes);
        assert_eq!(frames.len(), 1);
        (sound, end)
    }

    #[test]
    fn damage_ends_the_file_at_its_block_and_says_what_is_wrong() {
        let corrupt =
            |(offset, end): (u64, End), expected: &str| assert_eq!(end, End::Corrupt { offset, why: expected.into() });
        corrupt(
            end_after(|file| file.packet(1, 1, 60, b"a")),
            "a packet of interface 1 where the section has described 1",
        );
        corrupt(
            end_after(|file| file.block(kind::ENHANCED_PACKET, &[b"abcd"])),
            "a packet block of 16 bytes is too short for what it says it holds",
        );
        corrupt(
            end_after(|file| file.block(kind::INTERFACE, &[b"abcd"])),
            "an interface description of 16 bytes is too short",
        );
        corrupt(
            end_after(|file| file.block(kind::SECTION, &[b"abcdefgh"])),
            "a section header without its byte-order mark",
        );
        let version_2 = [0x4d, 0x3c, 0x2b, 0x1a, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        corrupt(
            end_after(|file| file.block(kind::SECTION, &[&version_2])),
            "a section of pcapng version 2 begins; only version 1 is known",
        );
        let raw = |tail: &'static [u8]| {
            end_after(|mut file| {
                file.bytes.extend(tail);
                file
            })
        };
        corrupt(raw(&[6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "a block of type 0x6 says that it is 0 bytes long");
        corrupt(
            raw(&[6, 0, 0, 0, 12, 0, 0, 0, 16, 0, 0, 0]),
            "a block is 12 bytes long by its start and 16 by its end",
        );
        corrupt(
            raw(&[6, 0, 0, 0, 0, 0, 0, 0xf0, 0, 0, 0, 0]),
            "a block of type 0x6 says that it is 4026531840 bytes long",
        );
    }

    #[test]
    fn a_file_cut_anywhere_gives_all_whole_blocks_and_the_place() {
        let (whole, _) = end_after(|file| file);
        for length in 1..40 {
            let (_, end) = end_after(|file| {
                let mut file = file.packet(0, 2, 60, b"abcdefgh");
                file.bytes.truncate(whole as usize + length);
                file
            });
            assert_eq!(end, End::Cut { offset: whole });
        }
    }

    #[test]
    fn the_head_tells_every_chunk_which_interfaces_stand_first() {
        let file = File::new(true).interface(1, 0, &[]).block(kind::NAMES, &[]).interface(113, 0, &[]);
        let head = file.bytes.len() as u64;
        let (at, context) = open(&file.packet(1, 1, 1, b"a").bytes).expect("a section");
        assert_eq!((at, context.interfaces.len(), context.big_endian), (head, 2, true));
    }
}
