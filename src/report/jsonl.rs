//! JSON lines: one object a row, every column named in each; null where nothing is known.

use super::columns::Field;
use super::lines::Lines;
use super::{Cells, Format, RowWriter, Sink, Turn, Value};
use crate::time::Zone;
use std::io;

pub(super) const FORMAT: Format = Format { name: "jsonl", extension: "jsonl", wide: false, open };

struct JsonLines {
    /// What stands before each column's value: `{"id":`, `,"client_address":`
    before: Vec<Vec<u8>>,
    lines: Lines,
}

fn open(sink: Sink, fields: Vec<Field>) -> io::Result<Box<dyn RowWriter>> {
    let before = fields.iter().enumerate().map(|(index, field)| {
        let mut text = vec![if index == 0 { b'{' } else { b',' }];
        write_text(&mut text, field.name);
        text.push(b':');
        text
    });
    Ok(Box::new(JsonLines { before: before.collect(), lines: Lines::new(sink) }))
}

impl RowWriter for JsonLines {
    fn part<'w>(&'w self, cells: &dyn Cells) -> Turn<'w> {
        let (before, zone) = (&self.before, cells.zone());
        self.lines.part(cells, |row, out| {
            for (column, before) in before.iter().enumerate() {
                out.extend_from_slice(before);
                write(out, zone, &cells.cell(row, column));
            }
            out.extend_from_slice(b"}\n");
        })
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.lines.finish()
    }
}

fn write(out: &mut Vec<u8>, zone: Zone, value: &Value<'_>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Number(_) | Value::Signed(_) | Value::Bool(_) | Value::Seconds(_) | Value::Decimal(_) => {
            value.write(zone, out)
        }
        Value::Text(text) => write_text(out, text),
        Value::Time(_) | Value::Name(_) | Value::Id(_) | Value::Ip(_) => {
            out.push(b'"'); // made of plain letters and digits
            value.write(zone, out);
            out.push(b'"');
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text); // a vector takes everything
}
