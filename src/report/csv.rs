//! CSV by RFC 4180, as spreadsheets and scripts read it: UTF-8, a line feed after each row, a header line first.
//!
//! A spreadsheet takes text that begins with `=`, `+`, `-` or `@` for a formula, and input decides what text stands here. Such
//! cells get a `'` in front, which [`unguarded`] removes again.

use super::columns::Field;
use super::lines::Lines;
use super::{Cells, Format, Kind, RowWriter, Sink, Turn};
use std::borrow::Cow;
use std::io;

pub(super) const FORMAT: Format = Format { name: "csv", extension: "csv", wide: false, open };

struct Csv {
    lines: Lines,
}

fn open(mut sink: Sink, fields: Vec<Field>) -> io::Result<Box<dyn RowWriter>> {
    let mut head = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            head.push(b',');
        }
        write_text(&mut head, field.name);
    }
    head.push(b'\n');
    sink.write_all(&head)?;
    debug_assert!(
        fields.iter().all(|field| !matches!(field.kind, Kind::Enum(names) if names.iter().any(|name| special(name))))
    );
    Ok(Box::new(Csv { lines: Lines::new(sink) }))
}

impl RowWriter for Csv {
    fn part<'w>(&'w self, cells: &dyn Cells) -> Turn<'w> {
        self.lines.part(cells, |row, out| {
            cells.write_row(row, b',', write_text, out);
            out.push(b'\n');
        })
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.lines.finish()
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let guard = is_guardable(text);
    if !special(text) {
        if guard {
            out.push(b'\'');
        }
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    if guard {
        out.push(b'\'');
    }
    for &byte in text.as_bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Has to stand in quotation marks.
fn special(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
}

/// Whether a spreadsheet would take the text for a formula, also behind such marks as a guard is.
fn is_guardable(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The text as a cell holds it: with a `'` in front of what a spreadsheet would take for a formula.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_guardable(text) { format!("'{text}").into() } else { text.into() }
}

/// The text that a cell was made of.
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_guardable(text) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> String {
        let mut reader = csv::Reader::from_reader(bytes);
        let record = reader.records().next().expect("a record").expect("a good one");
        record[0].to_owned()
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_its_cell(text in "(?s)['=+@\\-\t]{0,3}.{0,12}") {
            prop_assert_eq!(unguarded(&guarded(&text)).to_owned(), text.clone());
            let mut out = b"a,b\n".to_vec();
            write_text(&mut out, &text);
            out.extend(b",\n");
            prop_assert_eq!(unguarded(&read(&out)).to_owned(), text);
        }
    }

    #[test]
    fn no_cell_begins_like_a_formula() {
        for text in ["=cmd()", "+1", "-1", "@x", "\tx", "\rx", "'=x", "=1,\"2\""] {
            assert!(guarded(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(guarded("a=b"), "a=b");
        assert_eq!(guarded("'a"), "'a");
    }
}
