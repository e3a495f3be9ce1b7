//! `Get-NetTCPConnection | ConvertTo-Json`: one object or an array of them; a state is a number, or a name in newer
//! versions.

use super::Cell;
use crate::host::{Format, Found, Line, Lines, Socket};
use serde_json::{Map, Value};

pub(in crate::host) const FORMAT: Format = Format { name: "powershell-nettcp-json", sniff, parse };

/// Lines within which the first object must name its local port.
const HEAD: usize = 64;

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text().trim();
    let names_port = |line: Line<'_>| line.text.contains("\"LocalPort\"");
    match text {
        "[" | "{" => lines.clone().take(HEAD).any(names_port),
        _ => text.starts_with(['[', '{']) && lines.peek().is_some_and(names_port),
    }
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let first = lines.number();
    let mut values = serde_json::Deserializer::from_str(lines.rest()).into_iter::<Value>();
    let value = values.next();
    let taken = values.byte_offset();
    match value {
        Some(Ok(Value::Array(objects))) => objects.iter().for_each(|object| note(object, first, found)),
        Some(Ok(object)) => note(&object, first, found),
        Some(Err(_)) | None => {
            found.odd.add(first, "JSON that is cut or damaged");
            lines.next();
            return;
        }
    }
    lines.skip_bytes(taken);
}

/// JSON has no lines of its own: a socket is found at the first line of the document.
fn note(object: &Value, line: u32, found: &mut Found) {
    let socket = object.as_object().and_then(|object| socket(object, line));
    match socket {
        Some(socket) => found.sockets.push(socket),
        None => found.odd.add(line, "an object without a local port"),
    }
}

fn socket(object: &Map<String, Value>, line: u32) -> Option<Socket> {
    let text = |name: &str| match object.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let names = ["LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "State", "OwningProcess"];
    let values = names.map(text);
    let mut cell = Cell::default();
    for (name, value) in names.into_iter().zip(&values) {
        cell.set(name, value);
    }
    if cell.local_port.is_empty() { None } else { cell.socket(line) }
}
