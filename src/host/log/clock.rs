//! Times of log lines: many name no year, some no day, some count from the boot.

use super::LogTime;
use crate::host::Stamp;
use crate::time::calendar::Written;
use crate::time::{Span, Timestamp};

/// A time as a line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A date and time of day, maybe without year or day, maybe without a zone.
    Written(Written),
    Exact(Timestamp),
    /// Since the boot.
    Uptime(Span),
    /// Since the line before.
    Later(Span),
}

/// A later line of a log than its dump's own time is of the year before; clocks may differ by as much.
const AHEAD: Span = Span::from_seconds(86_400);

/// What the lines so far tell of the time of the next ones.
#[derive(Clone, Debug)]
pub struct Clock {
    /// When the log was taken, or about.
    reference: Option<Timestamp>,
    /// Of the line before, where lines count from each other.
    running: Option<LogTime>,
}

impl Clock {
    pub fn new(reference: Option<Stamp>) -> Self {
        Self { reference: reference.map(|stamp| stamp.time), running: None }
    }

    /// Time and uptime of a line.
    pub fn read(&mut self, when: When) -> (Option<LogTime>, Option<Span>) {
        match when {
            When::Exact(time) => (Some(LogTime { time, zone_known: true, date_known: true }), None),
            When::Uptime(span) => (None, Some(span)),
            When::Written(written) => {
                self.running = self.dated(written);
                (self.running, None)
            }
            When::Later(span) => {
                let moved = |time: LogTime| LogTime { time: time.time.plus(span), ..time };
                self.running = self.running.map(moved);
                (self.running, None)
            }
        }
    }

    fn dated(&self, written: Written) -> Option<LogTime> {
        let zone_known = written.offset.is_some();
        if let Some(time) = written.timestamp(None) {
            return Some(LogTime { time, zone_known, date_known: true });
        }
        let reference = self.reference?;
        let time = match (written.month, written.day) {
            (Some(_), Some(_)) => last_year(written, reference)?,
            _ => written.on_day_of(reference)?,
        };
        Some(LogTime { time, zone_known, date_known: false })
    }
}

/// In the last year in which the date is not after the reference.
fn last_year(written: Written, reference: Timestamp) -> Option<Timestamp> {
    let year = reference.year()?;
    // A 29 February may lie eight years back.
    let years = (0..9).filter_map(|back| written.timestamp(Some(year.checked_sub(back)?)));
    years.into_iter().find(|time| *time <= reference.plus(AHEAD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Basis;

    fn clock(reference: &str) -> Clock {
        let time = Timestamp::from_rfc3339(reference).expect("a time");
        Clock::new(Some(Stamp { time, basis: Basis::FileDate, zone_known: true }))
    }

    fn year(clock: &mut Clock, text: &str) -> String {
        let written = Written::read(text).expect("a date");
        let (time, _) = clock.read(When::Written(written));
        time.map_or("none".to_owned(), |time| time.time.rfc3339()[..10].to_owned())
    }

    #[test]
    fn a_date_without_year_is_the_last_before_the_dump() {
        let mut clock = clock("2027-01-03T00:00:00Z");
        assert_eq!(year(&mut clock, "Dec 31 23:59:59"), "2026-12-31");
        assert_eq!(year(&mut clock, "Jan 3 10:00:00"), "2027-01-03");
        assert_eq!(year(&mut clock, "Jan 5 10:00:00"), "2026-01-05");
        assert_eq!(year(&mut clock, "Feb 29 10:00:00"), "2024-02-29");
        assert_eq!(year(&mut clock, "Feb 30 10:00:00"), "none");
        assert_eq!(year(&mut Clock::new(None), "Dec 31 23:59:59"), "none");
    }

    #[test]
    fn lines_that_count_from_each_other_add_up() {
        let mut clock = clock("2026-11-21T10:00:00Z");
        assert_eq!(clock.read(When::Later(Span::from_seconds(1))), (None, None));
        year(&mut clock, "Nov 21 02:58:00");
        clock.read(When::Later(Span::from_micros(16_037)));
        let (time, _) = clock.read(When::Later(Span::from_micros(24_015)));
        assert_eq!(time.map(|time| time.time.rfc3339()).as_deref(), Some("2026-11-21T02:58:00.040052000Z"));
    }
}
