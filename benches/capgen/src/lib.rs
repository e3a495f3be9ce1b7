//! Captures that are the same on every machine, and the truth about every connection in them.
//!
//! A [`Profile`] says what traffic is like; connections are drawn from it one after another ([`schedule`]), each a
//! [`conversation`] with a [`Fate`] that is decided beforehand; their packets are woven together by time, become frames with
//! right checksums ([`frame`]) and records of a capture file ([`container`]). A connection's [`Truth`] is handed out with its
//! last packet.

mod container;
mod conversation;
mod download;
mod fate;
mod frame;
mod packet;
mod profile;
mod rng;
mod schedule;
mod truth;

pub use container::Format;
pub use fate::Fate;
pub use profile::{Options, Profile};
pub use truth::{HEADER, Truth};

use container::Container;
use std::io;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
/// When captures begin: 2026-01-01 UTC, in nanoseconds since 1970.
const START: u64 = 1_767_225_600 * SECOND;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Address and port of both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ends {
    pub v6: bool,
    pub client: (u128, u16),
    pub server: (u128, u16),
}

/// A frame on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970.
    pub time: u64,
    pub bytes: &'a [u8],
    /// Of pcapng: 0 to 2.
    pub interface: u8,
    /// Who sent it; frames without TCP are the client's.
    pub side: Side,
}

/// Takes what is made.
pub trait Sink {
    /// The next frame.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()>;

    /// A connection that has had its last packet.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn flow(&mut self, truth: &Truth) -> io::Result<()>;
}

/// Makes all frames in the order of time.
///
/// # Errors
/// Those of the sink.
pub fn generate(options: &Options, sink: &mut dyn Sink) -> io::Result<()> {
    match options.profile {
        Profile::Web | Profile::Small | Profile::Steady | Profile::Elephant => schedule::weave(options, sink),
        Profile::Flood => schedule::flood(options, sink),
        Profile::Nested | Profile::Download => download::download(options, sink),
    }
}

/// Makes a capture file and the truth about it in memory.
pub fn capture(options: &Options) -> (Vec<u8>, Vec<Truth>) {
    let mut memory = Memory { file: File::new(options), truths: Vec::new() };
    match generate(options, &mut memory) {
        Ok(()) => (memory.file.finish(), memory.truths),
        Err(error) => unreachable!("memory takes everything: {error}"),
    }
}

struct Memory {
    file: File,
    truths: Vec<Truth>,
}

impl Sink for Memory {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        self.file.add(frame);
        Ok(())
    }

    fn flow(&mut self, truth: &Truth) -> io::Result<()> {
        self.truths.push(truth.clone());
        Ok(())
    }
}

/// A capture file being made. What stands in `bytes` may be taken away at any time.
#[derive(Clone, Debug)]
pub struct File {
    container: Container,
    pub bytes: Vec<u8>,
}

impl File {
    /// A file with its head.
    pub fn new(options: &Options) -> Self {
        let mut container = Container::new(options);
        let mut bytes = Vec::new();
        container.head(&mut bytes);
        Self { container, bytes }
    }

    pub fn add(&mut self, frame: &Frame<'_>) {
        self.container.record(&mut self.bytes, frame);
    }

    /// What was not taken away, and what a file ends with.
    pub fn finish(mut self) -> Vec<u8> {
        self.container.tail(&mut self.bytes);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_make_equal_captures_and_others_do_not() {
        for profile in [Profile::Web, Profile::Small, Profile::Flood, Profile::Nested] {
            let options = Options::new(profile).bytes(100_000);
            let (first, _) = capture(&options);
            assert!(first == capture(&options).0);
            assert!(profile == Profile::Nested || first != capture(&Options { seed: 2, ..options }).0);
        }
    }

    #[test]
    fn a_capture_is_about_as_large_as_asked() {
        for profile in Profile::ALL {
            let (bytes, truths) = capture(&Options::new(profile).bytes(8_000_000));
            assert!((4_000_000..16_000_000).contains(&bytes.len()), "{}: {}", profile.name(), bytes.len());
            assert!(!truths.is_empty());
        }
    }

    #[test]
    fn every_checksum_is_right() {
        struct Check;
        impl Sink for Check {
            fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
                if frame.bytes[12..14] == [8, 0] {
                    let length = usize::from(u16::from_be_bytes([frame.bytes[16], frame.bytes[17]]));
                    let ip = &frame.bytes[14..14 + length];
                    assert_eq!(sum(&ip[..20]), 0xffff, "IP header");
                    let pseudo = [&ip[12..20], &[0, ip[9]], &(length as u16 - 20).to_be_bytes()].concat();
                    let covered = if ip[9] == 1 { ip[20..].to_vec() } else { [&pseudo, &ip[20..]].concat() };
                    assert_eq!(sum(&covered), 0xffff, "protocol {}", ip[9]);
                }
                Ok(())
            }

            fn flow(&mut self, _: &Truth) -> io::Result<()> {
                Ok(())
            }
        }
        fn sum(bytes: &[u8]) -> u64 {
            let word = |word: &[u8]| u64::from(word[0]) << 8 | u64::from(*word.get(1).unwrap_or(&0));
            let sum: u64 = bytes.chunks(2).map(word).sum();
            (sum & 0xffff) + (sum >> 16)
        }
        for profile in [Profile::Web, Profile::Nested] {
            generate(&Options::new(profile).bytes(3_000_000), &mut Check).expect("every frame is checked");
        }
    }
}
