//! Frames as the records of a capture file.

use crate::{Frame, Options, SECOND, Side};

const ETHERNET: u16 = 1;
const RAW_IP: u16 = 101;
const INTERFACES: u8 = 3;
/// Packets between two with a comment.
const COMMENT_EVERY: u64 = 997;

/// Kinds of capture files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Microseconds.
    Pcap,
    /// Nanoseconds.
    PcapNano,
    /// Three interfaces, the second one's clock in nanoseconds.
    Pcapng,
}

/// Writes records into a buffer, which whoever owns it empties.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    format: Format,
    snaplen: usize,
    mixed: bool,
    /// Bytes between two new descriptions of an interface; 0 for none.
    interface_every: u64,
    /// Bytes since the last one.
    since_interface: u64,
    packets: u64,
    received: [u64; INTERFACES as usize],
}

impl Container {
    pub fn new(options: &Options) -> Self {
        let &Options { format, snaplen, mixed, interface_every, .. } = options;
        Self { format, snaplen, mixed, interface_every, since_interface: 0, packets: 0, received: [0; 3] }
    }

    /// What a file begins with.
    pub fn head(&mut self, out: &mut Vec<u8>) {
        let magic: u32 = match self.format {
            Format::Pcap => 0xa1b2_c3d4,
            Format::PcapNano => 0xa1b2_3c4d,
            Format::Pcapng => return self.section(out),
        };
        for word in [magic, 4 << 16 | 2, 0, 0, self.snaplen as u32, u32::from(ETHERNET)] {
            out.extend(word.to_le_bytes());
        }
    }

    /// One frame.
    pub fn record(&mut self, out: &mut Vec<u8>, frame: &Frame<'_>) {
        let before = out.len();
        self.packets += 1;
        match self.format {
            Format::Pcap => self.pcap(out, frame, 1000),
            Format::PcapNano => self.pcap(out, frame, 1),
            Format::Pcapng => self.enhanced_packet(out, frame),
        }
        self.since_interface += (out.len() - before) as u64;
        if self.interface_every > 0 && self.since_interface >= self.interface_every {
            self.since_interface = 0;
            self.interface(out, 0);
        }
    }

    /// What a file ends with.
    pub fn tail(&mut self, out: &mut Vec<u8>) {
        if self.format != Format::Pcapng {
            return;
        }
        for (interface, received) in (0_u32..).zip(self.received) {
            let mut body = interface.to_le_bytes().to_vec();
            body.extend([0; 8]);
            option(&mut body, 4, &received.to_le_bytes());
            option(&mut body, 0, b"");
            block(out, 5, &body);
        }
    }

    fn pcap(&self, out: &mut Vec<u8>, frame: &Frame<'_>, unit: u64) {
        let captured = frame.bytes.len().min(self.snaplen);
        let (seconds, rest) = (frame.time / SECOND, frame.time % SECOND / unit);
        for word in [seconds as u32, rest as u32, captured as u32, frame.bytes.len() as u32] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&frame.bytes[..captured]);
    }

    fn enhanced_packet(&mut self, out: &mut Vec<u8>, frame: &Frame<'_>) {
        self.received[usize::from(frame.interface)] += 1;
        let raw = self.mixed && frame.interface == 2;
        let bytes = if raw { &frame.bytes[14..] } else { frame.bytes };
        let captured = bytes.len().min(self.snaplen);
        let time = if frame.interface == 1 { frame.time } else { frame.time / 1000 };
        let start = out.len();
        let words =
            [6, 0, u32::from(frame.interface), (time >> 32) as u32, time as u32, captured as u32, bytes.len() as u32];
        words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        out.extend_from_slice(&bytes[..captured]);
        out.resize(start + (out.len() - start).next_multiple_of(4), 0);
        let direction: u32 = if frame.side == Side::Client { 2 } else { 1 };
        option(out, 2, &direction.to_le_bytes());
        if self.packets.is_multiple_of(COMMENT_EVERY) {
            option(out, 1, b"marked by capgen");
        }
        option(out, 0, b"");
        let length = ((out.len() - start + 4) as u32).to_le_bytes();
        out[start + 4..start + 8].copy_from_slice(&length);
        out.extend_from_slice(&length);
    }

    fn section(&self, out: &mut Vec<u8>) {
        let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]);
        body.extend([0xff; 8]);
        option(&mut body, 2, b"x86_64");
        option(&mut body, 3, b"Linux");
        option(&mut body, 4, b"capgen");
        option(&mut body, 1, b"synthetic capture");
        option(&mut body, 0, b"");
        block(out, 0x0a0d_0d0a, &body);
        (0..INTERFACES).for_each(|interface| self.interface(out, interface));
        let mut names = vec![1, 0, 9, 0, 10, 0, 0, 1];
        names.extend(b"host\0\0\0\0\0\0\0\0");
        block(out, 4, &names);
    }

    /// The description of an interface.
    fn interface(&self, out: &mut Vec<u8>, interface: u8) {
        let (name, link, resolution) = match interface {
            0 => ("eth0", ETHERNET, None),
            1 => ("eth1", ETHERNET, Some(9)),
            _ => ("tun0", if self.mixed { RAW_IP } else { ETHERNET }, Some(6)),
        };
        let mut body = link.to_le_bytes().to_vec();
        body.extend([0; 2]);
        body.extend((self.snaplen as u32).to_le_bytes());
        option(&mut body, 2, name.as_bytes());
        if let Some(resolution) = resolution {
            option(&mut body, 9, &[resolution]);
        }
        option(&mut body, 0, b"");
        block(out, 1, &body);
    }
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    out.extend_from_slice(value);
    out.resize(out.len() + (4 - value.len() % 4) % 4, 0);
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = ((body.len() + 12) as u32).to_le_bytes();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&length);
    out.extend_from_slice(body);
    out.extend_from_slice(&length);
}
