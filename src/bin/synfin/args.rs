//! What the user typed, and the one translation of it into options that work.

use super::condition::RowCondition;
use super::{condition, filter};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::sync::Arc;
use synfin::analysis::{Bound, Condition, Options, PacketTest, RowTest, Selection};
use synfin::case::{Facts, Judged};
use synfin::input;
use synfin::report;
use synfin::report::columns::COLUMNS;
use synfin::report::{Column, Field, Value};
use synfin::time::{Span, Timestamp, Zone};

/// Printed when nothing is asked for.
pub const WELCOME: &str = "\
synfin says what became of every TCP connection in packet captures, and why.

  synfin capture.pcap                  the main job: a summary here, tables in synfin-report/
  synfin -o out evidence/ more.pcapng  whole folders, packed or not, into another report folder
  synfin show connections x.pcap       one table to standard output (aligned, or CSV in a pipe)

It reads pcap, pcapng and others, offline: no live capture, no decryption, nothing leaves this machine.
A report holds connections.csv and .parquet, smaller tables and summary.json.

  synfin explain syn_unanswered        what a word in a table means; `explain columns` lists all
  synfin explain 10.1.0.20:49161       one connection packet by packet; also by id or FILE:FRAME
  synfin --help                        all options";

/// Says what became of every TCP connection in packet captures, and why.
#[derive(Debug, Parser)]
#[command(name = "synfin", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "`synfin PATH...` is short for `synfin analyze PATH...`. A path named like a command: ./show")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub analyze: Analyze,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Analyse captures and write a report folder (the main job)
    Analyze(Analyze),
    /// Print one table to standard output
    Show(Show),
    /// Print the sockets of dumps, of any system: short for `show sockets`
    Sockets(Printing),
    /// Explain a column, an outcome, a state, or one connection packet by packet
    Explain(Explain),
    /// Print a script that gathers on a host what synfin reads: sockets, counters, settings
    Collect(Collect),
    /// Make a capture from a packet script
    #[command(hide = true)]
    Synth(Synth),
}

#[derive(Debug, Args)]
pub struct Analyze {
    /// Captures or folders of them, packed or not; `-` reads standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present = "points")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub struct Select {
    /// Call an observation point NAME and put the captures of PATH into it; may be repeated
    ///
    /// Files of one point that do not overlap in time are one stream of packets, whatever they are called. Without this, the
    /// files of a rotated set are chained by their names, and every other file is a point of its own.
    #[arg(long = "point", id = "points", value_name = "NAME=PATH", value_parser = point)]
    pub points: Vec<(String, PathBuf)>,
    /// Leave out packets before this: a time with its zone, `+30s` after the start, `-5m` before the end
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Leave out packets after this, written like --since
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Take only packets that fit, in the syntax of libpcap: 'host 10.0.0.1 and tcp port 80 or 443'
    ///
    /// Known are host, net, port, portrange, proto, src, dst, vlan, less, greater, ip, ip6, arp, tcp, udp, sctp, icmp, icmp6, and, or, not and
    /// parentheses. Tags and tunnels hide nothing: a condition holds where it holds of any IP header of the packet. Fragments are
    /// taken with the packet that they are pieces of. Connections are made of the packets taken only.
    #[arg(long, value_name = "EXPRESSION", value_parser = filter::read)]
    pub filter: Option<Condition<PacketTest>>,
    /// Give only rows for which this is true, in the syntax of SQL: "outcome = 'rst_refused' and client_bytes > 0"
    ///
    /// Names are columns (`synfin explain columns`). Known are comparisons, + - * / %, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE and IS NULL;
    /// texts and times stand in single quotes.
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub condition: Option<String>,
    /// Print times as they are in a zone: an IANA name, `local`, or an offset such as +02:00; Parquet stays UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", allow_hyphen_values = true, value_parser = Zone::parse)]
    pub timezone: Zone,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Report folder; an older report there is replaced when the new one is complete
    #[arg(short, long, value_name = "DIR", default_value = "synfin-report", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Replace the folder even if synfin did not write what is in it
    #[arg(long)]
    pub force: bool,
    /// Tables to write besides CSV and Parquet, or `none` for no files at all
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = formats())]
    pub format: Vec<String>,
    /// Columns of the CSV and JSON lines tables: `core`, `all`, or names joined by commas
    #[arg(long, value_name = "NAMES", default_value = "core")]
    pub columns: String,
    /// A state that waits longer than this many seconds is called stuck
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub stuck_after: u32,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub struct Run {
    /// Threads [default: as many as there are cores]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory for finished connections, and as much for silent ones; what is beyond it waits on disk
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = size)]
    pub memory: u64,
    /// The most that one packed input, or standard input, may become
    #[arg(long, value_name = "SIZE", default_value = "64G", value_parser = size)]
    pub max_unpacked: u64,
    /// Copy inputs instead of mapping them into memory
    #[arg(long)]
    pub no_mmap: bool,
    /// Say on standard error where time and memory went
    #[arg(long)]
    pub timings: bool,
    /// Colours in the summary
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub color: When,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Which table
    #[arg(value_name = "TABLE", value_parser = tables())]
    pub table: String,
    #[command(flatten)]
    pub printing: Printing,
}

/// What to read and how to print a table of it.
#[derive(Debug, Args)]
pub struct Printing {
    /// Captures, dumps or folders of them, packed or not; `-` reads standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present = "points")]
    pub paths: Vec<PathBuf>,
    /// How to print it [default: aligned on a terminal (inputs: list), csv in a pipe]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::FORMATS.iter().map(|format| format.name)))]
    pub format: Option<String>,
    /// Columns: `core`, `all`, or names joined by commas
    #[arg(long, value_name = "NAMES", default_value = "core")]
    pub columns: String,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A column, an outcome, a state (`columns`, `outcomes`, `states` for all), or a connection
    ///
    /// A connection is named by its id or the first 4 or more digits of that, by ADDRESS:PORT or ADDRESS at either end, by
    /// ADDRESS:PORT-ADDRESS:PORT ([v6]:PORT), or by FILE:FRAME, numbered as Wireshark does.
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Captures or folders of them to find the connection in [default: those of the report]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Report folder that names the captures; relative paths are looked up from here
    #[arg(long, value_name = "DIR", default_value = "synfin-report", value_hint = ValueHint::DirPath)]
    pub report: PathBuf,
    /// Print every segment, however many there are
    #[arg(long, conflicts_with = "script")]
    pub all: bool,
    /// Print the connection as a packet script, to paste into a ticket
    #[arg(long)]
    pub script: bool,
    /// A state that waits longer than this many seconds is called stuck
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub stuck_after: u32,
    #[command(flatten)]
    pub select: Select,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
pub struct Collect {
    /// For Windows PowerShell; otherwise for any POSIX shell
    #[arg(long)]
    pub windows: bool,
}

#[derive(Debug, Args)]
pub struct Synth {
    /// Packet script to read; `-` reads standard input
    pub script: PathBuf,
    /// Capture to write; `-` writes to standard output
    #[arg(short = 'w', long = "write", value_name = "FILE")]
    pub write: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// Tables that `show` prints.
fn tables() -> PossibleValuesParser {
    let connections = PossibleValue::new("connections").help("every TCP connection, and what became of it");
    let small = report::TABLES.iter().map(|table| PossibleValue::new(table.name).help(table.doc));
    PossibleValuesParser::new(std::iter::once(connections).chain(small))
}

/// Formats that `--format` takes: those that are not written anyway, and `none`.
fn formats() -> PossibleValuesParser {
    let extra = report::FORMATS.iter().map(|format| format.name);
    PossibleValuesParser::new(extra.chain(["none"]))
}

/// A number of bytes: `4096`, `256M`, `1.5G`.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim().trim_end_matches(['B', 'b']).trim_end_matches('i');
    let (number, power) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        Some((at, 't' | 'T')) => (&text[..at], 40),
        _ => (text, 0),
    };
    let value: f64 = number.parse().map_err(|_| "a size is a number with K, M, G or T, such as 256M".to_owned())?;
    let bytes = value * f64::from(power).exp2();
    if (1.0..1e18).contains(&bytes) { Ok(bytes as u64) } else { Err("a size lies between 1 byte and 1e18".to_owned()) }
}

/// `NAME=PATH`
fn point(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.trim().is_empty() && !path.is_empty() => Ok((name.trim().to_owned(), path.into())),
        _ => Err("write a name, `=` and a path, such as web=/evidence/web".to_owned()),
    }
}

/// `+30s`, `-5m`, or a time in `zone` unless it names its own.
fn bound(text: &str, zone: Zone) -> Result<Bound, String> {
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(after), _) => Span::parse(after).map(Bound::AfterStart),
        (None, Some(before)) => Span::parse(before).map(Bound::BeforeEnd),
        (None, None) => Timestamp::parse(text, zone).map(Bound::At),
    }
}

impl Select {
    /// The selection of packets, and of the rows of the connections.
    ///
    /// # Errors
    /// When an option cannot be read.
    pub fn selection(&self) -> anyhow::Result<Selection> {
        let fields: Vec<Field> = COLUMNS.iter().map(Column::field).collect();
        let condition = |condition: RowCondition| Condition {
            words: self.condition.as_deref().unwrap_or_default().trim().to_owned(),
            test: Arc::new(move |row: &Judged, facts: &Facts| {
                condition.takes(&|column| COLUMNS.get(column).map_or(Value::Null, |column| (column.get)(row, facts)))
            }) as Arc<RowTest>,
        };
        Ok(Selection { rows: self.rows(&fields)?.map(condition), ..self.packets()? })
    }

    /// The condition on rows of a table with these columns.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn rows(&self, fields: &[Field]) -> anyhow::Result<Option<RowCondition>> {
        let read =
            |words: &String| condition::read(words, fields, self.timezone).map_err(|error| wrong("where", &error));
        self.condition.as_ref().map(read).transpose()
    }

    /// The selection of packets alone.
    ///
    /// # Errors
    /// When an option cannot be read.
    pub fn packets(&self) -> anyhow::Result<Selection> {
        let bound = |name: &'static str, text: &Option<String>| {
            let read = |text: &String| bound(text, self.timezone).map_err(|error| wrong(name, &error));
            text.as_ref().map(read).transpose()
        };
        let (since, until) = (bound("since", &self.since)?, bound("until", &self.until)?);
        let selection = Selection { since, until, packets: self.filter.clone(), rows: None };
        anyhow::ensure!(!selection.is_void(None), "--since lies after --until: no packet is between them");
        Ok(selection)
    }
}

/// An option that cannot be read.
fn wrong(option: &str, error: &str) -> anyhow::Error {
    anyhow::anyhow!("--{option}: {error}")
}

impl Run {
    /// The options of an analysis.
    pub fn options(&self, select: &Select, selection: Selection, stuck_after: u32) -> Options {
        let default = Options::default();
        let input = input::Options { mmap: !self.no_mmap, max_unpacked: self.max_unpacked, ..default.input.clone() };
        Options {
            threads: self.threads.map_or(default.threads, usize::from),
            memory: self.memory,
            stuck_after: Span::from_seconds(i64::from(stuck_after)),
            scratch: input.scratch.clone(),
            points: select.points.clone(),
            selection,
            zone: select.timezone,
            input,
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(size("256M"), Ok(256 << 20));
        assert_eq!(size("1.5GiB"), Ok(3 << 29));
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(point("web=/a=b"), Ok(("web".to_owned(), "/a=b".into())));
        assert!(point("web").is_err() && point("=x").is_err() && point("web=").is_err());
        assert_eq!(bound("+30s", Zone::UTC), Ok(Bound::AfterStart(Span::from_seconds(30))));
        assert_eq!(bound("-5m", Zone::UTC), Ok(Bound::BeforeEnd(Span::from_seconds(300))));
        assert_eq!(bound("1970-01-01T00:00:01Z", Zone::UTC), Ok(Bound::At(Timestamp::from_parts(1, 0))));
        assert!(bound("5 minutes ago", Zone::UTC).is_err() && bound("+", Zone::UTC).is_err());
        assert!(size("much").is_err() && size("-1").is_err() && size("0").is_err());
    }
}
