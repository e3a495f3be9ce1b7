//! What is looked at: which packets connections are made of (`--since`, `--until`, `--filter`), and which rows are delivered
//! (`--where`). The conditions' syntax is read elsewhere; here they are predicates.

use crate::capture::Frame;
use crate::case::{Facts, Judged, Selected};
use crate::time::{Span, Timestamp};
use crate::wire::Headers;
use std::fmt;
use std::sync::Arc;

/// Whether a packet is taken.
pub type PacketTest = dyn Fn(&Headers) -> bool + Send + Sync;
/// Whether a row is delivered.
pub type RowTest = dyn Fn(&Judged, &Facts) -> bool + Send + Sync;

/// A predicate and the words it was made of.
pub struct Condition<Test: ?Sized> {
    pub words: String,
    pub test: Arc<Test>,
}

/// What to look at; everything by default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Packets before this are left out.
    pub since: Option<Bound>,
    /// Packets after this are left out.
    pub until: Option<Bound>,
    pub packets: Option<Condition<PacketTest>>,
    pub rows: Option<Condition<RowTest>>,
}

/// A moment in the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    At(Timestamp),
    /// After the first frame of all inputs.
    AfterStart(Span),
    /// Before their last.
    BeforeEnd(Span),
}

/// The packets that are taken, their moments known.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    packets: Option<Condition<PacketTest>>,
}

impl Selection {
    /// Whether a moment depends on when the inputs begin and end.
    pub fn is_relative(&self) -> bool {
        [self.since, self.until].into_iter().flatten().any(|bound| !matches!(bound, Bound::At(_)))
    }

    /// Whether no packet can lie between the two moments, as far as this is known without the times of the first and the
    /// last frame of all inputs, or with them.
    pub fn is_void(&self, span: Option<(Timestamp, Timestamp)>) -> bool {
        match (self.since, self.until) {
            (Some(Bound::AfterStart(since)), Some(Bound::AfterStart(until))) => since > until,
            (Some(Bound::BeforeEnd(since)), Some(Bound::BeforeEnd(until))) => since < until,
            _ => {
                let Chosen { since, until, .. } = self.chosen(span);
                since.zip(until).is_some_and(|(since, until)| since > until)
            }
        }
    }

    /// With the times of the first and the last frame of all inputs.
    pub(super) fn chosen(&self, span: Option<(Timestamp, Timestamp)>) -> Chosen {
        let at = |bound: Bound| match (bound, span) {
            (Bound::At(time), _) => Some(time),
            (Bound::AfterStart(after), Some((first, _))) => Some(first.plus(after)),
            (Bound::BeforeEnd(before), Some((_, last))) => Some(last.plus(Span(before.0.saturating_neg()))),
            (Bound::AfterStart(_) | Bound::BeforeEnd(_), None) => None,
        };
        Chosen { since: self.since.and_then(at), until: self.until.and_then(at), packets: self.packets.clone() }
    }
}

impl Chosen {
    /// Everything is taken.
    pub fn is_all(&self) -> bool {
        self.packets.is_none() && self.is_always()
    }

    fn is_always(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether a frame lies between the two moments. One without a time does not.
    pub fn is_in_time(&self, frame: &Frame<'_>) -> bool {
        let is_in = |time| self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until);
        self.is_always() || frame.time != Timestamp(0) && is_in(frame.time)
    }

    /// Whether the filter takes a packet with the headers that `headers` reads.
    pub fn matches(&self, headers: impl FnOnce() -> Headers) -> bool {
        self.packets.as_ref().is_none_or(|filter| (filter.test)(&headers()))
    }

    /// For the report: what was chosen, with the condition on rows.
    pub(super) fn told(&self, rows: Option<&Condition<RowTest>>) -> Selected {
        Selected {
            since: self.since,
            until: self.until,
            filter: self.packets.as_ref().map(|filter| filter.words.clone()),
            condition: rows.map(|condition| condition.words.clone()),
            rows_left_out: 0,
        }
    }
}

impl<Test: ?Sized> Clone for Condition<Test> {
    fn clone(&self) -> Self {
        Self { words: self.words.clone(), test: Arc::clone(&self.test) }
    }
}

impl<Test: ?Sized> fmt::Debug for Condition<Test> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.words).finish()
    }
}
