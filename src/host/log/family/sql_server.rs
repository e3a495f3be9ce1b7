//! Microsoft SQL Server: its error log and the Windows event of it, and its clients.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "sql-server",
    needles: &[
        "Login failed for user ",
        "[CLIENT: ",
        "Server is listening on [",
        "provider failed to listen on [",
        "TCP/IP connection to the host ",
        "network-related or instance-specific error",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    if let Some((_, rest)) = text.split_once("[CLIENT: ") {
        let client = ends::first(rest.split(']').next()?);
        let is_login = text.contains("Login failed") || text.contains("SSPI handshake failed");
        let event = if is_login { Event::LoginFailed } else { Event::ProtocolError };
        return Some(named(Said::new(event).about(user(text)), message).from(client));
    }
    if let Some((_, rest)) = text.split_once("Server is listening on [") {
        return Some(named(Said::new(Event::Listening).at(listener(rest)), message));
    }
    if let Some((_, rest)) = text.split_once("provider failed to listen on [") {
        let in_use = rest.contains("already in use").then(|| context::error_named("EADDRINUSE")).flatten();
        let said = in_use.unwrap_or(Said::new(Event::BindFailed));
        return Some(named(said.at(listener(rest)), message));
    }
    if let Some((_, rest)) = text.split_once("TCP/IP connection to the host ") {
        return Some(context::error_or(rest, Event::ConnectFailed).toward(ends::named(rest)));
    }
    if text.contains("network-related or instance-specific error") {
        return Some(context::error_or(text, Event::ConnectFailed).toward(ends::first(text)));
    }
    // Without the client's address it is the client that was told.
    Some(Said::new(Event::LoginFailed).about(user(text)).toward(None))
}

/// The server's log names no program.
fn named(said: Said, message: &Message<'_>) -> Said {
    if message.program.is_some() { said } else { said.by("sqlservr") }
}

fn user(text: &str) -> &str {
    text.split_once("for user '").and_then(|(_, rest)| rest.split('\'').next()).unwrap_or_default()
}

/// ` 'any' <ipv4> 1433].`, ` 10.0.0.1 <ipv4> 1433]`
fn listener(rest: &str) -> Option<SocketAddress> {
    let inner = rest.split(']').next()?;
    let (host, port) = inner.trim().split_once(" <ipv")?;
    let (version, port) = port.split_once("> ")?;
    let any = if version == "6" { "::" } else { "0.0.0.0" };
    let host = if host.contains("any") { any } else { host };
    Some(SocketAddress::of(host, Port::Number(port.trim().parse().ok()?)))
}
