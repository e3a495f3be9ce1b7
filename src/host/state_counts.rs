//! How many sockets are in which state: what `awk '{++S[$NF]} END ...'` and `sort | uniq -c` make of `netstat` or `ss`, and
//! `group State` of Get-NetTCPConnection.

use super::table::{self, Verdict};
use super::{Format, Found, Line, Lines, SocketState, netstat, netstat_windows};

pub(super) const FORMAT: Format = Format { name: "state-counts", sniff, parse };

/// Sockets in one state, counted by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCount {
    /// Line of the dump, counted from 1.
    pub line: u32,
    pub state: SocketState,
    pub count: u64,
}

fn sniff(lines: &Lines<'_>) -> bool {
    pair(lines.text()).is_some_and(|(word, _)| state(word).is_some()) || is_grouped(lines)
}

/// The header of PowerShell's groups, with a state below it: `Count Name`, `----- ----`, `   12 Established`.
fn is_grouped(lines: &Lines<'_>) -> bool {
    let mut ahead = lines.clone().map(|line| line.text.trim());
    let is_head = ahead.next().is_some_and(|head| head.starts_with("Count Name"));
    let is_line = ahead.next().is_some_and(|line| line.starts_with("-----"));
    is_head && is_line && ahead.next().is_some_and(|row| grouped(row).is_some())
}

/// A count, a state, and with it the group's members.
fn grouped(row: &str) -> Option<(SocketState, u64)> {
    let mut cells = row.split_whitespace();
    let (count, word) = (cells.next()?.parse().ok()?, cells.next()?);
    Some((SocketState::read(word)?, count))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    if is_grouped(lines) {
        lines.next();
        lines.next();
        let counted =
            |line: Line<'_>| grouped(line.text).map(|(state, count)| StateCount { line: line.number, state, count });
        while let Some(counted) = lines.take_if(counted) {
            found.state_counts.push(counted);
        }
        return;
    }
    let take = |line: Line<'_>, found: &mut Found| {
        let Some((word, count)) = pair(line.text) else { return Verdict::Strange };
        match state(word) {
            // The same state again is of the next call.
            Some(state) if found.state_counts.iter().any(|counted| counted.state == state) => return Verdict::End,
            Some(state) => found.state_counts.push(StateCount { line: line.number, state, count }),
            // The last words of header lines are counted too: `established)`, `State`.
            None => found.other_rows += 1,
        }
        Verdict::Taken
    };
    table::read(lines, found, take);
}

/// A word and a number in any order, with a mark between them or not.
fn pair(text: &str) -> Option<(&str, u64)> {
    let is_mark = |letter: char| letter.is_whitespace() || matches!(letter, ':' | '=' | ',');
    let mut words = text.split(is_mark).filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?;
    match (number(first), number(second)) {
        (Some(count), None) => Some((second, count)),
        (None, Some(count)) => Some((first, count)),
        _ => None,
    }
}

/// Only words that mean nothing else, in any language that netstat prints states in: in capitals, and no IDLE or BOUND.
fn state(word: &str) -> Option<SocketState> {
    let is_plain = word.len() > 5 && word.bytes().all(|byte| !byte.is_ascii_lowercase());
    let english = SocketState::read(word).filter(|_| is_plain || word == "ESTAB" || word == "CLOSE");
    english.or_else(|| netstat::translated(word)).or_else(|| netstat_windows::translated(word))
}

#[cfg(test)]
mod tests {
    use crate::host::{Hints, read};

    fn counts(text: &str) -> Vec<(&'static str, u64)> {
        let document = read(text.as_bytes(), &Hints::default());
        let counts = document.blocks.iter().flat_map(|block| &block.found.state_counts);
        counts.map(|counted| (counted.state.name(), counted.count)).collect()
    }

    #[test]
    fn counts_are_read_as_awk_and_uniq_print_them() {
        assert_eq!(
            counts("TIME_WAIT 814\nESTABLISHED 12\nestablished) 1\nState 1\n"),
            [("TIME_WAIT", 814), ("ESTABLISHED", 12)]
        );
        assert_eq!(counts("    814 TIME-WAIT\n     12 ESTAB\n"), [("TIME_WAIT", 814), ("ESTABLISHED", 12)]);
        assert_eq!(counts("CLOSE_WAIT: 3\nFIN_WAIT2=4\n"), [("CLOSE_WAIT", 3), ("FIN_WAIT2", 4)]);
        assert_eq!(counts("VERBUNDEN 3\n  4 ABHÖREN\nOUÇA 5\n"), [("ESTABLISHED", 3), ("LISTEN", 4), ("LISTEN", 5)]);
        let grouped = "Count Name                      Group\n----- ----                      -----\n   12 Established               {MSFT_NetTCPConnection (InstanceID = \"a\")...}\n    7 TimeWait\n";
        assert_eq!(counts(grouped), [("ESTABLISHED", 12), ("TIME_WAIT", 7)]);
        assert_eq!(counts("Count Name\n----- ----\n   12 explorer\n"), []);
        assert_eq!(counts("IDLE 3\nidle 4\nclosing 5\nLISTEN\n17\n"), []);
        assert_eq!(
            counts("{\"counts\": {\n  \"ESTABLISHED\": 3,\n  \"TIME_WAIT\": 4\n}}\n"),
            [],
            "members of an object"
        );
    }

    #[test]
    fn a_state_counted_again_begins_a_new_block() {
        let document = read(b"TIME_WAIT 8\nTIME_WAIT 9\n", &Hints::default());
        assert_eq!(document.blocks.len(), 2);
    }
}
