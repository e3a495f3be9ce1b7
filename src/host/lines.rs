//! The lines of a text, with their numbers, one at a time: a huge log costs no table of lines.

use super::Stamp;
use memchr::{memchr, memmem};

/// One line of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u32,
    /// Without the line's end, and in a quoted text without its `> `.
    pub text: &'a str,
}

/// The lines that are still to be read. A copy looks ahead without taking anything.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a str,
    number: u32,
    is_quoted: bool,
    /// The command line at the prompt before, where the text is a transcript.
    pub command: Option<&'a str>,
    /// The time said last before the next line, or by the file.
    pub time: Option<Stamp>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, number: 1, is_quoted: is_quoted(text), command: None, time: None }
    }

    /// Number of the next line.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The next line, which stays.
    pub fn peek(&self) -> Option<Line<'a>> {
        self.clone().next()
    }

    /// Text of the next line, which stays; empty at the end.
    pub fn text(&self) -> &'a str {
        self.peek().map_or("", |line| line.text)
    }

    /// Everything that is left, for formats that have no lines.
    pub fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes as many lines as the next bytes touch.
    pub fn skip_bytes(&mut self, bytes: usize) {
        let left = self.rest.len().saturating_sub(bytes);
        while self.rest.len() > left && self.next().is_some() {}
    }

    /// Takes the blank lines that come next.
    pub fn skip_blank(&mut self) {
        while self.take_blank() {}
    }

    /// Takes one line if it is blank.
    pub fn take_blank(&mut self) -> bool {
        self.take_if(|line| line.text.trim().is_empty().then_some(())).is_some()
    }

    /// Takes the blank lines that come next if what stands below them is wanted.
    pub fn skip_blank_before(&mut self, is_wanted: impl FnOnce(&Self) -> bool) {
        let mut below = self.clone();
        below.skip_blank();
        if is_wanted(&below) {
            *self = below;
        }
    }

    /// Takes line after line, as long as something can be made of them.
    pub fn taking<T>(&mut self, mut make: impl FnMut(Line<'a>) -> Option<T>) -> impl Iterator<Item = T> {
        std::iter::from_fn(move || self.take_if(&mut make))
    }

    /// Takes the next line if something can be made of it.
    pub fn take_if<T>(&mut self, make: impl FnOnce(Line<'a>) -> Option<T>) -> Option<T> {
        let mut after = self.clone();
        let made = after.next().and_then(make);
        if made.is_some() {
            *self = after;
        }
        made
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (text, rest) = match memchr(b'\n', self.rest.as_bytes()) {
            Some(end) => (self.rest.get(..end)?, self.rest.get(end + 1..)?),
            None => (self.rest, ""),
        };
        let line = Line { number: self.number, text: plain(text, self.is_quoted) };
        self.rest = rest;
        // A text of more lines than that keeps the last number rather than a wrong one.
        self.number = self.number.saturating_add(1);
        Some(line)
    }
}

fn plain(text: &str, is_quoted: bool) -> &str {
    let text = text.trim_end_matches('\r');
    if is_quoted { unquoted(text).unwrap_or(text) } else { text }
}

/// What a mail quotes in this line; of a blank line the mark may stand alone.
fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix("> ").or_else(|| text.strip_prefix('>').filter(|rest| rest.is_empty()))
}

/// Bytes within which a text of which most lines are quoted has a quoted one.
const HEAD: usize = 1 << 16;

/// Whether more than half of the lines are quoted. A few that begin so are rows of their own: `Select-String` and `diff`
/// mark them.
fn is_quoted(text: &str) -> bool {
    // A quoted text shows it soon; a huge log is not searched to its end for it.
    let head = text.as_bytes().get(..HEAD).unwrap_or(text.as_bytes());
    if !text.starts_with('>') && memmem::find(head, b"\n>").is_none() {
        return false;
    }
    let filled = || text.lines().filter(|line| !line.trim().is_empty());
    filled().filter(|line| unquoted(line).is_some()).count() * 2 > filled().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(u32, &str)> {
        Lines::new(text).map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn ends_of_every_system_are_cut_off() {
        assert_eq!(texts("a\r\nb\n\nc\r\r\nd"), [(1, "a"), (2, "b"), (3, ""), (4, "c"), (5, "d")]);
        assert_eq!(texts(""), []);
        assert_eq!(texts("\n"), [(1, "")]);
    }

    #[test]
    fn a_mark_is_a_quote_only_where_most_lines_have_it() {
        assert_eq!(texts("See:\n\n> a\n>\n> b\n"), [(1, "See:"), (2, ""), (3, "a"), (4, ""), (5, "b")]);
        assert_eq!(texts("> a\n  b\n"), [(1, "> a"), (2, "  b")]);
        assert_eq!(texts("> "), [(1, "")]);
    }

    #[test]
    fn a_line_is_taken_only_if_it_is_wanted() {
        let mut lines = Lines::new("1\nx\n");
        let number = |line: Line<'_>| line.text.parse::<u8>().ok();
        assert_eq!(lines.take_if(number), Some(1));
        assert_eq!(lines.take_if(number), None);
        assert_eq!(lines.peek(), Some(Line { number: 2, text: "x" }));
    }
}
