//! Columns of `inputs`: one row a file, captures first, then dumps, then what was not read.

use super::{Column, Value};
use crate::capture::End;
use crate::case::{Dump, Facts, InputFile, Point, Unread};
use crate::host::Basis;
use crate::time::Timestamp;
use std::fmt::Write;

/// A row of `inputs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputRow {
    /// Which file of which observation point.
    Capture { point: usize, file: usize },
    /// Which dump.
    Dump(usize),
    /// Which of those that were not read.
    Unread(usize),
}

/// All rows of `inputs`, in the order of reading.
pub fn inputs(facts: &Facts) -> Vec<InputRow> {
    let files = facts
        .points
        .iter()
        .enumerate()
        .flat_map(|(point, chain)| (0..chain.files.len()).map(move |file| InputRow::Capture { point, file }));
    let dumps = (0..facts.dumps.0.len()).map(InputRow::Dump);
    files.chain(dumps).chain((0..facts.unread.len()).map(InputRow::Unread)).collect()
}

/// The columns of `inputs`, in their order; all are core.
pub static INPUTS: &[Column<InputRow>] = &[
    core!("path", Kind::Text, "", "Path of the file as it was found.", |row, facts| match unread(row, facts) {
        Some(unread) => text(&unread.path),
        None => either(row, facts, |file| text(&file.path), |dump| text(&dump.path)),
    }),
    core!(
        "format",
        Kind::Text,
        "",
        "Container format of the capture, or formats of the dump, joined by semicolons.",
        |row, facts| either(row, facts, |file| text(file.format), |dump| Value::text(dump.formats().join(";"))),
    ),
    core!("frames", Kind::U64, "frame", "Frames read.", |row, facts| {
        of(row, facts, |file| Value::Number(file.frames))
    }),
    core!("tcp_segments", Kind::U64, "frame", "Frames that hold a TCP segment.", |row, facts| {
        of(row, facts, |file| Value::Number(file.tcp_segments))
    }),
    core!("first_time", Kind::Time, "", "Time of the earliest frame or snapshot.", |row, facts| {
        either(row, facts, |file| Value::time(file.first), |dump| Value::time(times(dump).min()))
    }),
    core!("last_time", Kind::Time, "", "Time of the latest frame or snapshot.", |row, facts| {
        either(row, facts, |file| Value::time(file.last), |dump| Value::time(times(dump).max()))
    }),
    core!(
        "end",
        Kind::Enum(&["clean", "cut", "corrupt"]),
        "",
        "How the file ends: clean, cut inside a record, or corrupt.",
        |row, facts| of(row, facts, |file| Value::Name(end_name(&file.end))),
    ),
    core!("end_offset", Kind::U64, "byte", "Where in the file the cut record or the damage begins.", |row, facts| {
        of(row, facts, |file| end_offset(&file.end))
    }),
    core!("end_reason", Kind::Text, "", "What is wrong where the file is corrupt.", |row, facts| {
        of(row, facts, |file| end_reason(&file.end))
    }),
    core!("point", Kind::Text, "", "Observation point: the chain of files that this one belongs to.", |row, facts| {
        point(row, facts).map_or(Value::Null, |point| text(&point.name))
    }),
    core!("position", Kind::U32, "", "Place of the file among those of its observation point, from 1.", |row, _| {
        match row {
            InputRow::Capture { file, .. } => Value::Number(*file as u64 + 1),
            InputRow::Dump(_) | InputRow::Unread(_) => Value::Null,
        }
    }),
    core!(
        "missing_before",
        Kind::U64,
        "file",
        "Files that are missing between the one before and this, or are of another kind, by the numbers in their names.",
        |row, facts| of(row, facts, |file| Value::Number(file.missing_before)),
    ),
    core!("size_bytes", Kind::U64, "byte", "Size of the file, unpacked.", |row, facts| {
        either(row, facts, |file| Value::Number(file.bytes), |dump| Value::Number(dump.bytes))
    }),
    core!("wire_bytes", Kind::U64, "byte", "Bytes that all frames had on the wire, cut or not.", |row, facts| {
        of(row, facts, |file| Value::Number(file.wire_bytes))
    }),
    core!(
        "frames_before",
        Kind::U64,
        "frame",
        "Frames of the observation point before this file: frame numbers count on from there.",
        |row, facts| of(row, facts, |file| Value::Number(file.frames_before)),
    ),
    core!("icmp_errors", Kind::U64, "frame", "Frames that hold an ICMP error about a connection.", |row, facts| {
        of(row, facts, |file| Value::Number(file.icmp_errors))
    }),
    core!("other_frames", Kind::U64, "frame", "Frames that hold neither.", |row, facts| {
        of(row, facts, |file| Value::Number(file.others.values().sum()))
    }),
    core!(
        "others_by_name",
        Kind::Text,
        "",
        "Those frames by what they are or why they could not be decoded, with their counts.",
        |row, facts| of(row, facts, others),
    ),
    core!(
        "left_out_frames",
        Kind::U64,
        "frame",
        "Frames that --since, --until and --filter left out; they are in no other count but frames.",
        |row, facts| of(row, facts, |file| Value::Number(file.left_out)),
    ),
    core!("cut_frames", Kind::U64, "frame", "Frames of which the snap length cut something off.", |row, facts| {
        of(row, facts, |file| Value::Number(file.cut_frames))
    }),
    core!("cut_headers", Kind::U64, "frame", "TCP segments of which it cut the header.", |row, facts| {
        of(row, facts, |file| Value::Number(file.cut_headers))
    }),
    core!(
        "fragmented_packets",
        Kind::U64,
        "packet",
        "IP packets put together from fragments: each counts where its last piece came, the other pieces as fragments.",
        |row, facts| of(row, facts, |file| Value::Number(file.fragments.assembled)),
    ),
    core!(
        "fragmented_incomplete",
        Kind::U64,
        "packet",
        "Fragmented IP packets of which some piece did not come within 60 s.",
        |row, facts| of(row, facts, |file| Value::Number(file.fragments.incomplete)),
    ),
    core!(
        "fragmented_overlapping",
        Kind::U64,
        "packet",
        "Fragmented IP packets whose pieces overlap: of IPv6 given up, of IPv4 put together from what came first.",
        |row, facts| of(row, facts, |file| Value::Number(file.fragments.overlapping)),
    ),
    core!("link_types", Kind::Text, "", "Link types of the frames, joined by semicolons.", |row, facts| {
        of(row, facts, |file| joined(&file.links))
    }),
    core!("dropped", Kind::U64, "frame", "Packets that the capturing program says it dropped.", |row, facts| {
        of(row, facts, |file| Value::number(file.dropped))
    }),
    core!(
        "time_went_back",
        Kind::U64,
        "frame",
        "Frames with a time before that of the frame before them.",
        |row, facts| of(row, facts, |file| Value::Number(file.time_went_back)),
    ),
    core!(
        "comments",
        Kind::Text,
        "",
        "What the capture says of itself and of its interfaces, joined by semicolons.",
        |row, facts| of(row, facts, |file| joined(&file.comments)),
    ),
    core!(
        "frame_comments",
        Kind::U64,
        "frame",
        "Frames without a connection that somebody wrote a comment beside; those of connections stand in their rows.",
        |row, facts| of(row, facts, |file| Value::Number(file.frame_comments)),
    ),
    core!("first_frame_comments", Kind::Text, "", "The first of these comments, with their frames.", |row, facts| {
        let comment = |(frame, text): &(u64, String)| format!("frame {frame}: {text}");
        of(row, facts, |file| Value::text(file.first_comments.iter().map(comment).collect::<Vec<_>>().join("; ")))
    }),
    core!("not_read", Kind::Text, "", "Why the file was not read; null of those that were.", |row, facts| {
        unread(row, facts).map_or(Value::Null, |unread| text(&unread.cause))
    }),
    core!("note", Kind::Text, "", "What else was met while reading the file.", |row, facts| {
        let both = |note: &Option<String>, damage: &Option<String>| {
            Value::text(note.iter().chain(damage).map(String::as_str).collect::<Vec<_>>().join("; "))
        };
        either(row, facts, |file| both(&file.note, &file.damage), |dump| both(&dump.note, &dump.damage))
    }),
    core!("lines", Kind::U32, "line", "Lines of the dump.", |row, facts| {
        of_dump(row, facts, |dump| Value::Number(dump.document.lines.into()))
    }),
    core!("blocks", Kind::U32, "", "Snapshots in the dump: one command, once.", |row, facts| {
        of_dump(row, facts, |dump| Value::Number(dump.document.blocks.len() as u64))
    }),
    core!("rows", Kind::U64, "", "What was read of the dump: sockets, counters and the like.", |row, facts| {
        of_dump(row, facts, |dump| Value::Number(dump.rows()))
    }),
    core!("unknown_lines", Kind::U64, "line", "Lines of the dump that nothing explains.", |row, facts| {
        of_dump(row, facts, |dump| Value::Number(dump.unknown_lines()))
    }),
    core!("first_unknown_lines", Kind::Text, "", "Numbers of the first of them.", |row, facts| {
        of_dump(row, facts, |dump| Value::text(numbers(&dump.first_unknown())))
    }),
    core!("encoding", Kind::Text, "", "How the text of the dump is encoded.", |row, facts| {
        of_dump(row, facts, |dump| text(dump.document.encoding.name()))
    }),
];

fn numbers(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

fn times(dump: &Dump) -> impl Iterator<Item = Timestamp> {
    let stamps = dump.document.blocks.iter().filter_map(|block| block.time);
    stamps.filter(|stamp| stamp.basis != Basis::FileDate).map(|stamp| stamp.time)
}

fn either<'a>(
    row: &InputRow,
    facts: &'a Facts,
    of_capture: impl Fn(&'a InputFile) -> Value<'a>,
    of_dump: impl Fn(&'a Dump) -> Value<'a>,
) -> Value<'a> {
    match *row {
        InputRow::Capture { file, .. } => {
            point(row, facts).and_then(|point| point.files.get(file)).map_or(Value::Null, of_capture)
        }
        InputRow::Dump(dump) => facts.dumps.0.get(dump).map_or(Value::Null, of_dump),
        InputRow::Unread(_) => Value::Null,
    }
}

fn unread<'a>(row: &InputRow, facts: &'a Facts) -> Option<&'a Unread> {
    let InputRow::Unread(place) = *row else { return None };
    facts.unread.get(place)
}

fn of<'a>(row: &InputRow, facts: &'a Facts, get: impl Fn(&'a InputFile) -> Value<'a>) -> Value<'a> {
    either(row, facts, get, |_| Value::Null)
}

fn of_dump<'a>(row: &InputRow, facts: &'a Facts, get: impl Fn(&'a Dump) -> Value<'a>) -> Value<'a> {
    either(row, facts, |_| Value::Null, get)
}

fn point<'a>(row: &InputRow, facts: &'a Facts) -> Option<&'a Point> {
    match *row {
        InputRow::Capture { point, .. } => facts.points.get(point),
        InputRow::Dump(_) | InputRow::Unread(_) => None,
    }
}

fn text(text: &str) -> Value<'_> {
    Value::text(text)
}

const fn end_name(end: &End) -> &'static str {
    match end {
        End::Clean => "clean",
        End::Cut { .. } => "cut",
        End::Corrupt { .. } => "corrupt",
    }
}

const fn end_offset(end: &End) -> Value<'static> {
    match end {
        End::Clean => Value::Null,
        End::Cut { offset } | End::Corrupt { offset, .. } => Value::Number(*offset),
    }
}

fn end_reason(end: &End) -> Value<'_> {
    match end {
        End::Corrupt { why, .. } => text(why),
        End::Clean | End::Cut { .. } => Value::Null,
    }
}

fn joined(names: &[String]) -> Value<'static> {
    Value::text(names.join(";"))
}

/// `arp 3; udp 120`
fn others(file: &InputFile) -> Value<'_> {
    let mut out = String::new();
    for (name, count) in &file.others {
        let separator = if out.is_empty() { "" } else { "; " };
        let _ = write!(out, "{separator}{name} {count}"); // a string takes everything
    }
    Value::text(out)
}
