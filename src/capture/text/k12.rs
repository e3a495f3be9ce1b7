//! Text exports of Tektronix's K12 and K15 protocol testers, which Wireshark writes too: a frame a record, its bytes in hex.
//!
//! ```text
//! +---------+---------------+----------+
//! 20:07:57,161,012   ETHER
//! |0   |2e|c0|62|c9|20|d4|ea|2f|54|e7|aa|64|08|00|
//!
//! ```
//!
//! A record ends with a blank line; without one the text is cut.

use super::stamp::{Days, NO_DATE_TOLD};
use super::{Converted, Dialect, Prints};
use crate::capture::End;
use crate::capture::foreign::not_read;
use crate::capture::script::container::{SNAPLEN, describe, packet, section};
use crate::time::{SECOND, Span, Timestamp};
use std::collections::BTreeSet;

pub(super) const DIALECT: Dialect = Dialect { name: "k12text", prints: Prints::Frames { recognises, convert } };

/// Link types of the networks, by the words for them.
const NETWORKS: [(&str, u16); 4] = [("ETHER", 1), ("HDLC", 104), ("MTP-L2", 140), ("SSCF", 141)];

/// Begins with a record's first line, and the time follows if anything does: many programs draw a table so.
fn recognises(head: &[u8]) -> bool {
    let mut lines = Lines { bytes: head, at: 0 };
    lines.skip_blank();
    let begins = lines.next().is_some_and(|line| is_rule(line.text));
    begins && lines.next().is_none_or(|line| !line.is_whole || stamp(line.text).is_some())
}

fn convert(bytes: &[u8]) -> Converted {
    let mut capture = Capture { pcap: section(), links: Vec::new(), last: Timestamp::default(), days: Days::default() };
    let mut lines = Lines { bytes, at: 0 };
    let end = loop {
        lines.skip_blank();
        let offset = lines.at as u64;
        match record(&mut lines) {
            Ok(None) => break End::Clean,
            Ok(Some(record)) => capture.add(&record),
            Err(Broken::Cut) => break End::Cut { offset },
            Err(Broken::Corrupt(why)) => break End::Corrupt { offset, why },
        }
    };
    // One without records is a capture too.
    if capture.links.is_empty() {
        capture.interface(1);
    }
    Converted { pcap: capture.pcap, end, note: NO_DATE_TOLD.to_owned(), lacks_lines: false, unsettled: BTreeSet::new() }
}

/// The frames so far, as a pcapng with an interface for each network.
struct Capture {
    pcap: Vec<u8>,
    links: Vec<u16>,
    last: Timestamp,
    days: Days,
}

impl Capture {
    fn add(&mut self, record: &Record) {
        let interface = self.interface(record.link);
        self.last = self.days.time(self.last, record.clock);
        packet(&mut self.pcap, interface, self.last, &record.frame, record.frame.len() as u32);
    }

    fn interface(&mut self, link: u16) -> u8 {
        let known = self.links.iter().position(|known| *known == link);
        let place = known.unwrap_or_else(|| {
            describe(&mut self.pcap, link, &[]);
            self.links.push(link);
            self.links.len() - 1
        });
        place as u8
    }
}

struct Record {
    clock: Span,
    link: u16,
    frame: Vec<u8>,
}

/// Why there is no record.
enum Broken {
    Cut,
    Corrupt(String),
}

/// The next record; `None` at the end.
fn record(lines: &mut Lines<'_>) -> Result<Option<Record>, Broken> {
    let corrupt = |why: &str| Broken::Corrupt(why.to_owned());
    let Some(rule) = lines.next() else { return Ok(None) };
    if !rule.is_whole {
        return Err(Broken::Cut);
    }
    if !is_rule(rule.text) {
        return Err(corrupt("a line that begins no record"));
    }
    let time = lines.whole()?;
    let (clock, network) = stamp(time).ok_or_else(|| corrupt("a record without a time"))?;
    let Some((_, link)) = NETWORKS.iter().find(|(name, _)| *name == network) else {
        return Err(Broken::Corrupt(not_read(&format!("a record of the network {network:?}"))));
    };
    let mut frame = Vec::new();
    loop {
        let line = lines.whole()?;
        if line.is_empty() {
            return Ok(Some(Record { clock, link: *link, frame }));
        }
        add_bytes(line, &mut frame).ok_or_else(|| corrupt("a line of a frame that is not in hex"))?;
        if frame.len() > SNAPLEN as usize {
            return Err(Broken::Corrupt(format!("a frame of more than {SNAPLEN} bytes")));
        }
    }
}

/// `+---------+---------------+----------+`
fn is_rule(line: &[u8]) -> bool {
    let Some(inner) = line.strip_prefix(b"+").and_then(|line| line.strip_suffix(b"+")) else { return false };
    let mut columns = inner.split(|byte| *byte == b'+');
    let mut column = || columns.next().filter(|column| column.iter().all(|byte| *byte == b'-')).map(<[u8]>::len);
    column() == Some(9) && column() >= Some(15) && column() >= Some(10) && columns.next().is_none()
}

/// `20:07:57,161,012   ETHER`: the time of day, and the network.
fn stamp(line: &[u8]) -> Option<(Span, &str)> {
    let line = std::str::from_utf8(line).ok()?;
    let (time, network) = line.split_once(' ')?;
    let number = |digits: &str, most: usize| -> Option<i64> {
        let fits = (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| digits.parse().ok())?
    };
    let (clock, fraction) = time.split_once(',')?;
    let (millis, micros) = fraction.split_once(',')?;
    let mut parts = clock.split(':');
    // A tester that counts on counts hours.
    let (hours, minutes, seconds) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let in_range = parts.next().is_none() && minutes < 60 && seconds <= 60;
    let micros = number(millis, 3)? * 1000 + number(micros, 3)?;
    let span = Span(((hours * 60 + minutes) * 60 + seconds) * SECOND + micros * 1000);
    in_range.then_some((span, network.trim()))
}

/// `|0   |2e|c0|`: where in the frame, and bytes.
fn add_bytes(line: &[u8], frame: &mut Vec<u8>) -> Option<()> {
    let cells = line.strip_prefix(b"|")?.strip_suffix(b"|")?;
    let place = cells.get(..4).filter(|place| place.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b' '))?;
    let cells = cells.get(place.len()..)?;
    if cells.len() % 3 != 0 {
        return None;
    }
    for cell in cells.chunks_exact(3) {
        let &[b'|', high, low] = cell else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        frame.push((digit(high)? << 4 | digit(low)?) as u8);
    }
    Some(())
}

/// What is left of a text, line by line.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Line<'a> {
    text: &'a [u8],
    /// Its end is there.
    is_whole: bool,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let text = rest.get(..end.unwrap_or(rest.len()))?;
        self.at += text.len() + usize::from(end.is_some());
        Some(Line { text: text.trim_ascii_end(), is_whole: end.is_some() })
    }

    /// The next line of a record.
    fn whole(&mut self) -> Result<&'a [u8], Broken> {
        self.next().filter(|line| line.is_whole).map(|line| line.text).ok_or(Broken::Cut)
    }

    fn skip_blank(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_ascii_start().len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::text::recognise;
    use crate::capture::{self, tests::all};

    const SAMPLE: &[u8] = include_bytes!("../../../testdata/captures/k12text/reset_midstream.k12text");

    /// Where the sample's records begin, but the first.
    fn starts() -> impl Iterator<Item = u64> {
        let blank = |(_, word): &(usize, &[u8])| *word == b"\r\n\r\n";
        SAMPLE.windows(4).enumerate().filter(blank).map(|(at, _)| at as u64 + 4)
    }

    /// Lengths of the frames, how the text ended, and the last time.
    fn read(text: &[u8]) -> (Vec<usize>, End, String) {
        let converted = convert(text);
        let (frames, end) = all(capture::recognise(&converted.pcap).expect("a capture"), &converted.pcap);
        assert_eq!(end, End::Clean);
        let last = frames.last().map(|frame| frame.time.rfc3339()).unwrap_or_default();
        (frames.iter().map(|frame| frame.len).collect(), converted.end, last)
    }

    fn name(head: &[u8]) -> Option<&'static str> {
        recognise(head).map(|dialect| dialect.name)
    }

    #[test]
    fn a_text_cut_anywhere_gives_all_whole_records_and_the_place() {
        let (whole, end, last) = read(SAMPLE);
        assert_eq!((whole.len(), end), (29, End::Clean));
        assert!(last.starts_with("2000-01-01T20:"), "{last}");
        let starts: Vec<u64> = [0].into_iter().chain(starts()).collect();
        for length in (0..SAMPLE.len()).step_by(7) {
            let (frames, end, _) = read(&SAMPLE[..length]);
            assert_eq!(frames, whole[..frames.len()], "cut to {length}");
            match end {
                End::Cut { offset } => assert_eq!(offset, starts[frames.len()], "cut to {length}"),
                End::Clean => assert!(starts.get(frames.len()).is_none_or(|start| *start >= length as u64)),
                End::Corrupt { .. } => panic!("cut to {length}: {end:?}"),
            }
        }
    }

    #[test]
    fn damage_takes_nothing_from_the_records_before_it_and_has_its_place() {
        let second = starts().next().expect("a second record") as usize;
        let changed = |offset: usize, byte: u8| {
            let mut text = SAMPLE.to_vec();
            text[second + offset] = byte;
            let (frames, end, _) = read(&text);
            (frames.len(), end)
        };
        let corrupt = |why: &str| (1, End::Corrupt { offset: second as u64, why: why.to_owned() });
        assert_eq!(changed(3, b'x'), corrupt("a line that begins no record"));
        assert_eq!(changed(42, b'x'), corrupt("a record without a time"));
        assert_eq!(changed(73, b'x'), corrupt("a line of a frame that is not in hex"));
        let way_out = "is not read: convert it with `editcap -F pcapng`";
        assert_eq!(changed(59, b'O'), corrupt(&format!("a record of the network \"OTHER\" {way_out}")));
    }

    #[test]
    fn networks_are_told_apart_and_days_counted_and_a_frame_may_take_several_lines() {
        let rule = "+---------+---------------+----------+\n";
        let text = format!(
            "{rule}23:59:59,999,999   ETHER\n|0   |00|01|\n|2   |02|03|\n\n{rule}00:00:00,000,001   HDLC\n|0   |0F|\n\n"
        );
        assert_eq!(read(text.as_bytes()), (vec![4, 1], End::Clean, "2000-01-02T00:00:00.000001000Z".to_owned()));
    }

    #[test]
    fn no_table_and_no_log_is_taken_for_an_export_nor_an_export_for_these() {
        assert_eq!(name(SAMPLE), Some("k12text"));
        assert_eq!(name(&SAMPLE[..50]), Some("k12text"));
        let rule = "+---------+---------------+----------+\n";
        for other in [
            format!("{rule}| id      | name          | state    |\n{rule}"),
            format!("Nov 20 20:07:57 web kernel: start\n{rule}20:07:57,161,012   ETHER\n"),
            "+----+----+\n20:07:57,161,012   ETHER\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(name(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_frame_without_end_is_damage() {
        let text =
            format!("+---------+---------------+----------+\n1:02:03,004,005 ETHER\n|0   |{}\n", "00|".repeat(262_145));
        assert_eq!(
            read(text.as_bytes()).1,
            End::Corrupt { offset: 0, why: "a frame of more than 262144 bytes".into() }
        );
    }
}
