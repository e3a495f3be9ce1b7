//! `nstat -j`: one JSON object of the kernel's names, under `kernel`.

use super::counter::Counter;
use super::lines::Lines;
use super::{Format, Found, json, nstat};

pub const FORMAT: Format = Format { name: "nstat-json", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    // One line as the tool prints it; somebody may have made it readable.
    let head = lines.clone().take(2).flat_map(|line| line.text.chars());
    lines.text().starts_with('{') && head.filter(|c| !c.is_whitespace()).take(11).eq("{\"kernel\":{".chars())
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let line = lines.number();
    let is_increase = nstat::is_since_last_call(lines.command);
    let value = json::take(lines);
    let Some(list) = value.as_ref().and_then(|value| value.get("kernel")).and_then(|list| list.as_object()) else {
        found.odd.add(line, "a JSON object that does not end");
        return;
    };
    if !is_increase {
        found.zeros_hidden.push(""); // without -z
    }
    for (name, value) in list {
        match value.as_u64() {
            Some(value) => found.counters.push(Counter { is_increase, ..Counter::new(name.clone(), value, line) }),
            None => found.odd.add(line, "no count"),
        }
    }
}
