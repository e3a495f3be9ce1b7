//! What every link and tunnel decoder gives: how long its header is, and what comes after it.

use super::ip::{ETHERTYPE_V4, ETHERTYPE_V6};
use super::why::{Layer, Why};

/// What a header says comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    EtherType(u16),
    /// IPv4 or IPv6, as the version field says.
    Ip,
    /// IEEE 802.2 logical link control.
    Llc,
    /// A frame of this link type.
    Link(u32),
}

/// A header read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stripped {
    pub next: Next,
    /// Its length in bytes.
    pub header: usize,
    /// What a tunnel calls its inner network: VNI, key, TEID, label, session.
    pub identifier: Option<u32>,
}

pub(super) type Strip = fn(&[u8]) -> Result<Stripped, Why>;

impl Stripped {
    #[inline]
    pub fn new(next: Next, header: usize) -> Self {
        Self { next, header, identifier: None }
    }

    #[inline]
    pub fn identified(self, identifier: u32) -> Self {
        Self { identifier: Some(identifier), ..self }
    }

    /// A field that is an EtherType, or up to 1500 the length of an LLC frame (IEEE 802.3 3.2.6).
    #[inline]
    pub fn type_or_length(number: u16, header: usize) -> Self {
        Self::new(if number <= 1500 { Next::Llc } else { Next::EtherType(number) }, header)
    }
}

/// Whether an Ethernet frame that carries something well-known may begin here: for tunnels that do not say what they
/// carry.
pub(super) fn looks_like_ethernet(bytes: &[u8]) -> bool {
    const KNOWN: [u16; 8] = [ETHERTYPE_V4, ETHERTYPE_V6, 0x0806, 0x8100, 0x88a8, 0x8847, 0x8864, 0x88cc];
    be16(bytes, 12).is_ok_and(|number| KNOWN.contains(&number))
}

/// Whether an IP header may begin here, likewise.
pub(super) fn looks_like_ip(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x45..=0x4f | 0x60..=0x6f))
}

/// The byte at `at`.
#[inline]
pub(super) fn byte(bytes: &[u8], at: usize) -> Result<u8, Why> {
    bytes.get(at).copied().ok_or(Why::Short(Layer::Link))
}

/// `N` bytes at `at`.
#[inline]
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Why> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Why::Short(Layer::Link))
}

/// The big-endian number at `at`.
#[inline]
pub(super) fn be16(bytes: &[u8], at: usize) -> Result<u16, Why> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// The big-endian number at `at`.
#[inline]
pub(super) fn be32(bytes: &[u8], at: usize) -> Result<u32, Why> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// The little-endian number at `at`.
#[inline]
pub(super) fn le16(bytes: &[u8], at: usize) -> Result<u16, Why> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// The little-endian number at `at`.
#[inline]
pub(super) fn le32(bytes: &[u8], at: usize) -> Result<u32, Why> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// The big-endian number of three bytes at `at`.
#[inline]
pub(super) fn be24(bytes: &[u8], at: usize) -> Result<u32, Why> {
    array(bytes, at).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
}
