//! curl: its error, with the number that is its exit status, and what `-v` tells on the way.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends, target};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "curl",
    needles: &[
        "curl: (",
        "* connect to ",
        "* Connected to ",
        "* Failed to connect to ",
        "* Recv failure: ",
        "SSL_connect: ",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let target = message.command.and_then(target::of);
    let said = numbered(message, target.clone()).or_else(|| verbose(message.text, target))?;
    Some(said.by("curl"))
}

fn numbered(message: &Message<'_>, target: Option<SocketAddress>) -> Option<Said> {
    let (code, why) = message.after("curl: (")?.split_once(") ")?;
    let in_connection = || ends::after(why, "in connection to ");
    let remote =
        ["connect to server at ", "connect to ", "onnected to "].iter().find_map(|words| ends::named_after(why, words));
    let remote = remote.or_else(in_connection);
    let event = match code {
        "6" => {
            let name = ends::named_after(why, "resolve host: ")?;
            let remote = target.filter(|target| target.host == name.host).unwrap_or(name);
            return Some(Said::new(Event::NameNotFound).toward(Some(remote)));
        }
        "7" => Event::ConnectFailed,
        "28" => Event::TimedOut,
        "52" | "55" | "56" => Event::Closed,
        "35" => Event::ProtocolError,
        _ => return None,
    };
    Some(context::error_or(why, event).toward(remote.or(target)))
}

/// `* connect to 10.0.0.1 port 80 failed: Connection refused`, `* Connected to web (10.0.0.1) port 80 (#0)`
fn verbose(text: &str, target: Option<SocketAddress>) -> Option<Said> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("* Connected to ") {
        // The port stands behind name and address.
        let port = rest.split_once(" port ").and_then(|(_, port)| port.split(' ').next()?.parse().ok());
        let end = ends::first(rest).map(|end| match port {
            Some(port) => SocketAddress { port: Port::Number(port), ..end },
            None => end,
        });
        return Some(Said::new(Event::Connected).toward(end.or(target)));
    }
    let failed = text.strip_prefix("* connect to ").or_else(|| text.strip_prefix("* Failed to connect to "));
    if let Some(rest) = failed {
        return Some(context::error_or(rest, Event::ConnectFailed).toward(ends::named(rest).or(target)));
    }
    if let Some(why) = text.strip_prefix("* Recv failure: ") {
        return Some(context::error_or(why, Event::Closed).toward(target));
    }
    let (_, why) = text.strip_prefix("* ")?.split_once("SSL_connect: ")?;
    Some(context::error_or(why, Event::ProtocolError).toward(ends::first(why).or(target)))
}
