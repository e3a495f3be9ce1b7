//! `Get-NetTCPConnection | Export-Csv`: columns in any order, perhaps behind a line `#TYPE ...`.

use super::Cell;
use crate::host::table::{self, Verdict};
use crate::host::{Format, Found, Line, Lines};

pub(in crate::host) const FORMAT: Format = Format { name: "powershell-nettcp-csv", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone();
    if ahead.text().starts_with("#TYPE ") {
        ahead.next();
    }
    is_header(ahead.text())
}

fn is_header(text: &str) -> bool {
    let has = |name: &str| text.contains(&format!("\"{name}\"")) || text.split([',', ';']).any(|cell| cell == name);
    text.contains([',', ';']) && has("LocalAddress") && has("LocalPort")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    lines.take_if(|line| line.text.starts_with("#TYPE ").then_some(()));
    let Some(header) = lines.next() else { return };
    // The list separator of the system's language.
    let separator = if header.text.contains("\";\"") || !header.text.contains(',') { b';' } else { b',' };
    let titles = cells(header.text, separator);
    table::read(lines, found, |line, found| take(line, separator, &titles, found));
}

fn take(line: Line<'_>, separator: u8, titles: &[String], found: &mut Found) -> Verdict {
    if is_header(line.text) || line.text.starts_with("#TYPE ") {
        return Verdict::End;
    }
    let values = cells(line.text, separator);
    if values.len() != titles.len() {
        return Verdict::Strange;
    }
    let mut cell = Cell::default();
    for (title, value) in titles.iter().zip(&values) {
        cell.set(title, value);
    }
    match cell.socket(line.number) {
        Some(socket) if !cell.local_port.is_empty() => {
            found.sockets.push(socket);
            Verdict::Taken
        }
        _ => Verdict::Strange,
    }
}

/// The cells of one line of CSV.
fn cells(text: &str, separator: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let record = reader.records().next().and_then(Result::ok);
    record.map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default()
}
