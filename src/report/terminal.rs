//! Lines for a terminal: never wider than it is, coloured if wanted, and safe, whatever stood in the input.

use crate::tcp::Verdict;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns. Fewer than 40 are taken for 40.
    pub width: usize,
    pub colour: bool,
    /// Block characters and the ellipsis may be printed.
    pub unicode: bool,
}

impl Style {
    pub fn columns(self) -> usize {
        self.width.max(40)
    }

    /// What stands for text that was left out.
    pub fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { ".." }
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
}

impl Paint {
    /// The colour of a verdict, wherever it stands.
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Failed => Self::Red,
            Verdict::Reset | Verdict::Unfinished => Self::Yellow,
            Verdict::Ok => Self::Green,
            Verdict::Noise => Self::Dim,
        }
    }

    /// Select Graphic Rendition (ECMA-48 8.3.117).
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Red => Some("1;31"),
            Self::Yellow => Some("33"),
            Self::Green => Some("32"),
        }
    }
}

/// Text without anything that moves the cursor, changes colours or direction, or hides: such characters are spelled out.
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        let spelled = |c: char| if is_unsafe(c) { c.escape_unicode().collect() } else { String::from(c) };
        text.chars().map(spelled).collect()
    } else {
        text.into()
    }
}

/// Control and format characters (Unicode categories Cc, Cf, Zl, Zp as far as terminals heed them).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Columns that a safe text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a text, in at most `most` columns.
pub fn cut_end(text: &str, most: usize, style: Style) -> String {
    match most.checked_sub(width(style.ellipsis())) {
        Some(room) if width(text) > most => format!("{}{}", head(text, room), style.ellipsis()),
        Some(_) => text.to_owned(),
        None => head(text, most).to_owned(),
    }
}

/// Beginning and end of a text, in at most `most` columns: of a path, both tell most.
pub fn cut_middle(text: &str, most: usize, style: Style) -> String {
    match most.checked_sub(width(style.ellipsis())) {
        Some(room) if width(text) > most => {
            let front = head(text, room / 3);
            format!("{front}{}{}", style.ellipsis(), tail(text, room - width(front)))
        }
        Some(_) => text.to_owned(),
        None => head(text, most).to_owned(),
    }
}

fn head(text: &str, most: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > most
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

fn tail(text: &str, most: usize) -> &str {
    let mut used = 0;
    let start = text.char_indices().rev().take_while(|(_, c)| {
        used += c.width().unwrap_or(0);
        used <= most
    });
    &text[start.last().map_or(text.len(), |(at, _)| at)..]
}

/// A line made of painted pieces.
#[derive(Clone, Debug, Default)]
pub struct Line(Vec<(Paint, String)>);

impl Line {
    pub fn of(paint: Paint, text: &str) -> Self {
        Self::default().with(paint, text)
    }

    /// The line with one more piece, made safe.
    #[must_use]
    pub fn with(mut self, paint: Paint, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push((paint, safe(text).into_owned()));
        }
        self
    }

    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The line as one piece in this paint.
    #[must_use]
    pub fn painted(self, paint: Paint) -> Self {
        Self(vec![(paint, self.0.into_iter().map(|(_, text)| text).collect())])
    }

    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }

    /// Appends the line, cut to the terminal's width, and a line feed.
    pub fn print(&self, out: &mut String, style: Style) {
        let most = style.columns();
        let mut left = if self.width() <= most { most } else { most - width(style.ellipsis()) };
        for (paint, text) in &self.0 {
            let shown = head(text, left);
            left -= width(shown);
            match paint.code().filter(|_| style.colour && !shown.is_empty()) {
                Some(code) => out.extend(["\u{1b}[", code, "m", shown, "\u{1b}[0m"]),
                None => out.push_str(shown),
            }
            if shown.len() < text.len() {
                out.push_str(style.ellipsis());
                break;
            }
        }
        // Blanks at the end of a line are seen only where somebody copies it.
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// Pieces one after another, each kept whole, on as many lines as they need.
pub fn flow(pieces: Vec<Line>, indent: usize, style: Style) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + piece.width() <= style.columns() => {
                let joined = std::mem::take(line).with(Paint::Plain, " ").then(piece);
                *line = joined;
            }
            Some(_) => lines.push(Line::of(Paint::Plain, &" ".repeat(indent)).then(piece)),
            None => lines.push(piece),
        }
    }
    lines
}

/// Words of a text on as many lines as they need, all but the first indented by `indent`. Words longer than a line are cut
/// in their middle.
pub fn wrap(text: &str, indent: usize, style: Style) -> Vec<Line> {
    let text = safe(text);
    let lead = text.len() - text.trim_start().len();
    let most = style.columns().saturating_sub(indent.max(lead) + 1);
    let words = whole_numbers(&text);
    let mut words = words.iter().map(|word| Line::of(Paint::Plain, &cut_middle(word, most, style)));
    let first = words.next().unwrap_or_default();
    let first = Line::of(Paint::Plain, &" ".repeat(lead)).then(first);
    flow(std::iter::once(first).chain(words).collect(), indent, style)
}

/// The words of a text; groups of three digits stay with the number that they belong to.
fn whole_numbers(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        match words.last_mut() {
            Some(number) if digits == 3 && number.ends_with(|c: char| c.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// A column of a [`grid`].
#[derive(Clone, Copy, Debug)]
pub struct Track {
    pub right: bool,
    /// 0: always shown. Where the width does not suffice, the greatest number goes first.
    pub keep: u8,
    /// May be cut in the middle if the width still does not suffice.
    pub cut: bool,
}

impl Track {
    pub const LEFT: Self = Self { right: false, keep: 0, cut: false };
    pub const RIGHT: Self = Self { right: true, keep: 0, cut: false };
    pub const CUT: Self = Self { right: false, keep: 0, cut: true };

    #[must_use]
    pub const fn or_drop(self, keep: u8) -> Self {
        Self { keep, ..self }
    }
}

/// Blanks between two columns of a grid.
const GAP: usize = 2;

/// Rows of cells, aligned, as far as they fit.
pub fn grid(rows: Vec<Vec<(Paint, String)>>, tracks: &[Track], style: Style) -> Vec<Line> {
    let rows: Vec<Vec<_>> = rows
        .into_iter()
        .map(|row| row.into_iter().map(|(paint, text)| (paint, safe(&text).into_owned())).collect())
        .collect();
    let mut widths = vec![0; tracks.len()];
    for row in &rows {
        for (widest, (_, text)) in widths.iter_mut().zip(row) {
            *widest = width(text).max(*widest);
        }
    }
    let shown = fit(tracks, &mut widths, style);
    rows.iter().map(|row| aligned(row, tracks, &widths, &shown, style)).collect()
}

/// Numbers of the columns to show; narrows those that may be cut.
fn fit(tracks: &[Track], widths: &mut [usize], style: Style) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..tracks.len()).collect();
    let total = |shown: &[usize], widths: &[usize]| {
        shown.iter().map(|&at| widths[at]).sum::<usize>() + GAP * shown.len().saturating_sub(1)
    };
    while total(&shown, widths) > style.columns() {
        let Some(at) = shown.iter().copied().filter(|&at| tracks[at].keep > 0).max_by_key(|&at| tracks[at].keep) else {
            break;
        };
        shown.retain(|&other| other != at);
    }
    for &at in shown.iter().filter(|&&at| tracks[at].cut) {
        let over = total(&shown, widths).saturating_sub(style.columns());
        widths[at] = widths[at].saturating_sub(over).max(widths[at].min(12));
    }
    shown
}

fn aligned(row: &[(Paint, String)], tracks: &[Track], widths: &[usize], shown: &[usize], style: Style) -> Line {
    let mut line = Line::default();
    for (place, &at) in shown.iter().enumerate() {
        let (paint, text) = row.get(at).map_or((Paint::Plain, ""), |(paint, text)| (*paint, text));
        let text = cut_middle(text, widths[at], style);
        let fill = " ".repeat(widths[at] - width(&text).min(widths[at]));
        let gap = if place == 0 { "" } else { "  " };
        line = line.with(Paint::Plain, gap);
        let blanks = Line::of(Paint::Plain, &fill);
        let cell = Line::of(paint, &text);
        line = if tracks[at].right { line.then(blanks).then(cell) } else { line.then(cell).then(blanks) };
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STYLE: Style = Style { width: 40, colour: false, unicode: true };

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal_nor_holds_a_control_character(
            pieces in prop::collection::vec("(?s).{0,30}", 0..6), colour: bool, unicode: bool, columns in 40usize..90,
        ) {
            let style = Style { width: columns, colour: false, unicode };
            let lines = [
                pieces.iter().fold(Line::default(), |line, piece| line.with(Paint::Red, piece)),
                grid(vec![pieces.iter().map(|piece| (Paint::Bold, piece.clone())).collect()], &[Track::CUT; 6], style).remove(0),
            ];
            let wrapped = wrap(&pieces.concat(), 4, style);
            let flowed = flow(pieces.iter().map(|piece| Line::of(Paint::Plain, piece)).collect(), 4, style);
            for line in lines.iter().chain(&wrapped).chain(&flowed) {
                let mut out = String::new();
                line.print(&mut out, style);
                prop_assert!(width(out.trim_end_matches('\n')) <= columns, "{out:?}");
                prop_assert!(!out.trim_end_matches('\n').chars().any(is_unsafe), "{out:?}");
                let mut painted = String::new();
                line.print(&mut painted, Style { colour, ..style });
                prop_assert!(colour || painted == out);
            }
        }

        #[test]
        fn a_cut_text_has_its_beginning_and_its_end(text in "[a-zä漢]{1,60}", most in 6usize..40) {
            let cut = cut_middle(&text, most, STYLE);
            prop_assert!(width(&cut) <= most);
            prop_assert!(cut == text || cut.contains('…'));
            let cut = cut_end(&text, most, STYLE);
            prop_assert!(width(&cut) <= most);
            prop_assert!(cut == text || text.starts_with(cut.strip_suffix('…').unwrap()));
        }
    }

    #[test]
    fn what_would_act_on_the_terminal_is_spelled_out() {
        assert_eq!(safe("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\u{a}c");
        assert_eq!(safe("exe\u{202e}gpj"), "exe\\u{202e}gpj");
        assert_eq!(safe("Zürich/漢"), "Zürich/漢");
    }

    #[test]
    fn a_number_is_never_broken_between_its_groups() {
        let lines = wrap("  damaged at byte number so and so many, 4 294 967 295: no", 4, STYLE);
        let mut out = String::new();
        lines.iter().for_each(|line| line.print(&mut out, STYLE));
        assert_eq!(out, "  damaged at byte number so and so many,\n    4 294 967 295: no\n");
    }

    #[test]
    fn columns_go_by_their_rank_when_the_terminal_is_narrow() {
        let row =
            vec![vec![(Paint::Plain, "a".repeat(20)), (Paint::Plain, "b".repeat(15)), (Paint::Plain, "c".repeat(10))]];
        let tracks = [Track::LEFT, Track::RIGHT.or_drop(1), Track::LEFT.or_drop(2)];
        let mut out = String::new();
        grid(row, &tracks, STYLE)[0].print(&mut out, STYLE);
        assert_eq!(out, format!("{}  {}\n", "a".repeat(20), "b".repeat(15)));
    }
}
