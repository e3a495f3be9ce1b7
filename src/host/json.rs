//! A JSON object or list in the text of a dump: found by its brackets, so that however many lines it has it is read once.

use super::lines::Lines;
use serde_json::Value;

/// No dump of one moment is longer.
const MOST: usize = 64 << 20;

/// Takes the lines of the object or list that begins at the next one. None when its end is missing or it is no JSON; the
/// lines are taken anyway.
pub(super) fn take(lines: &mut Lines<'_>) -> Option<Value> {
    let mut text = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_i64, false, false);
    for line in lines.by_ref() {
        for byte in line.text.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
        }
        text.push_str(line.text);
        text.push('\n');
        if depth <= 0 || text.len() > MOST {
            break;
        }
    }
    serde_json::from_str(text.trim_end().trim_end_matches(',')).ok()
}

/// Whether the JSON at the next line names all of these near its beginning.
pub(super) fn begins_with(lines: &Lines<'_>, names: &[&str]) -> bool {
    if !lines.text().trim_start().starts_with(['{', '[']) {
        return false;
    }
    let mut missing: Vec<&str> = names.to_vec();
    for line in lines.clone().take(80) {
        let text = line.text.get(..line.text.len().min(1 << 16)).unwrap_or(line.text);
        missing.retain(|name| !text.contains(*name));
        if missing.is_empty() {
            return true;
        }
    }
    false
}
