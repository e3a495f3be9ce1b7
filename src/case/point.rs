//! Observation points: which stretches of time each watched, which is what its connections are judged by.

use super::{Around, Beside, InputFile};
use crate::capture::End;
use crate::capture::text::Unsettled;
use crate::time::Timestamp;
use crate::wire::Address;
use std::collections::BTreeSet;

/// An observation point: a chain of files that make one stream of frames.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// As the `point` column prints it.
    pub name: String,
    pub files: Vec<InputFile>,
    /// Its packets were read from text, which tells less than a capture.
    pub text_only: bool,
    /// Lines were left out of that text, or could not be read, between packets.
    pub text_lacks_lines: bool,
    /// ICMP errors of which that text does not say what they are about.
    pub unsettled: BTreeSet<Unsettled>,
    /// What its frames tell of addresses and names.
    pub around: Around,
    /// What stands beside its connections, by lane.
    pub beside: Vec<Beside>,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// The stretches that were watched without a gap, where there is more than one.
    stretches: Vec<Stretch>,
}

/// Files that follow on one another with nothing lost between: between two stretches files of the set are missing, or one was
/// not read to its end.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Place of its first file.
    from: u32,
    /// Its last frame.
    last: Option<Timestamp>,
}

impl Point {
    pub fn named(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// Takes the times of the earliest and latest frame of each of its files.
    pub fn watched(&mut self, spans: &[Option<(Timestamp, Timestamp)>]) {
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut was_whole = false;
        for ((file, span), from) in self.files.iter().zip(spans).zip(0..) {
            let goes_on = was_whole && file.missing_before == 0;
            let last = span.map(|(_, last)| last);
            match stretches.last_mut().filter(|_| goes_on) {
                Some(stretch) => stretch.last = stretch.last.max(last),
                None => stretches.push(Stretch { from, last }),
            }
            was_whole = file.end == End::Clean && file.damage.is_none() && !file.is_incomplete;
        }
        self.first = spans.iter().flatten().map(|(first, _)| *first).min();
        self.last = spans.iter().flatten().map(|(_, last)| *last).max();
        self.stretches = if stretches.len() > 1 { stretches } else { Vec::new() };
    }

    /// Whether the client got an ICMP error that may be about this connection.
    pub(super) fn may_have_rejected(&self, client: Address, server: Address) -> bool {
        let addresses = [None, Some(server.ip())];
        let errors = addresses.iter().flat_map(|to| [None, Some(server.port)].map(|port| (client.ip(), *to, port)));
        !self.unsettled.is_empty() && errors.into_iter().any(|error| self.unsettled.contains(&error))
    }

    /// The stretch that a file belongs to.
    fn stretch(&self, file: u32) -> Option<&Stretch> {
        let after = self.stretches.partition_point(|stretch| stretch.from <= file);
        self.stretches.get(after.checked_sub(1)?)
    }

    /// Until when a connection was watched whose last frame stands in that file of the point: what came after is not known.
    pub fn watched_until(&self, file: u32) -> Option<Timestamp> {
        self.stretch(file).map_or(self.last, |stretch| stretch.last)
    }

    /// Whether something is missing between two of its files, or within a text.
    pub fn lacks_between(&self, file: u32, later: u32) -> bool {
        let torn = self.stretch(file).map(|stretch| stretch.from) != self.stretch(later).map(|stretch| stretch.from);
        self.text_lacks_lines || torn
    }
}
