//! Files of one observation point become a chain: one stream of frames, in the order of time.
//!
//! Chained are the files of a rotated set (by name, folder, container, link type and clock) and those that `--point` puts
//! together, as far as their times do not overlap. Rings wrap, so the order is that of the first frames and not of numbers.

use super::File;
use super::series::Series;
use crate::capture::{Interface, LinkType, Resolution};
use crate::time::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// Frames around a rotation may be out of order by so much: several interfaces or queues are written in turn.
const DISORDER: Span = Span::from_seconds(1);
/// Plainly numbered files belong together only if nothing but a short pause lies between them: this, or as long as either lasts.
const PAUSE: Span = Span::from_seconds(60);

/// Files of one observation point in time order.
pub struct Chain {
    pub name: String,
    pub files: Vec<File>,
}

/// A file and what is known of its place.
struct Member {
    file: File,
    /// Its place among the inputs.
    order: usize,
    first: Option<Timestamp>,
    /// Absent if it holds no frame with a time.
    last: Option<Timestamp>,
    series: Option<Series>,
}

/// What the files of one chain have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Named(String),
    Set(PathBuf, String, &'static str, Option<(LinkType, u8, bool)>),
    Alone(usize),
}

/// Puts files into chains, these in the order of their first files. With each file the point that it was given by name.
pub fn chains(files: Vec<(File, Option<String>)>) -> Vec<Chain> {
    let beside = |file: &File, series: &Series| file.source.path().parent().map(|folder| folder.join(&series.pattern));
    let of = |file: &File| Series::of(file_name(file));
    let sets: BTreeSet<PathBuf> = files.iter().filter_map(|(file, _)| beside(file, &of(file)?)).collect();
    let mut groups: BTreeMap<Group, Vec<Member>> = BTreeMap::new();
    for (order, (file, point)) in files.into_iter().enumerate() {
        let series = of(&file);
        // `tcpdump -C` gives its first file no number.
        let first = Series::first(file_name(&file), series.as_ref());
        let is_first = beside(&file, &first).is_some_and(|pattern| sets.contains(&pattern));
        let series = if is_first { Some(first) } else { series };
        let group = group(&file, series.as_ref(), point, order);
        groups.entry(group).or_default().push(Member { file, order, first: None, last: None, series });
    }
    let mut chains: Vec<(usize, Chain)> =
        groups.into_iter().flat_map(|(group, members)| chain(&group, members)).collect();
    chains.sort_by_key(|(order, _)| *order);
    chains.into_iter().map(|(_, chain)| chain).collect()
}

fn file_name(file: &File) -> &str {
    file.source.path().file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn group(file: &File, series: Option<&Series>, point: Option<String>, order: usize) -> Group {
    if let Some(name) = point {
        return Group::Named(name);
    }
    let Some((folder, series)) = file.source.path().parent().zip(series) else { return Group::Alone(order) };
    let clock = |interface: &Interface| match interface.clock.resolution {
        Resolution::Decimal(digits) => (interface.link, digits, false),
        Resolution::Binary(bits) => (interface.link, bits, true),
    };
    let interface = file.context.interfaces.first().map(clock);
    Group::Set(folder.to_owned(), series.pattern.clone(), file.format_name(), interface)
}

/// The chains of one group, each with the place of its first file among the inputs.
fn chain(group: &Group, mut members: Vec<Member>) -> Vec<(usize, Chain)> {
    if members.len() > 1 {
        members.iter_mut().for_each(|member| (member.first, member.last) = member.file.times().unzip());
        sort(&mut members);
    }
    let mut parts: Vec<Vec<Member>> = Vec::new();
    for member in members {
        match parts.last_mut() {
            Some(part) if part.last().is_none_or(|before| goes_on(group, before, &member)) => part.push(member),
            _ => parts.push(vec![member]),
        }
    }
    let is_whole = parts.len() == 1;
    let named = |part: Vec<Member>| {
        let order = part.iter().map(|member| member.order).min().unwrap_or_default();
        let path = part.first().map_or_else(String::new, |member| member.file.source.path().display().to_string());
        let name = match group {
            Group::Named(name) if is_whole => name.clone(),
            Group::Named(name) => format!("{name}: {path}"),
            Group::Set(folder, pattern, ..) if is_whole && part.len() > 1 => folder.join(pattern).display().to_string(),
            Group::Set(..) | Group::Alone(_) => path,
        };
        let missing: Vec<u64> = part.windows(2).map(missing_between).collect();
        let mut files: Vec<File> = part.into_iter().map(|member| member.file).collect();
        files.iter_mut().skip(1).zip(missing).for_each(|(file, missing)| file.missing_before = missing);
        number_interfaces(&mut files);
        (order, Chain { name, files })
    };
    parts.into_iter().map(named).collect()
}

/// By first frame, then by what the names count. A file without frames stays behind the one that its name puts before it.
fn sort(members: &mut [Member]) {
    members.sort_by(|a, b| {
        let numbers = |member: &Member| member.series.as_ref().map(|series| series.numbers.clone());
        (numbers(a), a.order).cmp(&(numbers(b), b.order))
    });
    let mut before = None;
    for member in &mut *members {
        member.first = member.first.or(before);
        before = member.first;
    }
    members.sort_by_key(|member| member.first);
}

/// Whether a file continues the stream of the one before it.
fn goes_on(group: &Group, before: &Member, next: &Member) -> bool {
    // Without frames of its own a file neither overlaps nor leaves a gap.
    let Some((end, start)) = before.last.or(before.first).zip(next.first.filter(|_| next.last.is_some())) else {
        return true;
    };
    if start.plus(DISORDER) < end {
        return false;
    }
    let (Group::Set(..), Some(a), Some(b)) = (group, &before.series, &next.series) else { return true };
    if !(a.is_weak || b.is_weak) {
        return true;
    }
    let length = |member: &Member| member.last.zip(member.first).map_or(Span(0), |(last, first)| last.since(first));
    // The first of `tcpdump -C -w x` is x itself.
    let counts_on = if a.numbers.is_empty() { b.numbers == [1] } else { b.follows(a) };
    counts_on && start.since(end) <= PAUSE.max(length(before)).max(length(next))
}

/// Files of the set that were not given, between two that were.
fn missing_between(members: &[Member]) -> u64 {
    let [Member { series: Some(before), .. }, Member { series: Some(this), .. }] = members else { return 0 };
    this.missing_since(before)
}

/// Files number their interfaces anew: equal ones get one number throughout the chain, so that a packet's copy on another
/// interface is told from its repeat.
fn number_interfaces(files: &mut [File]) {
    if files.len() < 2 {
        return;
    }
    let mut known: HashMap<(Interface, usize), usize> = HashMap::new();
    for file in files {
        // Some files describe several interfaces in the same words.
        let mut alike: HashMap<&Interface, usize> = HashMap::new();
        let numbers = file.context.interfaces.iter().map(|interface| {
            let nth = alike.entry(interface).or_default();
            *nth += 1;
            let next = known.len();
            u16::try_from(*known.entry((interface.clone(), *nth)).or_insert(next)).unwrap_or(u16::MAX)
        });
        let numbers: Vec<u16> = numbers.collect();
        let same = numbers.iter().enumerate().all(|(place, &number)| place == usize::from(number));
        file.interfaces = if same { Vec::new() } else { numbers };
    }
}
