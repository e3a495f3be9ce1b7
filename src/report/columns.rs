//! The tables: every column once, with its name, type, unit, meaning and getter. What is printed, documented and explained
//! of a column comes from here.

/// The names of all values of an enumeration, in their order.
macro_rules! names {
    ($of:ident) => {{
        let (mut names, mut index) = ([""; $of::ALL.len()], 0);
        while index < names.len() {
            names[index] = $of::ALL[index].name();
            index += 1;
        }
        names
    }};
}

/// A column: whether it is core, name, kind, unit, meaning, getter. By a macro, so that the getter becomes part of what writes a
/// cell, and of the loop over the rows. (Seen from outside by tests of this package only: what it makes depends on this
/// package's features.)
#[doc(hidden)]
#[macro_export]
macro_rules! column {
    ($core:expr, $name:expr, Kind::$kind:ident $(($names:expr))?, $unit:expr, $doc:expr, $get:expr $(,)?) => {
        $crate::report::columns::Column {
            name: $name,
            kind: $crate::report::Kind::$kind $(($names))?,
            unit: $unit,
            core: $core,
            doc: $doc,
            get: $get,
            write: |row, facts, zone, quote, out| {
                match &$crate::report::columns::ask(row, facts, $get) {
                    $crate::report::Value::Text(text) => quote(out, text),
                    cell => cell.write(zone, out),
                }
            },
            #[cfg(feature = "parquet")]
            all: |rows, facts| {
                $crate::values!(
                    $kind $(($names))?, rows, |row| $crate::report::columns::ask(row, facts, $get)
                )
            },
            of_dumps: false,
        }
    };
}

/// A column of the tables that people open: name, kind, unit, meaning, getter.
macro_rules! core {
    ($($column:tt)*) => { column!(true, $($column)*) };
}

/// A column for programs only.
macro_rules! more {
    ($($column:tt)*) => { column!(false, $($column)*) };
}

mod around;
mod arp;
mod beside;
mod connection;
mod counter;
mod dns;
mod firewall;
mod input;
mod kernel;
mod log_line;
mod line_join;
mod listener;
mod setting;
mod side;
mod socket;
mod socket_join;
mod state_count;
mod tracked;

pub use around::PointRow;
pub use arp::{ARP, arp};
pub use counter::{COUNTERS, counters};
pub use dns::{DNS, dns};
pub use firewall::{FIREWALL, firewall};
pub use input::{INPUTS, InputRow, inputs};
pub use listener::{LISTENERS, listeners};
pub use log_line::{LOG_LINES, log_lines};
pub use setting::{SETTINGS, settings};
pub use socket::{SOCKETS, sockets};
pub use state_count::{STATE_COUNTS, state_counts};
pub use tracked::{TRACKED, tracked};

#[cfg(feature = "parquet")]
use super::Values;
use super::{Kind, Quote, Value};
use crate::case::{Facts, Judged};
use crate::time::Zone;

/// A column of a table whose rows are `R`.
pub struct Column<R> {
    pub name: &'static str,
    pub kind: Kind,
    /// `s`, `byte`, `packet`, `frame`, or empty.
    pub unit: &'static str,
    /// In the tables that people open; the others are in those that programs read.
    pub core: bool,
    /// The meaning in one sentence.
    pub doc: &'static str,
    pub get: for<'a> fn(&'a R, &'a Facts) -> Value<'a>,
    /// Appends what `get` gives as text, or by `Quote` if it is one.
    pub write: fn(&R, &Facts, Zone, Quote, &mut Vec<u8>),
    /// The cells of some rows: what `get` gives, without a call for each.
    #[cfg(feature = "parquet")]
    pub all: for<'a> fn(&'a [R], &'a Facts) -> Values,
    /// It is empty where no dump was read.
    pub of_dumps: bool,
}

/// What a writer needs to know of a column.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub unit: &'static str,
    pub doc: &'static str,
}

impl<R> Column<R> {
    pub const fn field(&self) -> Field {
        Field { name: self.name, kind: self.kind, unit: self.unit, doc: self.doc }
    }
}

/// What a getter says of a row: where the getter is known when the program is compiled, it is made part of its caller.
#[inline(always)]
pub fn ask<'a, R>(row: &'a R, facts: &'a Facts, get: for<'g> fn(&'g R, &'g Facts) -> Value<'g>) -> Value<'a> {
    get(row, facts)
}

impl<R> Clone for Column<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Column<R> {}

/// The columns of `connections`, in their order: the names that scripts rely on, the other core ones, the rest.
pub static COLUMNS: &[Column<Judged>] = &joined::<_, { count(&PARTS) }>(&PARTS);

/// The same columns, which only dumps fill.
const fn of_dumps<R, const COUNT: usize>(columns: &[Column<R>]) -> [Column<R>; COUNT] {
    let mut all = [columns[0]; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = Column { of_dumps: true, ..columns[at] };
        at += 1;
    }
    all
}

const PARTS: [&[Column<Judged>]; 10] = [
    connection::FIXED,
    side::FIXED,
    connection::CORE,
    &of_dumps::<_, { kernel::KERNEL.len() }>(kernel::KERNEL),
    &of_dumps::<_, { line_join::LOGGED.len() }>(line_join::LOGGED),
    connection::MORE,
    beside::BESIDE,
    side::MORE,
    side::AGED,
    &of_dumps::<_, { firewall::DECIDED.len() }>(firewall::DECIDED),
];

const fn count<R>(parts: &[&[Column<R>]]) -> usize {
    let (mut count, mut part) = (0, 0);
    while part < parts.len() {
        count += parts[part].len();
        part += 1;
    }
    count
}

/// One table of several parts.
const fn joined<R, const COUNT: usize>(parts: &[&[Column<R>]]) -> [Column<R>; COUNT] {
    let mut all = [parts[0][0]; COUNT];
    let (mut at, mut part) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[at] = parts[part][index];
            at += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

/// The core columns of a table, or all.
pub fn select<R>(table: &'static [Column<R>], all: bool) -> Vec<&'static Column<R>> {
    table.iter().filter(|column| all || column.core).collect()
}

/// The columns that `--columns` asks for: `core`, `all`, or names joined by commas.
///
/// # Errors
/// In words, when a name is no column of the table.
pub fn choose<R>(table: &'static [Column<R>], wish: &str) -> Result<Vec<&'static Column<R>>, String> {
    match wish {
        "core" => Ok(select(table, false)),
        "all" => Ok(select(table, true)),
        names => names.split(',').map(|name| find(table, name.trim())).collect(),
    }
}

/// The columns of `connections` that `wish` asks for; the core ones hold what the hosts said where any dump was read.
///
/// # Errors
/// In words, when a name is no column of the table.
pub fn of_connections(wish: &str, facts: &Facts) -> Result<Vec<&'static Column<Judged>>, String> {
    let mut chosen = choose(COLUMNS, wish)?;
    let more =
        [(kernel::KERNEL, !facts.joins.sockets().is_empty()), (line_join::LOGGED, facts.joins.lines.joined() > 0)];
    for (columns, _) in more.iter().filter(|(_, is_told)| wish == "core" && *is_told) {
        chosen.extend(COLUMNS.iter().filter(|column| columns.iter().any(|of| of.name == column.name)));
    }
    Ok(chosen)
}

fn find<R>(table: &'static [Column<R>], name: &str) -> Result<&'static Column<R>, String> {
    table.iter().find(|column| column.name == name).ok_or_else(|| {
        format!("no column is named `{name}`; `core`, `all` or names joined by commas are possible, `synfin explain columns` lists them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// DESIGN 5: scripts rely on these names and their order.
    const FIXED: &str = "id, client_address, client_port, server_address, server_port, outcome, verdict, client_state, \
        server_state, handshake, closed_by, reset_by, reset_phase, reset_kind, reset_origin, role_basis, icmp, vanished, \
        state_age_s, confidence, caveats, first_frame, last_frame, first_time, last_time, client_packets, \
        server_packets, client_bytes, server_bytes";

    const FIXED_OF_INPUTS: &str = "path, format, frames, tcp_segments, first_time, last_time, end";

    const FIXED_OF_SOCKETS: &str = "time, host, local_address, local_port, remote_address, remote_port, state, recv_q, \
        send_q, timer, pid, program, path, line";

    fn is_sound<R>(table: &[Column<R>], fixed: &str) {
        let names: Vec<_> = table.iter().map(|column| column.name).collect();
        let fixed: Vec<_> = fixed.split(", ").map(str::trim).collect();
        assert_eq!(&names[..fixed.len()], &fixed[..]);
        assert!(table[..fixed.len()].iter().all(|column| column.core));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "a name stands twice");
        for column in table {
            let name = column.name;
            let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(snake) && !name.starts_with('_'), "{name} is no snake_case");
            assert!(column.doc.ends_with('.') && column.doc.len() > 10, "{name} lacks its meaning");
            assert!(column.doc.starts_with(|c: char| c.is_uppercase()), "{name}: no sentence");
            let by_name = if name.ends_with("_per_s") {
                "1/s"
            } else if name.ends_with("_s") {
                "s"
            } else if name.ends_with("_bytes") {
                "byte"
            } else {
                column.unit
            };
            assert_eq!(column.unit, by_name, "{name}: the suffix is the unit");
            let is_span = name.ends_with("_s") && !name.ends_with("_per_s");
            assert_eq!(column.kind == Kind::Seconds, is_span, "{name}: the suffix is the unit");
            let is_named_so = name == "time" || name.ends_with("_time");
            assert_eq!(column.kind == Kind::Time, is_named_so, "{name}: times are named so");
            if let Kind::Enum(names) = column.kind {
                assert!(names.len() < 255 && names.iter().collect::<HashSet<_>>().len() == names.len(), "{name}");
            }
        }
    }

    #[test]
    fn names_are_unique_and_fixed_and_every_meaning_is_a_sentence() {
        is_sound(COLUMNS, FIXED);
        is_sound(INPUTS, FIXED_OF_INPUTS);
        is_sound(SOCKETS, FIXED_OF_SOCKETS);
        is_sound(LISTENERS, "time, host, local_address, local_port");
        is_sound(COUNTERS, "time, host, name, scope, value, difference, span_s, rate_per_s");
        is_sound(SETTINGS, "time, host, name, scope, value");
        is_sound(LOG_LINES, "time, host, program, pid, event, direction, errno, local_address, local_port");
        is_sound(FIREWALL, "time, host, kind, table, chain, number, action, target, packets");
        is_sound(ARP, "address, state");
        is_sound(DNS, "name, type, state");
    }

    #[test]
    fn columns_are_chosen_by_width_or_by_name() {
        let names =
            |wish| choose(COLUMNS, wish).map(|chosen| chosen.iter().map(|column| column.name).collect::<Vec<_>>());
        assert_eq!(names("outcome, id"), Ok(vec!["outcome", "id"]));
        assert_eq!(names("all").map(|names| names.len()), Ok(COLUMNS.len()));
        assert!(names("core").is_ok_and(|names| (33..50).contains(&names.len())));
        assert!(names("id,outcmoe").is_err_and(|error| error.contains("`outcmoe`")));
    }
}
