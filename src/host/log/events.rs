//! Events of Windows as CSV: what the event viewer saves, and what `Get-WinEvent | Export-Csv` writes. A message may go
//! over several lines; the columns are found by the names in the header.

use super::clock::{Clock, When};
use super::context::{Message, Peers};
use super::{LogLine, family, read};
use crate::host::{Format, Found, Lines};
use crate::time::calendar::Written;

pub const FORMAT: Format = Format { name: "windows-events", sniff, parse };

/// Titles of the columns: English and German of the viewer, properties of PowerShell. The viewer gives the message none.
const TIMES: [&str; 5] = ["Date and Time", "TimeCreated", "TimeGenerated", "Datum und Uhrzeit", "Time Created"];
const SOURCES: [&str; 4] = ["Source", "ProviderName", "Quelle", "Provider"];
const IDS: [&str; 5] = ["Event ID", "Id", "EventID", "InstanceId", "Ereignis-ID"];
const MESSAGES: [&str; 2] = ["Message", "Description"];
const HOSTS: [&str; 3] = ["MachineName", "Computer", "ComputerName"];
const PROCESSES: [&str; 2] = ["ProcessId", "Process ID"];

/// Where the columns are.
#[derive(Clone, Debug)]
struct Columns {
    time: usize,
    source: usize,
    message: usize,
    host: Option<usize>,
    process: Option<usize>,
}

fn sniff(lines: &Lines<'_>) -> bool {
    header(lines).is_some()
}

/// The columns of a header, which may stand below PowerShell's line of the type.
fn header(lines: &Lines<'_>) -> Option<(Columns, u8)> {
    let mut ahead = lines.clone();
    let first = ahead.next()?.text;
    let line = if first.starts_with("#TYPE ") { ahead.next()?.text } else { first };
    let separator =
        [b',', b';', b'\t'].into_iter().find(|separator| line.matches(char::from(*separator)).count() >= 3)?;
    let record = records(line, separator).next()?;
    let place = |names: &[&str]| record.iter().position(|title| names.contains(&title.trim()));
    place(&IDS)?;
    let message = place(&MESSAGES).unwrap_or(record.len());
    let columns = Columns {
        time: place(&TIMES)?,
        source: place(&SOURCES)?,
        message,
        host: place(&HOSTS),
        process: place(&PROCESSES),
    };
    Some((columns, separator))
}

fn records(text: &str, separator: u8) -> impl Iterator<Item = csv::StringRecord> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    std::iter::from_fn(move || {
        let mut record = csv::StringRecord::new();
        reader.read_record(&mut record).ok().filter(|more| *more).map(|_| record)
    })
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some((columns, separator)) = header(lines) else { return };
    if lines.text().starts_with("#TYPE ") {
        lines.next();
    }
    lines.next();
    let mut clock = Clock::new(lines.time);
    while let Some((number, text)) = whole(lines, separator) {
        let Some(record) = records(text, separator).next() else { continue };
        let field = |place: usize| record.get(place).unwrap_or_default();
        if field(columns.time).is_empty() {
            found.odd.add(number, "not an event of this table");
            continue;
        }
        let (message, source) = (field(columns.message), field(columns.source));
        let pid = columns.process.and_then(|place| field(place).parse().ok());
        let seen = Message { text: message, program: Some(source), pid, framed: true, command: None, ahead: lines };
        let Some(said) = family::read(&seen, &mut Peers::default()) else {
            found.other_rows += 1;
            continue;
        };
        let when = Written::read(field(columns.time)).map(When::Written);
        let (time, _) = when.map_or((None, None), |when| clock.read(when));
        let host = columns.host.map(field).filter(|host| !host.is_empty()).map(Into::into);
        let row = read::row(number, said, Some(source), pid, &message.replace(['\r', '\n', '\t'], " "));
        read::keep(LogLine { time, host, ..row }, found);
    }
}

/// Lines of one record: quotes that are open at a line's end go on in the next. A record that does not end stops at this.
const LONGEST: usize = 200;

/// Takes the lines of the next record; a line that has no separator outside of a record ends the table.
fn whole<'a>(lines: &mut Lines<'a>, separator: u8) -> Option<(u32, &'a str)> {
    let (number, rest) = (lines.number(), lines.rest());
    let first = lines.peek()?;
    if !first.text.contains(char::from(separator)) && !first.text.starts_with('"') {
        return None;
    }
    let mut ahead = lines.clone();
    let mut open = false;
    for _ in 0..LONGEST {
        let Some(line) = ahead.next() else { break };
        open ^= line.text.matches('"').count() % 2 == 1;
        if !open {
            break;
        }
    }
    if open {
        // A quote in the middle of nowhere: the line stands for itself.
        ahead = lines.clone();
        ahead.next();
    }
    let taken = rest.len() - ahead.rest().len();
    *lines = ahead;
    Some((number, rest.get(..taken)?))
}
