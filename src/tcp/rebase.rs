//! Numbers of a connection counted from its own beginning, and back: small ones take few bytes (see `sparse`).

use super::Moment;
use super::summary::{Half, Summary};
use crate::seq::Seq;
use crate::time::Timestamp;
use crate::wire::Way;

/// Which way to count anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rebase {
    /// Times from the connection's first, sequence numbers from the sender's initial one.
    ToOwn,
    /// As they stand in the capture.
    ToCapture,
}

impl Rebase {
    pub fn time(self, time: &mut Timestamp, first: Timestamp) {
        time.0 = match self {
            Self::ToOwn => time.0.wrapping_sub(first.0),
            Self::ToCapture => time.0.wrapping_add(first.0),
        };
    }

    pub fn seq(self, seq: &mut Seq, base: Seq) {
        *seq = match self {
            Self::ToOwn => seq.minus(base.0),
            Self::ToCapture => seq.plus(base.0),
        };
    }

    /// The same where 0 means that nothing is known, which stays 0. What would become 0 takes the number that 0 leaves.
    pub fn seq_or_zero(self, seq: &mut Seq, base: Seq) {
        let zero = match self {
            Self::ToOwn => Seq(0).minus(base.0),
            Self::ToCapture => base,
        };
        if *seq == Seq(0) {
            return;
        }
        self.seq(seq, base);
        if *seq == Seq(0) {
            *seq = zero;
        }
    }
}

impl Summary {
    /// Initial sequence numbers of client and server, which are not rebased themselves; 0 where they are not known.
    pub(super) fn bases(&self) -> [Seq; 2] {
        self.sides.each_ref().map(|half| half.iss.unwrap_or_default())
    }

    pub(super) fn rebase(&mut self, rebase: Rebase) {
        let (first, bases) = (self.first, self.bases());
        let moved = |moment: &mut Moment| moment.rebase(rebase, first);
        let own =
            [&mut self.syn, &mut self.synack, &mut self.established, &mut self.handshake_ack, &mut self.state_changed];
        own.into_iter().for_each(moved);
        rebase.time(&mut self.last, first);
        for (half, [base, peer]) in self.sides.iter_mut().zip([bases, [bases[1], bases[0]]]) {
            half.moments().into_iter().for_each(moved);
            let sent = [&mut half.snd_nxt, &mut half.snd_una, &mut half.fin_seq].into_iter().flatten();
            sent.for_each(|seq| rebase.seq(seq, base));
            let received = [&mut half.rcv_nxt, &mut half.acked_by_fin].into_iter().flatten();
            received.for_each(|seq| rebase.seq(seq, peer));
        }
        let base = |way: Way| bases[self.side_of(way) as usize];
        let (first_base, by_way) = (base(self.first_way), [base(Way::Up), base(Way::Down)]);
        rebase.seq(&mut self.first_seq, first_base);
        self.letters.rebase(rebase, by_way);
        if let Some(reset) = &mut self.reset {
            rebase.time(&mut reset.time, first);
            rebase.seq(&mut reset.seq, bases[reset.by as usize]);
            reset.ack.iter_mut().for_each(|ack| rebase.seq(ack, bases[reset.by.peer() as usize]));
        }
    }
}

impl Half {
    fn moments(&mut self) -> [&mut Moment; 12] {
        [
            &mut self.zero_window_since,
            &mut self.acked_plainly,
            &mut self.first,
            &mut self.last,
            &mut self.first_data,
            &mut self.last_data,
            &mut self.first_data_acked,
            &mut self.last_data_acked,
            &mut self.unacked_since,
            &mut self.fin,
            &mut self.fin_received,
            &mut self.awaiting,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_comes_back(seq: u32, base: u32, time: i64, first: i64) {
            for number in [seq, base, base.wrapping_neg(), 0] {
                let mut moved = Seq(number);
                Rebase::ToOwn.seq_or_zero(&mut moved, Seq(base));
                prop_assert_eq!(moved == Seq(0), number == 0);
                Rebase::ToCapture.seq_or_zero(&mut moved, Seq(base));
                prop_assert_eq!(moved, Seq(number));
            }
            let mut moved = Timestamp(time);
            Rebase::ToOwn.time(&mut moved, Timestamp(first));
            Rebase::ToCapture.time(&mut moved, Timestamp(first));
            prop_assert_eq!(moved, Timestamp(time));
        }
    }
}
