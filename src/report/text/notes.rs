//! The NOTE section: what to know before relying on the rest. What weighs most stands first.

mod around;

use super::Section;
use crate::capture::End;
use crate::case::{Case, InputFile};
use crate::report::human::{count, counted};
use crate::report::terminal::{Line, Paint, Style, cut_middle, safe, wrap};
use crate::tcp::judgement::Caveats;
use std::collections::BTreeMap;

/// Names of frames listed; the rest is added up.
const NAMES: usize = 5;

/// Caveats that change what a row is worth, with what they mean. Offload, reordering and superseded connections do not.
const WEIGHTY: [(Caveats, &str); 8] = [
    (Caveats::CAPTURE_LOSS, "with packets that were sent but never captured: lost by the capture, not by the network"),
    (Caveats::ONE_SIDED, "with one direction only: what the other side did is inferred"),
    (Caveats::EVICTED, "finished early: more were open than fit into memory"),
    (
        Caveats::CUT_BY_END,
        "still waiting for an answer when the capture ended, or files of it are missing, less than 1 s later",
    ),
    (Caveats::START_UNSEEN, "begun before the capture"),
    (Caveats::ROLE_GUESSED, "with client and server told apart by a guess"),
    (Caveats::SNAPLEN, "with TCP headers cut by the snap length"),
    (Caveats::DUPLICATES, "with packets seen twice"),
];

pub(super) fn notes(case: &Case, style: Style) -> Option<Section> {
    let mut notes: Vec<String> = case.unread.iter().map(|line| format!("not read: {line}")).collect();
    notes.extend(case.facts.damaged().map(|(path, damage)| {
        let path = cut_middle(&safe(path), style.columns() / 2, style);
        format!("{path}: {damage}")
    }));
    notes.extend(left_out(case, style));
    let files = || case.facts.points.iter().flat_map(|point| &point.files);
    files().for_each(|file| notes.extend(of_file(file, style)));
    notes.extend(around::notes(case));
    let urgent = notes.len();
    notes.extend(of_rows(case));
    notes.extend(others(files()));
    if notes.is_empty() {
        return None;
    }
    let entries: Vec<_> = notes.iter().map(|note| wrap(&format!("  {note}"), 4, style)).collect();
    let rest = |left_out| format!("and {} more: see the table inputs and the column caveats", count(left_out));
    let least = urgent.clamp(3, 6).min(entries.len());
    Some(Section { head: vec![Line::of(Paint::Bold, "NOTE")], least, entries, beyond: 0, rest: Box::new(rest) })
}

/// Files of folders that are neither captures nor dumps: how many, and the first of them.
fn left_out(case: &Case, style: Style) -> Option<String> {
    let first = case.left_out.first()?;
    let path = cut_middle(&safe(first), style.columns() / 2, style);
    Some(match case.left_out.len() as u64 {
        1 => format!("not recognised, and left out: {path}"),
        files => {
            format!("not recognised, and left out: {} in the folders named, the first {path}", counted(files, "file"))
        }
    })
}

/// How a file ended, if not where a record does.
pub fn ended(end: &End) -> Option<String> {
    match end {
        End::Clean => None,
        End::Cut { offset } => {
            Some(format!("ends inside the record at byte {}; all before it was read", count(*offset)))
        }
        End::Corrupt { offset, why } => {
            Some(format!("damaged at byte {} ({why}); all before it was read", count(*offset)))
        }
    }
}

/// What went wrong in and under one file.
fn of_file(file: &InputFile, style: Style) -> Vec<String> {
    let path = cut_middle(&safe(&file.path), style.columns() / 2, style);
    let mut notes = Vec::new();
    if file.missing_before > 0 {
        let files = counted(file.missing_before, "file");
        let numbered = "missing before it, or of another kind, by the numbers";
        notes.push(format!("{path}: {files} {numbered}: what happened meanwhile is not known"));
    }
    notes.extend(ended(&file.end).map(|how| format!("{path}: {how}")));
    notes.extend(file.note.as_ref().map(|note| format!("{path}: {}", safe(note))));
    if let Some(dropped) = file.dropped.filter(|&dropped| dropped > 0) {
        notes.push(format!("{path}: the capturing program dropped {}", counted(dropped, "packet")));
    }
    if let Some((frame, comment)) = file.first_comments.first() {
        let verb = if file.frame_comments == 1 { "carries a comment" } else { "carry comments, the first" };
        let frames = counted(file.frame_comments, "frame");
        let comment = safe(comment);
        notes.push(format!("{path}: {frames} without a connection {verb}: frame {frame}, \"{comment}\" (inputs)"));
    }
    if file.cut_headers > 0 {
        notes.push(format!("{path}: the snap length cut the TCP header of {}", counted(file.cut_headers, "segment")));
    }
    if file.fragments.overlapping > 0 {
        let packets = counted(file.fragments.overlapping, "IP packet");
        notes.push(format!("{path}: {packets} in fragments that overlap: somebody may try to hide something"));
    }
    if file.time_went_back > 0 {
        let frames = counted(file.time_went_back, "frame");
        notes.push(format!("{path}: time steps back at {frames}; durations that would be negative are left empty"));
    }
    notes
}

/// What the rows themselves say of their worth.
fn of_rows(case: &Case) -> Vec<String> {
    let tally = &case.tally;
    let mut notes = Vec::new();
    if tally.ambiguous > 0 {
        let verb = if tally.ambiguous == 1 { "is" } else { "are" };
        let connections = counted(tally.ambiguous, "connection");
        notes.push(format!("{connections} {verb} ambiguous: another outcome fits the same packets (confidence)"));
    }
    for (caveat, meaning) in WEIGHTY {
        let bit = caveat.0.trailing_zeros() as usize;
        let (Some(&rows), Some(name)) = (tally.caveats.get(bit), Caveats::NAMES.get(bit)) else { continue };
        if rows > 0 {
            notes.push(format!("{} {meaning} ({name})", counted(rows, "connection")));
        }
    }
    notes
}

/// Frames that are no TCP, by what they are: the most frequent by name.
fn others<'a>(files: impl Iterator<Item = &'a InputFile>) -> Option<String> {
    let mut names: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, number) in files.flat_map(|file| &file.others) {
        *names.entry(name).or_default() += number;
    }
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|&(name, number)| (std::cmp::Reverse(number), name));
    let all: u64 = names.iter().map(|(_, number)| number).sum();
    let mut listed: Vec<_> =
        names.iter().take(NAMES).map(|(name, number)| format!("{name} {}", count(*number))).collect();
    let rest: u64 = names.iter().skip(NAMES).map(|(_, number)| number).sum();
    if rest > 0 {
        listed.push(format!("others {}", count(rest)));
    }
    (all > 0).then(|| format!("{} without TCP: {}", counted(all, "frame"), listed.join(", ")))
}
