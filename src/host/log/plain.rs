//! Messages without a frame: what clients print to a terminal, and what programs write to a file without any time.

use super::context::{Message, Peers, Said};
use super::{family, read, scan, target};
use crate::host::{FORMATS, Found, Lines, stamp};

/// Where a line says something even without a frame.
pub fn begins(lines: &Lines<'_>) -> bool {
    let mut after = lines.clone();
    after.next().is_some_and(|line| said(line.text, lines.command, &after, &mut Peers::default()).is_some())
}

/// Takes the answer to one command, or as many lines as say something.
pub fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let command = lines.command;
    let program = command.and_then(target::program);
    let mut peers = Peers::default();
    loop {
        let mut after = lines.clone();
        let Some(line) = after.next() else { return };
        if read::begins(lines) {
            return;
        }
        match said(line.text, command, &after, &mut peers) {
            Some(said) => read::keep(read::row(line.number, said, program, None, line.text), found),
            None if goes_on(lines, line.text) => found.other_rows += 1,
            None => return,
        }
        *lines = after;
    }
}

fn said(text: &str, command: Option<&str>, ahead: &Lines<'_>, peers: &mut Peers) -> Option<Said> {
    if scan::families(text) == 0 || text.len() > LONGEST || is_prose(text) {
        return None;
    }
    family::read(&Message { text, program: None, pid: None, framed: false, command, ahead }, peers)
}

/// Longer lines are no messages.
const LONGEST: usize = 4096;

/// Lists, tables and headings of a document that speaks of messages, and programs that hold their words; only curl begins
/// its own with a star.
fn is_prose(text: &str) -> bool {
    let text = text.trim_start();
    let marked = ["- ", "| ", "# ", "## ", "> ", "// ", "/* ", "\""].iter().any(|mark| text.starts_with(mark));
    let starred = text.starts_with("* ")
        && !["* connect", "* Connect", "* Failed", "* Recv", "* OpenSSL"].iter().any(|word| text.starts_with(word));
    marked || starred || text.contains('`') || is_source(text)
}

/// How lines of programs begin.
const KEYWORDS: [&str; 20] = [
    "let ", "if ", "if(", "} ", "|| ", "&& ", "pub ", "const ", "static ", "return ", "raise ", "throw ", "case ",
    "fn ", "def ", "#define ", "#if", "elif ", "else ", "(\"",
];

/// A line of a program that only holds the words: no message ends like a statement or begins like one.
fn is_source(text: &str) -> bool {
    // Node.js prints an error's fields in braces behind it.
    let of_node = (text.ends_with(" {") || text.starts_with("} ")) && text.contains("Error: ");
    !of_node && is_statement(text)
}

fn is_statement(text: &str) -> bool {
    let ends = [";", "{", "\",", "),", "],", "\\"].iter().any(|end| text.trim_end().ends_with(end));
    // `has("Connection refused")`
    let called = text.split_once("(\"").is_some_and(|(name, _)| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | ':' | '!');
        !name.is_empty() && name.chars().all(plain)
    });
    ends || called || KEYWORDS.iter().any(|word| text.starts_with(word))
}

/// Details of the message before; of a command's answer, everything up to the next time, prompt or dump.
fn goes_on(lines: &Lines<'_>, text: &str) -> bool {
    if is_detail(text) {
        return true;
    }
    let others = || FORMATS.iter().any(|format| format.name != super::PLAIN.name && (format.sniff)(lines));
    lines.command.is_some() && !text.trim().is_empty() && !stamp::is_mark(text) && !others()
}

/// A line that only goes on from the one before: a stack's frame, what stands in an object's braces, what a debugger adds.
pub fn is_detail(text: &str) -> bool {
    let trimmed = text.trim_start();
    let indented = trimmed.len() < text.len();
    indented && (trimmed.starts_with("at ") || trimmed.starts_with("... ") || trimmed.starts_with("File \""))
        || text.starts_with("\tat ")
        || text.starts_with('}')
        || indented && (trimmed.starts_with('}') || trimmed.ends_with(['{', ',']) || trimmed.contains(": '"))
        || text.starts_with("Caused by: ")
        || text.starts_with("debug1: ")
}
