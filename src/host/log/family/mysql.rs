//! MySQL and MariaDB: server and client.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends, errno};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "mysql",
    needles: &[
        "Access denied for user ",
        "onnect to MySQL server on",
        "onnect to server on '",
        "Lost connection to MySQL server",
        "Lost connection to server",
        "MySQL server has gone away",
        "Communications link failure",
        "is blocked because of many connection errors",
        "is not allowed to connect to this M",
        "Too many connections",
        "Aborted connection ",
        "Got timeout reading communication",
        ": ready for connections. Version",
        "Bind on TCP/IP port",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let said = said(message)?;
    // The server's log names no program.
    Some(if message.program.is_none() && is_servers(message) { said.by("mysqld") } else { said })
}

fn said(message: &Message<'_>) -> Option<Said> {
    let text = message.text;
    let has = |words: &str| text.contains(words);
    let quoted = |words: &str| host(text.split_once(words)?.1.split('\'').next()?);
    if let Some((_, rest)) = text.split_once("Access denied for user '") {
        let user = rest.split('\'').next().unwrap_or_default();
        let denied = Said::new(Event::LoginFailed).about(user);
        let client = quoted("'@'");
        // The server tells its client's address; told to the client, it is the client's own.
        return Some(if is_servers(message) { denied.from(client) } else { denied.toward(None).at(client) });
    }
    if let Some((_, rest)) = text.split_once("Aborted connection ") {
        let client = rest.split_once("host: '").and_then(|(_, rest)| host(rest.split('\'').next()?));
        let event = if has("timeout") { Event::TimedOut } else { Event::Closed };
        return client.map(|client| Said::new(event).from(Some(client)));
    }
    if let Some((_, rest)) =
        text.split_once("onnect to MySQL server on '").or_else(|| text.split_once("onnect to server on '"))
    {
        let server = rest.split('\'').next()?;
        let remote = ends::named(server).map(|end| SocketAddress { port: default(end.port), ..end });
        return Some(numbered(rest).unwrap_or_else(|| context::error_or(rest, Event::ConnectFailed)).toward(remote));
    }
    if has("Too many connections") || has("blocked because of many connection errors") {
        let limit = Said::new(Event::LimitReached);
        return Some(if is_servers(message) { limit.from(quoted("Host '")) } else { limit.toward(None) });
    }
    if let Some((_, rest)) = text.split_once(": ready for connections. Version") {
        let port = rest.split_once("port: ")?.1.split(' ').next()?.parse().ok().filter(|&port| port > 0)?;
        return Some(Said::new(Event::Listening).at(Some(ends::any_with(port))));
    }
    if has("Bind on TCP/IP port") {
        return Some(context::error_or(text, Event::BindFailed));
    }
    if has("is not allowed to connect to this M") {
        return Some(Said::new(Event::LoginFailed).toward(None).at(quoted("Host '")));
    }
    let words = ["Lost connection to", "server has gone away", "Communications link failure"];
    let ended = words.into_iter().find(|words| has(words))?;
    // `ERROR 2013 (HY000): ..`, `MySQL server has gone away`
    (message.is_said(ended) || text.starts_with("ERROR ") || text.ends_with(ended))
        .then(|| numbered(text).unwrap_or_else(|| context::error_or(text, Event::Closed)).toward(ends::first(text)))
}

/// The server's log marks its lines; a client's has the number of the error, or an exception.
fn is_servers(message: &Message<'_>) -> bool {
    let text = message.text;
    let marked = ["[Note]", "[Warning]", "[ERROR]", "[Server]", "[System]"].iter().any(|mark| text.contains(mark));
    message.is_of(&["mysqld", "mariadbd"]) || message.framed && marked && !text.contains("SQLSTATE")
}

fn host(name: &str) -> Option<SocketAddress> {
    (!["localhost", "", "%"].contains(&name)).then(|| SocketAddress::of(name, Port::Any))
}

fn default(port: Port) -> Port {
    if port == Port::Any { Port::Number(3306) } else { port }
}

/// `(111)`, `(10060)`, `system error: 104`: the error as a number.
fn numbered(text: &str) -> Option<Said> {
    let after = |words: &str| {
        text.split(words).skip(1).find_map(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            errno::of_number(rest.get(..end)?.parse().ok()?)
        })
    };
    after("(").or_else(|| after("system error: ")).map(Said::error)
}
