//! `vmstat`: one row a sample; the first is the average since the start.

use super::lines::{Line, Lines};
use super::setting::Setting;
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "vmstat", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let next = lines.clone().nth(1).map_or("", |line| line.text);
    is_title(lines.text()) && heads(next).is_some() || heads(lines.text()).is_some()
}

fn is_title(text: &str) -> bool {
    text.starts_with("procs ") && text.contains("memory") || text.starts_with("procs -")
}

fn heads(text: &str) -> Option<Vec<&str>> {
    let heads: Vec<&str> = text.split_whitespace().collect();
    (heads.get(..3)? == ["r", "b", "swpd"]).then_some(heads)
}

fn parse<'a>(lines: &mut Lines<'a>, found: &mut Found) {
    lines.take_if(|line| is_title(line.text).then_some(()));
    let Some(heads) = lines.take_if(|line| heads(line.text)) else { return };
    let row = |line: Line<'a>| {
        let cells: Vec<&str> = line.text.split_whitespace().take(heads.len()).collect();
        let numbers = cells.iter().all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()));
        (cells.len() == heads.len() && numbers).then_some((cells, line.number))
    };
    while let Some((cells, line)) = lines.take_if(row) {
        let setting = |(head, cell): (&&str, &str)| Setting::new(format!("vmstat {head}"), cell, line);
        found.settings.extend(heads.iter().zip(cells).map(setting));
    }
}
