//! Ranges of sequence numbers on their way.

use crate::seq::Seq;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A sent range that is not yet acknowledged: when, up to where, and whether again.
///
/// Two words, which are handed on in registers. With three fields it is assembled in memory and read back at once, which waits
/// for the stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub time: Timestamp,
    /// The number after the last one, and below it a bit for a range that was sent again.
    until: u64,
}

impl Sent {
    pub fn new(end: Seq, time: Timestamp, resent: bool) -> Self {
        Self { time, until: u64::from(end.0) << 1 | u64::from(resent) }
    }

    pub fn end(self) -> Seq {
        Seq((self.until >> 1) as u32)
    }

    pub fn is_resent(self) -> bool {
        self.until & 1 != 0
    }

    pub fn resend(&mut self) {
        self.until |= 1;
    }
}
