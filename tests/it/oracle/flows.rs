//! Random flows that could have been: two hosts of little discipline talk over a network that loses, before an observer
//! who misses frames. One flow is one connection: no other initial sequence number is ever used.

use super::page::{ACK, FIN, RST, SYN, Seg};

/// xorshift64*: small, seeded, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    pub fn percent(&mut self, of: u64) -> bool {
        self.below(100) < of
    }
}

/// One host, as it believes to be.
#[derive(Clone, Copy, Default)]
struct Host {
    iss: u32,
    una: u32,
    nxt: u32,
    /// Nothing received yet without.
    rcv: Option<u32>,
    fin: Option<u32>,
    fin_received: bool,
    /// Sent or received a RST, or never was there.
    dead: bool,
    shut: bool,
    established: bool,
}

impl Host {
    /// Sequence number and length of the oldest payload that waits for its acknowledgement, one segment of it.
    fn waiting(&self, most: u32) -> Option<(u32, u32)> {
        let start = if self.una == self.iss { self.iss.wrapping_add(1) } else { self.una };
        let len = self.fin.unwrap_or(self.nxt).wrapping_sub(start);
        (1..1 << 16).contains(&len).then_some((start, len.min(most)))
    }
}

pub struct Scene {
    random: Random,
    hosts: [Host; 2],
    at: i64,
    /// Percent of frames that the network loses and that the observer misses; a side may be missed altogether.
    lost: u64,
    /// Steps until a side is cut off for good.
    cut: u64,
    missed: [u64; 2],
    pub seen: Vec<Seg>,
    sent: Vec<Seg>,
}

impl Scene {
    /// The flow of this seed.
    pub fn play(seed: u64) -> Vec<Seg> {
        let mut random = Random::new(seed);
        if random.percent(4) {
            return noise(&mut random);
        }
        let missed = match random.below(20) {
            0 => [0, 100],
            1 => [100, 0],
            2..8 => [0, 0],
            _ => [10, 10],
        };
        let lost = [0, 10, 25, 60][random.below(4) as usize];
        let iss = |random: &mut Random| [1000, u32::MAX - 150, 599_000][random.below(3) as usize];
        let mut hosts = [Host::default(); 2];
        for host in &mut hosts {
            host.iss = iss(&mut random);
            (host.una, host.nxt) = (host.iss, host.iss);
        }
        let at = 0;
        let cut = random.below(30);
        let mut scene = Self { random, hosts, at, lost, cut, missed, seen: Vec::new(), sent: Vec::new() };
        scene.open();
        let steps = scene.random.below(14);
        for step in 0..steps {
            if step == scene.cut {
                scene.lost = 100;
            }
            scene.step();
        }
        // A capture may begin anywhere.
        let late = if scene.random.percent(15) { scene.random.below(6) as usize } else { 0 };
        scene.seen.drain(..late.min(scene.seen.len()));
        // Two capture queues file two neighbours the other way round.
        let count = scene.seen.len() as u64;
        if count > 1 && scene.random.percent(15) {
            let at = scene.random.below(count - 1) as usize;
            let times = [scene.seen[at].at, scene.seen[at + 1].at];
            scene.seen.swap(at, at + 1);
            (scene.seen[at].at, scene.seen[at + 1].at) = (times[0], times[1]);
        }
        scene.seen
    }

    fn wait(&mut self) {
        let wait = match self.random.below(60) {
            0 => 61_000,
            1..20 => 900,
            _ => 210,
        };
        self.at += wait + self.random.below(90) as i64;
    }

    /// Puts a segment on the wire; true if it arrives.
    fn send(&mut self, from: usize, flags: u8, seq: u32, len: u32) -> bool {
        let ack = self.hosts[from].rcv.filter(|_| flags & ACK != 0).unwrap_or(0);
        let win = if self.hosts[from].shut { 0 } else { 8000 };
        self.put(Seg { from, at: self.at, flags, seq, ack, len, win })
    }

    fn put(&mut self, seg: Seg) -> bool {
        self.wait();
        let seg = Seg { at: self.at, ..seg };
        self.sent.push(seg);
        let missed = self.missed[seg.from];
        if !self.random.percent(missed) {
            self.seen.push(seg);
        }
        let lost = self.lost;
        !self.random.percent(lost)
    }

    fn open(&mut self) {
        let tries = 1 + self.random.below(3);
        let [iss, server_iss] = self.hosts.map(|host| host.iss);
        self.hosts[0].nxt = iss.wrapping_add(1);
        for _ in 0..tries {
            if !self.send(0, SYN, iss, 0) {
                continue;
            }
            match self.random.below(20) {
                0 => {
                    // Refused, by some of these in a way that the client must not heed.
                    let ack = iss.wrapping_add([1, 1, 1, 0, 2][self.random.below(5) as usize]);
                    let flags = if self.random.percent(80) { RST | ACK } else { RST };
                    self.put(Seg { from: 1, flags, seq: 0, ack, ..Seg::default() });
                    self.hosts[1].dead = true;
                }
                1 => {
                    let (seq, ack) = (server_iss.wrapping_sub(9000), iss.wrapping_sub(7000));
                    self.put(Seg { from: 1, flags: ACK, seq, ack, win: 8000, ..Seg::default() });
                }
                2 => {}
                _ => {
                    self.hosts[1].rcv = Some(iss.wrapping_add(1));
                    self.hosts[1].nxt = server_iss.wrapping_add(1);
                    self.answer();
                }
            }
            if self.hosts[0].established {
                return;
            }
        }
    }

    /// The server's SYN-ACK and what follows it.
    fn answer(&mut self) {
        let server_iss = self.hosts[1].iss;
        for _ in 0..=self.random.below(2) {
            if !self.send(1, SYN | ACK, server_iss, 0) {
                continue;
            }
            let client = &mut self.hosts[0];
            client.rcv = Some(server_iss.wrapping_add(1));
            client.una = client.iss.wrapping_add(1);
            let next = client.nxt;
            match self.random.below(20) {
                0 => {
                    self.send(0, RST, next, 0);
                    self.hosts[0].dead = true;
                }
                1 => {}
                _ => {
                    self.hosts[0].established = true;
                    if self.send(0, ACK, next, 0) {
                        self.let_in();
                        if self.random.percent(92) {
                            return;
                        }
                        // The accept queue is full: the server acts as if that ACK had not come.
                        self.hosts[1].established = false;
                    }
                }
            }
        }
    }

    fn let_in(&mut self) {
        let server = &mut self.hosts[1];
        server.established = true;
        server.una = server.iss.wrapping_add(1);
    }

    fn step(&mut self) {
        let side = self.random.below(2) as usize;
        let host = self.hosts[side];
        if host.dead || host.rcv.is_none() || !host.established {
            return;
        }
        match self.random.below(30) {
            0..9 if host.fin.is_none() && (host.waiting(1).is_none() || self.random.percent(40)) => {
                let len = 2 + self.random.below(100) as u32;
                self.hosts[side].nxt = host.nxt.wrapping_add(len);
                self.deliver(side, ACK, host.nxt, len);
            }
            9..14 if host.fin.is_none() => {
                self.hosts[side].fin = Some(host.nxt);
                self.hosts[side].nxt = host.nxt.wrapping_add(1);
                self.deliver(side, FIN | ACK, host.nxt, 0);
            }
            14..20 => self.repeat(side),
            20 => {
                self.hosts[side].shut = !host.shut;
                self.deliver(side, ACK, host.nxt, 0);
            }
            21 | 22 if host.fin.is_none() && host.waiting(1).is_none() => {
                self.deliver(side, ACK, host.nxt.wrapping_sub(1), 0);
            }
            23 => self.abort(side),
            24 => self.forge(side),
            _ => self.deliver(side, ACK, host.nxt, 0),
        }
    }

    /// What waits for its acknowledgement is sent again, some three times in a row.
    fn repeat(&mut self, side: usize) {
        let size = [1000, 1000, 60][self.random.below(3) as usize];
        for _ in 0..=self.random.below(5) {
            let host = self.hosts[side];
            if let Some((seq, len)) = host.waiting(size) {
                self.deliver(side, ACK, seq, len);
            } else if let Some(fin) = host.fin.filter(|&fin| host.una == fin) {
                self.deliver(side, FIN | ACK, fin, 0);
            } else {
                return;
            }
        }
    }

    fn abort(&mut self, side: usize) {
        let host = self.hosts[side];
        let flags = if self.random.percent(50) { RST | ACK } else { RST };
        let seq = if self.random.percent(70) { host.nxt } else { host.una };
        self.hosts[side].dead = true;
        if self.send(side, flags, seq, 0) {
            self.hosts[1 - side].dead = true;
        }
    }

    /// Somebody guesses numbers, in the name of `side`.
    fn forge(&mut self, side: usize) {
        let seq = match self.random.below(4) {
            0 => self.hosts[1 - side].rcv.unwrap_or(0),
            1 => self.hosts[side].nxt.wrapping_add(500),
            2 => self.hosts[side].nxt.wrapping_add(50_000),
            _ => self.hosts[side].nxt.wrapping_sub(400),
        };
        self.send(side, RST, seq, 0);
    }

    /// Sends a segment; the peer, if it arrives and pleases, answers.
    fn deliver(&mut self, from: usize, flags: u8, seq: u32, len: u32) {
        let ack = self.hosts[from].rcv;
        if !self.send(from, flags, seq, len) {
            return;
        }
        let peer = 1 - from;
        if self.hosts[peer].dead {
            if self.random.percent(60) {
                self.put(Seg { from: peer, flags: RST, seq: ack.unwrap_or(0), ..Seg::default() });
            }
            return;
        }
        if from == 0 && !self.hosts[1].established && self.random.percent(70) {
            self.let_in();
        }
        if !self.hosts[peer].established {
            if peer == 1 && self.random.percent(60) {
                let iss = self.hosts[1].iss;
                self.send(1, SYN | ACK, iss, 0); // still SYN_RECEIVED, whatever comes
            }
            return;
        }
        let host = &mut self.hosts[peer];
        if let Some(ack) = ack.filter(|ack| ack.wrapping_sub(host.una) <= host.nxt.wrapping_sub(host.una)) {
            host.una = ack;
        }
        let fin = u32::from(flags & FIN != 0);
        if host.rcv == Some(seq) && !host.shut {
            host.rcv = Some(seq.wrapping_add(len + fin));
            host.fin_received |= fin > 0;
        }
        let asks = len > 0 || fin > 0 || seq != self.hosts[from].nxt;
        if asks && self.random.percent(70) {
            let host = self.hosts[peer];
            if fin > 0 && host.fin.is_none() && host.fin_received && self.random.percent(50) {
                self.hosts[peer].fin = Some(host.nxt);
                self.hosts[peer].nxt = host.nxt.wrapping_add(1);
                self.deliver(peer, FIN | ACK, host.nxt, 0);
            } else {
                self.deliver(peer, ACK, host.nxt, 0);
            }
        }
    }
}

/// What is no connection: probes, backscatter, remnants.
fn noise(random: &mut Random) -> Vec<Seg> {
    let (seq, ack) = (random.below(1 << 31) as u32, random.below(1 << 31) as u32);
    let flags = [FIN, 0, FIN | 0x28, ACK, RST, RST | ACK, SYN | ACK, ACK | FIN][random.below(8) as usize];
    let ack = if flags & ACK == 0 { 0 } else { ack };
    let probe = Seg { flags, seq, ack, win: 1024, ..Seg::default() };
    let mut list = vec![probe; 1 + random.below(3) as usize];
    let answer = [RST, RST | ACK][random.below(2) as usize];
    if random.percent(50) {
        let seq = if random.percent(70) { ack } else { ack.wrapping_add(1000) };
        let ack = if answer & ACK == 0 { 0 } else { probe.seq.wrapping_add(1) };
        list.push(Seg { from: 1, flags: answer, seq, ack, ..Seg::default() });
    }
    for (number, seg) in list.iter_mut().enumerate() {
        seg.at = 700 * number as i64;
    }
    list
}
