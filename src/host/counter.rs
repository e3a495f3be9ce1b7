//! One value of a counter, under the name that the kernel gives it: whatever tool printed it, the name is the same.

use std::borrow::Cow;

/// A counter or gauge as one snapshot shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// `TcpExtListenOverflows`; of what the kernel gives no such name to, the tool's own words.
    pub name: Cow<'static, str>,
    /// The interface, where there is one counter for each.
    pub scope: Option<Box<str>>,
    pub value: u64,
    /// What was added since the tool was called before, not the whole count.
    pub is_increase: bool,
    /// The words of the tool, with `#` for the number, where they are not the name.
    pub text: Option<Box<str>>,
    pub line: u32,
}

impl Counter {
    /// Of the whole host, printed under its own name.
    pub fn new(name: impl Into<Cow<'static, str>>, value: u64, line: u32) -> Self {
        Self { name: name.into(), scope: None, value, is_increase: false, text: None, line }
    }

    /// Printed as a sentence.
    #[must_use]
    pub fn worded(mut self, text: &str) -> Self {
        self.text = Some(text.into());
        self
    }

    pub fn nature(&self) -> Nature {
        match self.is_increase {
            true => Nature::Increase,
            false if is_level(&self.name) => Nature::Level,
            false => Nature::Total,
        }
    }

    /// Of one interface.
    #[must_use]
    pub fn of(mut self, scope: &str) -> Self {
        self.scope = Some(scope.into());
        self
    }
}

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Events since the start of the host, or of its namespace: it only grows.
    Total,
    /// A level that rises and falls, or a fixed setting: it has no rate, and a lower value is no restart.
    Level,
    /// Events since the tool was called before.
    Increase,
}

/// Whether this name tells a level or a setting and no count of events.
pub fn is_level(name: &str) -> bool {
    const LEVELS: [&str; 10] = [
        "IpForwarding",
        "IpDefaultTTL",
        "TcpRtoAlgorithm",
        "TcpRtoMin",
        "TcpRtoMax",
        "TcpMaxConn",
        "TcpCurrEstab",
        "Tcp6CurrEstab",
        "MPTcpExtMPCurrEstab",
        "nf_conntrack_count",
    ];
    LEVELS.contains(&name) || name.starts_with("sockstat.") || name.starts_with("ss.")
}

/// The first number of a line and the line with `#` in its place. Digits of a word (`Icmp6`, `InType3`) are no number,
/// those within letters of a script without spaces are. Full stops and blanks at the end go: versions differ in them.
///
/// # Errors
/// In words, when the number is negative (printed by a tool that took 32 bits for all) or beyond 64 bits.
pub fn worded(line: &str) -> Option<(String, Result<u64, &'static str>)> {
    let line = line.trim().trim_end_matches('.').trim_end();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let end = at + digits;
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let touches = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !touches(before) && !touches(bytes.get(end)) {
            let (head, tail) = (line.get(..at)?, line.get(end..)?);
            let (head, value) = match head.strip_suffix('-') {
                Some(head) if head.is_empty() || head.ends_with(' ') => (head, Err("a negative count")),
                _ => (head, line.get(at..end)?.parse().map_err(|_| "a count beyond 64 bits")),
            };
            return Some((format!("{head}#{tail}"), value));
        }
        at = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_number_is_found_in_every_script() {
        let read = |line| worded(line).map(|(text, value)| (text, value.ok()));
        assert_eq!(read("    14 times the listen queue"), Some(("# times the listen queue".into(), Some(14))));
        assert_eq!(read("InType3: 107"), Some(("InType3: #".into(), Some(107))));
        assert_eq!(read("TCP ran low on memory 3 times."), Some(("TCP ran low on memory # times".into(), Some(3))));
        assert_eq!(read("キューが16回オーバフロー"), Some(("キューが#回オーバフロー".into(), Some(16))));
        assert_eq!(read("InOctets: -5"), Some(("InOctets: #".into(), None)));
        assert_eq!(read("three hundred packets of Icmp6"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_not(line: String) {
            let _ = worded(&line);
        }
    }
}
