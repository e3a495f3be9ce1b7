//! How the frames of a file are seen: which are taken, and what they are within the run and the chain.

use super::plan::File;
use super::selection::Chosen;
use crate::capture::Frame;
use crate::wire::{self, Fragment, Keys, Packet, Rare, Reassembler, Segment, Whole};

/// The same for every frame of a run, however often it is read.
#[derive(Clone, Debug)]
pub struct Lens {
    /// Of the flow hash.
    pub keys: Keys,
    pub chosen: Chosen,
}

/// A frame through the lens.
pub enum View {
    /// Before or after what was asked for.
    OutOfTime,
    /// The filter does not take it.
    LeftOut,
    Taken(Packet),
}

/// A packet put together from pieces, through the lens.
pub enum Assembly {
    Taken(Whole),
    /// The filter does not take it, nor the frames that its pieces came in: so many.
    LeftOut {
        pieces: u32,
    },
}

impl Lens {
    /// Whether all frames of this file are taken as they are.
    pub fn is_clear(&self, file: &File) -> bool {
        self.chosen.is_all() && file.interfaces.is_empty()
    }

    /// The segment of a frame of the plainest shape, where the lens is clear; what few have goes into `rare`.
    #[inline(always)]
    pub fn plain(&self, frame: &Frame<'_>, rare: &mut Option<Rare>) -> Option<Segment> {
        self.straight(frame, rare, wire::decode_plain)
    }

    /// The same behind other link headers than the plainest.
    pub fn plain_other(&self, frame: &Frame<'_>, rare: &mut Option<Rare>) -> Option<Segment> {
        self.straight(frame, rare, wire::decode_plain_other)
    }

    /// What a short way gives. Builds with debug assertions see that the long one leads there, too.
    #[inline(always)]
    fn straight(
        &self,
        frame: &Frame<'_>,
        rare: &mut Option<Rare>,
        decode: impl FnOnce(&Frame<'_>, &Keys, &mut Option<Rare>) -> Option<Segment>,
    ) -> Option<Segment> {
        if frame.remark.is_some() {
            return None;
        }
        let segment = decode(frame, &self.keys, rare)?;
        if cfg!(debug_assertions) {
            let decoded = wire::decode(frame, &self.keys);
            assert!(
                matches!(&decoded, Packet::Segment(same, beside) if *same == segment && beside == rare),
                "{segment:?} is {decoded:?}"
            );
        }
        Some(segment)
    }

    /// What a frame of this file is.
    #[inline(always)]
    pub fn view(&self, frame: &Frame<'_>, file: &File) -> View {
        if !self.chosen.is_all() && !self.chosen.is_in_time(frame) {
            return View::OutOfTime;
        }
        let mut packet = wire::decode(frame, &self.keys);
        // A piece alone does not tell: only the first has ports.
        let is_piece = matches!(packet, Packet::Fragment(_));
        if !self.chosen.is_all() && !is_piece && !self.chosen.matches(|| wire::headers(frame)) {
            return View::LeftOut;
        }
        if !file.interfaces.is_empty() {
            rename_interface(&mut packet, &file.interfaces);
        }
        View::Taken(packet)
    }

    /// Takes a piece, with the bytes that begin with the frame that holds it; gives the packet that it completes.
    #[cold]
    pub fn put_together(&self, reassembler: &mut Reassembler, piece: &Fragment, bytes: &[u8]) -> Option<Assembly> {
        let whole = reassembler.take(piece, bytes, &self.keys)?;
        let is_taken = self.chosen.matches(|| wire::headers_of_whole(piece, bytes, &whole));
        Some(if is_taken { Assembly::Taken(whole) } else { Assembly::LeftOut { pieces: whole.pieces } })
    }
}

/// Gives a packet's interface the name that it has within the chain.
#[cold]
fn rename_interface(packet: &mut Packet, names: &[u16]) {
    let interface = match packet {
        Packet::Segment(segment, _) => &mut segment.interface,
        Packet::Fragment(piece) => &mut piece.interface,
        Packet::IcmpError(_) | Packet::Arp(_) | Packet::Dns(_) | Packet::Other(_) => return,
    };
    *interface = names.get(usize::from(*interface)).copied().unwrap_or(*interface);
}
