//! Processes that the kernel kills because memory is used up.

use super::{Family, Message, Peers, Said};
use crate::host::log::Event;

pub const FAMILY: Family = Family { name: "oom", needles: &["ut of memory: Kill", "oom-kill:constraint="], read };

/// `Out of memory: Killed process 1234 (java) total-vm:..`, older `Kill process 1234 (java) score 900 ..`, of a control
/// group `Memory cgroup out of memory: ..`. The row's process is the one that was killed.
fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let begins = message.text.starts_with("Out of memory") || message.text.starts_with("Memory cgroup out of memory");
    (message.framed || begins).then_some(())?;
    if let Some(rest) = message.text.strip_prefix("oom-kill:constraint=") {
        let field = |name: &str| rest.split(',').find_map(|field| field.strip_prefix(name));
        return Some(Said::new(Event::OomKill).about(field("task=")?).process(Some(field("pid=")?.parse().ok()?)));
    }
    let rest = message.after("process ")?;
    let (pid, rest) = rest.split_once(" (")?;
    let (name, _) = rest.split_once(')')?;
    Some(Said::new(Event::OomKill).about(name).process(Some(pid.parse().ok()?)))
}
