//! `telnet HOST PORT`: of Linux and BSD over several lines, of Windows in one, in the words of its language.

use crate::host::log::context::{Said, error_or};
use crate::host::log::{Event, ends, read, target};
use crate::host::{Format, Found, Lines, Port, SocketAddress};

pub const FORMAT: Format = Format { name: "telnet", sniff, parse };

/// How Windows begins its line, and how it goes on before the port.
const WINDOWS: [(&str, &str); 4] = [
    ("Connecting To ", "on port "),
    ("Verbindungsaufbau zu ", "auf Port "),
    ("Connexion à ", "sur le port "),
    ("Conectándose a ", "en el puerto "),
];

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    trying(text).is_some() || windows(text).is_some() || failed(text).is_some()
}

/// `Trying 10.0.0.1...`
fn trying(text: &str) -> Option<SocketAddress> {
    ends::named(text.strip_prefix("Trying ")?.strip_suffix("...")?)
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let command = lines.command.filter(|command| target::program(command) == Some("telnet")).and_then(target::of);
    let port = command.as_ref().map_or(Port::Any, |end| end.port.clone());
    let mut remote = None;
    while let Some(line) = lines.peek() {
        let text = line.text;
        let tried = trying(text).map(|end| SocketAddress { port: port.clone(), ..end });
        let said = if tried.is_some() {
            remote = tried;
            None
        } else if let Some(said) = windows(text) {
            Some(said)
        } else {
            let said = failed(text).or_else(|| reached(text));
            said.map(|said| {
                let ours = remote.clone().or_else(|| command.clone());
                let said_end = said.remote.clone().map(|end| SocketAddress { port: port.clone(), ..end });
                said.toward(ours.or(said_end))
            })
        };
        let is_other = said.is_none() && trying(text).is_none() && !text.starts_with("Escape character is ");
        if is_other {
            return;
        }
        if let Some(said) = said {
            read::keep(read::row(line.number, said.by("telnet"), None, None, text), found);
        }
        lines.next();
    }
}

/// `telnet: Unable to connect to remote host: Connection refused`, `telnet: connect to address 10.0.0.1: Connection refused`
fn failed(text: &str) -> Option<Said> {
    let rest = text.strip_prefix("telnet: ")?;
    if rest.contains("Name or service not known")
        || rest.contains("nodename nor servname")
        || rest.contains("could not resolve")
    {
        return Some(Said { remote: ends::named(rest), ..Said::new(Event::NameNotFound) });
    }
    let (to, why) = rest.rsplit_once(": ")?;
    let is_connect = to.contains("connect to ") || to.starts_with("can't connect");
    is_connect.then(|| Said { remote: ends::first(to), ..error_or(why, Event::ConnectFailed) })
}

/// `Connected to 10.0.0.1.`, `Connection closed by foreign host.`
fn reached(text: &str) -> Option<Said> {
    if let Some(rest) = text.strip_prefix("Connected to ") {
        return Some(Said { remote: ends::named(rest.trim_end_matches('.')), ..Said::new(Event::Connected) });
    }
    text.starts_with("Connection closed by foreign host").then(|| Said::new(Event::Closed))
}

/// `Connecting To 10.0.0.1...Could not open connection to the host, on port 8081: Connect failed`
fn windows(text: &str) -> Option<Said> {
    let (rest, words) = WINDOWS.iter().find_map(|(begin, port)| Some((text.strip_prefix(begin)?, port)))?;
    let (host, rest) = rest.split_once("...")?;
    let port = rest.split_once(words)?.1.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()?;
    Some(Said::new(Event::ConnectFailed).toward(Some(SocketAddress::of(host, Port::Number(port)))))
}
