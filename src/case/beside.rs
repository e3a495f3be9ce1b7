//! What stands beside connections and is the same for many of them: names, tunnels, remarks. A connection keeps a number
//! ([`crate::tcp::Aside`]), a lane the list, so that what a name costs does not depend on how many connections have it.

use crate::capture::Told;
use crate::tcp::{Connection, Side};
use crate::wire::{self, Marks, NameFrom, Passage, Segment};
use std::collections::HashMap;
use std::hash::Hash;

/// Different ones kept of each, in one lane of one point: the first ones in the order of the file.
const MOST: usize = 16_384;

/// The lists of one lane.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Names that connections said themselves.
    pub names: List<(NameFrom, String)>,
    /// Tunnels, outermost first.
    pub tunnels: List<Vec<Passage>>,
    pub remarks: List<Told>,
}

impl Beside {
    /// Notes what only the frame of a segment of `connection` says, where that is new. `tunnels` are those of a first frame.
    pub fn note(
        &mut self,
        connection: &mut Connection,
        segment: &Segment,
        frame: Option<&[u8]>,
        tunnels: Vec<Passage>,
        remark: Option<&Told>,
    ) {
        let side = connection.summary().side_of(segment.way);
        let aside = connection.aside();
        if !tunnels.is_empty() {
            aside.tunnels = self.tunnels.number(tunnels);
        }
        if let Some(told) = remark {
            match self.remarks.get(aside.remark) {
                None => aside.remark = self.remarks.number(told.clone()),
                Some(known) if known == told => {} // as on most packets of one program
                Some(known) => {
                    let both = known.with(told);
                    let number = self.remarks.number(both);
                    aside.remark = if number == 0 { aside.remark } else { number };
                }
            }
        }
        if aside.name == 0
            && side == Side::Client
            && segment.marks.has(Marks::NAMED)
            && let Some((_, payload)) = frame.and_then(|frame| wire::payload(frame, segment.ip_at))
            && let Some(named) = wire::name::name(payload)
        {
            aside.name = self.names.number(named);
        }
    }

    /// Nothing more will be added: what only finding needs is given back.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.names.numbers = HashMap::new();
        self.tunnels.numbers = HashMap::new();
        self.remarks.numbers = HashMap::new();
        self
    }

    /// Those for which there was no room.
    pub fn beyond(&self) -> u64 {
        self.names.beyond + self.tunnels.beyond + self.remarks.beyond
    }
}

/// Different values, each with a number from 1 on; 0 is none.
#[derive(Clone, Debug)]
pub struct List<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
    beyond: u64,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new(), beyond: 0 }
    }
}

impl<T: Clone + Eq + Hash> List<T> {
    /// The number of a value, new if need be; 0 where there is no room for it.
    pub fn number(&mut self, value: T) -> u32 {
        if let Some(&number) = self.numbers.get(&value) {
            return number;
        }
        if self.values.len() >= MOST {
            self.beyond += 1;
            return 0;
        }
        self.values.push(value.clone());
        let number = self.values.len() as u32;
        self.numbers.insert(value, number);
        number
    }

    /// The value with this number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.values.get((number as usize).checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number_and_0_is_none() {
        let mut list = List::default();
        assert_eq!([list.number("a"), list.number("b"), list.number("a")], [1, 2, 1]);
        assert_eq!([list.get(0), list.get(1), list.get(2), list.get(3)], [None, Some(&"a"), Some(&"b"), None]);
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted() {
        let mut list = List::default();
        let numbers: Vec<u32> = (0..MOST + 2).map(|value| list.number(value)).collect();
        assert_eq!((numbers[MOST - 1], numbers[MOST], list.number(0), list.beyond), (MOST as u32, 0, 1, 2));
    }
}
