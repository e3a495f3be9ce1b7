//! Frames that are there twice: by a mirror port, by capturing on several interfaces, or by the network.

use super::{FAR, Origin};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::wire::{Flags, Segment};
use serde::{Deserialize, Serialize};

/// Frames equal in header within this time, with equal IP ID, are one packet captured twice.
const SAME_PACKET: Span = Span::from_micros(1000);
/// The same for another interface, VLAN or routing hop: switches mirror and hosts forward with some delay.
const MIRROR: Span = Span::from_micros(5000);
/// A packet that the network doubled arrives twice within this time.
const DOUBLED: Span = Span::from_micros(200_000);

/// A frame's header, to be compared with the next ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub time: Timestamp,
    pub seq: Seq,
    ack: Seq,
    len: u32,
    ts_value: u32,
    flags: u16,
    window: u16,
    ip_id: u16,
    interface: u16,
    vlan: u16,
    ttl: u8,
}

impl Seen {
    pub(super) fn of(segment: &Segment) -> Self {
        Self {
            time: segment.time,
            seq: segment.seq,
            ack: segment.ack,
            len: segment.len,
            ts_value: segment.ts_value,
            flags: segment.flags.0,
            window: segment.window,
            ip_id: segment.ip_id,
            interface: segment.interface,
            vlan: segment.vlan,
            ttl: segment.ttl,
        }
    }

    /// Who doubled the older frame into this one, if somebody did. `occupies`: it takes sequence numbers or says more than
    /// an acknowledgement.
    #[inline]
    pub(super) fn doubles(&self, old: &Self, occupies: bool) -> Option<Origin> {
        let same_header = (old.seq, old.ack, old.len, old.flags, old.window, old.ts_value)
            == (self.seq, self.ack, self.len, self.flags, self.window, self.ts_value);
        if !same_header {
            return None;
        }
        let age = self.time.since(old.time).0.saturating_abs();
        let has_id = self.ip_id != 0 && old.ip_id == self.ip_id;
        let elsewhere = old.interface != self.interface || old.vlan != self.vlan || old.ttl.abs_diff(self.ttl) == 1;
        if has_id && age <= SAME_PACKET.0 || elsewhere && old.ip_id == self.ip_id && age <= MIRROR.0 {
            return Some(Origin::Capture);
        }
        // The same packet later: the network doubled it. A stack gives a repeat a new IP ID, or 0 again.
        (has_id && occupies && age <= DOUBLED.0).then_some(Origin::Network)
    }

    /// It ends at or before `next`, and acknowledges nothing beyond `received`; or it is a SYN, like which nothing goes on.
    pub(super) fn lies_before(&self, next: Seq, received: Seq) -> bool {
        if self.flags & Flags::SYN.0 != 0 {
            return true;
        }
        let ends = next.since(self.seq.plus(self.len));
        (0..FAR).contains(&ends) && (self.len > 0 || (0..FAR).contains(&received.since(self.ack)))
    }

    /// Whether a frame from `now` on can double it.
    pub(super) fn may_be_doubled(&self, now: Timestamp) -> bool {
        now.since(self.time).0 <= DOUBLED.0
    }
}
