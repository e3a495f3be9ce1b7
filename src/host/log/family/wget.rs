//! Wget: `Connecting to web|10.0.0.1|:80... failed: Connection refused.`, and the same without its beginning with `-nv`.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends, target};

pub const FAMILY: Family = Family {
    name: "wget",
    needles: &[
        "failed: Connection ",
        "failed: No route ",
        "failed: Network is ",
        "failed: Operation timed out",
        "Read error (Connection ",
        "No data received.",
        "... connected.",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let dialled = text.split_once("Connecting to ").map(|(_, rest)| rest);
    let target = message.command.filter(|command| target::program(command) == Some("wget"));
    let whole = ["failed: ", "Read error (", "No data received."].iter().any(|words| text.starts_with(words));
    (dialled.is_some() || !message.framed && whole && (target.is_some() || message.command.is_none())).then_some(())?;
    let remote = dialled.and_then(|rest| {
        // `web (web)|10.0.0.1|:80...`: the port stands behind the address in bars.
        let port = rest.rsplit_once("|:").and_then(|(_, port)| port.split("...").next()?.parse().ok());
        let address = ends::named(rest.split_once('|').map_or(rest, |(_, inner)| inner).trim_start())?;
        Some(port.map_or(address.clone(), |port| crate::host::SocketAddress {
            port: crate::host::Port::Number(port),
            ..address
        }))
    });
    let event = if text.ends_with("... connected.") { Event::Connected } else { Event::Closed };
    Some(context::error_or(text, event).by("wget").toward(remote.or_else(|| target.and_then(target::of))))
}
