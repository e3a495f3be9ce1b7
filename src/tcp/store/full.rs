//! Flows in full, in places that are taken again together with what a flow before left there: its memory need not be asked for
//! anew, and a flow is made where it stands, for it is large.

use crate::blocks::Blocks;
use crate::tcp::flow::Flow;

#[derive(Debug, Default)]
pub(super) struct Full {
    places: Blocks<Place>,
    free: Vec<u32>,
    len: usize,
}

#[derive(Debug)]
struct Place {
    is_held: bool,
    flow: Flow,
}

impl Full {
    /// Takes a place, in which stands whatever was left there: `make` makes it the flow.
    pub fn hold(&mut self, make: impl FnOnce(&mut Flow)) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { is_held: false, flow: Flow::blank() });
            self.room() - 1
        });
        if let Some(place) = self.places.get_mut(number as usize) {
            make(&mut place.flow);
            place.is_held = true;
            self.len += 1;
        }
        number
    }

    pub fn get(&self, number: u32) -> Option<&Flow> {
        self.places.get(number as usize).filter(|place| place.is_held).map(|place| &place.flow)
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut Flow> {
        self.places.get_mut(number as usize).filter(|place| place.is_held).map(|place| &mut place.flow)
    }

    /// The flow is of no use any more.
    pub fn leave(&mut self, number: u32) {
        if let Some(place) = self.places.get_mut(number as usize).filter(|place| place.is_held) {
            place.is_held = false;
            place.flow.previous = None; // few flows have one
            self.len -= 1;
            self.free.push(number);
        }
    }

    /// Flows held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Places used so far, free ones included: numbers are below.
    pub fn room(&self) -> u32 {
        self.places.len() as u32
    }

    /// Every flow, by number; memory is given back block by block.
    pub fn drain(self, leave: impl FnMut(Flow)) {
        self.places.into_blocks().flatten().filter(|place| place.is_held).map(|place| place.flow).for_each(leave);
    }
}
