//! One connection from its first packet to its last, as a tap near the client sees it.

use crate::fate::Fate;
use crate::packet::{ACK, Extra, FIN, Flow, Mishaps, PSH, Packet, RST, SYN};
use crate::profile::{Profile, Traffic};
use crate::rng::Rng;
use crate::{Ends, MICROSECOND, MILLISECOND, SECOND, Side};

/// Sends a connection's packets.
struct Conversation<'a> {
    random: &'a mut Rng,
    traffic: &'a Traffic,
    packets: Vec<Packet>,
    /// Now.
    time: u64,
    seq: [u32; 2],
    ip_id: [u16; 2],
    /// From the tap to the client and back, to the server and back.
    round_trip: [u64; 2],
    timestamps: bool,
    lossy: bool,
    mss: u64,
    ack_every: u64,
    /// Between segments of a burst.
    gap: u64,
    /// Segments of a burst.
    window: u64,
    mishaps: Mishaps,
    stream: [u64; 2],
}

impl Flow {
    /// A connection that begins at `start`. `isns` where they are not random.
    pub fn new(
        id: u64,
        ends: Ends,
        fate: Fate,
        start: u64,
        traffic: &Traffic,
        seed: u64,
        isns: Option<[u32; 2]>,
    ) -> Self {
        let mut random = Rng::new(seed);
        let mut talk = Conversation::begin(&mut random, ends, start, traffic, isns);
        let exchanges = (1 + talk.random.exponential(traffic.exchanges_mean - 1.0 + 1e-9) as u64).min(200);
        talk.run(fate, exchanges);
        let Conversation { mut packets, mishaps, stream, .. } = talk;
        packets.sort_by_key(|packet| packet.time);
        Self { mishaps, ..Self::of(id, ends, fate, packets, stream) }
    }
}

impl<'a> Conversation<'a> {
    fn begin(random: &'a mut Rng, ends: Ends, start: u64, traffic: &'a Traffic, isns: Option<[u32; 2]>) -> Self {
        let round_trip = (random.log_normal(30.0, 0.9) * MILLISECOND as f64) as u64;
        let round_trip = round_trip.clamp(200 * MICROSECOND, 400 * MILLISECOND);
        let near = (round_trip as f64 * (0.05 + 0.2 * random.unit())) as u64;
        let far = round_trip - near;
        let drawn = [random.next_u32(), random.next_u32()];
        let timestamps = random.chance(traffic.timestamps);
        let lossy = random.chance(traffic.lossy);
        let elephant = traffic.profile == Profile::Elephant;
        let mss = match (traffic.profile, ends.v6, timestamps) {
            (Profile::Small, _, _) => 1200,
            (_, true, true) => 1428,
            (_, true, false) => 1440,
            (_, false, true) => 1448,
            (_, false, false) => 1460,
        };
        let ack_every = if !elephant && random.chance(0.12) { 1 } else { 2 };
        let gap = if elephant { 600 * MICROSECOND } else { 12 * MICROSECOND + random.below(100 * MICROSECOND) };
        let ip_id = [random.next_u32() as u16, random.next_u32() as u16];
        Self {
            random,
            traffic,
            packets: Vec::with_capacity(16),
            time: start,
            seq: isns.unwrap_or(drawn),
            ip_id,
            round_trip: [near.max(20 * MICROSECOND), far.max(50 * MICROSECOND)],
            timestamps,
            lossy,
            mss,
            ack_every,
            gap,
            window: if elephant { 1 << 30 } else { 10 },
            mishaps: Mishaps::default(),
            stream: [0; 2],
        }
    }

    fn run(&mut self, fate: Fate, exchanges: u64) {
        match fate {
            Fate::Refused
            | Fate::ScanClosed
            | Fate::Unanswered
            | Fate::Flood
            | Fate::ScanFiltered
            | Fate::HalfOpen
            | Fate::ScanOpen => return self.fail(fate),
            Fate::MidstreamOpen | Fate::MidstreamClosed => self.exchange(exchanges),
            Fate::HalfClosedByClient | Fate::HalfClosedByServer => {
                self.handshake();
                self.exchange(1);
            }
            Fate::RstByClient | Fate::RstByServer => {
                self.handshake();
                self.exchange(exchanges.min(2));
            }
            Fate::ClosedByClient | Fate::ClosedByServer | Fate::ClosedByBoth | Fate::FinThenRst | Fate::Established => {
                self.handshake();
                self.exchange(exchanges);
            }
        }
        self.end(fate);
    }

    /// A connection that is never established.
    fn fail(&mut self, fate: Fate) {
        use Side::{Client, Server};
        match fate {
            Fate::Refused | Fate::ScanClosed => {
                self.control(Client, SYN);
                self.time += self.round_trip[1];
                self.seq[1] = 0;
                self.control(Server, RST | ACK);
            }
            Fate::Unanswered => {
                for wait in [0, 1, 2, 4] {
                    self.time += wait * SECOND;
                    self.put(self.time, Client, SYN, self.seq[0], 0, 0, self.syn_extra());
                }
                self.mishaps.retransmissions = 3;
            }
            Fate::HalfOpen => {
                self.control(Client, SYN);
                self.time += self.round_trip[1];
                self.control(Server, SYN | ACK);
                self.repeat_last(&[SECOND, 3 * SECOND, 7 * SECOND]);
                self.mishaps.retransmissions = 3;
            }
            Fate::ScanOpen => {
                self.control(Client, SYN);
                self.time += self.round_trip[1];
                self.control(Server, SYN | ACK);
                self.time += self.round_trip[0];
                self.put(self.time, Client, RST, self.seq[0], 0, 0, Extra::None);
            }
            _ => self.put(self.time, Client, SYN, self.seq[0], 0, 0, Extra::Mss),
        }
    }

    /// How an established connection ends.
    fn end(&mut self, fate: Fate) {
        use Side::{Client, Server};
        match fate {
            Fate::ClosedByClient | Fate::MidstreamClosed => self.close(Client),
            Fate::ClosedByServer => self.close(Server),
            Fate::ClosedByBoth => self.close_both(),
            Fate::FinThenRst => {
                self.half_close(Server);
                self.time += 3 * MILLISECOND;
                self.control(Client, RST | ACK);
            }
            Fate::HalfClosedByClient => {
                self.half_close(Client);
                self.time += 10 * MILLISECOND;
                let rest = self.random.between(100, 4000);
                self.message(Server, rest);
            }
            Fate::HalfClosedByServer => self.half_close(Server),
            Fate::RstByClient => self.control(Client, RST | ACK),
            Fate::RstByServer => self.control(Server, RST),
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a packet has that many fields")]
    fn put(&mut self, time: u64, side: Side, flags: u8, seq: u32, ack: u32, len: u16, extra: Extra) {
        let payload_at = if len > 0 { (seq >> 1) & 0x7ffe } else { 0 };
        let ip_id = &mut self.ip_id[side as usize];
        *ip_id = ip_id.wrapping_add(1);
        let ack = if flags & ACK != 0 { ack } else { 0 };
        self.packets.push(Packet { time, seq, ack, payload_at, len, ip_id: *ip_id, flags, side, extra, message: 0 });
    }

    /// The last packet again, so much later.
    fn repeat_last(&mut self, later: &[u64]) {
        if let Some(&packet) = self.packets.last() {
            self.packets.extend(later.iter().map(|later| Packet { time: packet.time + later, ..packet }));
        }
    }

    fn extra(&self) -> Extra {
        if self.timestamps { Extra::Timestamps } else { Extra::None }
    }

    fn syn_extra(&self) -> Extra {
        if self.timestamps { Extra::Syn } else { Extra::Mss }
    }

    /// A segment without payload, now. SYN and FIN take a sequence number.
    fn control(&mut self, side: Side, flags: u8) {
        let extra = match flags {
            _ if flags & SYN != 0 => self.syn_extra(),
            _ if flags & RST != 0 => Extra::None,
            _ => self.extra(),
        };
        self.put(self.time, side, flags, self.seq[side as usize], self.seq[side.peer() as usize], 0, extra);
        if flags & (SYN | FIN) != 0 {
            self.seq[side as usize] = self.seq[side as usize].wrapping_add(1);
        }
    }

    fn handshake(&mut self) {
        if self.random.chance(0.015) {
            self.put(self.time, Side::Client, SYN, self.seq[0], 0, 0, self.syn_extra());
            self.mishaps.retransmissions += 1;
            self.time += SECOND;
        }
        self.control(Side::Client, SYN);
        self.time += self.round_trip[1];
        self.control(Side::Server, SYN | ACK);
        if self.random.chance(0.005) {
            self.repeat_last(&[300 * MILLISECOND]);
            self.mishaps.retransmissions += 1;
        }
        self.time += self.round_trip[0];
        self.control(Side::Client, ACK);
        self.time += 50 * MICROSECOND + self.random.below(2 * MILLISECOND);
    }

    /// Requests and responses.
    fn exchange(&mut self, times: u64) {
        let traffic = self.traffic;
        for time in 0..times {
            if time > 0 {
                self.time += (self.random.exponential(traffic.think_mean) * SECOND as f64) as u64;
            }
            let request = (self.random.log_normal(traffic.request_mean, 0.6) as u64).clamp(1, 60_000);
            self.message(Side::Client, request);
            self.time += self.round_trip[1] + self.random.below(3 * MILLISECOND);
            let response = if traffic.profile == Profile::Elephant {
                (traffic.response_mean * (0.8 + 0.4 * self.random.unit())) as u64
            } else {
                (self.random.log_normal(traffic.response_mean, 1.3) as u64).clamp(1, 300 << 20)
            };
            self.message(Side::Server, response);
            self.time += self.round_trip[0];
        }
    }

    /// So many bytes, in bursts that grow, each acknowledged.
    fn message(&mut self, side: Side, bytes: u64) {
        let (me, peer) = (side as usize, side.peer() as usize);
        let (mut left, mut unacked, mut in_burst) = (bytes, 0, 0);
        let (mut last_ack, mut end) = (self.time, self.time);
        self.stream[me] += bytes;
        while left > 0 {
            let len = left.min(self.mss);
            let first = left == bytes;
            left -= len;
            let flags = if left == 0 { ACK | PSH } else { ACK };
            let before = self.packets.len();
            self.time += self.gap + self.random.below(self.gap / 4 + 1);
            end = end.max(self.segment(side, len as u16, flags));
            if first {
                let said = self.packets.iter_mut().skip(before).filter(|packet| packet.len > 0);
                said.for_each(|packet| packet.message = bytes as u32);
            }
            unacked += 1;
            in_burst += 1;
            if unacked >= self.ack_every || left == 0 {
                unacked = 0;
                last_ack = self.time + self.round_trip[peer] + 5 * MICROSECOND;
                self.put(last_ack, side.peer(), ACK, self.seq[peer], self.seq[me], 0, self.extra());
            }
            if in_burst >= self.window {
                in_burst = 0;
                self.time = last_ack.max(self.time) + self.round_trip[me];
                if self.window < 64 {
                    self.window += 2;
                }
            }
        }
        self.time = self.time.max(last_ack).max(end) + 20 * MICROSECOND;
    }

    /// One segment of a message, and what may befall it. Gives the time of a packet filed late.
    fn segment(&mut self, side: Side, len: u16, flags: u8) -> u64 {
        let (me, peer) = (side as usize, side.peer() as usize);
        let (seq, ack, time, extra) = (self.seq[me], self.seq[peer], self.time, self.extra());
        self.seq[me] = seq.wrapping_add(u32::from(len));
        let mishap = if self.lossy && self.random.chance(self.traffic.loss) { self.random.below(8) } else { 8 };
        match mishap {
            // Lost beyond the tap: three duplicate ACKs, then the retransmission.
            0..=3 => {
                self.put(time, side, flags, seq, ack, len, extra);
                let away = self.round_trip[peer];
                for copy in 0..3 {
                    self.put(time + away + copy * 20 * MICROSECOND, side.peer(), ACK, ack, seq, 0, extra);
                }
                self.time = time + away + 200 * MICROSECOND + self.round_trip[me];
                self.put(self.time, side, flags, seq, ack, len, extra);
                self.mishaps.retransmissions += 1;
            }
            // Filed a little after the next ones.
            4 | 5 => {
                let late = time + 2 * self.gap + self.gap / 2 + 3 * MICROSECOND;
                self.put(late, side, flags, seq, ack, len, extra);
                self.mishaps.reordered += 1;
                return late;
            }
            6 => {
                self.put(time, side, flags, seq, ack, len, extra);
                self.repeat_last(&[2 * MICROSECOND]);
                self.mishaps.duplicates += 1;
            }
            7 => self.mishaps.uncaptured += 1,
            _ => self.put(time, side, flags, seq, ack, len, extra),
        }
        0
    }

    fn close(&mut self, first: Side) {
        let second = first.peer();
        self.control(first, FIN | ACK);
        if self.random.chance(0.004) {
            self.repeat_last(&[self.round_trip[second as usize] / 2]);
            self.mishaps.retransmissions += 1;
        }
        self.time += self.round_trip[second as usize];
        if self.random.chance(0.5) {
            self.control(second, ACK);
            self.time += 100 * MICROSECOND + self.random.below(5 * MILLISECOND);
        }
        self.control(second, FIN | ACK);
        self.time += self.round_trip[first as usize];
        self.control(first, ACK);
    }

    /// A FIN, and its acknowledgement.
    fn half_close(&mut self, side: Side) {
        self.control(side, FIN | ACK);
        self.time += self.round_trip[side.peer() as usize];
        self.control(side.peer(), ACK);
    }

    /// FINs that cross.
    fn close_both(&mut self) {
        let [client, server] = self.seq;
        self.put(self.time, Side::Client, FIN | ACK, client, server, 0, self.extra());
        self.time += 30 * MICROSECOND;
        self.put(self.time, Side::Server, FIN | ACK, server, client, 0, self.extra());
        self.seq = [client.wrapping_add(1), server.wrapping_add(1)];
        self.time += self.round_trip[0];
        self.control(Side::Client, ACK);
        self.time += self.round_trip[1];
        self.control(Side::Server, ACK);
    }
}
