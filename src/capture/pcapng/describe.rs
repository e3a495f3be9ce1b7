//! What a pcapng file says of itself: section headers, interface descriptions and their statistics. Options are read
//! with forgiveness: they end where they end, with or without `opt_endofopt`, and a damaged one harms none before it.

use super::{Block, Broken};
use crate::capture::{Clock, Context, Interface, LinkType, Remark, Resolution, Statistics};
use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use std::marker::PhantomData;

pub(super) const BYTE_ORDER_MARK: u32 = 0x1a2b_3c4d;

/// As many as a frame's number of its interface can tell apart; a file that describes more is taken for damage.
const MAX_INTERFACES: usize = 1 << 16;
/// Of a section header, before its options: byte order, version, length.
const SECTION_HEADER: usize = 16;
/// Options of any block, and of packets.
const COMMENT: u16 = 1;
const PROCESS_AND_THREAD: u16 = 8;
/// Comments of sections and interfaces that are kept, and characters of each.
const MAX_COMMENTS: usize = 64;
const MAX_COMMENT: usize = 512;
/// Characters of an interface's name that are kept.
const MAX_NAME: usize = 256;

/// What the byte-order mark of a section header says, if it is one.
pub(super) fn is_big_endian(magic: &[u8]) -> Option<bool> {
    let magic = magic.first_chunk::<4>()?;
    let orders = [(BigEndian::read_u32(magic), true), (LittleEndian::read_u32(magic), false)];
    orders.iter().find(|(mark, _)| *mark == BYTE_ORDER_MARK).map(|(_, big)| *big)
}

/// Begins a section. Its length is not needed: blocks tell where they end, and writers leave it out or get it wrong.
pub(super) fn section(block: &Block<'_>, context: &mut Context) -> Result<(), Broken> {
    let corrupt = |why: String| Err(Broken::Corrupt(why));
    let (Some(big_endian), Some(major)) = (is_big_endian(block.body), block.body.get(4..6)) else {
        return corrupt("a section header without its byte-order mark or version".into());
    };
    let major = if big_endian { BigEndian::read_u16(major) } else { LittleEndian::read_u16(major) };
    if major != 1 {
        return corrupt(format!("a section of pcapng version {major} begins; only version 1 is known"));
    }
    context.big_endian = big_endian;
    context.section = context.interfaces.len();
    let options = block.body.get(SECTION_HEADER..).unwrap_or_default();
    if big_endian {
        comments::<BigEndian>(options, "", context)
    } else {
        comments::<LittleEndian>(options, "", context)
    }
    Ok(())
}

/// Keeps the comments among some options, with `before` before each.
fn comments<B: ByteOrder>(options: &[u8], before: &str, context: &mut Context) {
    for (_, comment) in Options::<B>::new(options).filter(|(code, _)| *code == COMMENT) {
        let text: String = String::from_utf8_lossy(comment).trim().chars().take(MAX_COMMENT).collect();
        if context.comments.len() < MAX_COMMENTS && !text.is_empty() {
            context.comments.push(format!("{before}{text}"));
        }
    }
}

/// What the options of a packet say to people.
#[cold]
pub(super) fn remark<B: ByteOrder>(options: &[u8]) -> Option<Remark<'_>> {
    let mut remark = Remark::default();
    for (code, value) in Options::<B>::new(options) {
        match (code, value) {
            (COMMENT, comment) => {
                if let Some(free) = remark.comments.iter_mut().find(|place| place.is_empty()) {
                    *free = comment;
                }
            }
            (PROCESS_AND_THREAD, [process @ .., _, _, _, _]) if process.len() == 4 => {
                remark.process_id = Some(B::read_u32(process));
            }
            _ => {}
        }
    }
    (remark != Remark::default()).then_some(remark)
}

/// Adds an interface to the section.
pub(super) fn interface<B: ByteOrder>(block: &Block<'_>, context: &mut Context) -> Result<(), Broken> {
    let Some((head, options)) = block.body.split_first_chunk::<8>() else {
        return Err(Broken::Corrupt(format!("an interface description of {} bytes is too short", block.length)));
    };
    if context.interfaces.len() >= MAX_INTERFACES {
        return Err(Broken::Corrupt(format!("more than {MAX_INTERFACES} interfaces are described")));
    }
    let mut interface = Interface {
        link: LinkType(B::read_u16(head).into()),
        snaplen: B::read_u32(&head[4..]),
        clock: Clock { resolution: Resolution::Decimal(6), offset_seconds: 0 },
        fcs_bytes: 0,
        name: None,
    };
    for (code, value) in Options::<B>::new(options) {
        match (code, value) {
            (2, name) => interface.name = Some(String::from_utf8_lossy(name).chars().take(MAX_NAME).collect()),
            (9, [resolution]) if resolution & 0x80 != 0 => {
                interface.clock.resolution = Resolution::Binary(resolution & 0x7f)
            }
            (9, [resolution]) => interface.clock.resolution = Resolution::Decimal(*resolution),
            (13, [bytes]) => interface.fcs_bytes = *bytes,
            (14, offset @ [_, _, _, _, _, _, _, _]) => interface.clock.offset_seconds = B::read_i64(offset),
            _ => {}
        }
    }
    let name = interface.name.as_deref().map_or_else(String::new, |name| format!("{name}: "));
    context.interfaces.push(interface);
    comments::<B>(options, &name, context);
    Ok(())
}

/// What the capturing program counted, if the interface exists.
pub(super) fn statistics<B: ByteOrder>(block: &Block<'_>, context: &Context) -> Option<Statistics> {
    let (head, options) = block.body.split_first_chunk::<12>()?;
    let index = context.section.checked_add(B::read_u32(head) as usize)?;
    context.interfaces.get(index)?;
    let mut statistics = Statistics { interface: index as u16, received: None, dropped: None };
    for (code, value) in Options::<B>::new(options) {
        let Some(count) = value.first_chunk::<8>().map(|count| B::read_u64(count)) else { continue };
        match code {
            4 => statistics.received = Some(count),
            // Dropped by the interface, and by the operating system for want of buffers.
            5 | 7 => statistics.dropped = Some(statistics.dropped.unwrap_or(0).saturating_add(count)),
            _ => {}
        }
    }
    Some(statistics)
}

/// Options: code and value.
struct Options<'a, B> {
    rest: &'a [u8],
    order: PhantomData<B>,
}

impl<'a, B: ByteOrder> Options<'a, B> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, order: PhantomData }
    }
}

impl<'a, B: ByteOrder> Iterator for Options<'a, B> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let (code, length) = (B::read_u16(head), usize::from(B::read_u16(&head[2..])));
        if code == 0 {
            return None;
        }
        let value = rest.get(..length)?;
        self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}
