//! How the records of a pcap differ from the format's: old versions, and programs that lengthened the header of a record
//! without a magic number of their own. Those can only be told by reading the first records each way.

use super::{FILE_HEADER, MAX_CAPTURED};
use crate::capture::Context;
use byteorder_slice::ByteOrder;

/// How the records of a file differ from the format's; stored as [`Context::variant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    Standard = 0,
    /// Version below 2.3: the two lengths stand in the other order.
    Swapped = 1,
    /// Version 2.3, and AIX: written both ways; the captured length is the smaller one.
    SmallerFirst = 2,
    /// Alexey Kuznetsov's patches of April and October 1999 (Red Hat 6.1 and others): interface, protocol, packet type.
    Modified = 3,
    /// His patch of September 1999 (SuSE 6.3): two fields for debugging more.
    ModifiedSmp = 4,
    /// Nokia IPSO (Check Point): four bytes more.
    Nokia = 5,
    /// AIX puts three bytes before FDDI frames and counts them.
    AixFddi = 6,
}

/// Records that are read to tell variants apart.
const TRIED: usize = 3;
/// What is said to have been longer on the wire is taken for another field.
const MAX_ORIGINAL: u32 = 128 << 20;

impl Variant {
    pub(super) fn of(context: &Context) -> Self {
        match context.variant {
            1 => Self::Swapped,
            2 => Self::SmallerFirst,
            3 => Self::Modified,
            4 => Self::ModifiedSmp,
            5 => Self::Nokia,
            6 => Self::AixFddi,
            _ => Self::Standard,
        }
    }

    /// Bytes before a record's data.
    fn header_len(self) -> usize {
        match self {
            Self::Standard | Self::Swapped | Self::SmallerFirst => 16,
            Self::AixFddi => 19,
            Self::Nokia => 20,
            Self::Modified => 24,
            Self::ModifiedSmp => 28,
        }
    }

    /// Which variant the first records of a file fit: `usual`, unless they fit it with some oddity and another without any.
    pub(super) fn told<B: ByteOrder>(usual: Self, others: &[Self], bytes: &[u8], snaplen: u32) -> Self {
        let snaplen = if snaplen == 0 { MAX_CAPTURED } else { snaplen };
        let fits = |variant: &&Self| variant.fits::<B>(bytes, snaplen);
        if fits(&&usual) { usual } else { others.iter().find(fits).copied().unwrap_or(usual) }
    }

    /// Whether nothing in the first records is what no file of this variant has.
    fn fits<B: ByteOrder>(self, bytes: &[u8], snaplen: u32) -> bool {
        let mut at = FILE_HEADER;
        for _ in 0..TRIED {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(header) = Header::read::<B>(rest, self) else { return rest.is_empty() };
            let sound = header.fraction < 1_000_000
                && header.captured <= snaplen
                && header.captured <= header.original
                && header.original <= MAX_ORIGINAL
                && self.extras_fit::<B>(rest);
            if !sound {
                return false;
            }
            at += header.length + header.captured as usize;
        }
        at <= bytes.len()
    }

    /// The same of what stands between a record's lengths and its data.
    fn extras_fit<B: ByteOrder>(self, header: &[u8]) -> bool {
        let word = |at: usize| header.get(at..at + 4).map_or(0, B::read_u32);
        match self {
            Self::Modified | Self::ModifiedSmp => {
                let (interface, kind) = (word(16), header.get(22).copied().unwrap_or_default());
                let protocol = header.get(20..22).map_or(0, B::read_u16);
                // An EtherType, or one of the numbers that Linux uses where there is none (if_ether.h).
                let known = protocol >= 0x0600 || protocol <= 0x17 || [0x60, 0x200, 0x400].contains(&protocol);
                interface <= 10_000 && known && kind <= 4
            }
            Self::Nokia => {
                let extra = word(16);
                let digits = [extra >> 28, extra >> 12 & 15, extra >> 8 & 15, extra & 15];
                let seen = [[9, 11], [11, 13], [6, 9], [1, 2]];
                let written = extra & 0x0fff_00f0 == 0x0fbf_0000;
                // Converters write zero.
                extra == 0 || written && digits.iter().zip(seen).all(|(digit, seen)| seen.contains(digit))
            }
            Self::Standard | Self::Swapped | Self::SmallerFirst | Self::AixFddi => true,
        }
    }
}

/// The fields of a record header, in the meaning that the variant gives them.
pub(super) struct Header {
    pub seconds: u32,
    pub fraction: u32,
    pub captured: u32,
    pub original: u32,
    /// Bytes before the data.
    pub length: usize,
}

impl Header {
    pub(super) fn read<B: ByteOrder>(rest: &[u8], variant: Variant) -> Option<Self> {
        let length = variant.header_len();
        let bytes = rest.get(..length)?;
        let word = |at: usize| bytes.get(at..at + 4).map_or(0, B::read_u32);
        let (first, second) = (word(8), word(12));
        let (captured, original) = match variant {
            Variant::Swapped => (second, first),
            Variant::SmallerFirst => (first.min(second), first.max(second)),
            Variant::AixFddi => (first.min(second).saturating_sub(3), first.max(second).saturating_sub(3)),
            Variant::Standard | Variant::Modified | Variant::ModifiedSmp | Variant::Nokia => (first, second),
        };
        Some(Self { seconds: word(0), fraction: word(4), captured, original, length })
    }
}
