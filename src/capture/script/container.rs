//! Frames to the bytes of a capture file.

use super::frame::WireFrame;
use crate::time::SECOND;

const ETHERNET: u16 = 1;
const SNAPLEN: u32 = 262_144;

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
    let mut out = Vec::new();
    let unknown_length = u64::MAX.to_le_bytes();
    block(
        &mut out,
        0x0a0d_0d0a,
        &[&0x1a2b_3c4d_u32.to_le_bytes(), &1_u16.to_le_bytes(), &0_u16.to_le_bytes(), &unknown_length],
    );
    for interface in 0..=last_interface {
        let name = format!("eth{interface}");
        let mut options = option(2, name.as_bytes());
        options.extend(option(9, &[9]));
        options.extend(option(0, &[]));
        block(&mut out, 1, &[&ETHERNET.to_le_bytes(), &[0, 0], &SNAPLEN.to_le_bytes(), &options]);
    }
    for frame in frames {
        let time = frame.time.0.max(0) as u64;
        let words =
            [u32::from(frame.iface), (time >> 32) as u32, time as u32, frame.captured as u32, frame.wire_len as u32];
        let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let data: Vec<u8> = frame.bytes.iter().copied().take(frame.captured).collect();
        block(&mut out, 6, &[&head, &data]);
    }
    out
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
