//! Link types: what stands before the network header. One file each, one line in [`LINKS`].

mod arcnet;
mod enc;
pub(super) mod ethernet;
mod fddi;
pub(super) mod frame_relay;
mod hdlc;
mod ipnet;
mod ipoib;
mod juniper;
pub(super) mod llc;
mod netlink;
mod nflog;
mod null;
mod pflog;
mod pktap;
mod ppi;
pub(super) mod ppp;
mod prism;
mod radiotap;
pub(super) mod raw;
pub(super) mod registered;
mod slip;
pub(super) mod sll;
pub(super) mod sll2;
mod token_ring;
pub(super) mod wlan;

use super::strip::{Strip, Stripped};
use super::why::Why;

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
    ppp::LINK,
    ppp::HDLC,
    ppp::PPPD,
    ppp::WITH_DIRECTION,
    hdlc::LINK,
    frame_relay::LINK,
    slip::LINK,
    wlan::LINK,
    radiotap::LINK,
    ppi::LINK,
    prism::PRISM,
    prism::AVS,
    fddi::LINK,
    token_ring::LINK,
    arcnet::BSD,
    arcnet::LINUX,
    pflog::LINK,
    nflog::LINK,
    netlink::LINK,
    ipnet::LINK,
    ipoib::LINK,
    enc::LINK,
    pktap::LINK,
    juniper::LINK,
];

/// One link type.
pub struct Link {
    /// Number in the LINKTYPE_ registry.
    pub linktype: u32,
    /// As that registry names it, without the prefix.
    pub name: &'static str,
    /// Reads the header at the start of the bytes.
    pub(super) strip: Strip,
}

/// Strips the header of link type `number`.
pub(super) fn strip(number: u32, bytes: &[u8]) -> Result<Stripped, Why> {
    let link = LINKS.iter().find(|link| link.linktype == number).ok_or(Why::LinkType(number))?;
    (link.strip)(bytes)
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
