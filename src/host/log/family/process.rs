//! Programs that start and end, by their own word, their supervisor's or the kernel's.

use super::{Family, Message, Peers, Said};
use crate::host::log::Event;
use crate::host::log::frame::level;

pub const FAMILY: Family = Family {
    name: "process",
    needles: &[
        "spawned: '",
        "stopped: ",
        "exited: ",
        "supervisord started with pid",
        "started, version",
        "segfault at ",
        "traps: ",
        "Server startup in",
        " (JVM running for",
        "(process running for",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = level(message.text);
    supervisor(message, text).or_else(|| crash(text)).or_else(|| {
        let started = text.starts_with("started, version ")
            || text.contains("Server startup in ")
            || text.contains("Started ") && text.contains(" seconds (");
        (started && message.framed).then(|| Said::new(Event::Started))
    })
}

/// `spawned: 'redis' with pid 4029`, `stopped: redis (exit status 0)`, `exited: redis (terminated by SIGKILL; not expected)`
fn supervisor(message: &Message<'_>, text: &str) -> Option<Said> {
    let (word, rest) = text.split_once(' ')?;
    let event = match word {
        "spawned:" | "supervisord" => Event::Started,
        "stopped:" => Event::Stopped,
        "exited:" => Event::Exited,
        _ => return None,
    };
    let is_its = text.contains("' with pid ") || rest.contains(" (exit status ") || rest.contains(" (terminated by ");
    let name = rest.split([' ', '\'']).find(|word| !word.is_empty())?;
    let itself = rest.starts_with("started with pid");
    (message.framed && (is_its || itself))
        .then(|| Said::new(event).by("supervisord").about(if itself { "supervisord" } else { name }))
}

/// `java[1234]: segfault at 0 ip ..`
fn crash(text: &str) -> Option<Said> {
    let trap = || text.strip_prefix("traps: ").and_then(|rest| rest.split_once(' '));
    let (process, _) = text.split_once(": segfault at ").or_else(trap)?;
    let (name, pid) = process.strip_suffix(']')?.rsplit_once('[')?;
    Some(Said::new(Event::Exited).about(name).process(Some(pid.parse().ok()?)))
}
