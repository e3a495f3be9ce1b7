//! ICMP and ICMPv6 errors that quote the header of a TCP segment: they belong to the flow they quote. Neighbour discovery,
//! which is ICMPv6 too, is `arp`'s.

use super::arp;
use super::flow::FlowKey;
use super::ip::{self, Fragment, Ip};
use super::why::{Layer, Why};
use super::{IcmpError, IcmpKind, Keys, Packet, position};
use crate::capture::Frame;
use crate::seq::Seq;

/// Type, code, checksum and one word, the same in both versions; then the quoted packet.
const HEADER: usize = 8;

/// Decodes the ICMP message that `ip` carries.
#[inline(never)]
pub(super) fn decode(frame: &Frame<'_>, ip: Ip, keys: &Keys) -> Packet {
    let kind = ip.payload(frame.bytes).first();
    if ip.protocol == ip::ICMPV6 && kind.is_some_and(|&kind| arp::is_neighbour(kind)) {
        return arp::neighbour(frame, &ip).map_or_else(Packet::Other, Packet::Arp);
    }
    match error(frame, &ip, keys) {
        Ok(error) => Packet::IcmpError(error),
        Err(why) => Packet::Other(why),
    }
}

fn error(frame: &Frame<'_>, ip: &Ip, keys: &Keys) -> Result<IcmpError, Why> {
    let other = Why::IpProtocol(ip.protocol);
    let &[kind, code, ..] = ip.payload(frame.bytes) else { return Err(Why::Short(Layer::Icmp)) };
    let v6 = ip.protocol == ip::ICMPV6;
    if !is_error(v6, kind) {
        return Err(other);
    }
    let payload_end = ip.payload_at.saturating_add(ip.payload_len);
    let message = frame.bytes.get(..payload_end).unwrap_or(frame.bytes);
    let quoted = ip::read(message, ip.payload_at + HEADER, payload_end).map_err(|_| other)?;
    if quoted.protocol != ip::TCP || quoted.fragment == Fragment::Later {
        return Err(other);
    }
    let &[_, _, _, _, a, b, c, d] = quoted.payload(message).first_chunk().ok_or(other)?;
    let (source, destination) = quoted.ends(message).ok_or(other)?;
    let (key, way) = FlowKey::new(source, destination);
    Ok(IcmpError {
        flow: key.hash(keys),
        way,
        lane: key.lane(),
        time: frame.time,
        frame: frame.number as u32,
        offset: frame.offset,
        ip_at: position(quoted.at)?,
        kind: IcmpKind { v6, kind, code },
        seq: Seq(u32::from_be_bytes([a, b, c, d])),
        ttl: quoted.ttl,
    })
}

/// The messages that quote a packet: RFC 1122 3.2.2 (destination unreachable, source quench, redirect, time
/// exceeded, parameter problem) and RFC 4443 2.1.
fn is_error(v6: bool, kind: u8) -> bool {
    if v6 { (1..=4).contains(&kind) } else { matches!(kind, 3 | 4 | 5 | 11 | 12) }
}

#[cfg(test)]
mod tests {
    use crate::wire::fixture::{KEYS, before, frame, hex, ipv4, ipv6, segment, why};
    use crate::wire::{IcmpError, IcmpKind, Packet, Why, addresses, decode};

    const RAW: u32 = 101;
    /// From 203.0.113.9 to 192.0.2.1, "port unreachable".
    const UNREACHABLE: &str = "4500 0049 0000 0000 4001 0000 cb007109 c0000201 0303 0000 00000000";
    /// From 2001:db8::9 to 2001:db8::1, "administratively prohibited".
    const PROHIBITED: &str =
        "60000000 0049 3a40 20010db8 00000000 00000000 00000009 20010db8 00000000 00000000 00000001 0101 0000 00000000";

    fn error(bytes: &[u8]) -> IcmpError {
        match decode(&frame(RAW, bytes), &KEYS) {
            Packet::IcmpError(error) => error,
            other => panic!("no error: {other:?}"),
        }
    }

    #[test]
    fn an_error_belongs_to_the_flow_that_it_quotes() {
        for (header, quoted, kind) in [
            (UNREACHABLE, ipv4(), IcmpKind { v6: false, kind: 3, code: 3 }),
            (PROHIBITED, ipv6(), IcmpKind { v6: true, kind: 1, code: 1 }),
        ] {
            let bytes = before(header, &quoted);
            let (error, segment) = (error(&bytes), segment(RAW, &quoted));
            assert_eq!(
                (error.flow, error.way, error.lane, error.kind),
                (segment.flow, segment.way, segment.lane, kind)
            );
            assert_eq!(error.seq, segment.seq);
            assert_eq!(addresses(&bytes, error.ip_at), addresses(&quoted, 0));
        }
    }

    #[test]
    fn eight_quoted_bytes_are_enough_and_fewer_are_not() {
        let bytes = before(UNREACHABLE, &ipv4());
        assert_eq!(error(&bytes[..28 + 28]).seq.0, 0x0102_0304);
        assert_eq!(why(RAW, &bytes[..28 + 27]), Why::IpProtocol(1));
    }

    #[test]
    fn quoted_options_and_first_fragments_are_understood() {
        let plain = ipv4();
        let mut quoted = [&plain[..20], &hex("94040000"), &plain[20..]].concat();
        (quoted[0], quoted[6]) = (0x46, 0x20);
        assert_eq!(error(&before(UNREACHABLE, &quoted)).seq.0, 0x0102_0304);
        quoted[7] = 1;
        assert_eq!(why(RAW, &before(UNREACHABLE, &quoted)), Why::IpProtocol(1));
    }

    #[test]
    fn echoes_and_errors_about_other_protocols_are_plain_icmp() {
        let mut quoted = ipv4();
        quoted[9] = 17;
        assert_eq!(why(RAW, &before(UNREACHABLE, &quoted)), Why::IpProtocol(1));
        let echo = UNREACHABLE.replace("0303 0000", "0800 0000");
        assert_eq!(why(RAW, &before(&echo, &ipv4())), Why::IpProtocol(1));
    }

    #[test]
    fn a_quote_beyond_the_message_s_own_end_is_none() {
        let short = UNREACHABLE.replace("4500 0049", "4500 0020");
        assert_eq!(why(RAW, &before(&short, &ipv4())), Why::IpProtocol(1));
    }
}
