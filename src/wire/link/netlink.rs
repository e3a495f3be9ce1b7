//! Linux netlink (LINKTYPE_NETLINK): of its messages only the packets that the packet filter logged or queued count.

use super::{Link, nflog};
use crate::wire::strip::{Stripped, array, be16};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 253, name: "netlink", strip };

/// Like a Linux cooked header; its last field is the netlink family.
const COOKED: usize = 16;
/// Length, type, flags, sequence number, port; in the byte order of the capturing host.
const MESSAGE: usize = 16;
/// NETLINK_NETFILTER
const NETFILTER: u16 = 12;
/// Subsystem and message: NFNL_SUBSYS_QUEUE, NFQNL_MSG_PACKET; NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET.
const QUEUED_PACKET: u16 = 0x0300;
const LOGGED_PACKET: u16 = 0x0400;
/// NFQA_PAYLOAD
const QUEUED_PAYLOAD: u16 = 10;

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let [a, b] = array(bytes, COOKED + 4)?;
    // The low byte of what is looked for is zero: the larger reading is the one in the host's order.
    let message = u16::from_le_bytes([a, b]).max(u16::from_be_bytes([a, b]));
    let attributes = COOKED + MESSAGE + nflog::HEADER;
    match (be16(bytes, COOKED - 2)?, message) {
        (NETFILTER, LOGGED_PACKET) => nflog::payload(bytes, attributes, nflog::PAYLOAD),
        (NETFILTER, QUEUED_PACKET) => nflog::payload(bytes, attributes, QUEUED_PAYLOAD),
        _ => Err(Why::Kind("netlink")),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{before, leads_to_ip, why};
    use crate::wire::why::Why;

    const COOKED: &str = "0004 0338 0000 0000000000000000 000c";

    #[test]
    fn logged_packets_lead_to_ip_and_other_messages_are_named() {
        let message = format!("{COOKED} 50000000 0004 0000 00000000 00000000");
        leads_to_ip(253, &format!("{message} 0200 0000 3100 0900"), &format!("{message} 0a00 0000 4500 0900"));
        let queued = message.replace("0004 0000 0", "0300 0000 0");
        leads_to_ip(253, &format!("{queued} 0200 0000 0031 000a"), &format!("{queued} 0a00 0000 0045 000a"));
        assert_eq!(why(253, &before(&message.replace("0004 0000 0", "0001 0000 0"), &[])), Why::Kind("netlink"));
    }
}
