//! One JSON object a line: `journalctl -o json`, containers' logs, and applications' own.

use super::{Frame, Framed, When};
use crate::time::Timestamp;
use crate::time::calendar::Written;
use serde_json::Value;
use std::borrow::Cow;

pub static FRAME: Frame = Frame { name: "json", read, certain: true };

/// Fields by the names that journald, Docker, pino, zap, logrus, logstash and others give them.
const MESSAGES: [&str; 6] = ["MESSAGE", "message", "msg", "log", "@message", "event"];
const TIMES: [&str; 9] = [
    "_SOURCE_REALTIME_TIMESTAMP",
    "__REALTIME_TIMESTAMP",
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "Timestamp",
    "asctime",
    "datetime",
];
const ERRORS: [&str; 5] = ["error", "err", "exception", "cause", "stack_trace"];
const PROGRAMS: [&str; 8] =
    ["SYSLOG_IDENTIFIER", "_COMM", "program", "service", "app", "logger", "logger_name", "name"];

/// A longer line is not read as JSON.
const LONGEST: usize = 1 << 16;

fn read(text: &str) -> Option<Framed<'_>> {
    // `json-seq` (RFC 7464) and `json-sse` (server-sent events) put these before each.
    let text = text.trim_start_matches('\u{1e}');
    object(text.strip_prefix("data: ").unwrap_or(text))
}

/// Whether a line of an object begins with the field of the message.
pub fn is_message(line: &str) -> bool {
    let name = line.strip_prefix('"').and_then(|rest| rest.split('"').next());
    name.is_some_and(|name| MESSAGES.contains(&name))
}

/// An object that has a message and a time.
pub fn object(text: &str) -> Option<Framed<'_>> {
    (text.starts_with('{') && text.len() <= LONGEST && text.trim_end().ends_with('}')).then_some(())?;
    MESSAGES.iter().any(|name| text.contains(name)).then_some(())?;
    let object: Value = serde_json::from_str(text).ok()?;
    let when = TIMES.iter().find_map(|name| when(object.get(name)?))?;
    let mut message = MESSAGES.iter().find_map(|name| words(object.get(name)?))?;
    if let Some(error) = ERRORS.iter().find_map(|name| error(object.get(name)?)) {
        message = format!("{message}: {error}");
    }
    // Names are those of the text itself, so that nothing but the message is copied.
    let named = |names: &[&str]| names.iter().find_map(|name| within(text, object.get(name)?.as_str()?));
    let pid = object.get("_PID").or_else(|| object.get("SYSLOG_PID")).or_else(|| object.get("pid"));
    let pid = pid.and_then(|pid| pid.as_str().map_or_else(|| pid.as_u64(), |pid| pid.parse().ok()));
    Some(Framed {
        when: Some(when),
        host: named(&["_HOSTNAME", "hostname", "host"]),
        program: named(&PROGRAMS),
        pid: pid.and_then(|pid| pid.try_into().ok()),
        message: Cow::Owned(message),
    })
}

fn within<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.find(word).filter(|_| !word.is_empty())?;
    text.get(at..at + word.len())
}

/// The message, with the error that stands beside it; a journal gives what is no UTF-8 as numbers.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim_end().to_owned()),
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|byte| byte.as_u64()?.try_into().ok()).collect();
            Some(String::from_utf8_lossy(&bytes?).trim_end().to_owned())
        }
        _ => None,
    }
}

/// An error beside the message: a text, or an object that holds one.
fn error(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value.get("message")?.as_str()).or_else(|| value.get("msg")?.as_str())?;
    text.lines().next().map(str::to_owned)
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, or a date.
fn when(value: &Value) -> Option<When> {
    let exact = |number: f64| {
        let scale = match number {
            1e9..1e10 => 1e9,
            1e12..1e13 => 1e6,
            1e15..1e16 => 1e3,
            1e18..1e19 => 1.0,
            _ => return None,
        };
        Some(Timestamp((number * scale) as i64))
    };
    match value {
        Value::String(text) if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(When::Exact(Timestamp(text.parse::<i64>().ok()?.checked_mul(1_000)?)))
        }
        Value::String(text) => Written::read(text).map(When::Written),
        Value::Number(number) => exact(number.as_f64()?).map(When::Exact),
        _ => None,
    }
}
