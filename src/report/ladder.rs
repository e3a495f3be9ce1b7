//! The story of one connection as a ladder: who sent what, both states after it, and why they moved; then what is lacking
//! to its end, and where to look in Wireshark.
//!
//! [`story`] prints a connection whole, long runs of data and acknowledgements folded; [`Ladder`] prints it piece by
//! piece, for as many segments as there are.

mod folded;
mod head;
mod kernel;
mod logged;
mod rungs;
mod words;

pub use folded::{Fold, Folded};
pub(super) use words::why;

use super::human::count;
use super::terminal::{Line, Paint, Style};
use crate::case::{Facts, Judged, Stuck};
use crate::tcp::lack::{Lack, Whose, lacks};
use crate::tcp::step::{Recorder, Step};
use crate::tcp::{Outcome, Side, State};
use crate::time::{Span, Timestamp};
use rungs::{Layout, Rung};
use std::fmt::Write;

/// Columns of a state's name.
const STATE: usize = 12;
/// Files named with a filter of their own.
const FILES: usize = 4;

/// Prints one connection's story.
pub struct Ladder<'a> {
    row: &'a Judged,
    facts: &'a Facts,
    /// What the whole replay showed.
    seen: &'a Recorder,
    stuck_after: Span,
    style: Style,
    layout: Layout,
    /// The file of the last step.
    file: u32,
}

/// The whole story of a connection.
pub fn story(row: &Judged, facts: &Facts, folded: &Folded, seen: &Recorder, stuck_after: Span, style: Style) -> String {
    let mut ladder = Ladder::new(row, facts, seen, stuck_after, style);
    let mut out = ladder.head();
    for piece in folded.pieces() {
        match piece {
            Fold::Step(step) => ladder.step(&step, &mut out),
            Fold::Many(many) => ladder.many(&many, &mut out),
        }
    }
    ladder.end(&mut out);
    out
}

impl<'a> Ladder<'a> {
    /// `stuck_after`: how old a waiting state must be to be called stuck.
    pub fn new(row: &'a Judged, facts: &'a Facts, seen: &'a Recorder, stuck_after: Span, style: Style) -> Self {
        let last = row.summary.icmp.map_or(row.summary.last_frame, |icmp| row.summary.last_frame.max(icmp.frame));
        let frame = last.to_string().len();
        let mut ladder =
            Self { row, facts, seen, stuck_after, style, layout: Layout::default(), file: row.summary.file };
        let time = ladder.relative(ladder.ended()).len().max(ladder.relative(row.summary.last).len());
        ladder.layout = Layout::new(frame, time, style);
        ladder
    }

    /// What became of the connection, and the ladder's column heads.
    pub fn head(&self) -> String {
        let mut out = String::new();
        let lines = head::lines(self.row, self.facts, self.seen.evidence(), self.style);
        lines.iter().for_each(|line| line.print(&mut out, self.style));
        out.push('\n');
        self.layout.titles().print(&mut out, self.style);
        out
    }

    /// One packet.
    pub fn step(&mut self, step: &Step, out: &mut String) {
        if step.file != self.file {
            self.file = step.file;
            let text = format!("{}  in {}", " ".repeat(self.layout.left()), self.path(step.file));
            Line::of(Paint::Dim, &text).print(out, self.style);
        }
        let rung = rungs::of_step(step, self.frame(step), self.relative(step.time), self.layout.inner());
        self.print(&rung, out);
    }

    /// Many packets in one line.
    pub fn many(&self, many: &folded::Many, out: &mut String) {
        let text = format!("{}  ... {} ...", " ".repeat(self.layout.left()), many.words());
        Line::of(Paint::Dim, &text).print(out, self.style);
    }

    /// How it stood in the end, what is lacking, and where to look.
    pub fn end(&self, out: &mut String) {
        self.print(&self.last_rung(), out);
        let mut before = self.row.judgement.states;
        for lack in lacks(&self.row.summary, self.row.outcome, &self.row.judgement) {
            self.print(&self.lack(&lack, before), out);
            before = lack.states;
        }
        out.push('\n');
        self.filters().iter().for_each(|line| out.extend([line, "\n"]));
    }

    fn print(&self, rung: &Rung, out: &mut String) {
        self.layout.lines(rung).iter().for_each(|line| line.print(out, self.style));
    }

    /// When nobody watched the connection any more: the next one took the flow, or the capture ended or has a gap.
    fn ended(&self) -> Timestamp {
        let summary = &self.row.summary;
        let point = self.facts.points.get(summary.point as usize);
        let last = point.and_then(|point| point.watched_until(summary.last_file));
        summary.next.map(|next| next.time).or(last).unwrap_or(summary.last).max(summary.last)
    }

    /// Seconds since the connection's first frame, to the microsecond.
    fn relative(&self, time: Timestamp) -> String {
        let micros = time.since(self.row.summary.first).0 / 1000;
        let sign = if micros < 0 { "-" } else { "" };
        format!("{sign}{}.{:06}", micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000)
    }

    /// The frame's number in its file, as Wireshark shows it.
    fn frame(&self, step: &Step) -> u64 {
        let before = self.file_of(step.file).map_or(0, |file| file.frames_before);
        step.frame.saturating_sub(before)
    }

    fn file_of(&self, file: u32) -> Option<&crate::case::InputFile> {
        self.facts.points.get(self.row.summary.point as usize)?.files.get(file as usize)
    }

    fn path(&self, file: u32) -> &str {
        self.file_of(file).map_or("", |file| &file.path)
    }

    fn last_rung(&self) -> Rung {
        let (summary, ended) = (&self.row.summary, self.ended());
        let silence = ended.since(summary.last);
        let stuck = Stuck::of(self.row).filter(|stuck| stuck.age >= self.stuck_after);
        let over = self.row.outcome.verdict() == crate::tcp::Verdict::Ok
            && self.row.outcome != Outcome::Open
            && self.row.outcome != Outcome::HalfClosed;
        let what = if summary.reset.is_some() || over {
            "over"
        } else if silence.0 > 0 {
            "silence"
        } else {
            "end of the capture"
        };
        let (why, paint) = match stuck {
            Some(stuck) => (format!("stuck ({} > {})", seconds(stuck.age), seconds(self.stuck_after)), Paint::Yellow),
            None => (words::ending(self.row, silence), Paint::Plain),
        };
        Rung {
            frame: "end".to_owned(),
            time: self.relative(ended),
            states: self.row.judgement.states,
            shown: [true; 2],
            arrow: format!(".. {what} "),
            fill: '.',
            point: None,
            why,
            paint,
        }
    }

    fn lack(&self, lack: &Lack, before: [Option<State>; 2]) -> Rung {
        let base = |side: Side| self.seen.bases()[side as usize];
        let number = |number, side| words::number(number, base(side));
        let mut text = words::flags(lack.flags, true);
        if let Some(seq) = lack.seq.filter(|_| base(lack.sender).is_some()) {
            let _ = write!(text, " seq {}", number(seq, lack.sender));
        }
        if let Some(ack) = lack.ack.filter(|_| base(lack.sender.peer()).is_some()) {
            let _ = write!(text, " ack {}", number(ack, lack.sender.peer()));
        }
        let shown = [0, 1].map(|side| lack.states[side] != before[side]);
        let who = lack.sender.name();
        let why = match lack.whose {
            Whose::Close => format!("{who}'s close()"),
            Whose::Acknowledgement => format!("{who}'s ACK"),
            Whose::Answer => format!("{who}'s answer"),
            Whose::Accept => format!("{who}'s accept()"),
            Whose::Read => format!("{who}'s read(): opens the window"),
        };
        Rung {
            frame: "lacks".to_owned(),
            time: String::new(),
            states: lack.states,
            shown,
            arrow: text,
            fill: '-',
            point: Some(lack.sender),
            why,
            paint: Paint::Dim,
        }
    }

    /// A display filter for Wireshark, file by file. Never broken into lines: it is there to be copied.
    fn filters(&self) -> Vec<String> {
        let (row, summary) = (self.row, &self.row.summary);
        let last_frame = summary.icmp.map_or(summary.last_frame, |icmp| summary.last_frame.max(icmp.frame));
        let family = if row.client.ip().is_ipv4() { "ip" } else { "ipv6" };
        let ends = format!(
            "{family}.addr == {} && {family}.addr == {} && tcp.port == {} && tcp.port == {}",
            row.client.ip(),
            row.server.ip(),
            row.client.port,
            row.server.port
        );
        let mut lines = Vec::new();
        let files = self.facts.points.get(summary.point as usize).map_or(&[][..], |point| &point.files);
        let touched = files
            .iter()
            .filter(|file| file.frames_before < last_frame && file.frames_before + file.frames >= summary.first_frame);
        let touched: Vec<_> = touched.collect();
        for file in touched.iter().take(FILES) {
            let first = summary.first_frame.saturating_sub(file.frames_before).max(1);
            let last = (last_frame - file.frames_before).min(file.frames);
            lines.push(format!("Wireshark, {}:", super::terminal::safe(&file.path)));
            lines.push(format!("{ends} && frame.number >= {first} && frame.number <= {last}"));
        }
        if touched.len() > FILES {
            lines.push(format!("and {} more files", count((touched.len() - FILES) as u64)));
        }
        lines
    }
}

/// `581 s`, `0.4 s`
fn seconds(span: Span) -> String {
    let seconds = span.seconds();
    if seconds >= 10.0 || span.0 % 1_000_000_000 == 0 {
        format!("{} s", seconds.floor())
    } else {
        format!("{seconds:.1} s")
    }
}
