//! A socket, as any system's dump tells of it.

use super::Text;
use super::address::SocketAddress;
use super::measure::Measures;

/// One TCP socket of a snapshot. What the format does not carry is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// Line of the dump, counted from 1.
    pub line: u32,
    pub family: Family,
    pub local: SocketAddress,
    pub remote: SocketAddress,
    pub state: Option<SocketState>,
    /// Bytes received and not yet read; of a listener the connections that wait to be accepted.
    pub recv_q: Option<u32>,
    /// Bytes sent and not yet acknowledged; of a listener, where the format carries it, the limit of its accept queue.
    pub send_q: Option<u32>,
    pub timer: Option<Timer>,
    /// Processes that hold the socket, with the user where the format says so of a process.
    pub owners: Box<[Owner]>,
    /// User that the socket belongs to: a number or a name.
    pub user: Option<Text>,
    pub inode: Option<u64>,
    /// Directions that were closed.
    pub shutdown: Option<Shutdown>,
    /// Service that the socket belongs to: its control group, or the component that Windows names.
    pub service: Option<Text>,
    /// What else was measured: `rto`, `unacked`, `skmem_drops`, `queue_limit`.
    pub measures: Measures,
}

/// What kind of socket: an IPv6 socket may carry IPv4 (then the addresses are IPv4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Family {
    /// IPv4, or not told.
    #[default]
    V4,
    V6,
    /// A listener for both, where the format says so (`tcp46`, `*:443` of newer `ss`).
    Dual,
}

impl Family {
    /// As the `protocol` column prints it.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::V4 => "tcp",
            Self::V6 => "tcp6",
            Self::Dual => "tcp46",
        }
    }
}

/// State of the kernel's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketState {
    Established,
    SynSent,
    SynRecv,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
    /// Has a local port and neither listens nor is connected.
    Bound,
    /// Not even bound.
    Idle,
    /// Windows: being taken down.
    DeleteTcb,
}

impl SocketState {
    pub const ALL: [Self; 14] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Closed,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
        Self::Bound,
        Self::Idle,
        Self::DeleteTcb,
    ];

    /// As Linux `netstat` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::FinWait1 => "FIN_WAIT1",
            Self::FinWait2 => "FIN_WAIT2",
            Self::TimeWait => "TIME_WAIT",
            Self::Closed => "CLOSED",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::Listen => "LISTEN",
            Self::Closing => "CLOSING",
            Self::Bound => "BOUND",
            Self::Idle => "IDLE",
            Self::DeleteTcb => "DELETE_TCB",
        }
    }

    /// Of a word in any system's English spelling, also as `ss` filters spell it (`syn-recv`).
    pub fn read(word: &str) -> Option<Self> {
        let plain: String = word.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_uppercase() }).collect();
        Some(match plain.as_str() {
            "ESTABLISHED" | "ESTAB" => Self::Established,
            "SYN_SENT" | "SYNSENT" => Self::SynSent,
            "SYN_RECV" | "SYN_RECEIVED" | "SYN_RCVD" | "SYNRECEIVED" => Self::SynRecv,
            "FIN_WAIT1" | "FIN_WAIT_1" | "FINWAIT1" => Self::FinWait1,
            "FIN_WAIT2" | "FIN_WAIT_2" | "FINWAIT2" => Self::FinWait2,
            "TIME_WAIT" | "TIMEWAIT" => Self::TimeWait,
            "CLOSED" | "CLOSE" | "UNCONN" => Self::Closed,
            "CLOSE_WAIT" | "CLOSEWAIT" => Self::CloseWait,
            "LAST_ACK" | "LASTACK" => Self::LastAck,
            "LISTEN" | "LISTENING" => Self::Listen,
            "CLOSING" => Self::Closing,
            "BOUND" => Self::Bound,
            "IDLE" => Self::Idle,
            "DELETE_TCB" | "DELETETCB" => Self::DeleteTcb,
            _ => return None,
        })
    }
}

/// The timer that runs on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    pub kind: TimerKind,
    /// Until it fires, where the dump says it.
    pub left_ms: Option<u32>,
    /// Retransmissions so far (of `ss`, a half-open connection's extra SYN-ACKs too).
    pub retransmits: Option<u32>,
    /// Probes without an answer so far.
    pub probes: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    Off,
    /// Retransmission of a SYN, data or FIN.
    On,
    Keepalive,
    /// TIME_WAIT, and FIN_WAIT2 of a socket without an owner.
    TimeWait,
    /// Zero-window probing.
    Probe,
    Unknown,
}

impl TimerKind {
    /// As Linux `netstat` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Keepalive => "keepalive",
            Self::TimeWait => "timewait",
            Self::Probe => "probe",
            Self::Unknown => "unknown",
        }
    }
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Owner {
    pub pid: Option<u32>,
    pub program: Option<Text>,
    pub fd: Option<u32>,
}

/// Which directions of a socket are closed (the kernel's shutdown mask).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `<->`: none.
    None,
    /// `-->`: receiving, because the peer's FIN came or the program asked for it.
    Receive,
    /// `<--`: sending, because the program asked for it.
    Send,
    /// `---`: both.
    Both,
}

impl Shutdown {
    /// As the `shutdown` column prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Receive => "receive",
            Self::Send => "send",
            Self::Both => "both",
        }
    }
}

impl Socket {
    /// With its ends; everything else is absent.
    pub fn new(line: u32, local: SocketAddress, remote: SocketAddress) -> Self {
        Self {
            line,
            family: Family::default(),
            local,
            remote,
            state: None,
            recv_q: None,
            send_q: None,
            timer: None,
            owners: Box::default(),
            user: None,
            inode: None,
            shutdown: None,
            service: None,
            measures: Measures::default(),
        }
    }

    /// Process id of the first owner that has one.
    pub fn pid(&self) -> Option<u32> {
        self.owners.iter().find_map(|owner| owner.pid)
    }

    /// Program of the first owner that has one.
    pub fn program(&self) -> Option<&str> {
        self.owners.iter().find_map(|owner| owner.program.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_by_its_name() {
        for state in SocketState::ALL {
            assert_eq!(SocketState::read(state.name()), Some(state));
        }
        assert_eq!(SocketState::read("fin-wait-2"), Some(SocketState::FinWait2));
        assert_eq!(SocketState::read("CONNECTED"), None);
    }

    #[test]
    fn a_million_sockets_stay_small() {
        assert!(size_of::<Socket>() <= 216, "{}", size_of::<Socket>());
    }
}
