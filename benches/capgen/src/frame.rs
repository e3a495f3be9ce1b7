//! Packets as Ethernet frames, with every checksum right.

use crate::packet::{ACK, Extra, Flow, Packet, RST};
use crate::rng::Rng;
use crate::{MILLISECOND, Side};
use std::io::Write;

const ETHERNET: usize = 14;
/// The shortest frame of Ethernet, without its check sequence.
const SHORTEST: usize = 60;
const TCP: u8 = 6;
const TTL: [u8; 2] = [64, 55];

/// Random bytes to say, and what any part of them adds to a checksum.
pub(crate) struct Payload {
    bytes: Vec<u8>,
    /// Sums of 16-bit words before each.
    sums: Vec<u64>,
}

/// What a TCP segment says.
pub(crate) struct Said<'a> {
    pub bytes: &'a [u8],
    pub sum: u64,
}

/// A frame being made. Longer ones than it holds are not made.
pub(crate) struct FrameBuffer {
    bytes: [u8; 2048],
    len: usize,
}

impl Payload {
    pub fn new() -> Self {
        let mut random = Rng::new(77);
        let bytes: Vec<u8> = (0..8192).flat_map(|_| random.next_u64().to_le_bytes()).collect();
        let mut sums = vec![0];
        let mut total = 0;
        for word in bytes.chunks_exact(2) {
            total += sum_words(word);
            sums.push(total);
        }
        Self { bytes, sums }
    }

    /// `len` bytes from an even place.
    pub fn part(&self, at: usize, len: usize) -> Said<'_> {
        let odd = if len % 2 == 1 { u64::from(self.bytes[at + len - 1]) << 8 } else { 0 };
        Said { bytes: &self.bytes[at..at + len], sum: self.sums[(at + len) / 2] - self.sums[at / 2] + odd }
    }
}

impl<'a> Said<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, sum: sum_words(bytes) }
    }
}

impl FrameBuffer {
    pub fn new() -> Self {
        Self { bytes: [0; 2048], len: 0 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Filled up as a network card does before it sends. The tap sees the client's frames before that, the server's after.
    pub fn pad(&mut self) {
        if self.len < SHORTEST {
            self.bytes[self.len..SHORTEST].fill(0);
            self.len = SHORTEST;
        }
    }

    /// A TCP segment of a flow.
    pub fn tcp(&mut self, flow: &Flow, packet: &Packet, said: &Said<'_>) {
        let ends = &flow.ends;
        let head = 20 + packet.extra.len();
        let len = said.bytes.len();
        let ((source, from), (target, to)) = match packet.side {
            Side::Client => (ends.client, ends.server),
            Side::Server => (ends.server, ends.client),
        };
        self.ethernet(packet.side, if ends.v6 { 0x86dd } else { 0x0800 });
        let ttl = TTL[packet.side as usize];
        let (at, pseudo) = self.ip(ends.v6, source, target, TCP, head + len, packet.ip_id, ttl);
        let window: u16 = if packet.flags & RST != 0 { 0 } else { 0xfaf0 };
        let header = &mut self.bytes[at..at + head];
        header[0..2].copy_from_slice(&from.to_be_bytes());
        header[2..4].copy_from_slice(&to.to_be_bytes());
        header[4..8].copy_from_slice(&packet.seq.to_be_bytes());
        header[8..12].copy_from_slice(&packet.ack.to_be_bytes());
        header[12] = ((head / 4) as u8) << 4;
        header[13] = packet.flags;
        header[14..16].copy_from_slice(&window.to_be_bytes());
        header[16..20].fill(0);
        write_options(&mut header[20..], flow, packet);
        let mut sum = pseudo + sum_words(header) + said.sum;
        let body = &mut self.bytes[at + head..at + head + len];
        body.copy_from_slice(said.bytes);
        sum = match ends.server.1 {
            443 => replace(body, sum, &tls_record(len)),
            80 => replace(body, sum, &http_head(packet)),
            _ => sum,
        };
        self.bytes[at + 16..at + 18].copy_from_slice(&checksum(sum).to_be_bytes());
        self.len = at + head + len;
        if packet.side == Side::Server {
            self.pad();
        }
    }

    /// What stands beside TCP in ordinary traffic: ARP, echo requests, DNS, QUIC.
    pub fn noise(&mut self, random: &mut Rng, payload: &Payload) {
        let kind = random.below(100);
        let side = if random.next_u64() & 1 == 0 { Side::Client } else { Side::Server };
        let host = 0x0a00_0000 + u128::from(random.below(4096));
        let server = 0xc633_6400 + u128::from(random.below(256));
        let (source, target) = if side == Side::Client { (host, server) } else { (server, host) };
        match kind {
            0..10 => self.arp(side, source, target),
            10..25 => self.echo(side, source, target, random, payload),
            _ => self.udp(side, source, target, kind < 60, random, payload),
        }
    }

    fn arp(&mut self, side: Side, source: u128, target: u128) {
        self.ethernet(side, 0x0806);
        let body = &mut self.bytes[ETHERNET..ETHERNET + 28];
        body.fill(0);
        body[..8].copy_from_slice(&[0, 1, 8, 0, 6, 4, 0, 1]);
        body[14..18].copy_from_slice(&(source as u32).to_be_bytes());
        body[24..28].copy_from_slice(&(target as u32).to_be_bytes());
        self.len = ETHERNET + 28;
        self.pad();
    }

    fn echo(&mut self, side: Side, source: u128, target: u128, random: &mut Rng, payload: &Payload) {
        const LEN: usize = 64;
        self.ethernet(side, 0x0800);
        let (at, _) = self.ip(false, source, target, 1, LEN, random.next_u32() as u16, 64);
        let body = &mut self.bytes[at..at + LEN];
        body.copy_from_slice(&payload.bytes[..LEN]);
        body[..4].copy_from_slice(&[if side == Side::Client { 8 } else { 0 }, 0, 0, 0]);
        let sum = checksum(sum_words(body));
        body[2..4].copy_from_slice(&sum.to_be_bytes());
        self.len = at + LEN;
    }

    fn udp(&mut self, side: Side, source: u128, target: u128, dns: bool, random: &mut Rng, payload: &Payload) {
        self.ethernet(side, 0x0800);
        let drawn = if dns { random.between(30, 300) } else { random.between(40, 1250) } as usize;
        let answers = if side == Side::Client { 0 } else { drawn / 60 };
        let (said, port) = if dns { (33 + 16 * answers, 53_u16) } else { (drawn, 443) };
        let len = 8 + said;
        let (at, pseudo) = self.ip(false, source, target, 17, len, random.next_u32() as u16, 64);
        let high = 32768 + random.below(28000) as u16;
        let (from, to) = if side == Side::Client { (high, port) } else { (port, high) };
        let place = random.below(30_000) as usize & !1;
        let body = &mut self.bytes[at..at + len];
        body[0..2].copy_from_slice(&from.to_be_bytes());
        body[2..4].copy_from_slice(&to.to_be_bytes());
        body[4..6].copy_from_slice(&(len as u16).to_be_bytes());
        body[6..8].fill(0);
        body[8..].copy_from_slice(&payload.bytes[place..place + said]);
        if dns {
            write_dns(&mut body[8..], side, answers);
        }
        let sum = match checksum(pseudo + sum_words(body)) {
            0 => 0xffff, // RFC 768: 0 means that there is no checksum
            sum => sum,
        };
        body[6..8].copy_from_slice(&sum.to_be_bytes());
        self.len = at + len;
        if side == Side::Server {
            self.pad();
        }
    }

    fn ethernet(&mut self, side: Side, kind: u16) {
        const NEAR: [u8; 6] = [0x02, 0, 0, 0, 0, 0x0a];
        const FAR: [u8; 6] = [0x02, 0, 0, 0, 0, 0x0b];
        let (target, source) = if side == Side::Client { (FAR, NEAR) } else { (NEAR, FAR) };
        self.bytes[0..6].copy_from_slice(&target);
        self.bytes[6..12].copy_from_slice(&source);
        self.bytes[12..14].copy_from_slice(&kind.to_be_bytes());
    }

    /// An IP header before `len` bytes. Gives where these begin, and what the pseudo-header adds to their checksum.
    #[expect(clippy::too_many_arguments, reason = "a header has that many fields")]
    fn ip(&mut self, v6: bool, source: u128, target: u128, protocol: u8, len: usize, id: u16, ttl: u8) -> (usize, u64) {
        let pseudo = u64::from(protocol) + len as u64;
        if v6 {
            let header = &mut self.bytes[ETHERNET..ETHERNET + 40];
            header[..4].copy_from_slice(&[0x60, 0, 0, 0]);
            header[4..6].copy_from_slice(&(len as u16).to_be_bytes());
            header[6..8].copy_from_slice(&[protocol, ttl]);
            header[8..24].copy_from_slice(&source.to_be_bytes());
            header[24..40].copy_from_slice(&target.to_be_bytes());
            return (ETHERNET + 40, sum_words(&header[8..40]) + pseudo);
        }
        let header = &mut self.bytes[ETHERNET..ETHERNET + 20];
        header[..2].copy_from_slice(&[0x45, 0]);
        header[2..4].copy_from_slice(&((len + 20) as u16).to_be_bytes());
        header[4..6].copy_from_slice(&id.to_be_bytes());
        header[6..12].copy_from_slice(&[0x40, 0, ttl, protocol, 0, 0]);
        header[12..16].copy_from_slice(&(source as u32).to_be_bytes());
        header[16..20].copy_from_slice(&(target as u32).to_be_bytes());
        let sum = checksum(sum_words(header));
        header[10..12].copy_from_slice(&sum.to_be_bytes());
        (ETHERNET + 20, sum_words(&header[12..20]) + pseudo)
    }
}

fn write_options(out: &mut [u8], flow: &Flow, packet: &Packet) {
    let clock = (packet.time / MILLISECOND) as u32;
    let value = clock.wrapping_add(if packet.side == Side::Client { flow.id as u32 } else { 0x4000_0000 });
    let echo = if packet.flags & ACK != 0 { value.wrapping_sub(30) } else { 0 };
    let [value, echo] = [value.to_be_bytes(), echo.to_be_bytes()];
    const MSS: [u8; 4] = [2, 4, 0x05, 0xb4];
    match packet.extra {
        Extra::None => {}
        Extra::Mss => out.copy_from_slice(&MSS),
        Extra::Timestamps => out.copy_from_slice(&[&[1, 1, 8, 10], &value[..], &echo].concat()),
        Extra::Syn => out.copy_from_slice(&[&MSS[..], &[4, 2, 8, 10], &value, &echo, &[1, 3, 3, 7]].concat()),
    }
}

/// The head of a TLS record of application data that fills a segment.
fn tls_record(len: usize) -> Vec<u8> {
    if len < 6 {
        return Vec::new();
    }
    let [high, low] = ((len - 5) as u16).to_be_bytes();
    // The sixth byte is payload; an even number of bytes is replaced.
    vec![0x17, 3, 3, high, low]
}

/// The head of an HTTP message that begins in this packet and fits into it; the body is opaque.
fn http_head(packet: &Packet) -> Vec<u8> {
    let mut head = Vec::new();
    let (len, side) = (packet.message, packet.side);
    // Writing to a vector does not fail.
    let _ = match side {
        Side::Client if len >= 60 => {
            write!(head, "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length:{:07}\r\n\r\n", len - 60)
        }
        Side::Server if len >= 62 => {
            write!(head, "HTTP/1.1 200 OK\r\nServer: capgen/1\r\nContent-Length: {:07}\r\n\r\n", len - 62)
        }
        Side::Client | Side::Server => Ok(()),
    };
    head
}

fn write_dns(out: &mut [u8], side: Side, answers: usize) {
    let answer = if side == Side::Client { [1, 0] } else { [0x81, 0x80] };
    out[2..12].copy_from_slice(&[answer[0], answer[1], 0, 1, 0, answers as u8, 0, 0, 0, 0]);
    out[12..33].copy_from_slice(b"\x03www\x07example\x03com\0\0\x01\0\x01");
    for record in out[33..].chunks_exact_mut(16) {
        record[..12].copy_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
    }
}

/// Puts `head` over the start of a body, if it fits; gives the new sum of a checksum.
fn replace(body: &mut [u8], sum: u64, head: &[u8]) -> u64 {
    if body.len() < head.len() {
        return sum;
    }
    // A checksum adds up words: an odd head takes a byte of the body with it.
    let words = head.len().next_multiple_of(2).min(body.len());
    let before = sum_words(&body[..words]);
    body[..head.len()].copy_from_slice(head);
    sum - before + sum_words(&body[..words])
}

/// Sum of big-endian 16-bit words, the last filled up with 0.
fn sum_words(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(2);
    let odd = words.remainder().first().map_or(0, |&byte| u64::from(byte) << 8);
    words.map(|word| u64::from(word[0]) << 8 | u64::from(word[1])).sum::<u64>() + odd
}

/// RFC 1071: the complement of the sum, carries added in.
fn checksum(mut sum: u64) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
