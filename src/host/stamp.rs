//! When and where a block was taken: the lines between the blocks (dates, separators, prompts), the file's name and date.

use super::{Hints, Line};
use crate::time::Timestamp;

/// The time of a block, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub time: Timestamp,
    pub basis: Basis,
    /// Whether the text says its zone; otherwise UTC is assumed.
    pub zone_known: bool,
}

/// How a time is known, from the most to the least trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A time line or separator before the block.
    Line,
    /// The file's name.
    FileName,
    /// The date of the file's last change: a hint only.
    FileDate,
}

/// What has been said so far about where and when the next block was taken.
pub(super) struct Scene<'a> {
    time: Option<Stamp>,
    host: Option<&'a str>,
    command: Option<&'a str>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(hints: &'a Hints) -> Self {
        let modified = hints.modified.map(|time| Stamp { time, basis: Basis::FileDate, zone_known: true });
        Self { time: modified, host: hints.host.as_deref(), command: None }
    }

    pub(super) fn time(&self) -> Option<Stamp> {
        self.time
    }

    pub(super) fn host(&self) -> Option<&'a str> {
        self.host
    }

    pub(super) fn command(&self) -> Option<&'a str> {
        self.command
    }

    /// Whether a line that no format claims is understood: it is blank, or tells of time, host or command.
    pub(super) fn takes(&mut self, line: Line<'a>) -> bool {
        let text = line.text.trim();
        if let Some(time) = Timestamp::from_rfc3339(text) {
            self.time = Some(Stamp { time, basis: Basis::Line, zone_known: true });
            return true;
        }
        text.is_empty()
    }
}

/// Whether a line tells of time, host or command, and therefore belongs to no table.
pub fn is_mark(text: &str) -> bool {
    Timestamp::from_rfc3339(text.trim()).is_some()
}
