//! Log lines that tell of a connection, a listener, or the life of a program.
//!
//! Two questions are kept apart, so that each answer combines with each: how a line is framed (its time, host, program
//! and process: [`frame`]), and what its message says ([`family`]). A search for the words of all families passes over
//! the lines that say nothing ([`scan`]); they are counted, and cost little more than looking for their ends.
//! What people type and get back (`telnet`, `ping`, `curl`) are messages without a frame, or blocks of their own
//! ([`transcript`]).

mod clock;
mod context;
pub mod dmesg_json;
mod ends;
pub mod errno;
pub mod events;
pub mod family;
pub mod frame;
pub mod journal;
mod needles;
mod plain;
pub mod pretty;
mod read;
mod scan;
mod target;
pub mod transcript;

pub use clock::When;
pub use errno::Errno;
pub(super) use scan::Scan;

use crate::host::{Format, SocketAddress};
use crate::time::{Span, Timestamp};

/// Lines with a time, a program or both in front: a log.
pub const FRAMED: Format = Format { name: "log", sniff: read::begins, parse: read::parse };

/// Messages without a frame: what programs print to a terminal.
pub const PLAIN: Format = Format { name: "messages", sniff: plain::begins, parse: plain::parse };

/// One line that says something.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Line of the file, counted from 1.
    pub line: u32,
    pub time: Option<LogTime>,
    /// Since the host was started, of kernel lines that know no more.
    pub uptime: Option<Span>,
    /// Host that the line names.
    pub host: Option<Box<str>>,
    /// Who wrote the line.
    pub program: Option<Box<str>>,
    pub pid: Option<u32>,
    pub event: Event,
    pub direction: Option<Direction>,
    pub errno: Option<&'static Errno>,
    /// Our end; of what is passed on, the source.
    pub local: Option<Box<SocketAddress>>,
    /// The peer; of what is passed on, the destination. A port may be missing, and a name may stand for an address.
    pub remote: Option<Box<SocketAddress>>,
    /// What else it is about: a unit, a process, a user, the prefix of a firewall's rule.
    pub subject: Option<Box<str>>,
    /// The message without its frame, cut at [`LogLine::LONGEST`] bytes.
    pub message: Box<str>,
}

impl LogLine {
    /// Bytes of a message that are kept.
    pub const LONGEST: usize = 1024;

    /// Rows that are kept of one block; more are counted only.
    pub const MOST: usize = 1 << 20;
}

/// The time of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogTime {
    pub time: Timestamp,
    /// Whether the line says its zone; otherwise UTC is assumed.
    pub zone_known: bool,
    /// Whether the line says its year and day; otherwise the last that fits the dump's own time.
    pub date_known: bool,
}

/// Who opened the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The peer.
    In,
    /// This host.
    Out,
    /// Neither: it was passed on.
    Forward,
}

impl Direction {
    pub const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Forward => "forward",
        }
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a line says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event { $($(#[$doc])* $variant,)* }

        impl Event {
            /// As the `event` column prints them.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

events! {
    /// ECONNREFUSED.
    Refused = "refused",
    /// ECONNRESET.
    Reset = "reset",
    /// A connect or a wait took too long, by the kernel's word (then with an error) or the program's.
    TimedOut = "timed-out",
    /// No route, host or network.
    Unreachable = "unreachable",
    /// ECONNABORTED.
    Aborted = "aborted",
    /// The peer or the program ended it.
    Closed = "closed",
    /// EPIPE: written after the peer had ended it.
    BrokenPipe = "broken-pipe",
    /// No connection came about, and the line does not say why.
    ConnectFailed = "connect-failed",
    /// A connection came about.
    Connected = "connected",
    /// A peer's connection was taken.
    Accepted = "accepted",
    /// A request came over one.
    Request = "request",
    /// A name has no address.
    NameNotFound = "name-not-found",
    /// What the peer said makes no sense.
    ProtocolError = "protocol-error",
    /// A login was refused.
    LoginFailed = "login-failed",
    /// A program takes no more connections.
    LimitReached = "limit-reached",
    /// A proxy has no server left.
    Unavailable = "unavailable",
    Listening = "listening",
    /// A program could not listen, and does not say why.
    BindFailed = "bind-failed",
    /// EADDRINUSE.
    AddressInUse = "address-in-use",
    /// EADDRNOTAVAIL: no such address, or no port left.
    CannotAssign = "cannot-assign-address",
    /// EMFILE, ENFILE.
    TooManyFiles = "too-many-files",
    /// ENOBUFS: of Windows, no port left.
    NoBuffers = "no-buffers",
    /// The kernel sends SYN cookies, or drops, because too many half-open connections wait.
    SynFlooding = "syn-flooding",
    /// The kernel refuses connections because too many wait to be accepted.
    QueueOverflow = "queue-overflow",
    /// Connection tracking has no room.
    ConntrackFull = "conntrack-full",
    /// Too many sockets without a program.
    Orphans = "orphans",
    /// The kernel's memory for TCP is used up.
    TcpMemory = "tcp-memory",
    /// No room for more sockets in TIME_WAIT.
    TimeWaitFull = "time-wait-full",
    /// A rule of a packet filter wrote a packet down.
    Firewall = "firewall",
    Started = "started",
    StartFailed = "start-failed",
    Stopped = "stopped",
    /// A process ended by itself or crashed.
    Exited = "exited",
    /// The kernel killed a process because memory was used up.
    OomKill = "oom-kill",
    /// Echo requests were answered.
    Answered = "answered",
    /// Echo requests were not.
    Unanswered = "unanswered",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stays_small() {
        assert!(size_of::<LogLine>() <= 176, "{}", size_of::<LogLine>());
    }
}
