//! Deliver: summaries stream once, in order of point and first frame, through role, label and judgement to the writers.

use super::runs::{Ordered, Runs};
use super::selection::{Condition, RowTest};
use super::timings::{Stage, Timings};
use super::turns::Turns;
use crate::case::join::{Index, Joiner, LineIndex, LineJoiner};
use crate::case::{Case, Facts, Joins, Judged, PartTally, Tally};
use crate::report::{PART, Turn};
use crate::tcp::Summary;
use crate::tcp::records::Record;
use crate::time::{Span, Timestamp};
use rayon::prelude::*;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Rows judged at once for somebody who takes them on one thread.
const BATCH: usize = 2048;

/// Whoever takes the rows: the writers of a report, or one table's printer.
pub trait Rows: Sync {
    /// Formats some rows, on any thread. What it gives is called in the order of the rows, one after another.
    fn part<'w>(&'w self, rows: &[Judged], facts: &Facts) -> Turn<'w>;

    /// Does what turns have left to be done, on any thread and in any order.
    ///
    /// # Errors
    /// When the rows cannot be written.
    fn settle(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Judges all rows and hands them to `output`: each thread takes the next few records, makes rows of them in a place that stays
/// in its cache, and all that is said of them, before it takes others.
pub(super) fn deliver(
    runs: &mut Runs,
    mut facts: Facts,
    condition: Option<&Condition<RowTest>>,
    stuck_after: Span,
    timings: &Timings,
    output: &dyn Rows,
) -> io::Result<Case> {
    let first = facts.points.iter().filter_map(|point| point.first).min().unwrap_or_default();
    let last = facts.points.iter().filter_map(|point| point.last).max().unwrap_or(Timestamp(0));
    let tally = Tally::new(first, last, stuck_after);
    let blank = tally.part();
    let sum = Mutex::new((tally, 0));
    let source = Mutex::new((runs.ordered()?, 0));
    Line { source, turns: Turns::new(), sum: &sum, blank: &blank, facts: &facts, condition, timings, output }.run()?;
    let (tally, rows_left_out) = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    facts.selected.rows_left_out = rows_left_out;
    Ok(Case { facts, tally, unread: Vec::new(), left_out: Vec::new() })
}

/// What the threads that deliver share.
struct Line<'a> {
    /// Records in order, and the number of the next part of them.
    source: Mutex<(Ordered<'a>, u64)>,
    turns: Turns<'a>,
    /// What the rows add up to so far, and how many were left out.
    sum: &'a Mutex<(Tally, u64)>,
    blank: &'a PartTally,
    facts: &'a Facts,
    condition: Option<&'a Condition<RowTest>>,
    timings: &'a Timings,
    output: &'a dyn Rows,
}

impl<'a> Line<'a> {
    fn run(self) -> io::Result<()> {
        rayon::scope(|scope| (0..rayon::current_num_threads()).for_each(|_| scope.spawn(|_| self.work())));
        self.turns.finish()
    }

    fn work(&self) {
        let _alarm = self.turns.alarm();
        let mut lap = self.timings.lap();
        let (mut records, mut rows) = (Vec::with_capacity(PART), Vec::new());
        while !self.turns.are_stopped() {
            let number = match self.take(&mut records) {
                Ok(number) => number,
                Err(error) => return self.turns.fail(error),
            };
            lap.end(Stage::Merge);
            if records.is_empty() {
                return;
            }
            let left_out = self.judge(&records, &mut rows);
            lap.end(Stage::Judge);
            let mut tally = self.blank.clone();
            rows.iter().for_each(|row| tally.add(row));
            lap.end(Stage::Tally);
            let (sum, part) = (self.sum, self.output.part(&rows, self.facts));
            let turn = move || {
                let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                sum.0.append(tally);
                sum.1 += left_out;
                part()
            };
            self.turns.hand_in(number, Box::new(turn));
            if let Err(error) = self.output.settle() {
                self.turns.fail(error);
            }
            lap.end(Stage::Write);
        }
    }

    /// Takes the next part of the records, and its number.
    fn take(&self, records: &mut Vec<Record<'a>>) -> io::Result<u64> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let (ordered, number) = &mut *source;
        read(ordered, records, PART)?;
        *number += 1;
        Ok(*number - 1)
    }

    /// Makes the rows those of the records, without those that nobody asked for: how many these are.
    fn judge(&self, records: &[Record<'_>], rows: &mut Vec<Judged>) -> u64 {
        if let Some(any) = any_row(rows, records, self.facts) {
            rows.resize(records.len(), any);
        }
        let mut kept = Vec::with_capacity(records.len());
        kept.extend(rows.iter_mut().zip(records).map(|(row, record)| renew(row, record, self.facts, &|_| true)));
        keep(rows, &kept);
        let Some(condition) = self.condition else { return 0 };
        let all = rows.len();
        kept.clear();
        kept.extend(rows.iter().map(|row| (condition.test)(row, self.facts)));
        keep(rows, &kept);
        (all - rows.len()) as u64
    }
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
    judged_of(runs, facts, &Timings::default(), &wanted, &mut |batch| {
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

/// Takes the next rows.
pub(super) type TakesRows<'a> = dyn FnMut(&mut Vec<Judged>) -> io::Result<()> + Send + 'a;

/// Judges all rows in order, in batches, on all threads of the pool at hand: one batch while `each` takes the one before and
/// the records of the next are read.
pub(super) fn judged(runs: &mut Runs, facts: &Facts, timings: &Timings, each: &mut TakesRows<'_>) -> io::Result<()> {
    judged_of(runs, facts, timings, &|_| true, each)
}

/// The same of the connections that are wanted.
fn judged_of(
    runs: &mut Runs,
    facts: &Facts,
    timings: &Timings,
    wanted: &(dyn Fn(&Summary) -> bool + Sync),
    each: &mut TakesRows<'_>,
) -> io::Result<()> {
    let mut ordered = runs.ordered()?;
    let (mut batch, mut next) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    let (mut rows, mut before) = (Vec::new(), Vec::new());
    let mut read = |batch: &mut Vec<_>| {
        let mut lap = timings.lap();
        read(&mut ordered, batch, BATCH)?;
        lap.end(Stage::Merge);
        io::Result::Ok(())
    };
    read(&mut batch)?;
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
                    each(&mut before)?;
                }
                read(&mut next)
            },
        );
        taken?;
        if batch.is_empty() {
            return Ok(());
        }
        std::mem::swap(&mut batch, &mut next);
    }
}

/// Takes the next records, `most` at most.
fn read<'a>(ordered: &mut Ordered<'a>, records: &mut Vec<Record<'a>>, most: usize) -> io::Result<()> {
    records.clear();
    while records.len() < most
        && let Some((_, record)) = ordered.next()?
    {
        records.push(record);
    }
    Ok(())
}

/// Makes the rows those of some records, judged. A row is large, and copies of it cost more than what is written there: the
/// vector keeps its memory, and each row becomes another one in its place.
fn fill(rows: &mut Vec<Judged>, records: &[Record<'_>], facts: &Facts, wanted: &(dyn Fn(&Summary) -> bool + Sync)) {
    if let Some(any) = any_row(rows, records, facts) {
        rows.resize(records.len(), any);
    }
    let each = rows.par_iter_mut().zip(records).with_min_len(PART);
    let kept: Vec<bool> = each.map(|(row, record)| renew(row, record, facts, wanted)).collect();
    keep(rows, &kept);
}

/// Leaves no more rows than there are records; a row to put into the places that are missing, if some are.
fn any_row(rows: &mut Vec<Judged>, records: &[Record<'_>], facts: &Facts) -> Option<Judged> {
    rows.truncate(records.len());
    if rows.len() == records.len() {
        return None;
    }
    records.iter().find_map(Record::summary).map(|summary| Judged::new(summary, facts))
}

/// Makes a row that of a record, if this is wanted.
fn renew(row: &mut Judged, record: &Record<'_>, facts: &Facts, wanted: &(dyn Fn(&Summary) -> bool + Sync)) -> bool {
    let wanted = record.fill(&mut row.summary).is_some() && wanted(&row.summary);
    if wanted {
        row.renew(facts);
    }
    wanted
}

/// Leaves the rows for which that is true.
fn keep(rows: &mut Vec<Judged>, kept: &[bool]) {
    if kept.contains(&false) {
        let mut kept = kept.iter();
        rows.retain(|_| kept.next().copied().unwrap_or(false));
    }
}
