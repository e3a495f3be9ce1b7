//! The conductor: inputs are planned into observation points, tracked on all cores, and delivered in order.
//!
//! Only here are threads started and rooms put together; every room before it is pure or single-threaded. Nothing that a
//! row shows depends on the number of threads, the size of chunks or the random key.

mod chunk;
mod copies;
mod deliver;
mod dumps;
mod find;
mod folder;
mod index;
mod lane;
mod lens;
mod plan;
mod report;
mod revisit;
mod runs;
mod selection;
mod timings;
mod track;
mod turns;

pub use deliver::Rows;
pub use find::{Found, Key};
pub use folder::Folder;
pub use report::{Report, Wanted};
pub use selection::{Bound, Condition, PacketTest, RowTest, Selection};
pub use timings::{Lap, Stage, Timings, peak_resident};

use crate::capture::End;
use crate::case::{Case, Dump, Dumps, Facts, Firewall, InputFile, Origin, Point, Services, Unread};
use crate::error::Error;
use crate::input::{self, Input, Source};
use crate::tcp::Place;
use crate::tcp::records::Records;
use crate::tcp::table::Finished;
use crate::time::{Span, Timestamp, Zone};
use crate::wire::{self, Keys};
use index::Index;
use lane::Lane;
use lens::Lens;
use plan::Chain;
use rayon::prelude::*;
use runs::Runs;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use track::{Lanes, Pace, Tracked, joined};

/// How to analyse.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads; at least 1.
    pub threads: usize,
    /// Memory for finished connections, and as much for silent ones, before they wait on disk, bytes.
    pub memory: u64,
    /// Size of the chunks that files are cut into, bytes. Nothing visible depends on it.
    pub chunk: u64,
    /// Key of the flow hash; random if absent. Nothing visible depends on it.
    pub keys: Option<[u64; 4]>,
    /// A waiting state older than this is called stuck.
    pub stuck_after: Span,
    /// Names of observation points, each with a file or folder of it; may be repeated.
    pub points: Vec<(String, PathBuf)>,
    pub selection: Selection,
    /// Where times are printed for.
    pub zone: Zone,
    pub input: input::Options,
    /// Folder for what does not fit into memory.
    pub scratch: PathBuf,
    /// Takes note of where time goes, and memory.
    pub timings: Arc<Timings>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory: 16 << 20,
            chunk: 4 << 20,
            keys: None,
            stuck_after: Span::from_seconds(60),
            points: Vec::new(),
            selection: Selection::default(),
            zone: Zone::UTC,
            input: input::Options::default(),
            scratch: std::env::temp_dir(),
            timings: Arc::default(),
        }
    }
}

/// Opened inputs, recognised and ordered, and what could not be read.
pub struct Plan {
    chains: Vec<Chain>,
    dumps: Vec<Dump>,
    origins: Vec<Origin>,
    pub unread: Vec<Error>,
    /// Files met in folders that are neither captures nor dumps.
    pub left_out: Vec<PathBuf>,
    /// Bytes that tracking will go through.
    pub bytes: u64,
}

/// Everything tracked, ready to be delivered.
pub struct Tracking {
    runs: Runs,
    facts: Facts,
    unread: Vec<Error>,
    left_out: Vec<PathBuf>,
    stuck_after: Span,
    pool: Arc<rayon::ThreadPool>,
    timings: Arc<Timings>,
    lens: Lens,
    rows: Option<Condition<RowTest>>,
    /// Files of each point, for a second look.
    files: Vec<Vec<(plan::File, Index)>>,
}

/// Memory of what was delivered, in many pieces: to be dropped, or forgotten where the process is about to end.
pub struct Remains {
    _runs: Runs,
}

/// Finds, opens and recognises the inputs. A path that cannot be read is an error in the plan, and no more.
pub fn plan(paths: &[PathBuf], options: &Options) -> Plan {
    options.timings.stage(Stage::Plan, || open(paths, options))
}

fn open(paths: &[PathBuf], options: &Options) -> Plan {
    let all: Vec<PathBuf> = options.points.iter().map(|(_, path)| path).chain(paths).cloned().collect();
    let (inputs, mut unread) = input::expand(&all);
    let mut sources = Vec::new();
    let mut origins = Vec::new();
    for input in &inputs {
        let (opened, errors) = input::open(input, &options.input);
        let point = options.points.get(input.under).map(|(name, _)| name);
        origins.push(Origin { point: point.cloned(), ..origin(input, &opened) });
        sources.extend(opened.into_iter().map(|source| plan::Found {
            // An archive is a folder: what lies in it was not named.
            named: input.named && source.path() == input.path,
            source,
            point: point.cloned(),
            under: all.get(input.under).cloned().unwrap_or_default(),
        }));
        unread.extend(errors);
    }
    let plan::Recognised { chains, errors, others } = plan::plan(sources);
    unread.extend(errors);
    let dumps::Read { dumps, errors, unknown: left_out } = dumps::read(others, options);
    unread.extend(errors);
    let bytes = chains.iter().flat_map(|chain| &chain.files).map(|file| file.source.bytes().len() as u64).sum();
    let captures = chains.iter().flat_map(|chain| &chain.files).map(|file| path(&file.source));
    let read: HashSet<String> = captures.chain(dumps.iter().map(|dump| dump.path.clone())).collect();
    origins.retain(|origin| origin.packed || read.contains(&origin.path));
    Plan { chains, dumps, origins, unread, left_out, bytes }
}

/// What was named or found and gives nothing, in the words of `inputs`.
fn not_read(errors: &[Error], left_out: &[PathBuf]) -> Vec<Unread> {
    let refused = errors.iter().map(|error| (&error.path, error.cause.clone()));
    let unknown = left_out.iter().map(|path| (path, "not recognised, and left out".to_owned()));
    let row = |(path, cause): (&PathBuf, String)| Unread { path: path.display().to_string(), cause };
    refused.chain(unknown).map(row).collect()
}

fn path(source: &Source) -> String {
    source.path().display().to_string()
}

fn origin(input: &Input, opened: &[Source]) -> Origin {
    let stream = input.kind != input::Kind::File;
    let whole = matches!(opened, [only] if only.path() == input.path && only.bytes().len() as u64 == input.len);
    Origin {
        path: input.path.display().to_string(),
        bytes: input.len,
        modified: opened.first().and_then(Source::modified).map(Timestamp::of_system),
        packed: !whole && !stream && !opened.is_empty(),
        stream,
        point: None,
    }
}

impl Plan {
    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty() && self.dumps.is_empty()
    }

    /// Leaves the captures alone: only what the dumps say is wanted.
    #[must_use]
    pub fn without_captures(self) -> Self {
        Self { chains: Vec::new(), bytes: 0, ..self }
    }

    /// Times of the first and the last frame of all captures, as far as heads and tails show them, if the selection's
    /// moments depend on them.
    pub fn span_for(&self, selection: &Selection) -> Option<(Timestamp, Timestamp)> {
        if !selection.is_relative() {
            return None;
        }
        self.chains.iter().flat_map(|chain| &chain.files).map(plan::File::times).fold(None, joined)
    }
}

/// Tracks all points, one after another, each on all threads. `done` counts bytes for a progress bar.
///
/// # Errors
/// When what does not fit into memory cannot be written to `options.scratch`, or not be read back.
pub fn track(plan: Plan, options: &Options, done: &Arc<AtomicU64>) -> std::io::Result<Tracking> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.max(1)).build();
    let pool = Arc::new(pool.map_err(std::io::Error::other)?);
    let span = plan.span_for(&options.selection);
    let lens = Lens { keys: Keys(options.keys.unwrap_or_else(random_keys)), chosen: options.selection.chosen(span) };
    let rows = options.selection.rows.clone();
    let pace = Pace {
        threads: options.threads.max(1),
        chunk: options.chunk.max(1),
        lens: &lens,
        done,
        timings: &options.timings,
    };
    let runs = Mutex::new(Runs::new(options.memory, &options.scratch));
    let failed = Mutex::new(Ok(()));
    let finished = |mut records: Records| {
        records.sort();
        if let Err(error) = Runs::add(&runs, records) {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
        }
    };
    let selected = lens.chosen.told(rows.as_ref());
    let unread = not_read(&plan.unread, &plan.left_out);
    let (origins, dumps, zone) = (plan.origins, Dumps(plan.dumps), options.zone);
    let (firewall, services) = (Firewall::of(&dumps), Services::of(&dumps));
    let mut facts = Facts { origins, dumps, firewall, services, unread, selected, zone, ..Facts::default() };
    let mut files = Vec::new();
    let last = plan.chains.len().saturating_sub(1);
    for (number, chain) in plan.chains.into_iter().enumerate() {
        let lanes = Lanes::new(options.memory, &options.scratch);
        let mut point = Point::named(chain.name);
        let mut indexed = Vec::new();
        let (mut frames_before, mut spans) = (0, Vec::new());
        for (index, file) in chain.files.into_iter().enumerate() {
            let at = Place { frames_before, point: number as u32, file: index as u32 };
            let mut tracked = options
                .timings
                .stage(Stage::Track, || pool.install(|| track::track(&file, &lanes, pace, at, &finished)));
            options.timings.add_redone(tracked.redone);
            let index = std::mem::take(&mut tracked.index);
            spans.push(tracked.in_time);
            let row = input_row(&file, tracked, frames_before);
            point.text_only |= file.is_of_headers();
            point.text_lacks_lines |= file.text.as_ref().is_some_and(|text| text.lacks_lines);
            point.unsettled.extend(file.text.iter().flat_map(|text| &text.unsettled));
            indexed.push((file, index));
            frames_before += row.frames;
            point.files.push(row);
        }
        let Lanes { tables, around, beside, fragments } = lanes;
        let lists = beside.map(|beside| beside.into_inner().unwrap_or_else(PoisonError::into_inner).finish());
        point.beside = lists.into();
        point.around = around.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
        let fragments = fragments.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = point.files.last_mut() {
            last.fragments = last.fragments.plus(fragments.counts().until(fragments.finish()));
        }
        point.watched(&spans);
        facts.points.push(point);
        files.push(indexed);
        let services = Mutex::new(&mut facts.services);
        let gather = |lane: Mutex<Lane>| -> std::io::Result<()> {
            let lane = lane.into_inner().unwrap_or_else(PoisonError::into_inner);
            let Finished { records, mut held, listening, .. } = lane.finish(&finished)?;
            if number == last {
                // No other point will need their memory: they stay where they are.
                held.sort();
                Runs::keep(&runs, held);
            } else {
                finished(held);
            }
            services.lock().unwrap_or_else(PoisonError::into_inner).note(listening);
            finished(records);
            Ok(())
        };
        options.timings.stage(Stage::Gather, || pool.install(|| tables.into_par_iter().try_for_each(gather)))?;
    }
    copies::note(&mut facts.points, &files);
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    let mut runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
    facts.joins = options.timings.stage(Stage::Join, || pool.install(|| deliver::join(&mut runs, &facts)))?;
    let (unread, left_out, timings) = (plan.unread, plan.left_out, Arc::clone(&options.timings));
    let stuck_after = options.stuck_after;
    Ok(Tracking { runs, facts, unread, left_out, stuck_after, pool, timings, lens, rows, files })
}

fn input_row(file: &plan::File, mut tracked: Tracked, frames_before: u64) -> InputFile {
    if let (End::Clean, Some(text)) = (&tracked.end, &file.text) {
        tracked.end = text.end.clone();
    }
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    for (why, count) in &tracked.others {
        *others.entry(why.name().into_owned()).or_default() += count;
    }
    if tracked.icmp_unmatched > 0 {
        others.insert("icmp error about no connection here".to_owned(), tracked.icmp_unmatched);
    }
    InputFile {
        path: path(&file.source),
        format: file.format_name(),
        bytes: file.source.bytes().len() as u64,
        frames: tracked.frames,
        frames_before,
        tcp_segments: tracked.segments,
        wire_bytes: tracked.wire_bytes,
        cut_frames: tracked.cut_frames,
        cut_headers: tracked.cut_headers,
        icmp_errors: tracked.icmp_errors.saturating_sub(tracked.icmp_unmatched),
        first: tracked.first,
        last: tracked.last,
        time_went_back: tracked.went_back,
        left_out: tracked.left_out,
        links: tracked.links.iter().map(|&link| wire::link_name(link)).collect(),
        dropped: tracked.dropped,
        others,
        fragments: tracked.fragments,
        comments: tracked.comments,
        frame_comments: tracked.frame_comments,
        first_comments: tracked.first_comments,
        missing_before: file.missing_before,
        goes_on: matches!(tracked.end, End::Cut { .. }) && file.source.has_grown(),
        end: tracked.end,
        note: file.source.note().map(str::to_owned),
        is_incomplete: file.source.is_incomplete(),
        damage: tracked.damage.or_else(|| file.source.shortened().map(str::to_owned)),
    }
}

fn random_keys() -> [u64; 4] {
    [0; 4].map(|_: u64| RandomState::new().hash_one(std::process::id()))
}

impl Tracking {
    /// Delivers every row in order to `output`, and tells what they add up to; with it comes memory that nobody needs any more.
    ///
    /// # Errors
    /// When a writer fails.
    pub fn deliver(self, output: &dyn Rows) -> std::io::Result<(Case, Remains)> {
        let Self { mut runs, facts, unread, left_out, stuck_after, pool, timings, rows, .. } = self;
        let mut case = timings.stage(Stage::Deliver, || {
            pool.install(|| deliver::deliver(&mut runs, facts, rows.as_ref(), stuck_after, &timings, output))
        })?;
        case.unread = unread.iter().map(ToString::to_string).collect();
        case.left_out = left_out.iter().map(|path| path.display().to_string()).collect();
        Ok((case, Remains { _runs: runs }))
    }

    /// Whether every input was read to its end as it was when it was opened.
    pub fn all_read(&self) -> bool {
        self.unread.is_empty() && self.facts.are_whole()
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}
