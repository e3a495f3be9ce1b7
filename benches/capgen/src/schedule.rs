//! Connections begin one after another, and their packets are woven into one stream by time.

use crate::fate::Fate;
use crate::frame::{FrameBuffer, Payload};
use crate::packet::Flow;
use crate::profile::{Options, Profile, Traffic};
use crate::rng::Rng;
use crate::truth::Truth;
use crate::{Ends, Frame, SECOND, START, Side, Sink};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::io;

/// Ends that may be used again, at most.
const MOST_RECYCLED: usize = 20_000;
/// The scanner's address.
const SCANNER: u128 = 0xc000_0207;

/// Decides which connections there are.
struct Births<'a> {
    options: &'a Options,
    traffic: Traffic,
    random: Rng,
    next_id: u64,
    next_at: u64,
    used: HashSet<Ends>,
    recycled: VecDeque<Recycled>,
}

/// Ends whose connection has closed in order.
struct Recycled {
    closed: u64,
    ends: Ends,
    /// Last sequence numbers.
    seq: [u32; 2],
}

/// Flows that have begun, and which packet comes next.
#[derive(Default)]
struct Living {
    slots: Vec<Option<(Flow, usize)>>,
    free: Vec<u32>,
    /// Time of the next packet, and whose it is.
    heap: BinaryHeap<Reverse<(u64, u32)>>,
}

/// Web, small and elephant traffic.
pub(crate) fn weave(options: &Options, sink: &mut dyn Sink) -> io::Result<()> {
    let payload = Payload::new();
    let mut buffer = FrameBuffer::new();
    let mut noise = Rng::new(options.seed ^ 0x00ab_cdef);
    let mut births = Births::new(options);
    let noise_share = births.traffic.noise;
    let mut living = Living::default();
    loop {
        while births.is_due(living.next_time()) {
            living.begin(births.next());
        }
        let Some((time, slot)) = living.pop() else { return Ok(()) };
        let Some((flow, at)) = &mut living.slots[slot as usize] else { continue };
        let packet = flow.packets[*at];
        buffer.tcp(flow, &packet, &payload.part(packet.payload_at as usize, packet.len.into()));
        sink.frame(&Frame { time, bytes: buffer.bytes(), interface: flow.interface, side: packet.side })?;
        *at += 1;
        if let Some(finished) = living.go_on(slot) {
            sink.flow(&Truth::of(&finished))?;
        }
        if noise_share > 0.0 && noise.chance(noise_share) {
            buffer.noise(&mut noise, &payload);
            sink.frame(&Frame { time, bytes: buffer.bytes(), interface: 0, side: Side::Client })?;
        }
    }
}

/// One SYN a connection.
pub(crate) fn flood(options: &Options, sink: &mut dyn Sink) -> io::Result<()> {
    let payload = Payload::new();
    let mut buffer = FrameBuffer::new();
    let traffic = options.traffic();
    let accept = options.accept.unwrap_or(|_| true);
    let candidates = (0_u64..).map(|number| flood_ends(number, options.seed)).filter(|(_, ends)| accept(ends));
    for (id, (random, ends)) in (0..options.flows).zip(candidates) {
        let time = START + (u128::from(traffic.duration) * u128::from(id) / u128::from(options.flows)) as u64;
        let flow = Flow::syn(id, ends, time, (random as u32) ^ 0x5bd1_e995);
        for packet in &flow.packets {
            buffer.tcp(&flow, packet, &payload.part(0, 0));
            buffer.pad();
            sink.frame(&Frame { time, bytes: buffer.bytes(), interface: 0, side: Side::Client })?;
        }
        sink.flow(&Truth::of(&flow))?;
    }
    Ok(())
}

/// The ends of the `number`-th connection of a flood, and the random number that they come from.
fn flood_ends(number: u64, seed: u64) -> (u64, Ends) {
    const PORTS: [u16; 8] = [22, 23, 80, 443, 445, 3389, 8080, 5900];
    let random = scatter(number + ((seed & 15) << 40));
    let ends = if number % 8 == 7 {
        let scan = number / 8;
        let target = 0x2000_0000 + (scan.wrapping_mul(0x09E3_779B) & 0x0fff_ffff);
        Ends {
            v6: false,
            client: (SCANNER, 40_000 + (scan % 8192) as u16),
            server: (target.into(), PORTS[(random & 7) as usize]),
        }
    } else {
        Ends {
            v6: false,
            client: (u128::from(random >> 16) + 0x0800_0000, (random as u16).max(1)),
            server: (0xcb00_710a, 443),
        }
    };
    (random, ends)
}

/// A bijection of 47 bits: each connection has its own address and port.
fn scatter(number: u64) -> u64 {
    const MASK: u64 = (1 << 47) - 1;
    [0x5851_F42D_4C95, 0x1405_7B7E_F767, 0xA5A5_1234_9877].into_iter().fold(number & MASK, |x, factor: u64| {
        let x = x.wrapping_mul(factor | 1) & MASK;
        x ^ (x >> 23)
    })
}

impl<'a> Births<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            traffic: options.traffic(),
            random: Rng::new(options.seed),
            next_id: 0,
            next_at: START,
            used: HashSet::new(),
            recycled: VecDeque::new(),
        }
    }

    /// Whether a connection begins before that time.
    fn is_due(&self, time: Option<u64>) -> bool {
        self.next_id < self.options.flows && time.is_none_or(|time| time >= self.next_at)
    }

    fn next(&mut self) -> Flow {
        let elephant = self.traffic.profile == Profile::Elephant;
        let id = self.next_id;
        self.next_id += 1;
        let stays = self.traffic.profile == Profile::Steady && self.random.chance(0.1);
        let fate = match (elephant, id % 2) {
            (true, 0) => Fate::ClosedByClient,
            (true, _) => Fate::ClosedByServer,
            (false, _) if stays => Fate::Established,
            (false, _) => Fate::of_draw(self.random.below(1000)),
        };
        let (ends, mut isns) = self.ends(fate);
        let reused = isns.is_some();
        if elephant && id == 2 {
            isns = Some([0xffff_ff00, 0xffff_0000]); // wraps around early
        }
        let flow_seed = self.random.next_u64();
        let mut flow = Flow::new(id, ends, fate, self.next_at, &self.traffic, flow_seed, isns);
        flow.reused = reused;
        if fate.is_orderly() && !reused && !elephant {
            self.recycle(&flow);
        }
        let mean = self.traffic.duration as f64 / self.options.flows as f64;
        self.next_at += self.random.exponential(mean) as u64 + 1;
        flow
    }

    /// New ends, or now and then such as a closed connection had, with the numbers that the new one begins with.
    fn ends(&mut self, fate: Fate) -> (Ends, Option<[u32; 2]>) {
        let elephant = self.traffic.profile == Profile::Elephant;
        if fate.is_orderly()
            && !elephant
            && self.random.chance(0.006)
            && self.recycled.front().is_some_and(|old| old.closed + 2 * SECOND < self.next_at)
            && let Some(old) = self.recycled.pop_front()
        {
            return (old.ends, Some(old.seq.map(|seq| seq.wrapping_add(64_000))));
        }
        loop {
            let ends = self.draw_ends(fate);
            if self.used.insert(ends) {
                return (ends, None);
            }
        }
    }

    fn draw_ends(&mut self, fate: Fate) -> Ends {
        const SCANNED: [u16; 8] = [22, 23, 80, 443, 445, 3389, 8080, 5900];
        let random = &mut self.random;
        let v6 = random.chance(self.traffic.v6);
        if fate.is_scan() {
            let target = 0x2000_0000 + u128::from(random.below(0x1000_0000));
            let port = 40_000 + random.below(8192) as u16;
            let server = (target, SCANNED[random.below(8) as usize]);
            return Ends { v6: false, client: (SCANNER, port), server };
        }
        let host = u128::from(random.below(4096));
        // The lower numbers are the busier servers.
        let server = u128::from(random.below(2000).min(random.below(2000)));
        let service = match random.below(100) {
            0..=77 => 443,
            78..=89 => 80,
            90..=92 => 50051,
            93..=94 => 20022,
            95..=97 => 15432,
            _ => 16379,
        };
        let port = 1024 + random.below(64_000) as u16;
        if v6 {
            let client = 0x2001_0db8_0001_0000_0000_0000_0000_0001 + (host << 16);
            let server = 0x2001_0db8_ffff_0000_0000_0000_0000_0000 + server * 0x1_0001;
            Ends { v6, client: (client, port), server: (server, service) }
        } else {
            Ends { v6, client: (0x0a00_0000 + host, port), server: (0xc633_0000 + server * 7, service) }
        }
    }

    fn recycle(&mut self, flow: &Flow) {
        let Some(closed) = flow.packets.last().map(|packet| packet.time) else { return };
        let in_order = self.recycled.back().is_none_or(|newest| newest.closed <= closed);
        if in_order && self.recycled.len() < MOST_RECYCLED {
            let last =
                |side| flow.packets.iter().rev().find(|packet| packet.side == side).map_or(0, |packet| packet.seq);
            let seq = [last(Side::Client), last(Side::Server)];
            self.recycled.push_back(Recycled { closed, ends: flow.ends, seq });
        }
    }
}

impl Living {
    fn next_time(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((time, _))| *time)
    }

    fn pop(&mut self) -> Option<(u64, u32)> {
        self.heap.pop().map(|Reverse(next)| next)
    }

    fn begin(&mut self, flow: Flow) {
        let Some(first) = flow.packets.first().map(|packet| packet.time) else { return };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.heap.push(Reverse((first, slot)));
        self.slots[slot as usize] = Some((flow, 0));
    }

    /// Waits for the flow's next packet; gives the flow back if it has none.
    fn go_on(&mut self, slot: u32) -> Option<Flow> {
        let place = &mut self.slots[slot as usize];
        let next = place.as_ref().and_then(|(flow, at)| flow.packets.get(*at)).map(|packet| packet.time);
        match next {
            Some(time) => {
                self.heap.push(Reverse((time, slot)));
                None
            }
            None => {
                self.free.push(slot);
                place.take().map(|(flow, _)| flow)
            }
        }
    }
}
