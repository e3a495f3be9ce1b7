//! One connection that carries a whole file: a capture, whose records look like the outer capture's own, or noise.

use crate::fate::Fate;
use crate::frame::{FrameBuffer, Payload, Said};
use crate::packet::{ACK, Extra, FIN, Flow, Packet, SYN};
use crate::profile::{Options, Profile};
use crate::truth::Truth;
use crate::{Ends, Frame, MICROSECOND, START, Side, Sink};
use std::io;

/// Payload of a segment, bytes.
const SEGMENT: usize = 1448;
/// Bytes of capture, with its headers, for each of payload.
const OVERHEAD: f64 = 1.09;

/// A client fetches the file; every segment of it is seen, and every other acknowledged.
pub(crate) fn download(options: &Options, sink: &mut dyn Sink) -> io::Result<()> {
    let wanted = (options.full_bytes() as f64 / OVERHEAD) as usize;
    let file = Repeated(match options.profile {
        Profile::Nested => capture(options),
        _ => noise(),
    });
    let mut buffer = FrameBuffer::new();
    let ends = Ends { v6: false, client: (0x0a00_0005, 40_001), server: (0xc633_0007, 8080) };
    let (mut at, mut said) = (0, Vec::new());
    let flow = Flow::download(ends, wanted);
    for packet in &flow.packets {
        file.read(at, packet.len.into(), &mut said);
        at += usize::from(packet.len);
        buffer.tcp(&flow, packet, &Said::of(&said));
        let Packet { time, side, .. } = *packet;
        sink.frame(&Frame { time, bytes: buffer.bytes(), interface: flow.interface, side })?;
    }
    sink.flow(&Truth::of(&flow))
}

/// A file that says the same again and again.
struct Repeated(Vec<u8>);

impl Repeated {
    fn read(&self, at: usize, len: usize, out: &mut Vec<u8>) {
        out.clear();
        while out.len() < len {
            let from = (at + out.len()) % self.0.len();
            let to = (from + len - out.len()).min(self.0.len());
            out.extend_from_slice(&self.0[from..to]);
        }
    }
}

/// Small packets, in the outer capture's format: many records a segment. The file's head stands in front of each copy.
fn capture(options: &Options) -> Vec<u8> {
    crate::capture(&Options { format: options.format, ..Options::new(Profile::Small).flows(2000) }).0
}

fn noise() -> Vec<u8> {
    Payload::new().part(0, 64 << 10).bytes.to_vec()
}

impl Flow {
    /// A connection on which the server sends so many bytes and closes.
    fn download(ends: Ends, bytes: usize) -> Self {
        let mut talk = Talk { time: START, seq: [1_000, 2_000], packets: Vec::new() };
        talk.say(Side::Client, SYN, 0);
        talk.say(Side::Server, SYN | ACK, 0);
        talk.say(Side::Client, ACK, 0);
        for (number, at) in (0..bytes).step_by(SEGMENT).enumerate() {
            talk.say(Side::Server, ACK, (bytes - at).min(SEGMENT));
            if number % 2 == 1 {
                talk.say(Side::Client, ACK, 0);
            }
        }
        talk.say(Side::Server, FIN | ACK, 0);
        talk.say(Side::Client, FIN | ACK, 0);
        talk.say(Side::Server, ACK, 0);
        Self::of(0, ends, Fate::ClosedByServer, talk.packets, [0, bytes as u64])
    }
}

/// Two sides that take turns.
struct Talk {
    time: u64,
    seq: [u32; 2],
    packets: Vec<Packet>,
}

impl Talk {
    fn say(&mut self, side: Side, flags: u8, len: usize) {
        let [me, peer] = [side as usize, side.peer() as usize];
        let extra = if flags & SYN != 0 { Extra::Mss } else { Extra::None };
        let (seq, ack) = (self.seq[me], if flags & ACK != 0 { self.seq[peer] } else { 0 });
        self.packets.push(Packet { time: self.time, seq, ack, flags, side, extra, len: len as u16, ..Packet::BLANK });
        let taken = len as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.seq[me] = seq.wrapping_add(taken);
        self.time += 12 * MICROSECOND;
    }
}
