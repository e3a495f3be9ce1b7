//! Link types: what stands before the network header. One file each, one line in [`LINKS`].

pub(super) mod ethernet;
mod null;
mod raw;
mod sll;
mod sll2;

use super::why::{Layer, Why};

/// The registry: one link type, one line.
pub static LINKS: &[Link] = &[
    ethernet::LINK,
    sll::LINK,
    sll2::LINK,
    null::NULL,
    null::LOOP,
    raw::RAW,
    raw::RAW_BSD,
    raw::RAW_OPENBSD,
    raw::IPV4,
    raw::IPV6,
];

/// One link type.
pub struct Link {
    /// Number in the LINKTYPE_ registry.
    pub linktype: u32,
    /// As that registry names it, without the prefix.
    pub name: &'static str,
    /// Reads the header at the start of the bytes.
    pub(super) strip: fn(&[u8]) -> Result<Stripped, Why>,
}

/// What a header says comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    EtherType(u16),
    /// IPv4 or IPv6, as the version field says.
    Ip,
    /// A frame of this link type.
    Link(u32),
}

/// A header read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stripped {
    pub next: Next,
    /// Its length in bytes.
    pub header: usize,
}

impl Stripped {
    pub fn ether_type(number: u16, header: usize) -> Self {
        Self { next: Next::EtherType(number), header }
    }
}

/// Strips the header of link type `number`.
pub(super) fn strip(number: u32, bytes: &[u8]) -> Result<Stripped, Why> {
    let link = LINKS.iter().find(|link| link.linktype == number).ok_or(Why::LinkType(number))?;
    (link.strip)(bytes)
}

/// The big-endian number at `at`.
#[inline]
pub(super) fn be16(bytes: &[u8], at: usize) -> Result<u16, Why> {
    let number = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Why::Short(Layer::Link))?;
    Ok(u16::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::LINKS;

    #[test]
    fn each_link_type_stands_once_in_the_registry() {
        let mut numbers: Vec<_> = LINKS.iter().map(|link| link.linktype).collect();
        let mut names: Vec<_> = LINKS.iter().map(|link| link.name).collect();
        numbers.sort_unstable();
        numbers.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!((numbers.len(), names.len()), (LINKS.len(), LINKS.len()));
    }
}
