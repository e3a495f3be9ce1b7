//! What becomes of a connection: decided before its first packet, and written into the truth.

/// The labels of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    ClosedByClient,
    ClosedByServer,
    /// Both FINs crossed.
    ClosedByBoth,
    /// The server's FIN is answered by a RST instead of a FIN.
    FinThenRst,
    Refused,
    /// Four SYNs, no answer.
    Unanswered,
    /// Four SYN-ACKs, no answer.
    HalfOpen,
    /// The client has closed, and the server goes on sending.
    HalfClosedByClient,
    /// The server has closed, and the client never does.
    HalfClosedByServer,
    RstByClient,
    RstByServer,
    /// The start was not captured, and the end neither.
    MidstreamOpen,
    /// The start was not captured.
    MidstreamClosed,
    Established,
    ScanOpen,
    ScanClosed,
    ScanFiltered,
    /// A single SYN of a flood.
    Flood,
}

impl Fate {
    /// The ordinary mixture: `draw` is 0 to 999.
    pub(crate) fn of_draw(draw: u64) -> Self {
        match draw {
            0..=389 => Self::ClosedByClient,
            390..=789 => Self::ClosedByServer,
            790..=799 => Self::ClosedByBoth,
            800..=814 => Self::FinThenRst,
            815..=844 => Self::Refused,
            845..=869 => Self::Unanswered,
            870..=884 => Self::HalfOpen,
            885..=899 => Self::HalfClosedByClient,
            900..=914 => Self::HalfClosedByServer,
            915..=934 => Self::RstByClient,
            935..=949 => Self::RstByServer,
            950..=959 => Self::MidstreamOpen,
            960..=969 => Self::MidstreamClosed,
            970..=979 => Self::Established,
            980..=984 => Self::ScanOpen,
            985..=991 => Self::ScanClosed,
            _ => Self::ScanFiltered,
        }
    }

    pub(crate) fn is_scan(self) -> bool {
        matches!(self, Self::ScanOpen | Self::ScanClosed | Self::ScanFiltered)
    }

    /// Both sides closed as they should.
    pub(crate) fn is_orderly(self) -> bool {
        matches!(self, Self::ClosedByClient | Self::ClosedByServer)
    }

    /// As the truth prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClosedByClient => "closed_by_client",
            Self::ClosedByServer => "closed_by_server",
            Self::ClosedByBoth => "closed_simultaneous",
            Self::FinThenRst => "fin_then_rst",
            Self::Refused => "refused",
            Self::Unanswered | Self::Flood => "syn_unanswered",
            Self::HalfOpen => "half_open",
            Self::HalfClosedByClient => "half_closed_client",
            Self::HalfClosedByServer => "half_closed_server",
            Self::RstByClient => "rst_by_client",
            Self::RstByServer => "rst_by_server",
            Self::MidstreamOpen => "midstream_open",
            Self::MidstreamClosed => "midstream_closed",
            Self::Established => "established",
            Self::ScanOpen => "scan_open",
            Self::ScanClosed => "scan_closed",
            Self::ScanFiltered => "scan_filtered",
        }
    }

    /// Last states of client and server, as the segments prove them.
    pub fn states(self) -> [&'static str; 2] {
        match self {
            Self::ClosedByClient | Self::MidstreamClosed => ["TIME_WAIT", "CLOSED"],
            Self::ClosedByServer => ["CLOSED", "TIME_WAIT"],
            Self::ClosedByBoth => ["TIME_WAIT", "TIME_WAIT"],
            Self::FinThenRst
            | Self::RstByClient
            | Self::RstByServer
            | Self::Refused
            | Self::ScanOpen
            | Self::ScanClosed => ["CLOSED", "CLOSED"],
            Self::Unanswered | Self::ScanFiltered | Self::Flood => ["SYN_SENT", "NONE"],
            Self::HalfOpen => ["SYN_SENT", "SYN_RECEIVED"],
            Self::HalfClosedByClient => ["FIN_WAIT_2", "CLOSE_WAIT"],
            Self::HalfClosedByServer => ["CLOSE_WAIT", "FIN_WAIT_2"],
            Self::MidstreamOpen | Self::Established => ["ESTABLISHED", "ESTABLISHED"],
        }
    }

    /// How far the handshake went.
    pub fn handshake(self) -> &'static str {
        match self {
            Self::Refused | Self::ScanClosed => "refused",
            Self::Unanswered | Self::ScanFiltered | Self::Flood => "syn_only",
            Self::HalfOpen | Self::ScanOpen => "no_final_ack",
            Self::MidstreamOpen | Self::MidstreamClosed => "none",
            Self::ClosedByClient
            | Self::ClosedByServer
            | Self::ClosedByBoth
            | Self::FinThenRst
            | Self::HalfClosedByClient
            | Self::HalfClosedByServer
            | Self::RstByClient
            | Self::RstByServer
            | Self::Established => "complete",
        }
    }
}
