//! `synfin explain KEY`: what a word in synfin's tables means, or the story of one connection.

mod connection;
mod inputs;

use super::Exit;
use super::args::Explain;
use std::io::Write;
use synfin::analysis::Key;
use synfin::report::columns::COLUMNS;
use synfin::report::{Field, TABLES};
use synfin::tcp::{Outcome, State};

pub fn run(args: &Explain) -> anyhow::Result<Exit> {
    let key = args.key.as_str();
    let word = match key {
        "columns" => Some(tables()),
        "outcomes" => Some(Outcome::ALL.map(outcome).concat()),
        "states" => Some(State::ALL.map(state).concat()),
        _ => one(key),
    };
    if let Some(text) = word {
        anyhow::ensure!(
            args.paths.is_empty(),
            "`{key}` is a word of synfin's tables: it means the same in every capture"
        );
        std::io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(Exit::Analysed);
    }
    let key = Key::parse(key).ok_or_else(|| {
        anyhow::anyhow!(
            "`{key}` is no column, outcome or state (`synfin explain columns`, `outcomes` and `states` list them), and no \
             connection: that is an id or its first 4 digits, ADDRESS:PORT, ADDRESS:PORT-ADDRESS:PORT or FILE:FRAME"
        )
    })?;
    connection::run(args, &key)
}
/// Everything that has this name.
fn one(key: &str) -> Option<String> {
    let columns = columns().filter(|(_, field, _)| field.name == key).map(column_line);
    let outcomes = Outcome::ALL.into_iter().filter(|outcome| outcome.name() == key).map(outcome);
    let states = State::ALL.into_iter().filter(|state| state.name().eq_ignore_ascii_case(key)).map(state);
    let all: String = columns.chain(outcomes).chain(states).collect();
    (!all.is_empty()).then_some(all)
}

/// Every column of every table, with whether it is a core one.
fn columns() -> impl Iterator<Item = (&'static str, Field, bool)> {
    let connections = COLUMNS.iter().map(|column| ("connections", column.field(), column.core));
    let small =
        TABLES.iter().flat_map(|table| (table.fields)().into_iter().map(|(field, core)| (table.name, field, core)));
    connections.chain(small)
}

/// One line a column, an empty one between tables.
fn tables() -> String {
    let (mut out, mut before) = (String::new(), None);
    for column in columns() {
        if before.replace(column.0).is_some_and(|before| before != column.0) {
            out.push('\n');
        }
        out += &column_line(column);
    }
    out
}

fn column_line((table, field, core): (&str, Field, bool)) -> String {
    let unit = if field.unit.is_empty() { String::new() } else { format!(", {}", field.unit) };
    let core = if core { "" } else { ", not in CSV unless asked for" };
    format!("{table}.{} ({}{unit}{core}): {}\n", field.name, field.kind.name(), field.doc)
}

fn outcome(outcome: Outcome) -> String {
    format!("{} ({}): {}\n", outcome.name(), outcome.verdict().name(), outcome.meaning())
}

fn state(state: State) -> String {
    format!("{}: {}\n", state.name(), state.meaning())
}
