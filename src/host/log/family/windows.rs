//! Events of Windows, in their English words: ports used up, services, programs that crash, packets that were blocked.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Direction, Event};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "windows",
    needles: &[
        "failed to establish an outgoing connection because",
        "ephemeral port number from the global TCP port space",
        "security limit imposed on the number of concurrent TCP",
        "service entered the ",
        "service terminated ",
        "service failed to start due to",
        "An account failed to log on.",
        "aulting application name",
        "Filtering Platform has blocked a",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let has = |words: &str| text.contains(words);
    // Events 4227, 4231 and 4226 of Tcpip.
    if has("failed to establish an outgoing connection because") || has("ephemeral port number from the global TCP") {
        return Some(Said { direction: Some(Direction::Out), ..Said::new(Event::CannotAssign) });
    }
    if has("security limit imposed on the number of concurrent TCP") {
        return Some(Said { direction: Some(Direction::Out), ..Said::new(Event::LimitReached) });
    }
    if has("Filtering Platform has blocked a") {
        return blocked(text);
    }
    if let Some((_, rest)) = text.split_once("aulting application name: ") {
        return Some(Said::new(Event::Exited).about(rest.split(',').next()?));
    }
    if has("An account failed to log on.") {
        let client = field(text, "Source Network Address:").filter(|address| *address != "-");
        let client = client.map(|address| SocketAddress::of(address, Port::Any));
        let user = text.rsplit_once("Account Name:").and_then(|(_, rest)| rest.split_whitespace().next());
        return Some(Said::new(Event::LoginFailed).about(user.unwrap_or_default()).from(client));
    }
    if let Some((name, _)) = text.split_once(" service failed to start due to") {
        return Some(Said::new(Event::StartFailed).about(name.trim_start().strip_prefix("The ").unwrap_or(name)));
    }
    // Events 7036, 7031, 7034 and 7023 of the service control manager.
    let (name, event) = if let Some((name, state)) = text.split_once(" service entered the ") {
        let running = state.starts_with("running");
        (name, if running { Event::Started } else { state.starts_with("stopped").then_some(Event::Stopped)? })
    } else {
        (text.split_once(" service terminated ")?.0, Event::Exited)
    };
    Some(Said::new(event).about(name.trim_start().strip_prefix("The ").unwrap_or(name)))
}

/// The word after a label.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split_once(name)?.1.split_whitespace().next()
}

/// Events 5152 and 5157: labels and values, one a line.
fn blocked(text: &str) -> Option<Said> {
    let field = |name: &str| field(text, name);
    matches!(field("Protocol:")?, "6" | "TCP").then_some(())?;
    let end =
        |address: &str, port: &str| Some(SocketAddress::of(field(address)?, Port::Number(field(port)?.parse().ok()?)));
    let source = end("Source Address:", "Source Port:")?;
    let destination = end("Destination Address:", "Destination Port:")?;
    let inbound = field("Direction:").is_some_and(|word| word == "Inbound" || word == "%%14592");
    let blocked = Said::new(Event::Firewall).about(field("Application Name:").unwrap_or_default());
    Some(if inbound {
        blocked.from(Some(source)).at(Some(destination))
    } else {
        blocked.toward(Some(destination)).at(Some(source))
    })
}
