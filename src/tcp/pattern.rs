//! The first and last packets of a connection, made to be read in a spreadsheet.

use super::words::words;
use crate::wire::{Flags, Way};

words! {
    /// First eight packets and last four, each as way and flags in a byte, for the `pattern` column.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Pattern {
        /// The first in the lowest byte.
        first: u64,
        /// Of those after the eighth: the last in the lowest byte.
        last: u32,
        pub count: u32,
    }
}

impl Pattern {
    /// Adds a packet: the way in bit 7, payload in bit 6, the six classic flags below.
    #[inline]
    pub fn add(&mut self, way: Way, flags: Flags, payload: bool) {
        let code = u8::from(way == Way::Down) << 7 | u8::from(payload) << 6 | (flags.0 & 0x3f) as u8;
        if self.count < 8 {
            self.first |= u64::from(code) << (8 * self.count);
        } else {
            self.last = self.last << 8 | u32::from(code);
        }
        self.count = self.count.saturating_add(1);
    }

    /// The six classic flags of the first packet.
    pub fn first_flags(&self) -> Flags {
        Flags((self.first & 0x3f) as u16)
    }

    /// As the column prints it: `>S <SA >A .. <FA >A`, `P` for payload.
    pub fn print(&self, client_way: Way) -> String {
        let shown_first = (self.count as usize).min(8);
        let shown_last = (self.count as usize).saturating_sub(8).min(4);
        let mut out = String::with_capacity(64);
        for &code in &self.first.to_le_bytes()[..shown_first] {
            print_packet(&mut out, code, client_way);
        }
        if self.count > 12 {
            out.push_str(" ..");
        }
        for &code in &self.last.to_be_bytes()[4 - shown_last..] {
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
