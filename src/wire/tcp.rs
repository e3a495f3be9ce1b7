//! TCP headers: the twenty fixed bytes and all options.

use crate::seq::Seq;

/// Parts of a segment that few have: options of SYNs, SACK blocks, the urgent pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    /// Maximum segment size (RFC 9293 3.7.1), bytes.
    pub mss: Option<u16>,
    /// Window scale shift (RFC 7323 2.2), as sent; values above 14 count as 14.
    pub window_scale: Option<u8>,
    pub sack_permitted: bool,
    /// SACK blocks (RFC 2018), in order; a first block at or below the acknowledgement number is a D-SACK (RFC 2883).
    pub sack: [(Seq, Seq); 4],
    pub sack_count: u8,
    /// TCP Fast Open option (RFC 7413) was present.
    pub fast_open: bool,
    /// MPTCP option (RFC 8684) was present.
    pub mptcp: bool,
    /// MD5 (RFC 2385) or TCP-AO (RFC 5925) signature was present.
    pub signed: bool,
    pub urgent: Option<u16>,
}

impl Rare {
    pub fn sack_blocks(&self) -> &[(Seq, Seq)] {
        self.sack.get(..usize::from(self.sack_count)).unwrap_or(&self.sack)
    }
}
