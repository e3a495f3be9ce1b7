//! Linux netlink (LINKTYPE_NETLINK): of its messages only the packets of the packet filter log are frames.

use super::{Link, nflog};
use crate::wire::strip::{Next, Stripped, array, be16};
use crate::wire::why::Why;

pub(super) const LINK: Link = Link { linktype: 253, name: "netlink", strip };

/// Like a Linux cooked header; its last field is the netlink family.
const COOKED: usize = 16;
/// Length, type, flags, sequence number, port; in the byte order of the capturing host.
const MESSAGE: usize = 16;
/// NETLINK_NETFILTER
const NETFILTER: u16 = 12;
/// NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET
const LOGGED_PACKET: [u8; 2] = [4, 0];

fn strip(bytes: &[u8]) -> Result<Stripped, Why> {
    let [a, b] = array(bytes, COOKED + 4)?;
    match be16(bytes, COOKED - 2)? {
        NETFILTER if [a, b] == LOGGED_PACKET || [b, a] == LOGGED_PACKET => {
            Ok(Stripped::new(Next::Link(nflog::LINKTYPE), COOKED + MESSAGE))
        }
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
        assert_eq!(why(253, &before(&message.replace("0004 0000 0", "0001 0000 0"), &[])), Why::Kind("netlink"));
    }
}
