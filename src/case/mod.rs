//! Everything known, joined: the judged row that columns and rules see, and the facts of the whole case.
//!
//! What only the whole input shows (listening ports, how each capture ended) is gathered from all summaries before
//! the first one is judged, so that a row depends neither on order nor on the number of threads.

pub mod around;
mod beside;
pub mod listeners;
pub mod dump;
pub mod firewall;
pub mod history;
pub mod hosts;
pub mod join;
pub mod reports;
mod listening;
mod point;
mod services;
pub mod snapshots;
mod tally;
pub mod timeline;

pub use around::Around;
pub use beside::{Beside, List};
pub use dump::{Dump, Dumps};
pub use firewall::Firewall;
pub use join::Joins;
pub use point::Point;
pub use services::{Service, ServiceCounts, Services};
pub use tally::{PartTally, Stuck, Tally};
pub use timeline::Timeline;

use crate::capture::End;
use crate::tcp::judgement::States;
use crate::tcp::summary::{Link, Reset};
use crate::tcp::{Ending, Judgement, Outcome, Side, Summary};
use crate::time::{Timestamp, Zone};
use crate::wire::{Address, FlowKey, FragmentCounts, NameFrom};
use std::collections::BTreeMap;

/// A connection with everything that is said of it.
#[derive(Clone, Debug)]
pub struct Judged {
    pub summary: Summary,
    pub client: Address,
    pub server: Address,
    pub outcome: Outcome,
    pub judgement: Judgement,
    /// What packet filters say of it.
    pub firewall: Option<firewall::Decision>,
}

/// What holds for all rows of a case.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub points: Vec<Point>,
    pub services: Services,
    /// What the hosts said.
    pub dumps: Dumps,
    /// Rules and records of packet filters among that.
    pub firewall: Firewall,
    /// What the sockets of the dumps are to the connections of the captures.
    pub joins: Joins,
    /// What the points and dumps were read from, to find it again.
    pub origins: Vec<Origin>,
    /// What was named or found and not read.
    pub unread: Vec<Unread>,
    pub selected: Selected,
    /// Where times are printed for.
    pub zone: Zone,
}

/// Which part of the inputs was asked for; all of it by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Frames before the one and after the other were left out.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Frames that do not fit this were left out.
    pub filter: Option<String>,
    /// Rows that do not fit this were left out.
    pub condition: Option<String>,
    pub rows_left_out: u64,
}

/// A file that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub path: String,
    /// In words.
    pub cause: String,
}

/// A file or stream that was named or found, as it was when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub path: String,
    /// Its size, packed as it may be.
    pub bytes: u64,
    /// When it was last changed; absent of streams.
    pub modified: Option<Timestamp>,
    /// It was unpacked, or is an archive.
    pub packed: bool,
    /// Standard input or a pipe: it can be read once only.
    pub stream: bool,
    /// The observation point that it was given to by name.
    pub point: Option<String>,
}

/// One file of a point, as the `inputs` table tells of it.
#[derive(Clone, Debug)]
pub struct InputFile {
    pub path: String,
    pub format: &'static str,
    pub bytes: u64,
    /// What the frames had on the wire.
    pub wire_bytes: u64,
    pub frames: u64,
    /// Frames of the point before this file.
    pub frames_before: u64,
    pub tcp_segments: u64,
    /// ICMP errors about a connection.
    pub icmp_errors: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Frames of which the snap length cut something off, and segments of which it cut the header.
    pub cut_frames: u64,
    pub cut_headers: u64,
    /// Frames whose time was before their predecessor's.
    pub time_went_back: u64,
    /// Frames that were not asked for.
    pub left_out: u64,
    /// Names of the link types met.
    pub links: Vec<String>,
    /// Packets dropped while capturing, as the file says.
    pub dropped: Option<u64>,
    /// Frames that are no TCP segment, by what they are or why they were not decoded.
    pub others: BTreeMap<String, u64>,
    /// Files of its set that are missing between it and the one before, by the numbers in their names.
    pub missing_before: u64,
    /// What became of fragmented packets; of those that still lacked a piece at the end, in the point's last file.
    pub fragments: FragmentCounts,
    /// What the file says of its sections and interfaces.
    pub comments: Vec<String>,
    /// Comments beside frames that no connection got: how many, and the first of them with the numbers of their frames.
    pub frame_comments: u64,
    pub first_comments: Vec<(u64, String)>,
    pub end: End,
    /// It has grown since it was opened: that it ends within a record is no mistake of anybody's.
    pub goes_on: bool,
    /// What the input room has to say: a packed stream that is cut short.
    pub note: Option<String>,
    /// That note says that more was there: a packed stream that is cut short.
    pub is_incomplete: bool,
    /// That the file changed while it was read, in words: what was lost was there when it was opened.
    pub damage: Option<String>,
}

impl Facts {
    /// Whether some input says when something was: texts and simple packet blocks may not.
    pub fn tell_time(&self) -> bool {
        let has_time = |point: &Point| point.first.is_some();
        self.points.is_empty() || self.points.iter().any(has_time) || !self.dumps.0.is_empty()
    }

    /// The files that changed while they were read: paths, and what happened.
    pub fn damaged(&self) -> impl Iterator<Item = (&str, &str)> {
        let captures = self.points.iter().flat_map(|point| &point.files).map(|file| (&file.path, &file.damage));
        let dumps = self.dumps.0.iter().map(|dump| (&dump.path, &dump.damage));
        captures.chain(dumps).filter_map(|(path, damage)| Some((path.as_str(), damage.as_deref()?)))
    }

    /// The captures that do not end where a record does, or are packed and cut short; but for those that changed while they
    /// were read, or still grow.
    pub fn cut_short(&self) -> impl Iterator<Item = &InputFile> {
        let files = self.points.iter().flat_map(|point| &point.files);
        let is_cut = |file: &&InputFile| file.end != End::Clean || file.is_incomplete;
        files.filter(is_cut).filter(|file| file.damage.is_none() && !file.goes_on)
    }

    /// Whether everything that was opened was read to its end as it was then.
    pub fn are_whole(&self) -> bool {
        self.damaged().next().is_none() && self.cut_short().next().is_none()
    }

    /// From the first frame of any point to the last; `None` if no frame was read.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.points.iter().filter_map(|point| point.first).min()?;
        let last = self.points.iter().filter_map(|point| point.last).max()?;
        Some((first, last))
    }
}

impl Facts {
    /// The file that holds a frame of a point, and the frame's number there.
    pub fn place(&self, point: u32, frame: u64) -> Option<(&str, u64)> {
        let mut files = self.points.get(point as usize)?.files.iter();
        let file = files.find(|file| (1..=file.frames).contains(&frame.saturating_sub(file.frames_before)))?;
        Some((&file.path, frame - file.frames_before))
    }
}

/// What a summary and the facts say of a connection.
struct Said {
    client: Address,
    server: Address,
    outcome: Outcome,
    judgement: Judgement,
}

impl Said {
    fn of(summary: &mut Summary, facts: &Facts) -> Self {
        services::settle_roles(summary, &facts.services);
        let [client, server] = Side::BOTH.map(|side| summary.address(side));
        let states = States::of(summary);
        let outcome = Outcome::of(summary, &states);
        let point = facts.points.get(summary.point as usize);
        let ending = Ending {
            last_frame: point.and_then(|point| point.watched_until(summary.last_file)).unwrap_or(summary.last),
            text_only: point.is_some_and(|point| point.text_only),
            unsettled_error: point.is_some_and(|point| point.may_have_rejected(client, server)),
            lacks_files: point.is_some_and(|point| point.lacks_between(summary.file, summary.last_file)),
        };
        Self { client, server, outcome, judgement: Judgement::of(summary, outcome, &states, &ending) }
    }
}

impl Judged {
    /// The lists that the connection's numbers of what stands beside it belong to.
    pub fn beside<'a>(&self, facts: &'a Facts) -> Option<&'a Beside> {
        let lane = FlowKey::new(self.client, self.server).0.lane();
        facts.points.get(self.summary.point as usize)?.beside.get(usize::from(lane))
    }

    /// The server's name, and who says it: the connection itself, else what DNS told the client.
    pub fn server_name<'a>(&self, facts: &'a Facts) -> Option<(NameFrom, &'a str)> {
        if let Some((from, name)) = self.beside(facts).and_then(|beside| beside.names.get(self.summary.aside.name)) {
            return Some((*from, name));
        }
        let [client, server] = [self.client.ip(), self.server.ip()];
        let own = facts.points.get(self.summary.point as usize).into_iter();
        let told = |point: &'a Point| point.around.names.of(server, client, self.summary.first);
        let others = if facts.points.len() > 1 { &facts.points[..] } else { &[] };
        own.chain(others).find_map(told).map(|name| (NameFrom::Dns, &**name))
    }

    /// Settles the roles, labels and judges a connection.
    pub fn new(mut summary: Summary, facts: &Facts) -> Self {
        let Said { client, server, outcome, judgement } = Said::of(&mut summary, facts);
        let mut judged = Self { summary, client, server, outcome, judgement, firewall: None };
        judged.firewall = facts.firewall.decision(&facts.dumps, &judged);
        judged
    }

    /// Makes this the row of another connection, whose summary now stands in it.
    pub fn renew(&mut self, facts: &Facts) {
        let Said { client, server, outcome, judgement } = Said::of(&mut self.summary, facts);
        (self.client, self.server) = (client, server);
        (self.outcome, self.judgement) = (outcome, judgement);
        self.firewall = facts.firewall.decision(&facts.dumps, self);
    }

    /// Stable over runs: from addresses, the first segment's sequence number and the first time.
    pub fn id(&self) -> u64 {
        connection_id(self.client, self.server, self.summary.link())
    }

    /// The same of the connection before on the same addresses and ports.
    pub fn previous_id(&self) -> Option<u64> {
        self.summary.previous.map(|previous| connection_id(self.client, self.server, previous))
    }

    /// And of the one after it.
    pub fn next_id(&self) -> Option<u64> {
        self.summary.next.map(|next| connection_id(self.client, self.server, next))
    }

    /// The RST that ended the connection, as far as the judgement counts one as its end.
    pub fn ending_reset(&self) -> Option<Reset> {
        self.summary.reset.filter(|_| self.judgement.reset_by.is_some())
    }

    /// When the connection was last watched: up to its RST, else up to the last frame of its observation point, or before
    /// the files that are missing there.
    pub fn watched_until(&self, facts: &Facts) -> Timestamp {
        let point = facts.points.get(self.summary.point as usize);
        let last = point.and_then(|point| point.watched_until(self.summary.last_file));
        self.ending_reset().map(|reset| reset.time).or(last).unwrap_or(self.summary.last)
    }

    /// The file that holds the first frame, and its number there.
    pub fn first_place<'a>(&self, facts: &'a Facts) -> Option<(&'a str, u64)> {
        place(facts, &self.summary, self.summary.file, self.summary.first_frame)
    }

    /// The file that holds the last frame, and its number there.
    pub fn last_place<'a>(&self, facts: &'a Facts) -> Option<(&'a str, u64)> {
        place(facts, &self.summary, self.summary.last_file, self.summary.last_frame)
    }
}

fn place<'a>(facts: &'a Facts, summary: &Summary, file: u32, frame: u64) -> Option<(&'a str, u64)> {
    let file = facts.points.get(summary.point as usize)?.files.get(file as usize)?;
    Some((&file.path, frame.saturating_sub(file.frames_before)))
}

/// 64-bit FNV-1a over addresses (order-free), sequence number and time: the same in every run and on every machine.
fn connection_id(a: Address, b: Address, Link { seq, time }: Link) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    /// Ten zeros stand before each IPv4 address.
    const ZEROS: usize = 10;
    const PRIME_OF_ZEROS: u64 = PRIME.wrapping_pow(ZEROS as u32);
    let mix =
        |hash: u64, bytes: &[u8]| bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let end = |hash: u64, end: Address| {
        let ip = end.ip.to_be_bytes();
        let hash = match ip.split_at(ZEROS) {
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], rest) => mix(hash.wrapping_mul(PRIME_OF_ZEROS), rest),
            _ => mix(hash, &ip),
        };
        mix(hash, &end.port.to_be_bytes())
    };
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let hash = end(end(0xcbf2_9ce4_8422_2325, low), high);
    mix(mix(hash, &seq.0.to_be_bytes()), &time.0.to_be_bytes())
}

/// A whole case after delivery: what reports print besides the rows.
#[derive(Clone, Debug)]
pub struct Case {
    pub facts: Facts,
    pub tally: Tally,
    /// Inputs that could not be read at all, each a line with path and cause.
    pub unread: Vec<String>,
    /// Files met in folders that are neither captures nor dumps: paths.
    pub left_out: Vec<String>,
}

impl Case {
    /// Whether every input was read to its end as it was when it was opened.
    pub fn all_read(&self) -> bool {
        self.unread.is_empty() && self.facts.are_whole()
    }
}
