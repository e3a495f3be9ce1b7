//! Which connection a log line tells of: lines joined with the captures by what they tell of its ends, by time, and by what
//! became of it; uniquely or not at all.
//!
//! A line that tells both ends is joined by its flow. One that tells the client's end, the server's end, or the client's
//! address and a program whose listening port is known, is joined if exactly one connection of its time fits and ended as
//! the line says; of several, if one alone had just then ended. Each log has one clock for a host, which is placed on the capture's like a dump's: by what its own lines
//! fit, else by the dumps of the same host.

mod candidate;
mod index;
mod settle;

pub use index::LineIndex;

use super::{JoinedBy, Joins, Placed};
use crate::case::dump::{Dumps, Place};
use crate::case::{Judged, Point};
use crate::tcp::Side;
use crate::time::Span;
use candidate::Candidate;
use std::collections::HashMap;

/// Connections of one key that are looked at; a key that more have is no use.
const MOST: usize = 1 << 14;
/// Connections that are kept in mind for all lines.
const MOST_OF_ALL: usize = 1 << 18;

/// What the log lines of the dumps are to the connections of the captures.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Lines that tell enough of a connection to look for it, in the order of files and lines.
    lines: Vec<JoinedLine>,
    /// Places among them of each connection that has any, in the order of files and lines.
    connections: HashMap<(u32, u64), Vec<u32>>,
}

/// A log line that tells of a connection.
#[derive(Clone, Debug)]
pub struct JoinedLine {
    pub place: Place,
    /// The connection of each observation point that saw it.
    pub links: Box<[LineLink]>,
    /// How many connections fit by ends, time and outcome, in the point where most do: before a flow or the very moment
    /// tells one of them.
    pub fits: u32,
    /// How the log's clock was placed on the capture's; `None` where nothing tells.
    pub placed: Option<Placed>,
    /// The capture's clock less the log's, and how far that may be wrong.
    pub offset: Option<(Span, Span)>,
}

/// A line is about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineLink {
    pub point: u32,
    pub first_frame: u64,
    pub id: u64,
    /// Whose host wrote it; `None` of one between.
    pub side: Option<Side>,
    pub by: JoinedBy,
}

impl Lines {
    /// What the line at a place was joined with; `None` if it tells of no connection.
    pub fn line(&self, place: Place) -> Option<&JoinedLine> {
        let at = self.lines.binary_search_by_key(&place, |line| line.place).ok()?;
        self.lines.get(at)
    }

    /// The lines about a connection.
    pub fn of(&self, row: &Judged) -> impl Iterator<Item = (&JoinedLine, &LineLink)> {
        let key = (row.summary.point, row.summary.first_frame);
        self.connections.get(&key).into_iter().flatten().filter_map(move |line| {
            let line = self.lines.get(*line as usize)?;
            line.links.iter().find(|link| (link.point, link.first_frame) == key).map(|link| (line, link))
        })
    }

    /// How many lines were joined with a connection.
    pub fn joined(&self) -> usize {
        self.lines.iter().filter(|line| !line.links.is_empty()).count()
    }
}

/// Gathers the connections that lines may tell of.
#[derive(Debug)]
pub struct LineJoiner<'a> {
    index: &'a LineIndex,
    candidates: Vec<Candidate>,
    /// Candidates of each key, by its number in the index.
    of_key: Vec<Vec<u32>>,
}

impl<'a> LineJoiner<'a> {
    pub fn new(index: &'a LineIndex) -> Self {
        Self { index, candidates: Vec::new(), of_key: vec![Vec::new(); index.keys()] }
    }

    /// Takes a connection that is wanted, in the order of rows.
    pub fn add(&mut self, row: &Judged) {
        let number = self.candidates.len();
        if number == MOST_OF_ALL {
            return;
        }
        let mut is_used = false;
        for key in self.index.keys_of(row) {
            let list = self.of_key.get_mut(key as usize).filter(|list| list.len() <= MOST);
            if let Some((list, number)) = list.zip(u32::try_from(number).ok()) {
                list.push(number);
                is_used = true;
            }
        }
        if is_used {
            self.candidates.push(Candidate::new(row));
        }
    }

    /// Joins all lines, once every connection has gone by and the sockets are joined.
    pub fn finish(self, dumps: &Dumps, points: &[Point], sockets: &Joins) -> Lines {
        settle::settle(&self, dumps, points, sockets)
    }
}
