//! The eleven states of RFC 9293 3.3.2, and the one place that says which of them an endpoint's facts show.
//!
//! An observer cannot see transitions, only what their causes leave on the wire. So a state is never stored
//! and stepped; it is read off what the endpoint has sent, what of that was acknowledged, and what it has
//! acknowledged itself. Taking a step back (a FIN sent again was not received after all) is then no special case.

use super::words::{choices, words};
use serde::{Deserialize, Serialize};

/// Connection states, spelled in data as netstat users know them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum State {
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    Closed,
}

choices!(State: State::ALL);

impl State {
    pub const ALL: [Self; 11] = [
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
        Self::Closed,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN_SENT",
            Self::SynReceived => "SYN_RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN_WAIT_1",
            Self::FinWait2 => "FIN_WAIT_2",
            Self::CloseWait => "CLOSE_WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::Closed => "CLOSED",
        }
    }
}

impl State {
    /// What the state means for the side that is in it (RFC 9293 3.3.2), in a sentence for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Listen => "waits for connections; a capture cannot show it",
            Self::SynSent => "sent its SYN and has not acted on an answer",
            Self::SynReceived => "answered a SYN and waits for the acknowledgement of its own",
            Self::Established => "open",
            Self::FinWait1 => "closed, its FIN is not acknowledged",
            Self::FinWait2 => "closed and acknowledged, waits for the peer to close",
            Self::CloseWait => "knows that the peer closed, its own application has not closed yet",
            Self::Closing => "both closed at once, its FIN is not acknowledged",
            Self::LastAck => "closed second, its FIN is not acknowledged",
            Self::TimeWait => "closed first, both FINs are acknowledged; remembers the connection for a while",
            Self::Closed => "gone",
        }
    }
}

words! {
    /// What the wire shows of one endpoint's own teardown.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
    pub struct Teardown {
        /// It sent a FIN.
        pub fin_sent: bool,
        /// That FIN was acknowledged after it was last sent.
        pub fin_acked: bool,
        /// A segment of its own acknowledged the peer's FIN.
        pub fin_received: bool,
        /// It had done so when it first sent its FIN: it closed second.
        pub closed_second: bool,
    }
}

/// The state that `opening` (SYN_SENT, SYN_RECEIVED or ESTABLISHED; `None` before anything is known) and the teardown
/// show, without regard to resets (RFC 9293 figure 5, read from the wire).
pub const fn shown(opening: Option<State>, teardown: Teardown) -> Option<State> {
    match teardown {
        Teardown { fin_sent: false, fin_received: false, .. } => opening,
        Teardown { fin_sent: false, fin_received: true, .. } => Some(State::CloseWait),
        Teardown { closed_second: true, fin_acked: false, .. } => Some(State::LastAck),
        Teardown { closed_second: true, fin_acked: true, .. } => Some(State::Closed),
        Teardown { fin_acked: false, fin_received: false, .. } => Some(State::FinWait1),
        Teardown { fin_acked: true, fin_received: false, .. } => Some(State::FinWait2),
        Teardown { fin_acked: false, fin_received: true, .. } => Some(State::Closing),
        Teardown { fin_acked: true, fin_received: true, .. } => Some(State::TimeWait),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(fin_sent: bool, fin_acked: bool, fin_received: bool, closed_second: bool) -> &'static str {
        let teardown = Teardown { fin_sent, fin_acked, fin_received, closed_second };
        shown(Some(State::Established), teardown).map_or("", State::name)
    }

    #[test]
    fn the_side_that_closes_first_walks_through_fin_wait_to_time_wait() {
        assert_eq!(after(false, false, false, false), "ESTABLISHED");
        assert_eq!(after(true, false, false, false), "FIN_WAIT_1");
        assert_eq!(after(true, true, false, false), "FIN_WAIT_2");
        assert_eq!(after(true, true, true, false), "TIME_WAIT");
    }

    #[test]
    fn the_side_that_closes_second_walks_through_close_wait_to_closed() {
        assert_eq!(after(false, false, true, false), "CLOSE_WAIT");
        assert_eq!(after(true, false, true, true), "LAST_ACK");
        assert_eq!(after(true, true, true, true), "CLOSED");
    }

    #[test]
    fn crossed_fins_pass_closing() {
        assert_eq!(after(true, false, true, false), "CLOSING");
        assert_eq!(after(true, true, true, false), "TIME_WAIT");
    }
}
