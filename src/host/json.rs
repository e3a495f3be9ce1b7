//! A JSON object or list in the text of a dump: found by its brackets, so that however many lines it has it is read once.

use super::lines::Lines;
use serde_json::Value;

/// No dump of one moment is longer.
const MOST: usize = 64 << 20;

/// How deep in brackets a text is.
#[derive(Default)]
struct Depth {
    open: i64,
    quoted: bool,
    escaped: bool,
}

impl Depth {
    /// Whether everything that was opened is closed again after this line.
    fn ends_with(&mut self, line: &str) -> bool {
        for byte in line.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.quoted => self.escaped = true,
                b'"' => self.quoted = !self.quoted,
                b'{' | b'[' if !self.quoted => self.open += 1,
                b'}' | b']' if !self.quoted => self.open -= 1,
                _ => {}
            }
        }
        self.open <= 0
    }
}

/// Takes the lines of the object or list that begins at the next one. None when its end is missing or it is no JSON; the
/// lines are taken anyway.
pub(super) fn take(lines: &mut Lines<'_>) -> Option<Value> {
    let mut text = String::new();
    let mut depth = Depth::default();
    for line in lines.by_ref() {
        text.push_str(line.text);
        text.push('\n');
        if depth.ends_with(line.text) || text.len() > MOST {
            break;
        }
    }
    serde_json::from_str(text.trim_end().trim_end_matches(',')).ok()
}

/// Whether the JSON at the next line names all of these near its beginning.
pub(super) fn begins_with(lines: &Lines<'_>, names: &[&str]) -> bool {
    // Log lines begin with brackets too, but with no name or object in them.
    let is_json = lines.text().trim_start().strip_prefix(['{', '[']).is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.is_empty() || rest.starts_with(['"', '{'])
    });
    if !is_json {
        return false;
    }
    let mut missing: Vec<&str> = names.to_vec();
    let mut depth = Depth::default();
    for line in lines.clone().take(80) {
        let text = line.text.get(..line.text.len().min(1 << 16)).unwrap_or(line.text);
        missing.retain(|name| !text.contains(*name));
        if missing.is_empty() {
            return true;
        }
        if depth.ends_with(text) {
            return false;
        }
    }
    false
}
