//! `synfin explain KEY`: what a word in synfin's tables means, or the story of one connection.

mod connection;
mod inputs;

use super::Exit;
use super::args::Explain;
use std::io::Write;
use synfin::analysis::Key;
use synfin::report::columns::{COLUMNS, Column, INPUTS, LISTENERS, SOCKETS};
use synfin::tcp::{Outcome, State};

pub fn run(args: &Explain) -> anyhow::Result<Exit> {
    let key = args.key.as_str();
    let word = match key {
        "columns" => Some(tables().map(|lines| lines.into_iter().map(|(_, line)| line).collect::<String>()).join("\n")),
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
    let columns = tables().into_iter().flatten().filter(|(name, _)| *name == key).map(|(_, line)| line);
    let outcomes = Outcome::ALL.into_iter().filter(|outcome| outcome.name() == key).map(outcome);
    let states = State::ALL.into_iter().filter(|state| state.name().eq_ignore_ascii_case(key)).map(state);
    let all: String = columns.chain(outcomes).chain(states).collect();
    (!all.is_empty()).then_some(all)
}

/// Name and line of every column, table by table.
fn tables() -> [Vec<(&'static str, String)>; 4] {
    [table("connections", COLUMNS), table("inputs", INPUTS), table("sockets", SOCKETS), table("listeners", LISTENERS)]
}

fn table<R>(table: &str, columns: &[Column<R>]) -> Vec<(&'static str, String)> {
    columns.iter().map(|column| (column.name, column_line(table, column))).collect()
}

fn column_line<R>(table: &str, column: &Column<R>) -> String {
    let unit = if column.unit.is_empty() { String::new() } else { format!(", {}", column.unit) };
    let core = if column.core { "" } else { ", not in CSV unless asked for" };
    format!("{table}.{} ({}{unit}{core}): {}\n", column.name, column.kind.name(), column.doc)
}

fn outcome(outcome: Outcome) -> String {
    format!("{} ({}): {}\n", outcome.name(), outcome.verdict().name(), outcome.meaning())
}

fn state(state: State) -> String {
    format!("{}: {}\n", state.name(), state.meaning())
}
