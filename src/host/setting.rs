//! A setting or a resource of a host as one snapshot shows it: a name, a value, and what it holds for.

use std::borrow::Cow;

/// `net.ipv4.tcp_fin_timeout` = `60`; `Max open files` of process 12010 = `1024`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The system's own name where it has one (sysctl, registry, /proc), else a short word: `route`, `fd_count`.
    pub name: Cow<'static, str>,
    /// The process, interface or user that it holds for; absent when it holds for the host.
    pub scope: Option<Box<str>>,
    /// As printed; runs of blanks are one blank.
    pub value: Box<str>,
    pub line: u32,
}

impl Setting {
    pub fn new(name: impl Into<Cow<'static, str>>, value: &str, line: u32) -> Self {
        Self { name: name.into(), scope: None, value: plain(value).into(), line }
    }

    /// Of one process, interface or user.
    #[must_use]
    pub fn of(mut self, scope: &str) -> Self {
        self.scope = (!scope.is_empty()).then(|| scope.into());
        self
    }
}

fn plain(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for word in value.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The cells of a row whose columns stand at least two blanks apart, so that a cell may hold single ones.
pub(super) fn wide_cells(text: &str) -> impl Iterator<Item = &str> {
    text.split("  ").map(str::trim).filter(|cell| !cell.is_empty())
}
