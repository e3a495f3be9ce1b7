//! Columns of `inputs`: one row a capture file.

use super::{Column, Kind, Value};
use crate::capture::End;
use crate::case::{Facts, InputFile};
use std::fmt::Write;

/// A row of `inputs`: which file of which observation point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputRow {
    point: usize,
    file: usize,
}

/// All rows of `inputs`, in the order of reading.
pub fn inputs(facts: &Facts) -> Vec<InputRow> {
    let files =
        |(point, chain): (usize, &crate::case::Point)| (0..chain.files.len()).map(move |file| InputRow { point, file });
    facts.points.iter().enumerate().flat_map(files).collect()
}

const fn column(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    doc: &'static str,
    get: for<'a> fn(&'a InputRow, &'a Facts) -> Value<'a>,
) -> Column<InputRow> {
    Column { name, kind, unit, core: true, doc, get }
}

/// The columns of `inputs`, in their order; all are core.
pub static INPUTS: &[Column<InputRow>] = &[
    column("path", Kind::Text, "", "Path of the file as it was found.", |row, facts| {
        of(row, facts, |file| text(&file.path))
    }),
    column("format", Kind::Text, "", "Container format of the capture.", |row, facts| {
        of(row, facts, |file| text(file.format))
    }),
    column("frames", Kind::U64, "frame", "Frames read.", |row, facts| {
        of(row, facts, |file| Value::Number(file.frames))
    }),
    column("tcp_segments", Kind::U64, "frame", "Frames that hold a TCP segment.", |row, facts| {
        of(row, facts, |file| Value::Number(file.tcp_segments))
    }),
    column("first_time", Kind::Time, "", "Time of the earliest frame.", |row, facts| {
        of(row, facts, |file| Value::time(file.first))
    }),
    column("last_time", Kind::Time, "", "Time of the latest frame.", |row, facts| {
        of(row, facts, |file| Value::time(file.last))
    }),
    column(
        "end",
        Kind::Enum(&["clean", "cut", "corrupt"]),
        "",
        "How the file ends: clean, cut inside a record, or corrupt.",
        |row, facts| of(row, facts, |file| Value::Name(end_name(&file.end))),
    ),
    column("end_offset", Kind::U64, "byte", "Where in the file the cut record or the damage begins.", |row, facts| {
        of(row, facts, |file| end_offset(&file.end))
    }),
    column("end_reason", Kind::Text, "", "What is wrong where the file is corrupt.", |row, facts| {
        of(row, facts, |file| end_reason(&file.end))
    }),
    column("point", Kind::Text, "", "Observation point: the chain of files that this one belongs to.", |row, facts| {
        facts.points.get(row.point).map_or(Value::Null, |point| text(&point.name))
    }),
    column("position", Kind::U32, "", "Place of the file among those of its observation point, from 1.", |row, _| {
        Value::Number(row.file as u64 + 1)
    }),
    column("size_bytes", Kind::U64, "byte", "Size of the file, unpacked.", |row, facts| {
        of(row, facts, |file| Value::Number(file.bytes))
    }),
    column(
        "frames_before",
        Kind::U64,
        "frame",
        "Frames of the observation point before this file: frame numbers count on from there.",
        |row, facts| of(row, facts, |file| Value::Number(file.frames_before)),
    ),
    column("icmp_errors", Kind::U64, "frame", "Frames that hold an ICMP error about a connection.", |row, facts| {
        of(row, facts, |file| Value::Number(file.icmp_errors))
    }),
    column("other_frames", Kind::U64, "frame", "Frames that hold neither.", |row, facts| {
        of(row, facts, |file| Value::Number(file.others.values().sum()))
    }),
    column(
        "others_by_name",
        Kind::Text,
        "",
        "Those frames by what they are or why they could not be decoded, with their counts.",
        |row, facts| of(row, facts, others),
    ),
    column(
        "left_out_frames",
        Kind::U64,
        "frame",
        "Frames that --since, --until and --filter left out; they are in no other count but frames.",
        |row, facts| of(row, facts, |file| Value::Number(file.left_out)),
    ),
    column(
        "fragmented_packets",
        Kind::U64,
        "packet",
        "IP packets put together from fragments: each counts where its last piece came, the other pieces as fragments.",
        |row, facts| of(row, facts, |file| Value::Number(file.fragments.assembled)),
    ),
    column(
        "fragmented_incomplete",
        Kind::U64,
        "packet",
        "Fragmented IP packets of which some piece did not come within 60 s.",
        |row, facts| of(row, facts, |file| Value::Number(file.fragments.incomplete)),
    ),
    column(
        "fragmented_overlapping",
        Kind::U64,
        "packet",
        "Fragmented IP packets whose pieces overlap: of IPv6 given up, of IPv4 put together from what came first.",
        |row, facts| of(row, facts, |file| Value::Number(file.fragments.overlapping)),
    ),
    column("link_types", Kind::Text, "", "Link types of the frames, joined by semicolons.", |row, facts| {
        of(row, facts, |file| joined(&file.links))
    }),
    column("dropped", Kind::U64, "frame", "Packets that the capturing program says it dropped.", |row, facts| {
        of(row, facts, |file| Value::number(file.dropped))
    }),
    column(
        "time_went_back",
        Kind::U64,
        "frame",
        "Frames with a time before that of the frame before them.",
        |row, facts| of(row, facts, |file| Value::Number(file.time_went_back)),
    ),
    column("note", Kind::Text, "", "What else was met while reading the file.", |row, facts| {
        of(row, facts, |file| file.note.as_deref().map_or(Value::Null, text))
    }),
];

fn of<'a>(row: &InputRow, facts: &'a Facts, get: impl Fn(&'a InputFile) -> Value<'a>) -> Value<'a> {
    facts.points.get(row.point).and_then(|point| point.files.get(row.file)).map_or(Value::Null, get)
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
