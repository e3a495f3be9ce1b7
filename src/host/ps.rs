//! `ps aux`, `ps -ef` and other tables with a head of process ids and commands, and the one that `top -b` prints.

use super::cells::Cells;
use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "ps", sniff, parse };

/// What is kept of a process, by the head of its column.
const KEPT: [(&str, &str); 14] = [
    ("USER", "process user"),
    ("UID", "process user"),
    ("%CPU", "process cpu_percent"),
    ("C", "process cpu_percent"),
    ("%MEM", "process memory_percent"),
    ("RSS", "process rss"),
    ("RES", "process rss"),
    ("STAT", "process state"),
    ("S", "process state"),
    ("START", "process started"),
    ("STIME", "process started"),
    ("STARTED", "process started"),
    ("TIME", "process cpu_time"),
    ("TIME+", "process cpu_time"),
];

fn sniff(lines: &Lines<'_>) -> bool {
    head(lines.text()).is_some()
}

/// The heads of the columns; the command is the last, because it may hold blanks.
pub(super) fn head(text: &str) -> Option<Vec<&str>> {
    let heads: Vec<&str> = text.split_whitespace().collect();
    let last = heads.last()?;
    let good = ["COMMAND", "CMD", "ARGS"].contains(last) && heads.contains(&"PID") && heads.len() > 2;
    // lsof has these words too, and more behind them.
    let known = |head: &&str| head.bytes().all(|byte| byte.is_ascii_uppercase() || b"%+_-:".contains(&byte));
    (good && heads.iter().all(known)).then_some(heads)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let Some(heads) = lines.take_if(|line| head(line.text)) else { return };
    processes(&heads, lines, found);
}

/// The rows below a head.
pub(super) fn processes<'a>(heads: &[&str], lines: &mut Lines<'a>, found: &mut Found) {
    let Some(pid_at) = heads.iter().position(|head| *head == "PID") else { return };
    let row = |line: Line<'a>| {
        let mut rest = Cells::new(line.text);
        let cells: Vec<&str> = rest.by_ref().take(heads.len().saturating_sub(1)).collect();
        let pid = *cells.get(pid_at)?;
        let good = pid.bytes().all(|byte| byte.is_ascii_digit()) && !rest.rest().is_empty();
        good.then_some((cells, pid, rest.rest(), line.number))
    };
    while let Some((cells, pid, command, line)) = lines.take_if(row) {
        found.settings.push(Setting::new("process command", command, line).of(pid));
        for (head, cell) in heads.iter().zip(cells) {
            if let Some((_, name)) = KEPT.iter().find(|(known, _)| known == head) {
                found.settings.push(Setting::new(*name, cell, line).of(pid));
            }
        }
    }
}
