//! What changed on a host between two snapshots: each counter and setting beside the value that the snapshot before shows.
//!
//! Only what was taken on the same host by the same kind of command is compared. Snapshots stand in the order of their
//! times; without times, in the order of one file's lines, or of the words and numbers by which two files' names differ
//! (`before` and `after`, `t0` and `t1`). Nothing else is an order.

use super::dump::{Dumps, Place};
use crate::host::{Block, Counter, Setting, counter::Nature};
use crate::time::Span;
use std::collections::{BTreeMap, HashMap};

/// A counter or setting in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub place: Place,
    /// The same in the snapshot before.
    pub before: Option<Before>,
}

/// What the snapshot before has of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Shown(Place),
    /// Nothing: its tool leaves out what is zero. The place is the block's.
    Zero(Place),
}

impl Before {
    pub fn place(self) -> Place {
        match self {
            Self::Shown(place) | Self::Zero(place) => place,
        }
    }
}

/// How a counter has moved since the snapshot before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// How much it grew; only a level falls.
    pub difference: Option<i64>,
    pub span: Option<Span>,
    /// The count is lower than before: the host or the namespace began anew in between, and what was added is unknown.
    pub restarted: bool,
}

impl Change {
    /// Events a second, in thousandths.
    pub fn rate(&self, nature: Nature) -> Option<i64> {
        let nanoseconds = i128::from(self.span?.0);
        let difference = self.difference.filter(|_| nature != Nature::Level)?;
        i64::try_from(i128::from(difference) * 1_000_000_000_000 / nanoseconds).ok()
    }
}

/// All counters of the dumps, in the order of files and lines.
pub fn counters(dumps: &Dumps) -> Vec<Reading> {
    readings::<Counter>(dumps)
}

/// All settings of the dumps, in the order of files and lines.
pub fn settings(dumps: &Dumps) -> Vec<Reading> {
    readings::<Setting>(dumps)
}

/// How the counter of a reading has moved.
pub fn change(dumps: &Dumps, reading: &Reading) -> Change {
    let Some((_, block, counter)) = dumps.counter(reading.place) else { return Change::default() };
    if counter.nature() == Nature::Increase {
        return Change { difference: i64::try_from(counter.value).ok(), ..Change::default() };
    }
    let Some(before) = reading.before else { return Change::default() };
    let Some((_, earlier)) = dumps.block(before.place()) else { return Change::default() };
    let before = match before {
        Before::Shown(place) => dumps.counter(place).map_or(0, |(.., counter)| counter.value),
        Before::Zero(_) => 0,
    };
    let times = [block, earlier].map(|block| block.stamp().map(|stamp| stamp.time));
    let span = if let [Some(now), Some(then)] = times { Some(now.since(then)) } else { None };
    let restarted = counter.nature() == Nature::Total && counter.value < before;
    let difference = i64::try_from(i128::from(counter.value) - i128::from(before)).ok();
    Change {
        difference: difference.filter(|_| !restarted),
        // Several snapshots below one time stand at different moments, which nobody wrote down.
        span: span.filter(|span| span.0 > 0),
        restarted,
    }
}

/// What snapshots show again and again.
trait Repeated: Sized {
    fn all(block: &Block) -> &[Self];

    /// What is the same thing in two snapshots.
    fn key(&self) -> (&str, Option<&str>, bool);

    /// Whether its not being in a block says that it is zero.
    fn is_zero_in(&self, _block: &Block) -> bool {
        false
    }
}

impl Repeated for Counter {
    fn all(block: &Block) -> &[Self] {
        &block.found.counters
    }

    fn key(&self) -> (&str, Option<&str>, bool) {
        (&self.name, self.scope.as_deref(), self.is_increase)
    }

    fn is_zero_in(&self, block: &Block) -> bool {
        block.found.zeros_hidden.iter().any(|section| is_of(&self.name, section))
    }
}

impl Repeated for Setting {
    fn all(block: &Block) -> &[Self] {
        &block.found.settings
    }

    fn key(&self) -> (&str, Option<&str>, bool) {
        (&self.name, self.scope.as_deref(), false)
    }
}

/// Whether a counter is of a section of names, and not of one whose title only begins so (`Tcp`, `TcpExt`, `Ip6`).
fn is_of(name: &str, section: &str) -> bool {
    let is_other = |rest: &str| rest.starts_with("Ext") || rest.starts_with(|c: char| c.is_ascii_digit());
    name.strip_prefix(section).is_some_and(|rest| section.is_empty() || !is_other(rest))
}

fn readings<T: Repeated>(dumps: &Dumps) -> Vec<Reading> {
    let mut all = Vec::new();
    for chain in chains(dumps, |block| !T::all(block).is_empty()) {
        let mut last = HashMap::new();
        let mut previous: Option<(Place, &Block)> = None;
        for first in chain {
            let Some((_, block)) = dumps.block(first) else { continue };
            let items = || T::all(block).iter().zip((0..).map(|item| Place { item, ..first }));
            // A table may name a thing twice (two routes, several samples): that is no change of one value.
            let mut own: HashMap<_, Option<Place>> = HashMap::new();
            for (item, place) in items() {
                own.entry(item.key()).and_modify(|own| *own = None).or_insert(Some(place));
            }
            for (item, place) in items() {
                let is_one = own.get(&item.key()).is_some_and(Option::is_some);
                let shown = last.get(&item.key()).copied().flatten().map(Before::Shown);
                let hidden =
                    || previous.filter(|(_, block)| item.is_zero_in(block)).map(|(place, _)| Before::Zero(place));
                all.push(Reading { place, before: shown.or_else(hidden).filter(|_| is_one) });
            }
            last.extend(own);
            previous = Some((first, block));
        }
    }
    all.sort_unstable_by_key(|reading| reading.place);
    all
}

/// Which blocks show the same things of the same host, and in which order: the rank that their files' names say, the time
/// that they say themselves, the place.
type Ranked = (u64, Option<crate::time::Timestamp>, Place);

/// The blocks that have something to compare, each list in the order of taking.
fn chains<'a>(dumps: &'a Dumps, is_wanted: impl Fn(&'a Block) -> bool) -> Vec<Vec<Place>> {
    let mut chains: BTreeMap<Series<'a>, Vec<Ranked>> = BTreeMap::new();
    for (number, dump) in dumps.0.iter().enumerate() {
        let (name, rank) = named(&dump.path);
        for (index, block) in dump.document.blocks.iter().enumerate().filter(|(_, block)| is_wanted(block)) {
            let time = block.stamp().map(|stamp| stamp.time);
            let at = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let place = Place { dump: at(number), block: at(index), item: 0 };
            let host = block.host.as_deref();
            let folder = || name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            // With times it is the host that matters, without them the names of the files as well.
            let files = if time.is_none() { name.clone() } else { host.map_or_else(folder, |_| String::new()) };
            let series = Series { host, files, is_timed: time.is_some(), format: block.format };
            chains.entry(series).or_default().push((if time.is_some() { 0 } else { rank }, time, place));
        }
    }
    let in_order = |mut chain: Vec<Ranked>| {
        chain.sort_unstable();
        chain.into_iter().map(|(.., place)| place).collect()
    };
    chains.into_values().map(in_order).collect()
}

/// What the blocks of a chain have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Series<'a> {
    host: Option<&'a str>,
    /// Names of files, or of their folder.
    files: String,
    is_timed: bool,
    format: &'static str,
}

/// A path without the part that tells the order among several, and the place that it tells. The last such part counts:
/// `incident/t1-full/web/ss.txt` is the second of `incident/*/web/ss.txt`.
fn named(path: &str) -> (String, u64) {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let found = parts.iter().enumerate().rev().find_map(|(at, part)| Some((at, order(part)?)));
    let Some((at, (rank, rest))) = found else { return (path.to_owned(), 0) };
    let whole = |(index, part): (usize, &&str)| if index == at { rest.clone() } else { (*part).to_owned() };
    (parts.iter().enumerate().map(whole).collect::<Vec<_>>().join("/"), rank)
}

/// The place that a file's or folder's name tells, and the name without it: `netstat-s.before.txt`, `t1-full`.
fn order(part: &str) -> Option<(u64, String)> {
    const WORDS: [(&str, u64); 8] =
        [("before", 0), ("pre", 0), ("start", 0), ("begin", 0), ("during", 1), ("after", 2), ("post", 2), ("end", 2)];
    let digits =
        part.strip_prefix('t').map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
        return Some((number, "t".to_owned())); // what follows describes the moment
    }
    let mut words: Vec<&str> = part.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).collect();
    let plain = |word: &str| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    let (at, rank) = words.iter().enumerate().find_map(|(at, word)| {
        let word = plain(word);
        Some((at, WORDS.iter().find(|(known, _)| *known == word)?.1))
    })?;
    words.remove(at);
    Some((rank, words.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Dump;
    use crate::host::{Hints, read};

    fn dumps(files: &[(&str, &str)]) -> Dumps {
        let dump = |(path, text): &(&str, &str)| Dump {
            path: (*path).to_owned(),
            bytes: text.len() as u64,
            document: read(text.as_bytes(), &Hints { path: (*path).to_owned(), ..Hints::default() }),
            note: None,
            damage: None,
        };
        Dumps(files.iter().map(dump).collect())
    }

    fn nstat(value: u64) -> String {
        format!("#kernel\nTcpExtListenDrops {value} 0.0\n")
    }

    /// `value: difference/seconds/rate` of every reading.
    fn shown(dumps: &Dumps) -> Vec<String> {
        let one = |reading: Reading| {
            let counter = dumps.counter(reading.place).expect("a counter").2;
            let change = change(dumps, &reading);
            let number = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
            let seconds = change.span.map(|span| span.0 / 1_000_000_000);
            let restarted = if change.restarted { " restarted" } else { "" };
            let [difference, seconds, rate] = [change.difference, seconds, change.rate(counter.nature())].map(number);
            format!("{}: {difference}/{seconds}/{rate}{restarted}", counter.value)
        };
        counters(dumps).into_iter().map(one).collect()
    }

    #[test]
    fn snapshots_with_times_are_compared_in_their_order() {
        let text = [(1_795_205_079, 90), (1_795_205_059, 10), (1_795_205_099, 5)];
        let text: String = text.iter().map(|(time, value)| format!("{time}\n{}", nstat(*value))).collect();
        assert_eq!(shown(&dumps(&[("loop.txt", &text)])), ["90: 80/20/4000", "10: -/-/-", "5: -/20/- restarted"]);
    }

    #[test]
    fn without_times_the_lines_of_a_file_or_the_names_of_files_are_an_order() {
        let twice = nstat(3) + &nstat(7);
        assert_eq!(shown(&dumps(&[("x", &twice)])), ["3: -/-/-", "7: 4/-/-"]);
        let (low, high) = (nstat(3), nstat(7));
        for [first, second] in
            [["after.txt", "before.txt"], ["web/t1-full/a", "web/t0-before/a"], ["a/nstat-after", "a/nstat-before"]]
        {
            assert_eq!(shown(&dumps(&[(first, &high), (second, &low)])), ["7: 4/-/-", "3: -/-/-"], "{first}");
        }
        for [first, second] in [["web1/nstat", "web2/nstat"], ["a.txt", "b.txt"], ["t0/web1/a", "t1/web2/a"]] {
            assert_eq!(shown(&dumps(&[(first, &low), (second, &high)])), ["3: -/-/-", "7: -/-/-"], "{first}");
        }
    }

    #[test]
    fn what_was_added_since_the_last_call_is_a_difference_already() {
        let text = format!("$ nstat\n{}$ nstat\n{}$ nstat -az\n{}", nstat(3), nstat(7), nstat(10));
        assert_eq!(shown(&dumps(&[("x", &text)])), ["3: 3/-/-", "7: 7/-/-", "10: -/-/-"]);
    }

    #[test]
    fn what_a_tool_did_not_print_was_zero_where_it_leaves_out_zeros() {
        let text =
            |lines: &str| format!("Tcp:\n    5 resets sent\nTcpExt:\n    1 invalid SYN cookies received\n{lines}");
        let full = text("") + &text("    9 SYNs to LISTEN sockets dropped\n");
        assert_eq!(shown(&dumps(&[("x", &full)])), ["5: -/-/-", "1: -/-/-", "5: 0/-/-", "1: 0/-/-", "9: 9/-/-"]);
        let grepped = "$ a\n    1 SYN cookies sent\n$ a\n    9 SYNs to LISTEN sockets dropped\n";
        assert_eq!(shown(&dumps(&[("x", grepped)])), ["1: -/-/-", "9: -/-/-"]);
    }

    #[test]
    fn hosts_are_not_compared_with_each_other() {
        let text =
            format!("[root@a ~]# date +%s\n1795205059\n{}[root@b ~]# date +%s\n1795205079\n{}", nstat(3), nstat(7));
        assert_eq!(shown(&dumps(&[("x", &text)])), ["3: -/-/-", "7: -/-/-"]);
    }
}
