//! The container of NetXray and of Sniffer for Windows (.cap), versions 1.1 and 2.0, little endian. Times count in ticks whose
//! length the file names, from a start in seconds.

use super::{ETHERNET, Header, Item, begins, byte, context, half, long, not_read, word};
use crate::capture::{Context, Format, Frame, Stop};
use crate::time::{SECOND, Span, Timestamp};

pub(in crate::capture) const FORMAT: Format = Format { name: "netxray", recognises, open, boundary, frames };

const FILE_HEADER: usize = 128;

/// What the file header says of all records; stored as [`Context::variant`].
#[derive(Clone, Copy)]
struct Shape {
    /// 1 or 2.
    major: u8,
    /// Place in [`Shape::TICKS`].
    clock: u8,
}

impl Shape {
    /// Ticks a second, by the number that the header has of them.
    const TICKS: [u64; 3] = [1_000_000, 1_193_000, 1_193_180];

    fn read(header: &[u8]) -> Result<Self, String> {
        let major = match header.get(4..12) {
            Some(b"001.100\0") => 1,
            Some(b"002.000\0" | b"002.001\0") => 2,
            _ => return Err(not_read("this version of it")),
        };
        let clock = byte(header, 52).filter(|clock| usize::from(*clock) < Self::TICKS.len());
        Ok(Self { major, clock: clock.ok_or_else(|| not_read("a clock of this kind"))? })
    }

    fn of(context: &Context) -> Self {
        Self { major: context.variant >> 4, clock: context.variant & 15 }
    }

    fn packed(self) -> u8 {
        self.major << 4 | self.clock
    }

    fn record_header(self) -> usize {
        if self.major == 1 { 28 } else { 40 }
    }

    fn span(self, ticks: u64) -> Span {
        let each = Self::TICKS.get(usize::from(self.clock)).copied().unwrap_or(1);
        let nanoseconds = u128::from(ticks) * u128::from(SECOND.unsigned_abs()) / u128::from(each);
        Span(i64::try_from(nanoseconds).unwrap_or(i64::MAX))
    }
}

fn recognises(head: &[u8]) -> bool {
    head.starts_with(b"XCP\0")
}

fn open(bytes: &[u8]) -> Result<(u64, Context), String> {
    let cut = || format!("the file header ends after {} of {FILE_HEADER} bytes", bytes.len());
    let header = bytes.get(..FILE_HEADER).ok_or_else(cut)?;
    let shape = Shape::read(header)?;
    // Network, its kind, and the card: others than Ethernet by an ordinary card have headers and clocks of their own.
    if [44, 48, 88].into_iter().any(|at| byte(header, at) != Some(0)) {
        return Err(not_read("a capture by special hardware, or of another network than Ethernet,"));
    }
    let field = |at| word(header, at).unwrap_or_default();
    let (first, last) = (field(24), field(28));
    if (first as usize) < FILE_HEADER || last < first {
        return Err(not_read("a ring of records that begins in the middle of the file"));
    }
    let counted = shape.span(long(header, 56).unwrap_or_default());
    let start = Timestamp::from_parts(field(12).into(), 0).plus(Span(-counted.0));
    Ok((begins(bytes, first.into())?, Context { variant: shape.packed(), ..context(ETHERNET, start) }))
}

fn read(rest: &[u8], context: &Context) -> Option<Item> {
    let shape = Shape::of(context);
    let data_at = shape.record_header();
    let head = rest.get(..data_at)?;
    let (ticks, wire_len, captured) = (long(head, 0)?, half(head, 8)?, half(head, 10)?);
    Some(Item::Frame(Header {
        time: context.start.plus(shape.span(ticks)),
        link: ETHERNET,
        wire_len: wire_len.into(),
        captured: captured.into(),
        data_at,
        length: data_at + usize::from(captured),
    }))
}

/// Where the records end.
fn end(bytes: &[u8]) -> u64 {
    word(bytes, 28).map_or(u64::MAX, u64::from).min(bytes.len() as u64)
}

fn frames<'a>(bytes: &'a [u8], context: &mut Context, from: u64, limit: u64, sink: &mut dyn FnMut(Frame<'a>)) -> Stop {
    super::frames(bytes, context, (from, limit, end(bytes)), sink, read)
}

fn boundary(bytes: &[u8], context: &Context, from: u64, limit: u64) -> Option<u64> {
    super::boundary(bytes, context, from, limit, read)
}
