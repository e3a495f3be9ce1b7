//! One rung of the ladder: frame, time, client's state, arrow, server's state, why; laid out for the terminal's width.

use super::super::terminal::{Line, Paint, Style, cut_end, width};
use super::{STATE, words};
use crate::tcp::step::{Note, Step, StepPacket, Weight};
use crate::tcp::{SegmentKind, Side, State};

/// Why needs so many columns beside the arrow; with less, it goes below.
const WHY: usize = 24;
/// Columns that an arrow never gets more of, and may be content with.
const ARROW: (usize, usize) = (27, 46);

/// Columns of the ladder.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    frame: usize,
    time: usize,
    arrow: usize,
    /// Of the last column; `None` where why stands below the arrow.
    why: Option<usize>,
    style: Option<Style>,
}

/// One line's cells.
pub(super) struct Rung {
    pub frame: String,
    pub time: String,
    pub states: [Option<State>; 2],
    /// Which of them are printed.
    pub shown: [bool; 2],
    /// Text of the arrow, and what it is drawn with.
    pub arrow: String,
    pub fill: char,
    /// Who sends; no head without.
    pub point: Option<Side>,
    pub why: String,
    pub paint: Paint,
}

impl Layout {
    pub fn new(frame: usize, time: usize, style: Style) -> Self {
        let (frame, time) = (frame.max("frame".len()), time.max(8));
        let states = frame + 1 + time + 2 + STATE + 1 + 1 + STATE;
        let rest = style.columns().saturating_sub(states);
        let (least, most) = ARROW;
        let (arrow, why) = match rest.checked_sub(2 + WHY).filter(|&arrow| arrow >= least) {
            Some(arrow) => (arrow.min(most), Some(rest - 2 - arrow.min(most))),
            None => (rest.clamp(12, most), None),
        };
        Self { frame, time, arrow, why, style: Some(style) }
    }

    /// Columns before the client's state.
    pub fn left(&self) -> usize {
        self.frame + 1 + self.time
    }

    /// Columns for the text of an arrow.
    pub fn inner(&self) -> usize {
        self.arrow.saturating_sub("--  ->".len())
    }

    pub fn titles(&self) -> Line {
        let (frame, time, arrow) = (self.frame, self.time, self.arrow);
        let why = if self.why.is_some() { "  why" } else { "" };
        let text = format!(
            "{:>frame$} {:>time$}  {:<STATE$} {:<arrow$} {:<STATE$}{why}",
            "frame", "+s", "client", "", "server"
        );
        Line::of(Paint::Dim, text.trim_end())
    }

    /// The rung, and lines below it for what does not fit beside.
    pub fn lines(&self, rung: &Rung) -> Vec<Line> {
        let (frame, time) = (self.frame, self.time);
        let mut line = Line::of(Paint::Plain, &format!("{:>frame$} {:>time$}  ", rung.frame, rung.time));
        let cell = |side: usize| {
            let name = rung.states[side].filter(|_| rung.shown[side]).map_or("", State::name);
            Line::of(Paint::Bold, name).with(Paint::Plain, &" ".repeat(STATE - name.len().min(STATE)))
        };
        let why_paint = if rung.paint == Paint::Plain { Paint::Dim } else { rung.paint };
        line = line.then(cell(0)).with(Paint::Plain, " ");
        line = line.with(rung.paint, &self.arrow(rung)).with(Paint::Plain, " ").then(cell(1));
        let indent = self.left() + 2 + STATE + 1;
        match self.why {
            Some(room) => {
                let mut texts = broken(&rung.why, room).into_iter();
                let first = texts.next().unwrap_or_default();
                let below = indent + self.arrow + 1 + STATE + 2;
                let rest = texts.map(|text| Line::of(Paint::Plain, &" ".repeat(below)).with(why_paint, &text));
                std::iter::once(line.with(Paint::Plain, "  ").with(why_paint, &first)).chain(rest).collect()
            }
            None => {
                let room = self.style.map_or(80, Style::columns).saturating_sub(indent + 3).max(8);
                let texts = broken(&rung.why, room).into_iter().filter(|text| !text.is_empty());
                let rest = texts.map(|text| Line::of(Paint::Plain, &" ".repeat(indent + 3)).with(why_paint, &text));
                std::iter::once(line).chain(rest).collect()
            }
        }
    }

    fn arrow(&self, rung: &Rung) -> String {
        let Some(style) = self.style else { return String::new() };
        let fill = |columns: usize| String::from(rung.fill).repeat(columns);
        let text = cut_end(&rung.arrow, self.inner(), style);
        let left = self.arrow.saturating_sub(width(&text));
        match rung.point {
            Some(Side::Client) => format!("{} {text} {}>", fill(2), fill(left.saturating_sub(5))),
            Some(Side::Server) => format!("<{} {text} {}", fill(2), fill(left.saturating_sub(5))),
            None => format!("{}{}", rung.arrow, fill(self.arrow.saturating_sub(width(&rung.arrow)))),
        }
    }
}

/// Words on lines of so many columns; a longer word stands alone.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= columns => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The rung of one packet.
pub(super) fn of_step(step: &Step, frame: u64, time: String, columns: usize) -> Rung {
    let (arrow, fill, point) = match &step.packet {
        StepPacket::Segment { .. } => (words::segment(step, columns), '-', step.side),
        StepPacket::Icmp(notice) => (words::notice(notice), '~', step.side.peer()),
    };
    Rung {
        frame: frame.to_string(),
        time,
        states: step.states,
        shown: step.moved,
        arrow,
        fill,
        point: Some(point),
        why: words::why(step),
        paint: paint(step),
    }
}

fn paint(step: &Step) -> Paint {
    let has = |test: fn(&Note) -> bool| step.notes.iter().any(test);
    let refused = has(|note| {
        matches!(
            note,
            Note::Refused
                | Note::Reset(_)
                | Note::Challenge
                | Note::ChallengesNext
                | Note::TakenBack(_)
                | Note::Icmp { rejects_syn: true }
        )
    });
    let duplicate = matches!(step.packet, StepPacket::Segment { kind: SegmentKind::Duplicate(_), .. });
    let orderly = has(|note| {
        matches!(
            note,
            Note::AnswersSyn(..)
                | Note::AcksSyn(..)
                | Note::Closes(_)
                | Note::FinReceived
                | Note::BothFinsAcknowledged
                | Note::FirstData
                | Note::Joined
                | Note::FastOpen
                | Note::WindowOpens(_)
                | Note::Silence(_)
        )
    });
    match step.weight() {
        _ if refused => Paint::Red,
        _ if duplicate => Paint::Dim,
        Weight::Plain => Paint::Plain,
        _ if orderly || step.notes.is_empty() => Paint::Plain,
        Weight::Notable | Weight::Turning => Paint::Yellow,
    }
}
