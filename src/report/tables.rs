//! The small tables: known whole once everything is tracked, each written by any [`Format`](super::Format).
//!
//! A table is one line in [`TABLES`]: the report folder, `show`, `explain` and the command line's help read it from there.

use super::columns::{
    ARP, COUNTERS, Column, DNS, FIREWALL, Field, INPUTS, LISTENERS, LOG_LINES, SETTINGS, SOCKETS, STATE_COUNTS,
    TRACKED, arp, choose, counters, dns, firewall, inputs, listeners, log_lines, select, settings, sockets,
    state_counts, tracked,
};
use super::{RowWriter, TableWriter, Value};
use crate::case::Facts;
use std::io;

/// A table that is no table of connections.
pub struct Table {
    /// Of its file and for `show`.
    pub name: &'static str,
    /// What it is about, for people.
    pub doc: &'static str,
    /// It is written even if it has no rows.
    pub always: bool,
    /// Its rows need no capture: dumps say them.
    pub of_dumps: bool,
    /// All of its columns, each with whether it is a core one.
    pub fields: fn() -> Vec<(Field, bool)>,
    rows: fn(&Facts) -> usize,
    check: fn(&str) -> Result<(), String>,
    print: fn(&Facts, &str, &Takes<'_>, &mut Open<'_>) -> io::Result<()>,
}

/// The cells of one row, by the places of their columns among all of the table's.
pub type Row<'a> = dyn Fn(usize) -> Value<'a> + 'a;

/// Whether a row is printed.
pub type Takes<'t> = dyn Fn(&Row<'_>) -> bool + 't;

/// Opens a writer for these columns.
pub type Open<'a> = dyn FnMut(Vec<Field>) -> io::Result<Box<dyn RowWriter>> + 'a;

/// The registry: one table, one line.
pub static TABLES: &[Table] = &[
    Table {
        name: "inputs",
        doc: "every file that was read, and how",
        always: true,
        of_dumps: false,
        fields: || fields(INPUTS),
        rows: |facts| inputs(facts).len(),
        check: |wish| choose(INPUTS, wish).map(drop),
        print: |facts, wish, takes, open| print(INPUTS, inputs(facts), facts, wish, takes, open),
    },
    Table {
        name: "arp",
        doc: "addresses asked for by ARP or neighbour discovery, and who answered",
        always: false,
        of_dumps: false,
        fields: || fields(ARP),
        rows: |facts| arp(facts).len(),
        check: |wish| choose(ARP, wish).map(drop),
        print: |facts, wish, takes, open| print(ARP, arp(facts), facts, wish, takes, open),
    },
    Table {
        name: "dns",
        doc: "names asked for, and what came back",
        always: false,
        of_dumps: false,
        fields: || fields(DNS),
        rows: |facts| dns(facts).len(),
        check: |wish| choose(DNS, wish).map(drop),
        print: |facts, wish, takes, open| print(DNS, dns(facts), facts, wish, takes, open),
    },
    Table {
        name: "sockets",
        doc: "sockets of the dumps, whatever system wrote them, with their connections and peers",
        always: false,
        of_dumps: false,
        fields: || fields(SOCKETS),
        rows: |facts| sockets(facts).len(),
        check: |wish| choose(SOCKETS, wish).map(drop),
        print: |facts, wish, takes, open| print(SOCKETS, sockets(facts), facts, wish, takes, open),
    },
    Table {
        name: "listeners",
        doc: "those of them that listen, with their queues",
        always: false,
        of_dumps: true,
        fields: || fields(LISTENERS),
        rows: |facts| listeners(facts).len(),
        check: |wish| choose(LISTENERS, wish).map(drop),
        print: |facts, wish, takes, open| print(LISTENERS, listeners(facts), facts, wish, takes, open),
    },
    Table {
        name: "tracked",
        doc: "connections that a firewall tracks, with their addresses before and behind it",
        always: false,
        of_dumps: true,
        fields: || fields(TRACKED),
        rows: |facts| tracked(facts).len(),
        check: |wish| choose(TRACKED, wish).map(drop),
        print: |facts, wish, takes, open| print(TRACKED, tracked(facts), facts, wish, takes, open),
    },
    Table {
        name: "state_counts",
        doc: "sockets that somebody has counted by state",
        always: false,
        of_dumps: true,
        fields: || fields(STATE_COUNTS),
        rows: |facts| state_counts(facts).len(),
        check: |wish| choose(STATE_COUNTS, wish).map(drop),
        print: |facts, wish, takes, open| print(STATE_COUNTS, state_counts(facts), facts, wish, takes, open),
    },
    Table {
        name: "counters",
        doc: "counters of the dumps, with differences and rates between snapshots",
        always: false,
        of_dumps: true,
        fields: || fields(COUNTERS),
        rows: |facts| facts.dumps.places(|block| block.found.counters.len()).count(),
        check: |wish| choose(COUNTERS, wish).map(drop),
        print: |facts, wish, takes, open| print(COUNTERS, counters(facts), facts, wish, takes, open),
    },
    Table {
        name: "settings",
        doc: "settings and resources of the hosts that the dumps tell, and what changed between snapshots",
        always: false,
        of_dumps: true,
        fields: || fields(SETTINGS),
        rows: |facts| facts.dumps.places(|block| block.found.settings.len()).count(),
        check: |wish| choose(SETTINGS, wish).map(drop),
        print: |facts, wish, takes, open| print(SETTINGS, settings(facts), facts, wish, takes, open),
    },
    Table {
        name: "log_lines",
        doc: "lines of logs and transcripts that tell of a connection, a listener or the life of a program, with their connections",
        always: false,
        of_dumps: false,
        fields: || fields(LOG_LINES),
        rows: |facts| facts.dumps.places(|block| block.found.log_lines.len()).count(),
        check: |wish| choose(LOG_LINES, wish).map(drop),
        print: |facts, wish, takes, open| print(LOG_LINES, log_lines(facts), facts, wish, takes, open),
    },
    Table {
        name: "firewall",
        doc: "rules of packet filters that the dumps list, and what their logs tell of single flows",
        always: false,
        of_dumps: true,
        fields: || fields(FIREWALL),
        rows: |facts| firewall(facts).len(),
        check: |wish| choose(FIREWALL, wish).map(drop),
        print: |facts, wish, takes, open| print(FIREWALL, firewall(facts), facts, wish, takes, open),
    },
];

/// The table of this name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// Number of rows.
    pub fn rows(&self, facts: &Facts) -> usize {
        (self.rows)(facts)
    }

    /// Whether `wish` names columns of this table: `core`, `all`, or names joined by commas.
    ///
    /// # Errors
    /// In words, when it does not.
    pub fn check(&self, wish: &str) -> Result<(), String> {
        (self.check)(wish)
    }

    /// Writes all rows with the columns that `wish` names.
    ///
    /// # Errors
    /// When the writer fails, or [`Table::check`] would.
    pub fn print(&self, facts: &Facts, wish: &str, open: &mut Open<'_>) -> io::Result<()> {
        self.print_those(facts, wish, &|_| true, open)
    }

    /// Writes the rows that `takes` takes with the columns that `wish` names.
    ///
    /// # Errors
    /// When the writer fails, or [`Table::check`] would.
    pub fn print_those(&self, facts: &Facts, wish: &str, takes: &Takes<'_>, open: &mut Open<'_>) -> io::Result<()> {
        (self.print)(facts, wish, takes, open)
    }
}

fn fields<R>(table: &'static [Column<R>]) -> Vec<(Field, bool)> {
    select(table, true).into_iter().map(|column| (column.field(), column.core)).collect()
}

fn print<R: Sync>(
    table: &'static [Column<R>],
    mut rows: Vec<R>,
    facts: &Facts,
    wish: &str,
    takes: &Takes<'_>,
    open: &mut Open<'_>,
) -> io::Result<()> {
    let columns = choose(table, wish).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let writer = open(columns.iter().map(|column| column.field()).collect())?;
    rows.retain(|row| takes(&|column| table.get(column).map_or(Value::Null, |column| (column.get)(row, facts))));
    let writer = TableWriter::with(columns, writer);
    writer.batch(&rows, facts)?;
    writer.finish()
}
