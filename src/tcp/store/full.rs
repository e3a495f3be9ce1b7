//! Flows in full, in places that are taken again. What begins with a SYN is made where it stands, for a flow is large, and with
//! the lists of its scoreboards as a flow before left them there: they are bounded, and are not asked for anew.

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
            // Few flows have one; its memory is another flow's worth.
            place.flow.previous = None;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn places_are_taken_again_and_give_nothing_while_they_are_free() {
        let mut full = Full::default();
        let at = |time| move |flow: &mut Flow| flow.last = Timestamp(time);
        let [first, second] = [1, 2].map(|time| full.hold(at(time)));
        full.get_mut(first).expect("a flow").succeed(Flow::blank().current);
        for _ in 0..2 {
            full.leave(first);
            assert!(full.get(first).is_none() && full.get_mut(first).is_none());
            assert_eq!((full.len(), full.room()), (1, 2));
        }
        assert!(full.places.get(first as usize).is_some_and(|place| place.flow.previous.is_none()));
        assert_eq!(full.hold(at(3)), first);
        assert_eq!(full.hold(at(4)), 2, "no place twice");
        full.leave(second);
        let mut left = Vec::new();
        full.drain(|flow| left.push(flow.last.0));
        assert_eq!(left, [3, 4]);
    }
}
