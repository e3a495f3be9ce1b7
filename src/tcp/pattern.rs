//! The first and last packets of a connection, made to be read in a spreadsheet.

use crate::wire::{Flags, Way};
use serde::{Deserialize, Serialize};

/// First packets and last packets, each as way and flags, for the `pattern` column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    #[serde(with = "serde_bytes")]
    pub first: [u8; 8],
    #[serde(with = "serde_bytes")]
    pub last: [u8; 4],
    pub count: u32,
}

impl Pattern {
    /// Adds a packet: the way in bit 7, payload in bit 6, the six classic flags below.
    pub fn add(&mut self, way: Way, flags: Flags, payload: bool) {
        let code = u8::from(way == Way::Down) << 7 | u8::from(payload) << 6 | (flags.0 & 0x3f) as u8;
        match self.first.get_mut(self.count as usize) {
            Some(place) => *place = code,
            None => {
                self.last.rotate_left(1);
                self.last[3] = code;
            }
        }
        self.count = self.count.saturating_add(1);
    }

    /// As the column prints it: `>S <SA >A .. <FA >A`, `P` for payload.
    pub fn print(&self, client_way: Way) -> String {
        let shown_first = (self.count as usize).min(8);
        let shown_last = (self.count as usize).saturating_sub(8).min(4);
        let mut out = String::with_capacity(64);
        for &code in &self.first[..shown_first] {
            print_packet(&mut out, code, client_way);
        }
        if self.count > 12 {
            out.push_str(" ..");
        }
        for &code in &self.last[4 - shown_last..] {
            print_packet(&mut out, code, client_way);
        }
        out
    }
}

fn print_packet(out: &mut String, code: u8, client_way: Way) {
    if !out.is_empty() {
        out.push(' ');
    }
    let way = if code & 0x80 == 0 { Way::Up } else { Way::Down };
    out.push(if way == client_way { '>' } else { '<' });
    let flags = Flags(u16::from(code & 0x3f));
    for (flag, letter) in
        [(Flags::SYN, 'S'), (Flags::FIN, 'F'), (Flags::RST, 'R'), (Flags::ACK, 'A'), (Flags::URG, 'U')]
    {
        if flags.has(flag) {
            out.push(letter);
        }
    }
    if code & 0x40 != 0 {
        out.push('P');
    }
    if code & 0x77 == 0 {
        out.push('-');
    }
}
