//! OpenSSH, whose server and client say some things in the same words.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends, errno, target};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "ssh",
    needles: &[
        "onnection closed by ",
        "onnection reset by ",
        "onnection timed out during banner",
        "banner exchange: ",
        "exchange_identification: ",
        "MaxStartups throttling",
        "past MaxStartups",
        "connect to host ",
        "connect to address ",
        "Server listening on ",
        "Received signal 15; terminating",
        "Connection established.",
        "Failed password for",
        "Failed publickey for",
        "Accepted password for",
        "Accepted publickey for",
        "Disconnected from ",
        "Received disconnect from",
        "Did not receive identification",
        "Timeout before authentication",
        "Timeout, client not responding",
        "Invalid user ",
        "Accepted keyboard-interactive",
        "maximum authentication attempts exceeded",
        "Unable to negotiate with ",
        "Bind to port ",
        "Bad protocol version identification",
        "error from remote host ",
    ],
    read,
};

const SERVERS: [&str; 4] = ["sshd", "sshd-session", "sshd-auth", "dropbear"];

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text.trim_end();
    let text = text.strip_prefix("debug1: ").unwrap_or(text);
    if let Some(said) = dialling(message, text) {
        return Some(said);
    }
    message.may_be_of(&["ssh", SERVERS[0], SERVERS[1], SERVERS[2], SERVERS[3]]).then_some(())?;
    let dialled = message.command.and_then(target::of);
    let is_client = message.is_of(&["ssh"])
        || message.command.and_then(target::program).is_some_and(is_client)
        || message.command.is_some_and(|command| command.contains("ssh "));
    let said = both(text)?;
    let remote = said.remote.clone();
    if is_client {
        return Some(said.by("ssh").toward(remote.or(dialled)));
    }
    let said = if message.program.is_some() { said } else { said.by("sshd") };
    let is_own = matches!(said.event, Event::Listening | Event::Stopped | Event::AddressInUse | Event::BindFailed);
    Some(if is_own { said } else { said.from(remote) })
}

fn is_client(program: &str) -> bool {
    ["ssh", "scp", "sftp", "git", "rsync"].contains(&program)
}

/// `ssh: connect to host web port 22: Connection refused`, `debug1: connect to address 10.0.0.1 port 22: ..`,
/// `debug1: Connection established.`
fn dialling(message: &Message<'_>, text: &str) -> Option<Said> {
    if text == "Connection established." {
        return message.command.map(|command| Said::new(Event::Connected).by("ssh").toward(target::of(command)));
    }
    let rest = ["connect to host ", "connect to address "].iter().find_map(|words| message.after(words))?;
    let (_, why) = rest.split_once(" port ")?;
    Some(context::error_or(why, Event::ConnectFailed).by("ssh").toward(ends::named(rest)))
}

/// What the server or the client says.
fn both(text: &str) -> Option<Said> {
    let address = |words: &str| with_port(text, words);
    let said = |event, words: &str| Some(Said { remote: address(words), ..Said::new(event) });
    if let Some((_, rest)) = text.split_once("exchange_identification: ") {
        let rest = rest.strip_prefix("read: ").unwrap_or(rest);
        let odd = rest.contains("invalid") || rest.contains("banner line") || rest.contains("nvalid");
        return Some(context::error_or(rest, if odd { Event::ProtocolError } else { Event::Closed }));
    }
    if text.starts_with("banner exchange: ") {
        let event = if text.contains("timed out") { Event::TimedOut } else { Event::ProtocolError };
        return said(event, "onnection from ").or_else(|| said(event, "onnection to "));
    }
    if ["beginning MaxStartups throttling", "drop connection #"].iter().any(|begin| text.starts_with(begin)) {
        let limit = Said::new(Event::LimitReached);
        return Some(Said { remote: address("from "), local: address(" on "), ..limit });
    }
    if text.starts_with("Server listening on ") {
        return Some(Said::new(Event::Listening).at(address("Server listening on ")));
    }
    if let Some((port, rest)) = text.split_once("Bind to port ").and_then(|(_, rest)| rest.split_once(" on ")) {
        let (host, why) = rest.split_once(" failed: ")?;
        let local = SocketAddress::of(host.trim_end_matches('.'), Port::Number(port.parse().ok()?));
        return Some(context::error_or(why, Event::BindFailed).at(Some(local)));
    }
    if let Some((_, rest)) = text.split_once("error from remote host ") {
        let said = context::error_or(rest, Event::Closed);
        return Some(Said { remote: ends::first(rest), ..said });
    }
    let ended = [
        ("onnection closed by ", Event::Closed),
        ("onnection reset by ", Event::Reset),
        ("Disconnected from ", Event::Closed),
        ("Received disconnect from ", Event::Closed),
        ("Did not receive identification string from ", Event::Closed),
        ("Timeout before authentication for ", Event::TimedOut),
        ("Failed password for ", Event::LoginFailed),
        ("Failed publickey for ", Event::LoginFailed),
        ("Accepted password for ", Event::Accepted),
        ("Accepted publickey for ", Event::Accepted),
        ("Accepted keyboard-interactive/pam for ", Event::Accepted),
        ("Timeout, client not responding from ", Event::TimedOut),
        ("Invalid user ", Event::LoginFailed),
        ("authentication attempts exceeded for ", Event::LimitReached),
        ("Unable to negotiate with ", Event::ProtocolError),
        ("Bad protocol version identification ", Event::ProtocolError),
    ];
    // The words of the C library name no end.
    let ended = ended.into_iter().filter(|_| !text.contains(" by peer"));
    for (words, event) in ended {
        if text.contains(words) {
            let remote = address(words)?;
            let reset = (event == Event::Reset).then(|| errno::find("Connection reset")).flatten();
            let user = text.split_once(" for ").filter(|_| words.ends_with("for "));
            let user = user.and_then(|(_, rest)| rest.split(" from ").next()).unwrap_or_default();
            let said = Said::new(event).about(user.strip_prefix("invalid user ").unwrap_or(user));
            return Some(Said { errno: reset.map(|(errno, ..)| errno), remote: Some(remote), ..said });
        }
    }
    text.starts_with("Received signal 15; terminating").then(|| Said::new(Event::Stopped))
}

/// An address that is followed by its port, as OpenSSH always prints them.
fn with_port(text: &str, words: &str) -> Option<SocketAddress> {
    ends::after(text, words).filter(|address| address.port.number().is_some())
}
