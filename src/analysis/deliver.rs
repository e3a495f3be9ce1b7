//! Deliver: summaries stream once, in order of point and first frame, through role, label and judgement to the writers.

use super::runs::Runs;
use crate::case::{Case, Facts, Judged, Tally};
use crate::tcp::records;
use crate::time::{Span, Timestamp};
use rayon::prelude::*;
use std::borrow::Cow;
use std::io;

/// Rows judged and written at once.
const BATCH: usize = 8192;

/// Whoever takes the rows: the writers of a report, or one table's printer.
pub trait Rows: Send {
    /// # Errors
    /// When the rows cannot be written.
    fn batch(&mut self, rows: &[Judged], facts: &Facts) -> io::Result<()>;
}

pub(super) fn deliver(
    runs: &mut Runs,
    facts: Facts,
    unread: Vec<String>,
    stuck_after: Span,
    output: &mut dyn Rows,
) -> io::Result<Case> {
    let first = facts.points.iter().filter_map(|point| point.first).min().unwrap_or_default();
    let last = facts.points.iter().filter_map(|point| point.last).max().unwrap_or(Timestamp(0));
    let mut tally = Tally::new(first, last, stuck_after);
    let mut ordered = runs.ordered()?;
    let mut batch: Vec<Cow<'_, [u8]>> = Vec::with_capacity(BATCH);
    loop {
        batch.clear();
        while batch.len() < BATCH
            && let Some((_, record)) = ordered.next()?
        {
            batch.push(record);
        }
        if batch.is_empty() {
            break;
        }
        let rows: Vec<Judged> =
            batch.par_iter().filter_map(|record| Some(Judged::new(records::decode(record)?, &facts))).collect();
        rows.iter().for_each(|row| tally.add(row));
        output.batch(&rows, &facts)?;
    }
    drop((batch, ordered));
    Ok(Case { facts, tally, unread })
}
