//! Passing over what says nothing at a glance: lines of one text mostly begin alike.

use std::collections::HashMap;

/// The kinds of letters that a line begins with, runs of one kind as one: lines of one log mostly begin alike, and a look
/// at a few bytes tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape(u64);

impl Shape {
    /// Runs that are looked at, and bytes.
    const RUNS: u32 = 8;
    const BYTES: usize = 32;

    pub fn of(text: &str) -> Option<Self> {
        let (mut shape, mut runs, mut last) = (0, 0, 0);
        for &byte in text.as_bytes().iter().take(Self::BYTES) {
            let kind = KINDS[usize::from(byte)];
            if kind != last {
                shape = shape << 8 | u64::from(kind);
                last = kind;
                runs += 1;
                if runs == Self::RUNS {
                    return Some(Self(shape));
                }
            }
        }
        None
    }
}

/// Digits and blanks are one kind, because dates are padded with either; signs are each their own.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let letter = byte as u8;
        kinds[byte] = match letter {
            b'0'..=b'9' | b' ' => b'0',
            b'a'..=b'z' => b'a',
            b'A'..=b'Z' => b'A',
            other => other,
        };
        byte += 1;
    }
    kinds
};

/// Lines that nobody claims, by how they begin. A text of millions of them is not asked line by line of every format.
#[derive(Default)]
pub(super) struct Skim {
    shapes: HashMap<Shape, Seen>,
}

enum Seen {
    /// So many lines of this shape were unknown, and none was anything else.
    Unknown(u32),
    /// Some line of this shape was a time, a prompt, or the beginning of a block.
    Meant,
}

/// After so many unknown lines of one shape, one more is unknown too.
const ENOUGH: u32 = 1000;

/// Shapes that are kept in mind.
const MOST: usize = 256;

impl Skim {
    /// Whether a line without any word of a message is one more of many that nobody claimed.
    pub(super) fn passes(&self, text: &str) -> bool {
        let seen = Shape::of(text).and_then(|shape| self.shapes.get(&shape));
        matches!(seen, Some(Seen::Unknown(count)) if *count >= ENOUGH)
    }

    pub(super) fn unknown(&mut self, text: &str) {
        let Some(shape) = Shape::of(text) else { return };
        let has_room = self.shapes.len() < MOST || self.shapes.contains_key(&shape);
        if let Some(Seen::Unknown(count)) = has_room.then(|| self.shapes.entry(shape).or_insert(Seen::Unknown(0))) {
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn meant(&mut self, text: &str) {
        if let Some(shape) = Shape::of(text) {
            self.shapes.insert(shape, Seen::Meant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hints, read};
    use super::*;

    #[test]
    fn dates_of_any_width_have_one_shape() {
        assert_eq!(Shape::of("Nov  1 20:04:54 web01 a"), Shape::of("Nov 20 20:04:54 db7 bcd"));
        assert_ne!(Shape::of("Nov  1 20:04:54 web01 a"), Shape::of("tcp        0      0 0.0.0.0:80"));
        assert_eq!(Shape::of("short"), None);
    }

    /// A long text of nothing, with a dump, a message and a time in it: all three are found.
    #[test]
    fn what_is_said_within_a_long_text_is_found() {
        let nothing = "T17|I|4711|queue depth ok\n".repeat(3000);
        let said = "2026-11-20T20:04:19Z\nLISTEN 0 128 0.0.0.0:80 0.0.0.0:*\n";
        let message = "nc: connect to 10.0.0.1 port 80 (tcp) failed: Connection refused\n";
        let text = [&nothing, said, &nothing, message, &nothing].concat();
        let document = read(text.as_bytes(), &Hints::default());
        let found: Vec<_> = document.blocks.iter().map(|block| (block.format, block.found.rows())).collect();
        assert_eq!(found, [("ss", 1), ("messages", 1)]);
        assert_eq!(document.unknown_lines, 9000);
        assert!(document.blocks[0].time.is_some());
    }
}
