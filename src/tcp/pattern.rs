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
        let turn = if client_way == Way::Up { 0 } else { 0x80 };
        let mut out = Text { letters: [0; 13 * 8], end: 0 };
        for &code in &self.first.to_le_bytes()[..shown_first] {
            out.push(&PACKETS[usize::from(code ^ turn)]);
        }
        if self.count > 12 {
            out.push(&GAP);
        }
        for &code in &self.last.to_be_bytes()[4 - shown_last..] {
            out.push(&PACKETS[usize::from(code ^ turn)]);
        }
        str::from_utf8(&out.letters[..out.end.saturating_sub(1)]).unwrap_or_default().to_owned()
    }
}

/// What is printed: at most twelve packets and the gap between them.
struct Text {
    letters: [u8; 13 * 8],
    end: usize,
}

impl Text {
    fn push(&mut self, printed: &Printed) {
        if let Some(place) = self.letters.get_mut(self.end..self.end + 8) {
            place.copy_from_slice(&printed.text);
            self.end += usize::from(printed.length);
        }
    }
}

/// A packet as it is printed, with the blank behind it.
#[derive(Clone, Copy)]
struct Printed {
    text: [u8; 8],
    length: u8,
}

impl Printed {
    const fn push(&mut self, letter: u8) {
        self.text[self.length as usize] = letter;
        self.length += 1;
    }

    const fn of(code: u8) -> Self {
        const LETTERS: [(Flags, u8); 5] =
            [(Flags::SYN, b'S'), (Flags::FIN, b'F'), (Flags::RST, b'R'), (Flags::ACK, b'A'), (Flags::URG, b'U')];
        let mut printed = Self { text: [0; 8], length: 0 };
        printed.push(if code & 0x80 == 0 { b'>' } else { b'<' });
        let mut place = 0;
        while place < LETTERS.len() {
            let (flag, letter) = LETTERS[place];
            if code as u16 & 0x3f & flag.0 != 0 {
                printed.push(letter);
            }
            place += 1;
        }
        if code & 0x40 != 0 {
            printed.push(b'P');
        }
        if printed.length == 1 {
            printed.push(b'-');
        }
        // At most eight: way, five flags, payload and this.
        printed.push(b' ');
        printed
    }
}

/// Packets that are left out.
const GAP: Printed = Printed { text: *b"..      ", length: 3 };

/// By way (of the client where bit 7 is not set), payload and flags.
static PACKETS: [Printed; 256] = {
    let mut all = [Printed::of(0); 256];
    let mut code = 0;
    while code < all.len() {
        all[code] = Printed::of(code as u8);
        code += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(packets: &[(Way, Flags, bool)], client_way: Way) -> String {
        let mut pattern = Pattern::default();
        packets.iter().for_each(|&(way, flags, payload)| pattern.add(way, flags, payload));
        pattern.print(client_way)
    }

    #[test]
    fn packets_are_told_by_the_client_s_way_and_those_between_the_first_and_the_last_left_out() {
        let ack = (Way::Up, Flags::ACK, false);
        let open = [(Way::Up, Flags::SYN, false), (Way::Down, Flags::SYN.with(Flags::ACK), false), ack];
        assert_eq!(printed(&open, Way::Up), ">S <SA >A");
        assert_eq!(printed(&open, Way::Down), "<S >SA <A");
        assert_eq!(printed(&[], Way::Up), "");
        let odd = [(Way::Up, Flags::PSH, false), (Way::Down, Flags(0x3f), true)];
        assert_eq!(printed(&odd, Way::Up), ">- <SFRAUP");
        let last = (Way::Down, Flags::RST, false);
        let of = |count: usize| printed(&[&vec![ack; count - 1][..], &[last]].concat(), Way::Up);
        assert_eq!(of(12), [">A"; 11].join(" ") + " <R");
        assert_eq!(of(13), [">A"; 8].join(" ") + " .. >A >A >A <R");
    }
}
