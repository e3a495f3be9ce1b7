//! The lines of a text put together to packets: without the marks of whoever quoted them, unfolded where a terminal or a
//! mail program folded them, and without the dumps of bytes between them. Lines that are none of a packet are told too.

use super::Headers;
use std::borrow::Cow;

/// A packet goes on for at most so many lines, folded ones included.
const LINES: usize = 12;
/// Nobody prints a packet in a line longer than this.
const LONGEST_LINE: usize = 8 << 10;

/// What people write where they leave lines out.
const LEFT_OUT: [&str; 8] = ["...", "…", "[...", "[…", "(...", "[snip", "<snip", "--snip"];

/// What stands in a text, in order.
pub(super) enum Record<'a> {
    /// A packet, in one line, and the number of the line that it begins in.
    Packet(Cow<'a, str>, usize),
    /// A line that belongs to no packet and that no capturing program prints around them, by its number.
    Other(usize),
}

/// How lines that were too long for somebody go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Between two words, as mail programs fold.
    AtBlanks,
    /// At the last column, as terminals do.
    AtColumn,
}

/// The lines of a text.
pub(super) struct Lines<'a> {
    text: &'a str,
    headers: &'a Headers,
    /// Whether packets begin behind quote marks.
    is_quoted: bool,
    /// What stands before the first packet of its line.
    pub margin: &'a str,
    /// Characters of the longest line: what was folded is as long as that, or would be with the word that follows.
    widest: usize,
    /// Whether some packet's line goes on without indentation.
    pub may_be_folded: bool,
}

#[derive(Clone, Copy)]
struct Line<'a> {
    /// Without quote marks and margin.
    text: &'a str,
    width: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A packet begins here.
    Begins,
    Blank,
    /// Bytes of a packet in hexadecimal.
    Dump,
    /// Printed by capturing programs, or a person's way of setting off what they printed.
    Around,
    /// Somebody left lines out here.
    LeftOut,
    Other,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str, headers: &'a Headers) -> Self {
        let first = whole(text).map(unquoted).find(|(line, _)| (headers.begins)(line.trim_start()));
        let (first, is_quoted) = first.unwrap_or_default();
        let unmeasured = Self { text, headers, is_quoted, margin: margin(first), widest: 0, may_be_folded: false };
        let (mut widest, mut may_be_folded, mut last) = (0, false, Kind::Blank);
        for line in unmeasured.lines() {
            may_be_folded |= last == Kind::Begins && line.kind == Kind::Other && indentation(line.text).is_empty();
            if line.kind != Kind::Dump {
                widest = line.width.max(widest);
            }
            last = line.kind;
        }
        Self { widest, may_be_folded, ..unmeasured }
    }

    fn lines(&self) -> impl Iterator<Item = Line<'a>> {
        let (headers, margin, is_quoted) = (self.headers, self.margin, self.is_quoted);
        // A folded line may go on with an arrow: what looks like a mark is one only where packets begin behind some.
        whole(self.text).map(move |line| if is_quoted { unquoted(line).0 } else { line }).map(move |unquoted| {
            let text = unquoted.strip_prefix(margin).unwrap_or_else(|| unquoted.trim_start());
            Line { text, width: unquoted.chars().count(), kind: kind(text, headers) }
        })
    }

    /// What stands in them, if they were folded like this. `is_whole` tells whether a packet can be read already.
    pub fn records(&self, fold: Fold, is_whole: &dyn Fn(&str) -> bool, mut take: impl FnMut(Record<'a>)) {
        let mut rest = self.lines().zip(1..).peekable();
        while let Some((first, number)) = rest.next() {
            match first.kind {
                Kind::Begins => {}
                Kind::Other | Kind::LeftOut => {
                    take(Record::Other(number));
                    continue;
                }
                Kind::Blank | Kind::Dump | Kind::Around => continue,
            }
            let mut record = Cow::Borrowed(first.text);
            let (mut last, mut joined, mut in_letters) = (first, 1, false);
            // The bytes of a packet as letters (`-A`) go on to the next packet.
            while let Some((next, place)) =
                rest.next_if(|(next, _)| next.kind != Kind::Begins && (in_letters || next.kind != Kind::Blank))
            {
                if next.kind == Kind::LeftOut && !in_letters {
                    take(Record::Other(place));
                }
                if next.kind != Kind::Other || in_letters {
                    continue;
                }
                in_letters = is_letters(next.text) && is_whole(&record);
                if in_letters {
                    continue;
                }
                let must_go_on = || fold == Fold::AtBlanks && !is_whole(&record);
                match self.joint(last, next, fold).or_else(|| must_go_on().then_some(" ")) {
                    Some(joint) if joined < LINES => {
                        record = format!("{record}{joint}{}", next.text.trim_start()).into();
                        (last, joined) = (next, joined + 1);
                    }
                    _ => take(Record::Other(place)),
                }
            }
            take(Record::Packet(record, number));
        }
    }

    /// What stood between two lines before they were folded; `None` if the second does not go on with the first.
    fn joint(&self, line: Line<'_>, next: Line<'_>, fold: Fold) -> Option<&'static str> {
        if !indentation(next.text).is_empty() {
            return Some(" "); // so the programs go on themselves
        }
        let word = next.text.split(' ').next().unwrap_or_default().chars().count();
        match fold {
            Fold::AtColumn if line.width == self.widest => Some(""),
            // The blank at the end of a line is lost.
            Fold::AtColumn => (line.width + 1 == self.widest).then_some(" "),
            // Some want room for the blank behind the word too.
            Fold::AtBlanks => (line.width + 1 + word >= self.widest).then_some(" "),
        }
    }
}

/// Packets that the capturing program says, at its end, that it dropped.
pub(super) fn dropped(text: &str) -> u64 {
    let count = |line| {
        let said = unquoted(line).0.trim().strip_suffix(" dropped by kernel")?;
        said.strip_suffix(" packets").or_else(|| said.strip_suffix(" packet"))?.parse().ok()
    };
    whole(text).filter_map(count).fold(0, u64::saturating_add)
}

/// The lines of a text, without those that nobody prints of a packet.
fn whole(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| if line.len() > LONGEST_LINE { "" } else { line.trim_end() })
}

/// A line without what mail programs and people quote with, and whether there was some.
fn unquoted(mut line: &str) -> (&str, bool) {
    let whole = line.len();
    while let Some(rest) = line.strip_prefix(['>', '|']) {
        line = rest.strip_prefix(' ').unwrap_or(rest);
    }
    (line, line.len() < whole)
}

/// What stands before a text's first packet, but for the blanks that make its number five characters wide.
fn margin(line: &str) -> &str {
    let (margin, line) = (indentation(line), line.trim_start());
    let behind = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let padding = if behind.starts_with("  ") { 5_usize.saturating_sub(line.len() - behind.len()) } else { 0 };
    margin.get(..margin.len().saturating_sub(padding)).unwrap_or_default()
}

fn indentation(line: &str) -> &str {
    line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
}

fn kind(text: &str, headers: &Headers) -> Kind {
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        Kind::Blank
    } else if (headers.begins)(text) {
        Kind::Begins
    } else if LEFT_OUT.iter().any(|mark| trimmed.starts_with(mark)) {
        Kind::LeftOut
    } else if is_dump(trimmed) {
        Kind::Dump
    } else if is_around(trimmed) {
        Kind::Around
    } else {
        Kind::Other
    }
}

/// How an IP packet begins with `-A`: version and length of its header as a letter.
fn is_letters(text: &str) -> bool {
    text.starts_with(['E', '`']) && !text.starts_with("E=")
}

/// `0x0010:  4500 003c ...`, and tshark's `0010  45 00 00 3c ...`
fn is_dump(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    length >= 4 && digits.get(length..).is_some_and(|rest| rest.starts_with([':', ' ']) && rest.get(1..2) == Some(" "))
}

/// What programs print before and behind packets, the command, and the marks of a block of code.
fn is_around(text: &str) -> bool {
    const STARTS: [&str; 13] = [
        "tcpdump: ",
        "listening on ",
        "reading from file ",
        "dropped privs to ",
        "Warning: interface names",
        "Capturing on ",
        "Running as user ",
        "** (",
        "No. ",
        "Frame ",
        "```",
        "{code",
        "{noformat",
    ];
    const ENDS: [&str; 7] = [
        "packets captured",
        "packet captured",
        "received by filter",
        "dropped by kernel",
        "dropped by interface",
        "use -v[v]... for full protocol decode",
        "^C",
    ];
    let is_command = ["tcpdump", "tshark"].iter().any(|program| {
        text.split_once(program).is_some_and(|(before, behind)| {
            behind.is_empty()
                || behind.starts_with(" -")
                || behind.starts_with(' ') && before.ends_with(['$', '#', ' '])
        })
    });
    is_command || STARTS.iter().any(|start| text.starts_with(start)) || ENDS.iter().any(|end| text.ends_with(end))
}
