//! `nstat -j`: one JSON object of the kernel's names, under `kernel`.

use super::counter::Counter;
use super::lines::Lines;
use super::{Format, Found, json};

pub const FORMAT: Format = Format { name: "nstat-json", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    let first: String = lines.text().chars().filter(|c| !c.is_whitespace()).take(12).collect();
    first.starts_with("{\"kernel\":{")
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let line = lines.number();
    let value = json::take(lines);
    let Some(list) = value.as_ref().and_then(|value| value.get("kernel")).and_then(|list| list.as_object()) else {
        found.odd.add(line, "a JSON object that does not end");
        return;
    };
    for (name, value) in list {
        match value.as_u64() {
            Some(value) => found.counters.push(Counter::new(name.clone(), value, line)),
            None => found.odd.add(line, "no count"),
        }
    }
}
