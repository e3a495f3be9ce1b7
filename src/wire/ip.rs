//! IPv4 and IPv6 headers with their options and extension headers: addresses, what they carry, and how long that is.
//!
//! Lengths are what the header says, as the receiver took them; [`Marks`] say where the frame contradicts.

use super::why::{Layer, Why};
use super::{Address, Marks};
use etherparse::{IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice};

pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMPV6: u8 = 58;

pub(super) const ETHERTYPE_V4: u16 = 0x0800;
pub(super) const ETHERTYPE_V6: u16 = 0x86dd;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// An IPv4 header without options, in bytes.
const IPV4_FIXED: usize = 20;
/// An IPv6 header without extension headers.
const IPV6_FIXED: usize = 40;

/// Extension headers that are followed. RFC 8200 4.1 recommends seven.
const EXTENSIONS: usize = 16;

/// Whether the packet is a part of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fragment {
    /// Whole; also an "atomic" IPv6 fragment, which has the header but is all of its packet (RFC 6946).
    No,
    /// The first part, with the header of what the packet carries.
    First,
    Later,
}

impl Fragment {
    #[inline]
    fn new(offset: u16, more: bool) -> Self {
        match (offset, more) {
            (0, false) => Self::No,
            (0, true) => Self::First,
            _ => Self::Later,
        }
    }
}

/// What one IP header says, its extension headers included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip {
    /// Where the header begins in the frame.
    pub at: usize,
    /// Where what it carries begins in the frame.
    pub payload_at: usize,
    /// How long that was on the wire, in bytes.
    pub payload_len: usize,
    pub id: u16,
    pub ttl: u8,
    /// The protocol after all extension headers.
    pub protocol: u8,
    pub fragment: Fragment,
    /// Those of [`Marks`] that are about IP.
    pub marks: Marks,
}

impl Ip {
    /// Sender and receiver by the ports at the start of the payload (TCP, UDP, SCTP and DCCP have them alike).
    #[inline]
    pub fn ends(&self, bytes: &[u8]) -> Option<(Address, Address)> {
        let &[a, b, c, d] = bytes.get(self.payload_at..)?.first_chunk()?;
        let (source, destination) = self.addresses(bytes)?;
        let source = Address { ip: source, port: u16::from_be_bytes([a, b]) };
        Some((source, Address { ip: destination, port: u16::from_be_bytes([c, d]) }))
    }

    /// Source and destination as [`Address::ip`]. Not kept here: the value is handed on a few times a frame, and each
    /// copy would cost more than reading them again.
    #[inline]
    pub fn addresses(&self, bytes: &[u8]) -> Option<(u128, u128)> {
        let header = bytes.get(self.at..)?;
        if self.marks.has(Marks::V6) {
            let (source, rest) = header.get(8..)?.split_first_chunk()?;
            Some((u128::from_be_bytes(*source), u128::from_be_bytes(*rest.first_chunk()?)))
        } else {
            let (source, rest) = header.get(12..)?.split_first_chunk()?;
            Some((Address::v4(*source, 0).ip, Address::v4(*rest.first_chunk()?, 0).ip))
        }
    }

    /// What was captured of the payload.
    #[inline]
    pub fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let rest = bytes.get(self.payload_at..).unwrap_or_default();
        rest.get(..self.payload_len).unwrap_or(rest)
    }
}

/// Reads the IP header at `at` of a frame which was `end` bytes long on the wire.
#[inline]
pub(super) fn read(bytes: &[u8], at: usize, end: usize) -> Result<Ip, Why> {
    let header = bytes.get(at..).unwrap_or_default();
    match header.first().map(|first| first >> 4) {
        Some(4) => v4(header, at, end),
        Some(6) => v6(header, at, end),
        Some(_) => Err(Why::Malformed(Layer::Ip)),
        None => Err(Why::Short(Layer::Ip)),
    }
}

#[inline]
fn v4(rest: &[u8], at: usize, end: usize) -> Result<Ip, Why> {
    use etherparse::err::ipv4::HeaderSliceError;
    let header = Ipv4HeaderSlice::from_slice(rest).map_err(|error| match error {
        HeaderSliceError::Len(_) => Why::Short(Layer::Ip),
        HeaderSliceError::Content(_) => Why::Malformed(Layer::Ip),
    })?;
    let header_len = header.slice().len();
    let total = usize::from(header.total_len());
    let mut marks = if header.dont_fragment() { Marks::DONT_FRAGMENT } else { Marks::default() };
    let payload_end = if total == 0 {
        marks = marks.with(Marks::LENGTH_FROM_FRAME);
        end
    } else {
        at + total
    };
    if payload_end > end {
        marks = marks.with(Marks::LENGTH_PAST_FRAME);
    }
    let payload_at = at + header_len;
    let ip = Ip {
        at,
        payload_at,
        payload_len: payload_end.checked_sub(payload_at).ok_or(Why::Malformed(Layer::Ip))?,
        id: header.identification(),
        ttl: header.ttl(),
        protocol: header.protocol().0,
        fragment: Fragment::new(header.fragments_offset().value(), header.more_fragments()),
        marks,
    };
    if header_len > IPV4_FIXED && !options_fit(header.options()) {
        return Err(Why::Malformed(Layer::Ip));
    }
    match ip.protocol {
        AUTHENTICATION if ip.fragment == Fragment::No => ip.extended(rest.get(header_len..).unwrap_or_default()),
        _ => Ok(ip),
    }
}

/// Whether each IPv4 option has a possible length: a packet with another is dropped by its receiver (RFC 1122 3.2.1.8).
fn options_fit(mut rest: &[u8]) -> bool {
    while let Some((&kind, after)) = rest.split_first() {
        rest = match (kind, after.first()) {
            (0, _) => return true,
            (1, _) => after,
            (_, Some(&length)) if length >= 2 && usize::from(length) <= rest.len() => {
                rest.split_at(usize::from(length)).1
            }
            _ => return false,
        };
    }
    true
}

#[inline]
fn v6(rest: &[u8], at: usize, end: usize) -> Result<Ip, Why> {
    let header = Ipv6HeaderSlice::from_slice(rest).map_err(|_| Why::Short(Layer::Ip))?;
    let payload_at = at + header.slice().len();
    let rest = rest.get(header.slice().len()..).unwrap_or_default();
    let protocol = header.next_header().0;
    let mut marks = Marks::V6.with(Marks::DONT_FRAGMENT);
    let payload_len = match usize::from(header.payload_length()) {
        0 => jumbo(protocol, rest).unwrap_or_else(|| {
            marks = marks.with(Marks::LENGTH_FROM_FRAME);
            end.saturating_sub(payload_at)
        }),
        length => length,
    };
    if payload_at.saturating_add(payload_len) > end {
        marks = marks.with(Marks::LENGTH_PAST_FRAME);
    }
    let ip =
        Ip { at, payload_at, payload_len, id: 0, ttl: header.hop_limit(), protocol, fragment: Fragment::No, marks };
    match ip.protocol {
        TCP => Ok(ip),
        _ => ip.extended(rest),
    }
}

/// What stands behind extension headers.
struct Behind {
    protocol: u8,
    /// Length of the extension headers, in bytes.
    length: usize,
    id: u16,
    fragment: Fragment,
}

impl Ip {
    /// The same packet with the extension headers at the start of `rest` counted in.
    #[inline]
    fn extended(self, rest: &[u8]) -> Result<Self, Why> {
        let Behind { protocol, length, id, fragment } = extensions(self.protocol, self.id, self.fragment, rest)?;
        let payload_len = self.payload_len.checked_sub(length).ok_or(Why::Malformed(Layer::Ip))?;
        Ok(Self { protocol, payload_at: self.payload_at + length, payload_len, id, fragment, ..self })
    }
}

/// Moves over the extension headers at the start of `rest` to what the packet carries.
#[inline(never)]
fn extensions(mut protocol: u8, mut id: u16, mut fragment: Fragment, rest: &[u8]) -> Result<Behind, Why> {
    let short = Why::Short(Layer::Ip);
    let mut length = 0;
    for _ in 0..EXTENSIONS {
        let rest = rest.get(length..).unwrap_or_default();
        let (next, header) = match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HIP | SHIM6 => {
                let header = Ipv6RawExtHeaderSlice::from_slice(rest).map_err(|_| short)?;
                (header.next_header(), header.slice().len())
            }
            AUTHENTICATION => {
                let header = IpAuthHeaderSlice::from_slice(rest).map_err(|_| short)?;
                (header.next_header(), header.slice().len())
            }
            FRAGMENT => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).map_err(|_| short)?;
                id = header.identification() as u16;
                fragment = Fragment::new(header.fragment_offset().value(), header.more_fragments());
                (header.next_header(), header.slice().len())
            }
            _ => return Ok(Behind { protocol, length, id, fragment }),
        };
        length += header;
        protocol = next.0;
        if fragment != Fragment::No {
            return Ok(Behind { protocol, length, id, fragment }); // what follows is a part of something
        }
    }
    Err(Why::TooDeep)
}

/// Where a piece of an IPv6 packet belongs.
pub(super) struct FragmentHeader {
    pub id: u32,
    /// Where the piece begins in the packet's payload, in bytes.
    pub start: u32,
    pub more: bool,
}

/// Length of IPv6's fragment header; nothing of a fragment is followed behind it.
const FRAGMENT_HEADER: usize = 8;

/// The fragment header of an IPv6 packet that is a fragment.
pub(super) fn fragment_header(bytes: &[u8], ip: &Ip) -> Option<FragmentHeader> {
    let header = Ipv6FragmentHeaderSlice::from_slice(bytes.get(ip.payload_at.checked_sub(FRAGMENT_HEADER)?..)?).ok()?;
    let start = u32::from(header.fragment_offset().value()) * 8;
    Some(FragmentHeader { id: header.identification(), start, more: header.more_fragments() })
}

/// Turns the headers of a first fragment into those of the whole packet, whose payload has `length` bytes; `None` if that
/// is more than an IP packet can have.
pub(super) fn unfragment(header: &mut [u8], length: usize) -> Option<()> {
    let header_len = header.len();
    if header.first()? >> 4 == 4 {
        let total = u16::try_from(header_len + length).ok()?;
        header.get_mut(2..4)?.copy_from_slice(&total.to_be_bytes());
        let field = header.get_mut(6..8)?;
        field.copy_from_slice(&[field.first()? & 0x40, 0]);
    } else {
        let payload = u16::try_from(header_len.checked_sub(IPV6_FIXED)? + length).ok()?;
        header.get_mut(4..6)?.copy_from_slice(&payload.to_be_bytes());
        let at = header_len.checked_sub(FRAGMENT_HEADER)? + 2;
        header.get_mut(at..at + 2)?.fill(0);
    }
    Some(())
}

/// The length by the jumbo payload option (RFC 2675) of a hop-by-hop header.
fn jumbo(protocol: u8, rest: &[u8]) -> Option<usize> {
    if protocol != HOP_BY_HOP {
        return None;
    }
    let mut options = Ipv6RawExtHeaderSlice::from_slice(rest).ok()?.payload();
    while let Some((&kind, after)) = options.split_first() {
        options = match (kind, after.split_first()) {
            (0, _) => after, // Pad1 has no length
            (0xc2, Some((4, value))) => return value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) as usize),
            (_, Some((&length, value))) => value.get(usize::from(length)..)?,
            (_, None) => return None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Frame;
    use crate::wire::fixture::{KEYS, before, frame, hex, ipv4, ipv6, segment, why};
    use crate::wire::{Packet, Segment, decode};

    const RAW: u32 = 101;

    fn with_wire_len(bytes: &[u8], wire_len: u32) -> Segment {
        match decode(&Frame { wire_len, ..frame(RAW, bytes) }, &KEYS) {
            Packet::Segment(segment, _) => segment,
            other => panic!("no segment: {other:?}"),
        }
    }

    /// The fixture's IPv6 packet with extension headers between; the last of them must say 06.
    fn extended(first: u8, headers: &str) -> Vec<u8> {
        let (headers, packet) = (hex(headers), ipv6());
        let mut bytes = [&packet[..40], &headers, &packet[40..]].concat();
        bytes[5] += headers.len() as u8;
        bytes[6] = first;
        bytes
    }

    #[test]
    fn padding_behind_the_packet_is_no_payload() {
        let padded = [ipv4(), vec![0; 20]].concat();
        assert_eq!(segment(RAW, &padded).len, 5);
    }

    #[test]
    fn what_the_snap_length_cut_still_counts() {
        let bytes = ipv4();
        let cut = with_wire_len(&bytes[..42], 45);
        assert_eq!((cut.len, cut.marks.has(Marks::LENGTH_PAST_FRAME)), (5, false));
    }

    #[test]
    fn length_zero_means_to_the_end_of_the_frame() {
        let mut bytes = ipv4();
        bytes[2..4].fill(0);
        let offloaded = with_wire_len(&bytes, 80_040);
        assert_eq!(offloaded.len, 80_000);
        assert!(offloaded.marks.has(Marks::LENGTH_FROM_FRAME));
        let mut bytes = ipv6();
        bytes[4..6].fill(0);
        assert_eq!(with_wire_len(&bytes, 80_060).len, 80_000);
    }

    #[test]
    fn a_jumbogram_has_its_length_in_an_option() {
        let mut bytes = extended(0, "06 00 c2 04 00011000");
        bytes[4..6].fill(0);
        let jumbo = with_wire_len(&bytes, 40 + 0x11000);
        assert_eq!((jumbo.len, jumbo.marks.has(Marks::LENGTH_FROM_FRAME)), (0x11000 - 8 - 20, false));
    }

    #[test]
    fn a_length_that_the_frame_cannot_hold_is_kept_and_marked() {
        let mut bytes = ipv4();
        bytes[2] = 4;
        let lying = segment(RAW, &bytes);
        assert_eq!(lying.len, 5 + 1024);
        assert!(lying.marks.has(Marks::LENGTH_PAST_FRAME));
    }

    #[test]
    fn options_and_extension_headers_are_passed_over() {
        let plain = ipv4();
        let mut options = [&plain[..20], &hex("94040000"), &plain[20..]].concat();
        (options[0], options[3]) = (0x46, 0x31);
        assert_eq!(segment(RAW, &options).len, 5);
        let chain = extended(
            0,
            "2b 00 010400000000 3c 00 000000000000 33 00 010400000000 06 04 0000 00000000 00000000 00000000 00000000 00000000",
        );
        assert_eq!((segment(RAW, &chain).len, segment(RAW, &chain).flow), (5, segment(RAW, &ipv6()).flow));
    }

    #[test]
    fn options_of_impossible_length_make_the_packet_malformed() {
        let plain = ipv4();
        let mut options = [&plain[..20], &hex("94ff0000"), &plain[20..]].concat();
        (options[0], options[3]) = (0x46, 0x31);
        assert_eq!(why(RAW, &options), Why::Malformed(Layer::Ip));
    }

    #[test]
    fn an_atomic_fragment_is_a_whole_packet_and_others_are_named() {
        assert_eq!(segment(RAW, &extended(44, "06 00 0000 0000beef")).ip_id, 0xbeef);
        assert_eq!(why(RAW, &extended(44, "06 00 0001 0000beef")), Why::Fragment(6));
        assert_eq!(why(RAW, &extended(44, "06 00 0100 0000beef")), Why::Fragment(6));
        let mut bytes = ipv4();
        bytes[6] = 0x20;
        assert_eq!(why(RAW, &bytes), Why::Fragment(6));
        let first = super::super::addresses(&bytes, 0).expect("the first fragment has the ports");
        assert_eq!((first.0.port, first.1.port), (40_000, 443));
        bytes[7] = 1;
        assert_eq!(super::super::addresses(&bytes, 0), None);
    }

    #[test]
    fn what_contradicts_itself_or_is_cut_is_named() {
        assert_eq!(why(RAW, &ipv4()[..19]), Why::Short(Layer::Ip));
        assert_eq!(why(RAW, &ipv6()[..39]), Why::Short(Layer::Ip));
        assert_eq!(why(RAW, &extended(0, "06 00 010400000000")[..44]), Why::Short(Layer::Ip));
        assert_eq!(why(RAW, &before("55", &ipv4())), Why::Malformed(Layer::Ip));
        let mut bytes = ipv4();
        bytes[3] = 19;
        assert_eq!(why(RAW, &bytes), Why::Malformed(Layer::Ip));
        let mut bytes = ipv6();
        bytes[6] = 17;
        assert_eq!(why(RAW, &bytes), Why::IpProtocol(17));
    }
}
