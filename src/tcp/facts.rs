//! What is known of a connection and fits a bit.

/// A bit of a connection that is no count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub u32);

impl Facts {
    /// A SYN of the client was seen.
    pub const SYN: Self = Self(1 << 0);
    /// An acceptable SYN-ACK was seen.
    pub const SYNACK: Self = Self(1 << 1);
    /// A SYN with FIN was seen.
    pub const SYN_FIN: Self = Self(1 << 2);
    /// A segment without SYN that carried payload or FIN with ACK: somebody talks.
    pub const SPOKEN: Self = Self(1 << 3);
    /// A segment that is no RST and has ACK.
    pub const ACKED: Self = Self(1 << 4);
    /// Segments that differ from the first bare ACK, in a connection that began with one.
    pub const VARIED: Self = Self(1 << 5);
    /// A RST with the sequence number that a bare ACK acknowledged.
    pub const ACK_ANSWERED: Self = Self(1 << 6);
    /// The server answered the SYN with an acknowledgement of something else.
    pub const CHALLENGED: Self = Self(1 << 7);
    /// A newer connection took the flow.
    pub const SUCCEEDED: Self = Self(1 << 8);
    /// A SYN came after the last refusal or rejection.
    pub const SYN_AFTER_REFUSAL: Self = Self(1 << 9);
    /// Segments longer than the MSS, or IP length 0.
    pub const OFFLOAD: Self = Self(1 << 10);
    /// A header cut by the snap length.
    pub const SNAPLEN: Self = Self(1 << 11);
    /// The table was full and this connection was finished early.
    pub const EVICTED: Self = Self(1 << 12);
    /// Both sides sent a SYN without ACK.
    pub const SIMULTANEOUS: Self = Self(1 << 13);
    /// IPv6.
    pub const V6: Self = Self(1 << 14);
    /// A RST that changed nothing.
    pub const RST_IGNORED: Self = Self(1 << 15);
    /// An effective RST was taken back by what its sender sent later.
    pub const RST_TAKEN_BACK: Self = Self(1 << 16);
    /// TCP Fast Open: payload on the SYN or its option.
    pub const FAST_OPEN: Self = Self(1 << 18);
    /// MPTCP option seen.
    pub const MPTCP: Self = Self(1 << 19);
    /// ECN set-up asked for on the SYN.
    pub const ECN_SETUP: Self = Self(1 << 20);

    pub const fn has(self, fact: Self) -> bool {
        self.0 & fact.0 != 0
    }

    pub const fn set(&mut self, fact: Self) {
        self.0 |= fact.0;
    }

    pub const fn clear(&mut self, fact: Self) {
        self.0 &= !fact.0;
    }
}
