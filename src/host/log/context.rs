//! What a family sees of a line, and what it says of it.

use super::{Direction, Errno, Event};
use crate::host::{Lines, SocketAddress};
use std::collections::HashMap;

/// A line that holds a word of a family.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// Without the frame.
    pub text: &'a str,
    /// By the frame.
    pub program: Option<&'a str>,
    pub pid: Option<u32>,
    /// Whether a frame stood before it, or before the line that it goes on from. What has none must say more to be believed.
    pub framed: bool,
    /// The command at the prompt whose answer this is.
    pub command: Option<&'a str>,
    /// What follows.
    pub ahead: &'a Lines<'a>,
}

impl<'a> Message<'a> {
    /// Whether the frame names this program, or none.
    pub fn may_be_of(&self, programs: &[&str]) -> bool {
        self.program.is_none_or(|program| programs.contains(&program))
    }

    /// Whether the frame names this program.
    pub fn is_of(&self, programs: &[&str]) -> bool {
        self.program.is_some_and(|program| programs.contains(&program))
    }

    /// Whether words are what a program said, rather than part of a sentence about it: in a log, as the answer to a command,
    /// after a colon, or as all of the line up to its end.
    pub fn is_said(&self, words: &str) -> bool {
        self.framed || self.command.is_some() || {
            let (before, after) = self.text.split_once(words).unwrap_or((self.text, "."));
            let is_end = after.trim_end_matches('.').is_empty() || after.starts_with(": ") || after.starts_with(" (");
            before.ends_with(": ") || is_end && (before.is_empty() || before.contains(": "))
        }
    }

    /// The text after some words.
    pub fn after(&self, words: &str) -> Option<&'a str> {
        self.text.split_once(words).map(|(_, rest)| rest)
    }
}

/// What earlier lines told of the connection that a process serves; for programs that log ends once and then only the process.
#[derive(Default)]
pub struct Peers(HashMap<u32, SocketAddress>);

impl Peers {
    /// Processes that are kept in mind.
    const MOST: usize = 1 << 16;

    pub fn note(&mut self, pid: u32, peer: SocketAddress) {
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(pid, peer);
    }

    pub fn of(&self, pid: Option<u32>) -> Option<SocketAddress> {
        self.0.get(&pid?).cloned()
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub event: Event,
    pub direction: Option<Direction>,
    pub errno: Option<&'static Errno>,
    pub local: Option<SocketAddress>,
    pub remote: Option<SocketAddress>,
    pub subject: Option<Box<str>>,
    /// Where the message's form tells it better than the frame.
    pub program: Option<Box<str>>,
    pub pid: Option<u32>,
}

impl Said {
    pub const fn new(event: Event) -> Self {
        Self { event, direction: None, errno: None, local: None, remote: None, subject: None, program: None, pid: None }
    }

    /// With the event of an error, and the error.
    pub fn error(errno: &'static Errno) -> Self {
        Self { errno: Some(errno), ..Self::new(errno.event) }
    }

    #[must_use]
    pub fn by(self, program: &str) -> Self {
        Self { program: Some(program.into()), ..self }
    }

    #[must_use]
    pub fn toward(self, remote: Option<SocketAddress>) -> Self {
        Self { direction: Some(Direction::Out), remote, ..self }
    }

    #[must_use]
    pub fn from(self, remote: Option<SocketAddress>) -> Self {
        Self { direction: Some(Direction::In), remote, ..self }
    }

    #[must_use]
    pub fn at(self, local: Option<SocketAddress>) -> Self {
        Self { local, ..self }
    }

    #[must_use]
    pub fn about(self, subject: &str) -> Self {
        Self { subject: Some(subject.trim()).filter(|subject| !subject.is_empty()).map(Into::into), ..self }
    }

    #[must_use]
    pub fn process(self, pid: Option<u32>) -> Self {
        Self { pid, ..self }
    }
}

/// The error of a name.
pub fn error_named(name: &str) -> Option<Said> {
    super::errno::find(name).map(|(errno, ..)| Said::error(errno))
}

/// What a message says if nothing but an error's name is recognised: that error, else `otherwise`.
pub fn error_or(text: &str, otherwise: Event) -> Said {
    super::errno::find(text).map_or(Said::new(otherwise), |(errno, ..)| Said::error(errno))
}
