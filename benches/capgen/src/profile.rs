//! Kinds of traffic, and how much of it.

use crate::container::Format;
use crate::{Ends, SECOND};

/// A kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Requests and responses of some kilobytes, packets of 750 bytes on average.
    Web,
    /// Many connections of few small packets, cut to 96 bytes as `tcpdump -s 96` does.
    Small,
    /// As `Small`, but over hours, and a tenth is never closed: what a long capture of a quiet server holds.
    Steady,
    /// One SYN a connection, from random addresses; every eighth belongs to a scan.
    Flood,
    /// A few connections of a quarter of a gigabyte each.
    Elephant,
    /// One download whose payload is a capture itself.
    Nested,
    /// The same download with random payload: what `Nested` is compared with.
    Download,
}

impl Profile {
    pub const ALL: [Self; 7] =
        [Self::Web, Self::Small, Self::Steady, Self::Flood, Self::Elephant, Self::Nested, Self::Download];

    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Small => "small",
            Self::Steady => "steady",
            Self::Flood => "flood",
            Self::Elephant => "elephant",
            Self::Nested => "nested",
            Self::Download => "download",
        }
    }

    /// Connections of the full size, and about how many bytes of pcap they make.
    fn full(self) -> (u64, u64) {
        match self {
            Self::Web => (60_000, 2_170_000_000),
            Self::Small => (1_000_000, 1_107_000_000),
            Self::Steady => (60_000, 69_000_000),
            Self::Flood => (8_000_000, 608_000_000),
            Self::Elephant => (8, 2_060_000_000),
            Self::Nested | Self::Download => (1, 2_000_000_000),
        }
    }
}

/// What to make.
#[derive(Clone, Debug)]
pub struct Options {
    pub profile: Profile,
    pub seed: u64,
    /// Connections.
    pub flows: u64,
    /// Part of the full size that each connection's time and, of elephants and downloads, each connection has.
    pub scale: f64,
    pub format: Format,
    /// Frames are cut to this many bytes.
    pub snaplen: usize,
    /// pcapng: the third interface has raw IP instead of Ethernet.
    pub mixed: bool,
    /// pcapng: a new description of an interface after this many bytes; 0 for none.
    pub interface_every: u64,
    /// Flood: only connections between such ends.
    pub accept: Option<fn(&Ends) -> bool>,
}

impl Options {
    /// A profile in its full size.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            seed: 1,
            flows: profile.full().0,
            scale: 1.0,
            format: Format::Pcap,
            snaplen: if matches!(profile, Profile::Small | Profile::Steady) { 96 } else { 262_144 },
            mixed: false,
            interface_every: 0,
            accept: None,
        }
    }

    /// So much of the profile as makes a pcap of about this many bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        let (flows, full) = self.profile.full();
        self.scale = bytes as f64 / full as f64;
        if !matches!(self.profile, Profile::Elephant | Profile::Nested | Profile::Download) {
            self.flows = ((flows as f64 * self.scale) as u64).max(1);
        }
        self
    }

    /// So many connections at the profile's own rate, or, of elephants, of its own total size.
    #[must_use]
    pub fn flows(mut self, flows: u64) -> Self {
        if !matches!(self.profile, Profile::Elephant | Profile::Nested | Profile::Download) {
            self.scale = flows as f64 / self.profile.full().0 as f64;
        }
        self.flows = flows.max(1);
        self
    }

    /// About how many bytes of pcap it makes.
    pub(crate) fn full_bytes(&self) -> u64 {
        (self.profile.full().1 as f64 * self.scale) as u64
    }

    pub(crate) fn traffic(&self) -> Traffic {
        let base = Traffic::of(self.profile);
        let elephant = self.profile == Profile::Elephant;
        Traffic {
            response_mean: if elephant {
                base.response_mean * self.scale * 8.0 / self.flows as f64
            } else {
                base.response_mean
            },
            duration: if elephant { base.duration } else { ((base.duration as f64 * self.scale) as u64).max(1) },
            ..base
        }
    }
}

/// What a profile's connections are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub profile: Profile,
    /// Bytes.
    pub request_mean: f64,
    pub response_mean: f64,
    /// Requests of a connection.
    pub exchanges_mean: f64,
    /// Share of connections that lose segments, and share of segments that these lose.
    pub lossy: f64,
    pub loss: f64,
    /// Frames without TCP, for each with.
    pub noise: f64,
    /// Share of IPv6.
    pub v6: f64,
    /// Nanoseconds in which connections begin.
    pub duration: u64,
    /// Share of connections with the timestamps option.
    pub timestamps: f64,
    /// Seconds between a response and the next request.
    pub think_mean: f64,
}

impl Traffic {
    fn of(profile: Profile) -> Self {
        let web = Self {
            profile,
            request_mean: 600.0,
            response_mean: 12_500.0,
            exchanges_mean: 3.2,
            lossy: 0.25,
            loss: 0.02,
            noise: 0.04,
            v6: 0.2,
            duration: 300 * SECOND,
            timestamps: 0.7,
            think_mean: 0.4,
        };
        match profile {
            Profile::Web => web,
            Profile::Small | Profile::Steady => Self {
                request_mean: 40.0,
                response_mean: 60.0,
                exchanges_mean: 1.6,
                lossy: 0.1,
                noise: 0.03,
                duration: if profile == Profile::Steady { 9_000 * SECOND } else { 600 * SECOND },
                think_mean: 0.2,
                ..web
            },
            Profile::Flood => Self { duration: 80 * SECOND, ..web },
            Profile::Elephant | Profile::Nested | Profile::Download => Self {
                response_mean: 237e6,
                exchanges_mean: 1.0,
                lossy: 1.0,
                loss: 0.0005,
                noise: 0.001,
                v6: 0.25,
                duration: SECOND,
                think_mean: 0.0,
                ..web
            },
        }
    }
}
