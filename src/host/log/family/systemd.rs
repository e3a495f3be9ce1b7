//! Units of systemd that start, stop and fail.

use super::{Family, Message, Peers, Said};
use crate::host::log::Event;

pub const FAMILY: Family = Family {
    name: "systemd",
    needles: &[
        "Started ",
        "Stopped ",
        "Failed to start ",
        "Main process exited",
        "Failed with result",
        "killed by the OOM killer",
        "tart request repeated too quickly",
        "Listening on ",
    ],
    read,
};

/// Units that are no services: they come and go with users and the time of day.
const OTHERS: [&str; 9] = [
    "Session ",
    "User Manager",
    "User Runtime",
    "Slice ",
    "session-",
    "user@",
    "user-runtime-dir@",
    "Daily ",
    "Cleanup ",
];

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let text = match text.strip_prefix("systemd[").and_then(|rest| rest.split_once("]: ")) {
        Some((_, text)) => text,
        None => message.is_of(&["systemd"]).then_some(text)?,
    };
    let begun = [("Started ", Event::Started), ("Stopped ", Event::Stopped), ("Failed to start ", Event::StartFailed)];
    for (word, event) in begun {
        if let Some(rest) = text.strip_prefix(word) {
            return is_service(rest).then(|| Said::new(event).about(unit(rest)));
        }
    }
    if let Some(rest) = text.strip_prefix("Listening on ") {
        return Some(Said::new(Event::Listening).about(unit(rest)));
    }
    let (unit, rest) = text.split_once(": ")?;
    let event = if rest.contains("killed by the OOM killer") {
        Event::OomKill
    } else if rest.starts_with("Main process exited") {
        Event::Exited
    } else if rest.starts_with("Failed with result") || rest.to_lowercase().starts_with("start request repeated") {
        Event::StartFailed
    } else {
        return None;
    };
    is_service(unit).then(|| Said::new(event).about(unit))
}

fn is_service(name: &str) -> bool {
    let ends = [".slice", ".scope", ".timer", ".target", ".mount", ".path", ".socket", ".device"];
    let first = unit(name);
    !OTHERS.iter().any(|other| name.starts_with(other)) && !ends.iter().any(|end| first.ends_with(end))
}

/// `nginx.service - A high performance web server.`, `The Apache HTTP Server.`
fn unit(text: &str) -> &str {
    let unit = text.split_once(" - ").map_or(text, |(unit, _)| unit);
    unit.trim_end_matches('.').trim_end_matches(", but process is still running")
}
