//! The TCP headers of an Ethernet capture, read the plainest way there is: a second opinion that shares no code with the
//! product.

use synfin::wire::Address;

pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// One TCP segment, as its headers have it.
pub struct Plain {
    pub frame: u64,
    /// Nanoseconds since 1970.
    pub time: i64,
    pub from: Address,
    pub to: Address,
    pub seq: u32,
    pub ack: u32,
    pub flags: u8,
    pub window: u16,
    pub ttl: u8,
    pub ip_id: u16,
    /// Bytes of TCP options.
    pub options: usize,
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// All TCP segments of a plain little-endian microsecond pcap of Ethernet frames.
pub fn segments(capture: &[u8]) -> Vec<Plain> {
    let mut rest = &capture[24..];
    let mut found = Vec::new();
    for frame in 1.. {
        let Some(header) = rest.get(..16) else { return found };
        let little = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        let time = i64::from(little(0)) * 1_000_000_000 + i64::from(little(4)) * 1000;
        let (bytes, after) = rest[16..].split_at(little(8) as usize);
        rest = after;
        found.extend(decode(bytes, frame, time));
    }
    found
}

fn decode(bytes: &[u8], frame: u64, time: i64) -> Option<Plain> {
    let ip = &bytes[14..];
    let (tcp, from, to, ttl, ip_id) = match half(bytes, 12) {
        0x0800 if ip[9] == 6 => {
            let address = |at: usize| Address::v4(ip[at..at + 4].try_into().expect("four bytes"), 0);
            (&ip[usize::from(ip[0] & 15) * 4..], address(12), address(16), ip[8], half(ip, 4))
        }
        0x86dd if ip[6] == 6 => {
            let address = |at: usize| Address::v6(ip[at..at + 16].try_into().expect("sixteen bytes"), 0);
            (&ip[40..], address(8), address(24), ip[7], 0)
        }
        _ => return None,
    };
    Some(Plain {
        frame,
        time,
        from: Address { port: half(tcp, 0), ..from },
        to: Address { port: half(tcp, 2), ..to },
        seq: word(tcp, 4),
        ack: word(tcp, 8),
        flags: tcp[13],
        window: half(tcp, 14),
        ttl,
        ip_id,
        options: usize::from(tcp[12] >> 4) * 4 - 20,
    })
}
