//! From the link type down to the innermost IP header that carries TCP or ICMP: one loop over what each header
//! says comes next, bounded in depth, over the registry of link types.

use super::ip::{self, Ip};
use super::link::{self, Next, ethernet};
use super::why::Why;
use crate::capture::LinkType;

/// Headers within headers that are followed: a provider's tags, a mirror's tunnel and an overlay stay well below.
const DEPTH: usize = 24;

/// The innermost IP header, and what lay around it.
pub(super) struct Innermost {
    /// Carries TCP, ICMP or ICMPv6, whole.
    pub ip: Ip,
    /// Outermost VLAN identifier, 0 without a tag.
    pub vlan: u16,
}

/// Finds the innermost IP header of a frame. A frame is at least as long as what was captured of it.
#[inline]
pub(super) fn innermost(bytes: &[u8], link: LinkType, wire_len: u32) -> Result<Innermost, Why> {
    let end = bytes.len().max(wire_len as usize);
    let (mut at, mut vlan, mut next) = (0, 0, Next::Link(link.0));
    for _ in 0..DEPTH {
        let rest = bytes.get(at..).unwrap_or_default();
        let stripped = match next {
            Next::Link(ethernet::LINKTYPE) => ethernet::strip(rest)?,
            Next::Link(number) => link::strip(number, rest)?,
            Next::Ip | Next::EtherType(ip::ETHERTYPE_V4 | ip::ETHERTYPE_V6) => {
                return carried(ip::read(bytes, at, end)?, vlan);
            }
            Next::EtherType(number) if ethernet::is_tag(number) => {
                let (identifier, stripped) = ethernet::tag(rest)?;
                vlan = if vlan == 0 { identifier } else { vlan };
                stripped
            }
            Next::EtherType(number) => return Err(Why::EtherType(number)),
        };
        at += stripped.header;
        next = stripped.next;
    }
    Err(Why::TooDeep)
}

fn carried(ip: Ip, vlan: u16) -> Result<Innermost, Why> {
    if ip.fragment != ip::Fragment::No {
        return Err(Why::Fragment(ip.protocol));
    }
    match ip.protocol {
        ip::TCP | ip::ICMP | ip::ICMPV6 => Ok(Innermost { ip, vlan }),
        other => Err(Why::IpProtocol(other)),
    }
}
