//! `conntrack -S`, and `/proc/net/stat/nf_conntrack`: what each processor counted, summed up.

use super::counter::Counter;
use super::lines::{Line, Lines};
use super::{Format, Found};

pub const FORMAT: Format = Format { name: "conntrack-stats", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    row(lines.text()).is_some() || is_head(lines.text())
}

/// `cpu=0   found=0 invalid=1 insert=0 insert_failed=0 drop=0 early_drop=0 ...`
fn row(text: &str) -> Option<Vec<(&str, u64)>> {
    if !text.starts_with("cpu=") {
        return None;
    }
    let pairs = text.split_ascii_whitespace().map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name, value.parse().ok()?))
    });
    let pairs: Vec<_> = pairs.collect::<Option<_>>()?;
    ["found", "searched"].contains(&pairs.get(1)?.0).then_some(pairs)
}

/// `entries  clashres found new invalid ...` above a line of hexadecimal numbers for each processor.
fn is_head(text: &str) -> bool {
    text.starts_with("entries ") && text.contains(" found ") && text.contains(" early_drop ")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let first = lines.number();
    let mut sums: Vec<(Box<str>, u64)> = Vec::new();
    let mut add = |name: &str, value: u64| match sums.iter_mut().find(|(known, _)| **known == *name) {
        Some((_, sum)) => *sum = sum.saturating_add(value),
        None => sums.push((name.into(), value)),
    };
    if let Some(head) = lines.take_if(|line| is_head(line.text).then_some(line.text)) {
        let names: Vec<&str> = head.split_ascii_whitespace().collect();
        let mut entries = None;
        while let Some(values) = lines.take_if(|line| hexadecimal(line, names.len())) {
            for (name, value) in names.iter().zip(values) {
                // Every processor shows the whole table's length.
                if *name == "entries" { entries = Some(value) } else { add(name, value) }
            }
        }
        found.counters.extend(entries.map(|value| Counter::new("nf_conntrack_count", value, first).worded("entries")));
    } else {
        let mut last = None;
        // A processor that is not after the last one begins the next snapshot.
        while let Some(pairs) = lines.take_if(|line| row(line.text).filter(|pairs| cpu(pairs) > last)) {
            pairs.iter().skip(1).for_each(|(name, value)| add(name, *value));
            last = cpu(&pairs);
        }
    }
    found.counters.extend(sums.into_iter().map(|(name, sum)| Counter::new(format!("conntrack.{name}"), sum, first)));
}

fn cpu(pairs: &[(&str, u64)]) -> Option<u64> {
    pairs.first().map(|(_, cpu)| *cpu)
}

fn hexadecimal(line: Line<'_>, columns: usize) -> Option<Vec<u64>> {
    let cells = line.text.split_ascii_whitespace().map(|cell| u64::from_str_radix(cell, 16).ok());
    let cells: Vec<_> = cells.collect::<Option<_>>()?;
    (cells.len() == columns).then_some(cells)
}
