//! Deliver: summaries stream once, in order of point and first frame, through role, label and judgement to the writers.

use super::runs::{Ordered, Runs};
use super::selection::{Condition, RowTest};
use super::timings::{Lap, Stage, Timings};
use crate::case::join::{Index, Joiner, LineIndex, LineJoiner};
use crate::case::{Case, Facts, Joins, Judged, Tally};
use crate::tcp::{Summary, records};
use crate::time::{Span, Timestamp};
use rayon::prelude::*;
use std::borrow::Cow;
use std::io;

/// Rows judged and written at once: few enough that their memory, some megabytes, is used again and stays in the cache.
const BATCH: usize = 2048;

/// Those that one task judges.
const PART: usize = 128;

/// Whoever takes the rows: the writers of a report, or one table's printer.
pub trait Rows: Send {
    /// # Errors
    /// When the rows cannot be written.
    fn batch(&mut self, rows: &[Judged], facts: &Facts) -> io::Result<()>;
}

pub(super) fn deliver(
    runs: &mut Runs,
    mut facts: Facts,
    condition: Option<&Condition<RowTest>>,
    stuck_after: Span,
    timings: &Timings,
    output: &mut dyn Rows,
) -> io::Result<Case> {
    let first = facts.points.iter().filter_map(|point| point.first).min().unwrap_or_default();
    let last = facts.points.iter().filter_map(|point| point.last).max().unwrap_or(Timestamp(0));
    let mut tally = Tally::new(first, last, stuck_after);
    let mut rows_left_out = 0;
    judged(runs, &facts, timings, &mut |rows, lap| {
        if let Some(condition) = condition {
            let all = rows.len();
            let kept = rows.par_iter().map(|row| (condition.test)(row, &facts)).collect();
            keep(rows, kept);
            rows_left_out += (all - rows.len()) as u64;
        }
        rows.iter().for_each(|row| tally.add(row));
        lap.end(Stage::Tally);
        output.batch(rows, &facts)?;
        lap.end(Stage::Write);
        Ok(())
    })?;
    facts.selected.rows_left_out = rows_left_out;
    Ok(Case { facts, tally, unread: Vec::new(), left_out: Vec::new() })
}

/// What the sockets and log lines of the dumps are to the connections; without any nothing is read.
pub(super) fn join(runs: &mut Runs, facts: &Facts) -> io::Result<Joins> {
    let (sockets, lines) = (Index::new(&facts.dumps), LineIndex::new(&facts.dumps));
    if sockets.is_none() && lines.is_none() {
        return Ok(Joins::default());
    }
    let (sockets, lines) = (sockets.unwrap_or_default(), lines.unwrap_or_default());
    let (mut joiner, mut of_lines) = (Joiner::new(&sockets), LineJoiner::new(&lines));
    // The sockets' index counts what it is asked for.
    let wanted = |summary: &Summary| sockets.wants(summary) | lines.wants(summary);
    judged_of(runs, facts, &Timings::default(), &wanted, &mut |batch, _| {
        for row in batch.iter() {
            joiner.add(row);
            of_lines.add(row);
        }
        Ok(())
    })?;
    let mut joins = joiner.finish(&facts.dumps, &facts.points);
    joins.lines = of_lines.finish(&facts.dumps, &facts.points, &joins);
    Ok(joins)
}

/// Takes the next rows, and books its time.
pub(super) type Each<'a> = dyn FnMut(&mut Vec<Judged>, &mut Lap) -> io::Result<()> + Send + 'a;

/// Judges all rows in order, in batches, on all threads of the pool at hand: one batch while `each` takes the one before and
/// the records of the next are read.
pub(super) fn judged(runs: &mut Runs, facts: &Facts, timings: &Timings, each: &mut Each<'_>) -> io::Result<()> {
    judged_of(runs, facts, timings, &|_| true, each)
}

/// The same of the connections that are wanted.
fn judged_of(
    runs: &mut Runs,
    facts: &Facts,
    timings: &Timings,
    wanted: &(dyn Fn(&Summary) -> bool + Sync),
    each: &mut Each<'_>,
) -> io::Result<()> {
    let mut ordered = runs.ordered()?;
    let (mut batch, mut next) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    let (mut rows, mut before) = (Vec::new(), Vec::new());
    read(&mut ordered, &mut batch, timings)?;
    loop {
        std::mem::swap(&mut rows, &mut before);
        let ((), taken) = rayon::join(
            || {
                let mut lap = timings.lap();
                fill(&mut rows, &batch, facts, wanted);
                lap.end(Stage::Judge);
            },
            || {
                if !before.is_empty() {
                    each(&mut before, &mut timings.lap())?;
                }
                read(&mut ordered, &mut next, timings)
            },
        );
        taken?;
        if batch.is_empty() {
            return Ok(());
        }
        std::mem::swap(&mut batch, &mut next);
    }
}

/// Takes the next records.
fn read<'a>(ordered: &mut Ordered<'a>, batch: &mut Vec<Cow<'a, [u8]>>, timings: &Timings) -> io::Result<()> {
    let mut lap = timings.lap();
    batch.clear();
    while batch.len() < BATCH
        && let Some((_, record)) = ordered.next()?
    {
        batch.push(record);
    }
    lap.end(Stage::Merge);
    Ok(())
}

/// Makes the rows those of some records, judged. A row is large, and copies of it cost more than what is written there: the
/// vector keeps its memory, and each row becomes another one in its place.
fn fill(rows: &mut Vec<Judged>, records: &[Cow<'_, [u8]>], facts: &Facts, wanted: &(dyn Fn(&Summary) -> bool + Sync)) {
    rows.truncate(records.len());
    if rows.len() < records.len() {
        let any = records.iter().find_map(|record| records::decode(record));
        let Some(any) = any.map(|summary| Judged::new(summary, facts)) else { return rows.clear() };
        rows.resize(records.len(), any);
    }
    let renew = |(row, record): (&mut Judged, &Cow<'_, [u8]>)| match records::decode(record) {
        Some(summary) if wanted(&summary) => {
            row.renew(summary, facts);
            true
        }
        _ => false,
    };
    let kept: Vec<bool> = rows.par_iter_mut().zip(records).with_min_len(PART).map(renew).collect();
    keep(rows, kept);
}

/// Leaves the rows for which that is true.
fn keep(rows: &mut Vec<Judged>, kept: Vec<bool>) {
    if kept.contains(&false) {
        let mut kept = kept.into_iter();
        rows.retain(|_| kept.next().unwrap_or(false));
    }
}
