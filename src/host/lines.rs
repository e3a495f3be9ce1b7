//! The lines of a text, with their numbers, one at a time: a huge log costs no table of lines.

use super::Stamp;
use memchr::memchr;

/// One line of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u32,
    /// Without the line's end, and without the `> ` of a quoted text.
    pub text: &'a str,
}

/// The lines that are still to be read. A copy looks ahead without taking anything.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a str,
    number: u32,
    /// The command line at the prompt before, where the text is a transcript.
    pub command: Option<&'a str>,
    /// The time said last before the next line, or by the file.
    pub time: Option<Stamp>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, number: 1, command: None, time: None }
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
        let line = Line { number: self.number, text: plain(text) };
        self.rest = rest;
        // A text of more lines than that keeps the last number rather than a wrong one.
        self.number = self.number.saturating_add(1);
        Some(line)
    }
}

fn plain(text: &str) -> &str {
    let text = text.trim_end_matches('\r');
    text.strip_prefix("> ").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(u32, &str)> {
        Lines::new(text).map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn ends_of_every_system_and_quotes_are_cut_off() {
        assert_eq!(texts("a\r\nb\n\n> c\r\r\nd"), [(1, "a"), (2, "b"), (3, ""), (4, "c"), (5, "d")]);
        assert_eq!(texts(""), []);
        assert_eq!(texts("\n"), [(1, "")]);
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
