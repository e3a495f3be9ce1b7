//! `--timings`: where time and memory went, by stage, on standard error after everything else.

use std::fmt::Write;
use std::time::Duration;
use synfin::analysis::{Options, Stage, peak_resident};
use synfin::case::Facts;
use synfin::report::human::{bytes, counted};
use synfin::report::text::Written;

/// A part of a stage, and its name.
type Part = (Stage, &'static str);

/// Stages that follow one another, each with its parts. Parts are sums over all threads.
const STAGES: [(Stage, &str, &[Part]); 5] = [
    (Stage::Plan, "plan", &[]),
    (
        Stage::Track,
        "track",
        &[
            (Stage::Decode, "framing, decoding"),
            (Stage::Redo, "framed again"),
            (Stage::Lanes, "connections"),
            (Stage::Wait, "waiting"),
        ],
    ),
    (Stage::Gather, "gather", &[]),
    (Stage::Join, "join", &[]),
    (
        Stage::Deliver,
        "deliver",
        &[
            (Stage::Merge, "reading back"),
            (Stage::Judge, "judging"),
            (Stage::Tally, "adding up"),
            (Stage::Write, "rows out"),
        ],
    ),
];

/// Prints what was measured, with `total` the time of the whole run.
pub fn print(options: &Options, facts: &Facts, connections: u64, written: &[Written], total: Duration) {
    eprint!("\n{}", table(options, facts, connections, written, total, peak_resident()));
}

fn table(
    options: &Options,
    facts: &Facts,
    connections: u64,
    written: &[Written],
    total: Duration,
    peak: Option<u64>,
) -> String {
    let mut out = String::new();
    let mut line = |name: &str, spent: Duration, note: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", format!("{name:<26}{:>9.3} s   {note}", spent.as_secs_f64()).trim_end());
    };
    for (stage, name, parts) in STAGES {
        line(name, options.timings.spent(stage), &note(options, facts, connections, stage));
        for &(part, name) in parts {
            line(&format!("  {name}"), options.timings.spent(part), &part_note(options, part));
        }
    }
    for file in written {
        line(&format!("    {}", file_name(&file.path)), file.spent, &bytes(file.bytes));
    }
    let peak = peak.map(|peak| format!("at most {} resident, mapped files included", bytes(peak)));
    line("total", total, &peak.unwrap_or_default());
    out
}

/// What a stage went through, and what it left in memory.
fn note(options: &Options, facts: &Facts, connections: u64, stage: Stage) -> String {
    let files = || facts.points.iter().flat_map(|point| &point.files);
    let sum = |of: fn(&synfin::case::InputFile) -> u64| files().map(of).sum::<u64>();
    let size = sum(|file| file.bytes);
    let work = match stage {
        Stage::Plan => format!("{}, {}", counted(files().count() as u64, "file"), bytes(size)),
        Stage::Track => {
            let (frames, segments) = (sum(|file| file.frames), sum(|file| file.tcp_segments));
            format!("{}, {}", counted(frames, "frame"), counted(segments, "segment"))
        }
        Stage::Deliver => counted(connections, "connection"),
        _ => String::new(),
    };
    let memory = options.timings.memory(stage).map(|memory| format!("then {} in memory", bytes(memory)));
    [Some(work).filter(|work| !work.is_empty()), memory].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn part_note(options: &Options, part: Stage) -> String {
    match part {
        Stage::Decode => format!("on {}", counted(options.threads as u64, "thread")),
        Stage::Redo => counted(options.timings.redone(), "chunk"),
        _ => String::new(),
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_and_every_file_has_its_line() {
        let options = Options { threads: 2, ..Options::default() };
        options.timings.add_redone(3);
        let spent = Duration::from_millis(1500);
        let csv = Written { path: "out/connections.csv".to_owned(), rows: Some(7), bytes: 2048, spent };
        let text = table(&options, &Facts::default(), 7, &[csv], Duration::from_secs(2), Some(5_000_000));
        let expected = "\
plan                          0.000 s   0 files, 0 B
track                         0.000 s   0 frames, 0 segments
  framing, decoding           0.000 s   on 2 threads
  framed again                0.000 s   3 chunks
  connections                 0.000 s
  waiting                     0.000 s
gather                        0.000 s
join                          0.000 s
deliver                       0.000 s   7 connections
  reading back                0.000 s
  judging                     0.000 s
  adding up                   0.000 s
  rows out                    0.000 s
    connections.csv           1.500 s   2.0 kB
total                         2.000 s   at most 5.0 MB resident, mapped files included
";
        assert_eq!(text, expected);
    }
}
