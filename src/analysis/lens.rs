//! How the frames of a file are seen: which are taken, and what they are within the run and the chain.

use super::plan::File;
use super::selection::Chosen;
use crate::capture::Frame;
use crate::wire::{self, Keys, Packet};

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

impl Lens {
    /// What a frame of this file is.
    #[inline(always)]
    pub fn view(&self, frame: &Frame<'_>, file: &File) -> View {
        if !self.chosen.is_all() {
            if !self.chosen.is_in_time(frame) {
                return View::OutOfTime;
            }
            if !self.chosen.matches(frame) {
                return View::LeftOut;
            }
        }
        let mut packet = wire::decode(frame, &self.keys);
        if !file.interfaces.is_empty() {
            rename_interface(&mut packet, &file.interfaces);
        }
        View::Taken(packet)
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
