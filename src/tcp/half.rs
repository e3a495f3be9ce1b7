//! One side of a connection.

use super::moment::Moment;
use super::rtt::Rtt;
use super::state::{State, Teardown};
use super::words::words;
use crate::seq::Seq;
use crate::time::Span;

words! {
    /// One side of a connection: what it sent, and what became of that.
    ///
    /// In the order of memory: what segments touch most lies together, in few cache lines.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    #[repr(C)]
    pub struct Half {
        // What nearly every segment reads or moves of both sides: one cache line.
        /// SND.NXT as far as seen: the number after the last one sent.
        pub snd_nxt: Option<Seq>,
        /// SND.UNA: the highest acknowledgement by the peer.
        pub snd_una: Option<Seq>,
        /// RCV.NXT as its own acknowledgements prove it.
        pub rcv_nxt: Option<Seq>,
        /// Its oldest payload still unacknowledged was first sent then.
        pub unacked_since: Moment,
        /// It last sent something that asks for an acknowledgement and has had none.
        pub awaiting: Moment,
        pub first_data: Moment,
        /// Repeats of payload, keep-alives and probes since the peer was last heard.
        pub silent_repeats: u32,
        /// The last window it announced, scaled; RSTs do not announce.
        pub window: u32,
        pub mss: Option<u16>,
        pub window_scale: Option<u8>,
        pub ttl_min: u8,
        pub ttl_max: u8,

        // What it moves of its sender: another.
        pub packets: u32,
        /// How much its acknowledgement number advanced last.
        pub last_ack_advance: u32,
        /// Payload by sequence number, each byte once, bytes never seen but acknowledged included.
        pub bytes: u64,
        /// Payload carried, retransmissions included.
        pub carried: u64,
        pub wire_bytes: u64,
        pub last: Moment,
        pub last_data: Moment,
        pub min_window: Option<u32>,
        /// It sent new payload since its acknowledgement number last advanced.
        pub payload_since_advance: bool,
        /// Its acknowledgement number advanced at all.
        pub ack_advanced: bool,
        /// The last advance came with or before its own FIN.
        pub advanced_before_fin: bool,
        /// Its SYN was acknowledged by a segment that is no RST.
        pub syn_acked: bool,
        /// It probed the peer's closed window since that closed.
        pub probed: bool,
        /// It sent new payload after acknowledging the peer's FIN.
        pub payload_after_fin_received: bool,
        /// It sent its FIN again.
        pub fin_resent: bool,
        /// It sent its FIN again after this was acknowledged.
        pub fin_resent_after_ack: bool,

        // What an acknowledgement moves of whom it acknowledges, and what fits behind it.
        /// Its first payload was acknowledged.
        pub first_data_acked: Moment,
        /// Its payload was last acknowledged.
        pub last_data_acked: Moment,
        pub rtt: Rtt,
        /// SYN_SENT, SYN_RECEIVED or ESTABLISHED, once known.
        pub opening: Option<State>,
        pub teardown: Teardown,
        pub sack_permitted: bool,
        pub timestamps: bool,

        // The rest.
        /// Since when the window it announced has been zero.
        pub zero_window_since: Moment,
        /// A segment with ACK and without SYN and RST was sent.
        pub acked_plainly: Moment,
        /// Payload acknowledged by the peer but never seen: a gap in the capture.
        pub gap_bytes: u64,
        /// Time its window was zero, ended episodes only.
        pub zero_window_time: Span,
        pub first: Moment,
        pub fin: Moment,
        pub fin_frame: u64,
        /// It acknowledged the peer's FIN.
        pub fin_received: Moment,
        /// Initial sequence number, of a SYN or SYN-ACK or inferred from the acknowledgement of an unseen one.
        pub iss: Option<Seq>,
        /// Sequence number of its FIN.
        pub fin_seq: Option<Seq>,
        /// SYN-ACKs sent again after an acknowledgement of them, with nothing else sent since.
        pub synack_repeats: u32,
        /// What it had acknowledged when it first sent its FIN.
        pub acked_by_fin: Option<Seq>,
        pub syns: u32,
        /// SYNs without ACK, copies by the network or the capture aside.
        pub tries: u32,
        pub synacks: u32,
        pub fins: u32,
        pub rsts: u32,
        pub retransmissions_timeout: u32,
        pub retransmissions_fast: u32,
        pub retransmissions_spurious: u32,
        pub most_repeats: u32,
        pub keep_alives: u32,
        pub window_probes: u32,
        pub reordered: u32,
        pub duplicates_network: u32,
        pub duplicates_capture: u32,
        pub duplicate_acks: u32,
        pub zero_windows: u32,
    }
}
