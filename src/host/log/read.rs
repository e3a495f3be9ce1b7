//! Reading a log: line after line, looking closely only at those that hold a word of a family.

use super::clock::Clock;
use super::context::{Message, Peers, Said};
use super::frame::{self, Framed};
use super::scan::{self, Scan};
use super::{LogLine, family, plain};
use crate::host::skim::{Shape, Skim};
use crate::host::{FORMATS, Found, Line, Lines, stamp};

/// A log begins where a line has a frame that no other text has, or where two lines in a row have some.
pub fn begins(lines: &Lines<'_>) -> bool {
    let Some((frame, framed)) = frame::of(lines.text()) else { return false };
    if frame.certain || scan::families(&framed.message) != 0 {
        return true;
    }
    let next = lines.clone().skip(1).find(|line| !line.text.trim().is_empty());
    next.is_some_and(|line| frame::of(line.text).is_some() || plain::is_detail(line.text))
}

pub fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    found.format = frame::of(lines.text()).map(|(frame, _)| frame.name);
    let mut log = Log::new(lines);
    let mut scan = Scan::new();
    loop {
        let mut after = lines.clone();
        let Some(line) = after.next() else { return };
        let hit = scan.hits(lines, &after);
        if !hit && log.passes(line.text) {
            // What goes on from it on the next line has its time and program.
            log.head = Some(line.text);
            found.other_rows += 1;
        } else if !hit && log.details.passes(line.text) {
            found.other_rows += 1;
        } else {
            if frame::of(line.text).is_some() && !stamp::is_mark(line.text) {
                for framed in frame::datagrams(line.text).filter_map(frame::of).map(|(_, framed)| framed) {
                    log.framed(line, &framed, hit, &after, found);
                }
            } else if goes_on(lines, line.text) {
                log.details.unknown(line.text);
                log.unframed(line, hit, &after, found);
            } else {
                return;
            }
        }
        *lines = after;
    }
}

/// Whether a line without a frame belongs to the line before: it tells no time or command, and no other format claims it.
fn goes_on(lines: &Lines<'_>, text: &str) -> bool {
    if plain::is_detail(text) || text.trim().is_empty() {
        return true;
    }
    let ours = [super::FRAMED.name, super::PLAIN.name];
    let mut others = FORMATS.iter().filter(|format| !ours.contains(&format.name));
    !stamp::is_mark(text) && !others.any(|format| (format.sniff)(lines))
}

/// What is known while a log is read.
struct Log<'a> {
    clock: Clock,
    peers: Peers,
    /// How its lines begin.
    shapes: Vec<Shape>,
    /// Lines without a frame.
    details: Skim,
    /// The last line with a frame, which lines without one go on from.
    head: Option<&'a str>,
    /// Times count from line to line: none may be passed over.
    counts: bool,
}

/// Logs of several programs in one file begin in some ways; more are looked at closely each time.
const SHAPES: usize = 8;

/// Shorter lines may be nothing but a time.
const LONGEST_MARK: usize = 48;

impl<'a> Log<'a> {
    fn new(lines: &Lines<'a>) -> Self {
        Self {
            clock: Clock::new(lines.time),
            peers: Peers::default(),
            shapes: Vec::new(),
            details: Skim::default(),
            head: None,
            counts: false,
        }
    }

    /// Whether a line without any word of a family may be passed over at a glance.
    fn passes(&self, text: &str) -> bool {
        let like_others = || Shape::of(text).is_some_and(|shape| self.shapes.contains(&shape));
        !self.counts && text.len() > LONGEST_MARK && like_others()
    }

    fn framed(&mut self, line: Line<'a>, framed: &Framed<'a>, hit: bool, ahead: &Lines<'a>, found: &mut Found) {
        self.counts |= matches!(framed.when, Some(super::When::Later(_)));
        self.head = Some(line.text);
        let shape = Shape::of(line.text).filter(|shape| self.shapes.len() < SHAPES && !self.shapes.contains(shape));
        self.shapes.extend(shape);
        if hit {
            message(line.number, framed, &mut self.clock, &mut self.peers, ahead, found);
        } else {
            framed.when.map(|when| self.clock.read(when));
            found.other_rows += 1;
        }
    }

    /// A line that goes on from the one before has its time, host and program.
    fn unframed(&mut self, line: Line<'a>, hit: bool, ahead: &Lines<'a>, found: &mut Found) {
        let head = self.head.filter(|_| hit).and_then(frame::of);
        let framed = head.map(|(_, head)| Framed { message: line.text.into(), ..head });
        match framed {
            Some(framed) => {
                let head = self.head;
                self.framed(line, &framed, hit, ahead, found);
                self.head = head;
            }
            None => found.other_rows += 1,
        }
    }
}

/// Keeps what a framed message says; if it says nothing, it is counted.
pub fn message(
    line: u32,
    framed: &Framed<'_>,
    clock: &mut Clock,
    peers: &mut Peers,
    ahead: &Lines<'_>,
    found: &mut Found,
) {
    let (time, uptime) = framed.when.map_or((None, None), |when| clock.read(when));
    let (program, pid) = (framed.program, framed.pid);
    let message = Message { text: &framed.message, program, pid, framed: true, command: None, ahead };
    let Some(said) = family::read(&message, peers) else {
        found.other_rows += 1;
        return;
    };
    let row = row(line, said, program, pid, &framed.message.replace(['\r', '\n', '\t'], " "));
    keep(LogLine { time, uptime, host: framed.host.map(Into::into), ..row }, found);
}

/// A row of what a line says; the message's own word of its program counts more than the frame's.
pub fn row(line: u32, said: Said, program: Option<&str>, pid: Option<u32>, message: &str) -> LogLine {
    let mut cut = message.len().min(LogLine::LONGEST);
    while !message.is_char_boundary(cut) {
        cut -= 1;
    }
    LogLine {
        line,
        time: None,
        uptime: None,
        host: None,
        program: said.program.or_else(|| program.map(Into::into)),
        pid: said.pid.or(pid),
        event: said.event,
        direction: said.direction,
        errno: said.errno,
        local: said.local.map(Box::new),
        remote: said.remote.map(Box::new),
        subject: said.subject,
        message: message.get(..cut).unwrap_or_default().trim().into(),
    }
}

/// Keeps a row; those beyond the bound are counted as odd.
pub fn keep(row: LogLine, found: &mut Found) {
    if found.log_lines.len() < LogLine::MOST {
        found.log_lines.push(row);
    } else {
        found.odd.add(row.line, "one line of many: the first 1048576 of a block are kept");
    }
}
