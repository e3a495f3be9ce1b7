//! `summary.json`: the case as one document, for scripts, dashboards and for synfin itself, which knows its report folder by it.

use super::columns::{Column, INPUTS, InputRow, inputs};
use super::value::Value;
use crate::case::{Case, Facts, Origin, Selected, Service, Stuck};
use crate::tcp::judgement::Caveats;
use crate::tcp::{Outcome, Verdict};
use crate::time::Timestamp;
use crate::wire::Address;
use serde::{Deserialize, Serialize, Serializer};
use std::io::{self, Write};

/// Counts up when a name or meaning changes that scripts rely on; in `summary.json` and in Parquet files.
pub const SCHEMA_VERSION: u32 = 1;

/// Services listed.
const SERVICES: usize = 32;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    generator: Generator,
    connections: u64,
    hosts: usize,
    span: Option<Span>,
    selection: Option<Selection<'a>>,
    verdicts: Object<u64>,
    outcomes: Object<u64>,
    /// Rows whose confidence is ambiguous.
    ambiguous: u64,
    caveats: Object<u64>,
    services: Vec<ServiceEntry>,
    stuck: StuckList,
    inputs: Vec<Object<Value<'a>>>,
    not_read: &'a [String],
    /// Files met in folders that are neither captures nor dumps.
    left_out: &'a [String],
    /// What to open to read the same again.
    sources: Vec<SourceEntry>,
}

#[derive(Serialize, Deserialize)]
struct SourceEntry {
    path: String,
    size_bytes: u64,
    modified_time: Option<String>,
    packed: bool,
    stream: bool,
    #[serde(default)]
    point: Option<String>,
}

/// The part of the document that is read back.
#[derive(Deserialize)]
struct Remembered {
    sources: Vec<SourceEntry>,
}

#[derive(Serialize)]
struct Generator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Span {
    first_time: Value<'static>,
    last_time: Value<'static>,
    duration_s: Value<'static>,
}

/// What was asked for, where that is not all.
#[derive(Serialize)]
struct Selection<'a> {
    since_time: Value<'static>,
    until_time: Value<'static>,
    filter: Option<&'a str>,
    #[serde(rename = "where")]
    condition: Option<&'a str>,
    frames_left_out: u64,
    rows_left_out: u64,
}

#[derive(Serialize)]
struct ServiceEntry {
    server_address: Value<'static>,
    server_port: u16,
    attempts: u64,
    failed: u64,
    reset: u64,
    unfinished: u64,
}

#[derive(Serialize)]
struct StuckList {
    after_s: Value<'static>,
    connections: u64,
    oldest: Vec<StuckEntry>,
}

#[derive(Serialize)]
struct StuckEntry {
    id: Value<'static>,
    client_address: Value<'static>,
    client_port: u16,
    server_address: Value<'static>,
    server_port: u16,
    outcome: &'static str,
    side: &'static str,
    state: &'static str,
    peer_state: Value<'static>,
    since_time: Value<'static>,
    age_s: Value<'static>,
    first_frame: u64,
}

/// Names and values in this order.
struct Object<V>(Vec<(&'static str, V)>);

impl<V: Serialize> Serialize for Object<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Writes the document. Equal cases give equal bytes.
///
/// # Errors
/// When `out` does not take it.
pub fn write(case: &Case, out: &mut dyn Write) -> io::Result<()> {
    let rows = inputs(&case.facts);
    serde_json::to_writer_pretty(&mut *out, &document(case, &rows))?;
    out.write_all(b"\n")
}

/// What a report was made of, from its document.
///
/// # Errors
/// In words, when the document is none of ours.
pub fn origins(document: &[u8]) -> Result<Vec<Origin>, String> {
    let Remembered { sources } = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    let origin = |source: SourceEntry| Origin {
        path: source.path,
        bytes: source.size_bytes,
        modified: source.modified_time.as_deref().and_then(Timestamp::from_rfc3339),
        packed: source.packed,
        stream: source.stream,
        point: source.point,
    };
    Ok(sources.into_iter().map(origin).collect())
}

fn source(origin: &Origin) -> SourceEntry {
    SourceEntry {
        path: origin.path.clone(),
        size_bytes: origin.bytes,
        modified_time: origin.modified.map(Timestamp::rfc3339),
        packed: origin.packed,
        stream: origin.stream,
        point: origin.point.clone(),
    }
}

fn document<'a>(case: &'a Case, rows: &'a [InputRow]) -> Document<'a> {
    let Case { facts, tally, unread, left_out } = case;
    Document {
        schema_version: SCHEMA_VERSION,
        generator: Generator { name: "synfin", version: env!("CARGO_PKG_VERSION") },
        connections: tally.connections,
        hosts: tally.hosts().0,
        span: span(facts),
        selection: selection(facts),
        verdicts: Object(Verdict::ALL.map(|verdict| (verdict.name(), tally.of_verdict(verdict))).into()),
        outcomes: Object(Outcome::ALL.map(|outcome| (outcome.name(), tally.timeline.total(outcome))).into()),
        ambiguous: tally.ambiguous,
        caveats: Object(Caveats::NAMES.into_iter().zip(tally.caveats).collect()),
        services: tally.services.worst(SERVICES).into_iter().map(service).collect(),
        stuck: StuckList {
            after_s: Value::Seconds(tally.stuck_after()),
            connections: tally.stuck_total,
            oldest: tally.stuck.iter().map(stuck).collect(),
        },
        inputs: rows.iter().map(|row| input(row, facts)).collect(),
        not_read: unread,
        left_out,
        sources: facts.origins.iter().map(source).collect(),
    }
}

fn span(facts: &Facts) -> Option<Span> {
    let (first, last) = facts.span()?;
    Some(Span {
        first_time: Value::Time(first),
        last_time: Value::Time(last),
        duration_s: Value::Seconds(last.since(first)),
    })
}

fn selection(facts: &Facts) -> Option<Selection<'_>> {
    let selected = &facts.selected;
    let files = facts.points.iter().flat_map(|point| &point.files);
    (*selected != Selected::default()).then(|| Selection {
        since_time: Value::time(selected.since),
        until_time: Value::time(selected.until),
        filter: selected.filter.as_deref(),
        condition: selected.condition.as_deref(),
        frames_left_out: files.map(|file| file.left_out).sum(),
        rows_left_out: selected.rows_left_out,
    })
}

fn service((address, service): (Address, Service)) -> ServiceEntry {
    ServiceEntry {
        server_address: Value::Ip(address.ip()),
        server_port: address.port,
        attempts: service.attempts,
        failed: service.failed,
        reset: service.reset,
        unfinished: service.unfinished,
    }
}

fn stuck(stuck: &Stuck) -> StuckEntry {
    StuckEntry {
        id: Value::Id(stuck.id),
        client_address: Value::Ip(stuck.client.ip()),
        client_port: stuck.client.port,
        server_address: Value::Ip(stuck.server.ip()),
        server_port: stuck.server.port,
        outcome: stuck.outcome.name(),
        side: stuck.side.name(),
        state: stuck.state.name(),
        peer_state: Value::name(stuck.peer_state.map(|state| state.name())),
        since_time: Value::Time(stuck.since),
        age_s: Value::Seconds(stuck.age),
        first_frame: stuck.first_frame,
    }
}

fn input<'a>(row: &'a InputRow, facts: &'a Facts) -> Object<Value<'a>> {
    Object(INPUTS.iter().map(|column: &Column<InputRow>| (column.name, (column.get)(row, facts))).collect())
}
