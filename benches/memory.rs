//! Bytes of heap a connection by what was seen of it: `cargo bench --bench memory`.
//!
//! Counted as they are asked for, by an allocator that counts a thread's own; the index, and room that is kept for more, are
//! in it.

use synfin::seq::Seq;
use synfin::tcp::{Connection, Place, Table};
use synfin::time::Timestamp;
use synfin::wire::{Address, Flags, FlowHash, Marks, Rare, Segment, Way};

const MILLISECOND: i64 = 1_000_000;
const MINUTE: i64 = 60_000 * MILLISECOND;

/// One segment of a plain conversation: after so long, by whom, and what.
struct Line {
    gap: i64,
    way: Way,
    flags: Flags,
    seq: u32,
    ack: u32,
    len: u32,
}

const fn line(gap: i64, way: Way, flags: Flags, seq: u32, ack: u32, len: u32) -> Line {
    Line { gap: gap * MILLISECOND, way, flags, seq, ack, len }
}

const SYN: Line = line(0, Way::Up, Flags::SYN, 0, 0, 0);
const SYNACK: Line = line(20, Way::Down, Flags::SYN.with(Flags::ACK), 0, 1, 0);
const ACK: Line = line(1, Way::Up, Flags::ACK, 1, 1, 0);

fn main() {
    // `cargo bench` hands its own flags to every bench; this one has no choices.
    let handshake = || vec![SYN, SYNACK, ACK];
    println!("a connection in full: {} bytes, and scoreboards\n", size_of::<Connection>());
    println!("{:<44} {:>12} {:>10} {:>10}", "bytes a connection, at its last segment", "connections", "mean", "peak");
    for connections in [10_000, 460_000, 1_000_000] {
        show("one SYN", connections, 0, &[SYN]);
        show("handshake, then idle", connections, 0, &handshake());
    }
    show("request and answer, then idle", 300_000, 0, &exchange());
    show("closed in order", 300_000, 0, &closed());
    show("full scoreboard, one direction", 100_000, 0, &full([true, false]));
    show("full scoreboard, both directions", 100_000, 0, &full([true, true]));
    show("one SYN, 20 minutes ago", 300_000, 20 * MINUTE, &[SYN]);
    show("handshake, 20 minutes ago", 300_000, 20 * MINUTE, &handshake());
}

fn exchange() -> Vec<Line> {
    let mut lines = vec![SYN, SYNACK, ACK];
    lines.push(line(1, Way::Up, Flags::ACK.with(Flags::PSH), 1, 1, 500));
    lines.push(line(20, Way::Down, Flags::ACK.with(Flags::PSH), 1, 501, 1400));
    lines.push(line(1, Way::Up, Flags::ACK, 501, 1401, 0));
    lines
}

fn closed() -> Vec<Line> {
    let mut lines = exchange();
    let fin = Flags::ACK.with(Flags::FIN);
    lines.push(line(5, Way::Up, fin, 501, 1401, 0));
    lines.push(line(20, Way::Down, fin, 1401, 502, 0));
    lines.push(line(1, Way::Up, Flags::ACK, 502, 1402, 0));
    lines
}

/// Every second segment lost before the capture, and nothing acknowledged.
fn full(directions: [bool; 2]) -> Vec<Line> {
    let mut lines = vec![SYN, SYNACK, ACK];
    for (way, _) in [Way::Up, Way::Down].into_iter().zip(directions).filter(|(_, full)| *full) {
        lines.extend((0..100).map(|number| line(1, way, Flags::ACK, 1 + number * 2896, 1, 1448)));
    }
    lines
}

/// Tracks so many connections that tell the same, one after another within ten minutes, and half as many again after
/// `wait`.
fn show(what: &str, connections: u64, wait: i64, lines: &[Line]) {
    let mut table = Table::default();
    let apart = 10 * MINUTE / connections as i64;
    let counted = allocation_counter::measure(|| {
        for number in 0..connections {
            tell(&mut table, number, number as i64 * apart, lines);
        }
        let after = connections as i64 * apart;
        if wait > 0 {
            // Embryos come to be looked at while new ones come.
            let more = connections / 2;
            (0..more).for_each(|number| tell(&mut table, connections + number, after + wait, lines));
        }
    });
    let total = if wait > 0 { connections + connections / 2 } else { connections };
    let mean = |bytes: u64| format!("{:.0}", bytes as f64 / total as f64);
    let current = u64::try_from(counted.bytes_current).unwrap_or_default();
    println!("{what:<44} {total:>12} {:>10} {:>10}", mean(current), mean(counted.bytes_max));
}

fn tell(table: &mut Table, number: u64, at: i64, lines: &[Line]) {
    let mut time = 1_767_225_600_000_000_000 + at;
    let hash = |word: u64| (number + word).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.rotate_left(word as u32);
    let isn = hash(3) as u32;
    for (index, line) in lines.iter().enumerate() {
        time += line.gap;
        let (mine, theirs) = match line.way {
            Way::Up => (isn, isn.wrapping_mul(5)),
            Way::Down => (isn.wrapping_mul(5), isn),
        };
        let syn = line.flags.any(Flags::SYN);
        let marks = if syn { Marks::TIMESTAMPS.with(Marks::RARE) } else { Marks::TIMESTAMPS };
        let segment = Segment {
            // No two have the part in common that the index holds.
            flow: FlowHash([number.wrapping_mul(0x9e37_79b9_7f4a_7c15), hash(2)]),
            time: Timestamp(time),
            offset: number * 400,
            frame: index as u32 + 1,
            seq: Seq(mine.wrapping_add(line.seq)),
            ack: Seq(if line.flags.any(Flags::ACK) { theirs.wrapping_add(line.ack) } else { 0 }),
            len: line.len,
            wire_len: 66 + line.len,
            ts_value: hash(4) as u32,
            ts_echo: if line.flags.any(Flags::ACK) { hash(5) as u32 } else { 0 },
            window: 64_240,
            ip_id: hash(6) as u16,
            flags: line.flags,
            ip_at: 14,
            interface: 0,
            vlan: 0,
            ttl: 64,
            marks,
            way: line.way,
            lane: 0,
        };
        let rare = Rare { mss: Some(1460), window_scale: Some(7), sack_permitted: true, ..Rare::default() };
        let place = Place { frames_before: number * 7, ..Place::default() };
        let client = Address::v4((number as u32 | 0x0a00_0000).to_be_bytes(), 40_000 + number as u16 % 20_000);
        let server = Address::v4([192, 0, 2, 1], 443);
        let ends = if line.way == Way::Up { (client, server) } else { (server, client) };
        let took = table.observe(&segment, syn.then_some(&rare), place, &|| Some(ends));
        assert!(took.is_ok(), "nobody who sleeps speaks again");
        // What goes to disk is none of the heap's.
        while table.take_tape().is_some() {}
    }
}
