//! What speaks for and against the nominal sender of a RST having sent it: the reasons behind `reset_origin`.

use crate::seq::Seq;
use crate::tcp::{Side, Summary};
use crate::time::Span;
use crate::wire::{Flags, Segment};

/// The RST beside what its nominal sender and its target had sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetEvidence {
    /// TTL or hop limit of the RST.
    pub ttl: u8,
    /// Least and greatest one of the sender's other segments, if it sent any.
    pub ttl_others: Option<(u8, u8)>,
    /// How far its sequence number lies beyond what the target had acknowledged, where that is known.
    pub beyond: Option<i32>,
    /// It has the ACK flag.
    pub acks: bool,
    pub window: u16,
    /// Since the sender's last segment.
    pub after_own: Option<Span>,
    /// Since the target's last segment.
    pub after_target: Option<Span>,
}

impl ResetEvidence {
    /// `before` is the connection as it stood when `side` seemed to send the RST.
    pub(super) fn of(before: &Summary, side: Side, segment: &Segment) -> Self {
        let (sender, target) = (&before[side], &before[side.peer()]);
        let spoke = sender.packets > sender.rsts;
        let expected = target.rcv_nxt.or(before[side].snd_nxt.filter(|_| target.packets == 0));
        Self {
            ttl: segment.ttl,
            ttl_others: spoke.then_some((sender.ttl_min, sender.ttl_max)),
            beyond: expected.map(|expected: Seq| segment.seq.since(expected)),
            acks: segment.flags.any(Flags::ACK),
            window: segment.window,
            after_own: sender.last.get().map(|last| segment.time.since(last)),
            after_target: target.last.get().map(|last| segment.time.since(last)),
        }
    }
}
