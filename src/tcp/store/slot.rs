//! Where a flow stands: what the index of a store tells of it.

use crate::tcp::OnTape;

/// The form of a flow, and its number there, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// The part of a slot that is the number: memory ends long before 2^30 flows of a lane. Of a flow on tape it is the place there.
const NUMBER: u32 = OnTape::MOST - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Embryo,
    Full,
    Taped,
}

impl Slot {
    pub fn new(form: Form, number: u32) -> Self {
        Self((form as u32) << 30 | (number & NUMBER))
    }

    pub fn split(self) -> (Form, u32) {
        let form = match self.0 >> 30 {
            0 => Form::Embryo,
            1 => Form::Full,
            _ => Form::Taped,
        };
        (form, self.0 & NUMBER)
    }
}
