//! Frames to the bytes of a capture file.

use super::frame::WireFrame;
use crate::time::{SECOND, Timestamp};

const ETHERNET: u16 = 1;
/// The longest frame that readers accept.
pub(in crate::capture) const SNAPLEN: u32 = 262_144;

/// pcapng where several interfaces captured, else pcap.
pub(in crate::capture) fn write(frames: &[WireFrame]) -> Vec<u8> {
    match frames.iter().map(|frame| frame.iface).max() {
        Some(last @ 1..) => pcapng(frames, last),
        _ => pcap(frames),
    }
}

/// Little endian, in microseconds unless a time is finer.
fn pcap(frames: &[WireFrame]) -> Vec<u8> {
    let fine = frames.iter().any(|frame| frame.time.0 % 1000 != 0);
    let (magic, unit) = if fine { (0xa1b2_3c4d_u32, 1) } else { (0xa1b2_c3d4, 1000) };
    let mut out = Vec::new();
    for word in [magic, 4 << 16 | 2, 0, 0, SNAPLEN, u32::from(ETHERNET)] {
        out.extend(word.to_le_bytes());
    }
    for frame in frames {
        let (seconds, within) = (frame.time.0.div_euclid(SECOND), frame.time.0.rem_euclid(SECOND) / unit);
        for word in [seconds as u32, within as u32, frame.captured as u32, frame.wire_len as u32] {
            out.extend(word.to_le_bytes());
        }
        out.extend(frame.bytes.iter().take(frame.captured));
    }
    out
}

/// Little endian, in nanoseconds, with an Enhanced Packet Block a frame.
fn pcapng(frames: &[WireFrame], last_interface: u8) -> Vec<u8> {
    let mut out = section();
    for interface in 0..=last_interface {
        let name = format!("eth{interface}");
        describe(&mut out, ETHERNET, &option(2, name.as_bytes()));
    }
    for frame in frames {
        let data = frame.bytes.get(..frame.captured).unwrap_or(&frame.bytes);
        packet(&mut out, frame.iface, frame.time, data, frame.wire_len as u32);
    }
    out
}

/// The head of a pcapng, little endian.
pub(in crate::capture) fn section() -> Vec<u8> {
    let mut out = Vec::new();
    let unknown_length = u64::MAX.to_le_bytes();
    block(
        &mut out,
        0x0a0d_0d0a,
        &[&0x1a2b_3c4d_u32.to_le_bytes(), &1_u16.to_le_bytes(), &0_u16.to_le_bytes(), &unknown_length],
    );
    out
}

/// One more interface, in nanoseconds, with more options.
pub(in crate::capture) fn describe(out: &mut Vec<u8>, link: u16, options: &[u8]) {
    let options = [options, &option(9, &[9]), &option(0, &[])].concat();
    block(out, 1, &[&link.to_le_bytes(), &[0, 0], &SNAPLEN.to_le_bytes(), &options]);
}

/// A frame of one of the interfaces.
pub(in crate::capture) fn packet(out: &mut Vec<u8>, interface: u8, time: Timestamp, data: &[u8], wire_len: u32) {
    let time = time.0.max(0) as u64;
    let words = [u32::from(interface), (time >> 32) as u32, time as u32, data.len() as u32, wire_len];
    let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    block(out, 6, &[&head, data]);
}

/// A block with its length on both ends, the body filled up to four bytes.
fn block(out: &mut Vec<u8>, kind: u32, body: &[&[u8]]) {
    let length = 12 + body.iter().map(|part| part.len()).sum::<usize>().next_multiple_of(4);
    out.extend(kind.to_le_bytes());
    out.extend((length as u32).to_le_bytes());
    body.iter().for_each(|part| out.extend(*part));
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend((length as u32).to_le_bytes());
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::from(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}
