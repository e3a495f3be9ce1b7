//! Reading the rows of a table, which every dump has: up to what cannot belong to it, over odd lines in between.

use super::{Found, Line, Lines, stamp};

/// What a line is to the table being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its own: what it says has been noted.
    Taken,
    /// Not understood, and nothing has been noted: odd if the table goes on after it, else the table has ended.
    Strange,
    /// Of the next snapshot or another table.
    End,
}

/// Lines after which a table is taken for a large one.
const SAMPLE: u32 = 4096;

/// Offers line after line to `take` until the table ends. A single line that is blank or strange does not end it if the
/// line after it is taken; a time or a prompt always does.
pub fn read<'a>(lines: &mut Lines<'a>, found: &mut Found, mut take: impl FnMut(Line<'a>, &mut Found) -> Verdict) {
    let (start, mut row) = (lines.rest().len(), 0_u32);
    loop {
        let mut after = lines.clone();
        let Some(line) = after.next() else { return };
        row = row.saturating_add(1);
        if row == SAMPLE {
            let left = lines.rest().len();
            found.expect(start - left, left);
        }
        match take(line, found) {
            Verdict::Taken => {}
            Verdict::End => return,
            Verdict::Strange => {
                let is_blank = line.text.trim().is_empty();
                if !is_blank && stamp::is_mark(line.text) {
                    return;
                }
                if !after.next().is_some_and(|next| take(next, found) == Verdict::Taken) {
                    return;
                }
                if !is_blank {
                    found.odd.add(line.number, "not a row of this table");
                }
            }
        }
        *lines = after;
    }
}
