//! PostgreSQL's server, which names the client once and then only the process that serves it, and its client library.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "postgres",
    needles: &[
        "connection received: host=",
        "disconnection: session time",
        "authentication failed for user",
        "no pg_hba.conf entry",
        "pg_hba.conf rejects connection",
        "sorry, too many clients",
        "remaining connection slots",
        "data from client: ",
        "data to client: ",
        "FATAL:  role ",
        "FATAL:  database ",
        "starting PostgreSQL",
        "ready to accept connections",
        "listening on IPv",
        "shutdown request",
        "terminating connection due to",
        "was terminated by signal",
        "could not bind IPv",
        "connection to server at ",
        "could not connect to server",
        "closed the connection unexpectedly",
        "could not receive data from server",
        "could not send data to server",
        "unexpected EOF on client connection",
        "the database system is ",
        "database system is shut down",
        "FATAL: password authentication",
        "FATAL: sorry, too many clients",
        "refused. Check that the hostname and port",
    ],
    read,
};

fn read(message: &Message<'_>, peers: &mut Peers) -> Option<Said> {
    // A replica is a client of its primary.
    let is_server = message.is_of(&["postgres", "postgresql"]) && !message.text.contains("connection to server at ");
    if is_server { server(message, peers) } else { client(message) }
}

fn server(message: &Message<'_>, peers: &mut Peers) -> Option<Said> {
    let text = message.text;
    let has = |words: &str| text.contains(words);
    if let Some(rest) = message.after("connection received: ") {
        let peer = peer(rest)?;
        if let Some(pid) = message.pid {
            peers.note(pid, peer.clone());
        }
        return Some(Said::new(Event::Accepted).from(Some(peer)));
    }
    if has("disconnection: session time") {
        return Some(Said::new(Event::Closed).from(Some(peer(text)?)));
    }
    if let Some(said) = itself(text) {
        return Some(said);
    }
    let is_fatal = has("FATAL:  ");
    let said = if has("too many clients") || has("remaining connection slots") {
        Said::new(Event::LimitReached)
    } else if has("data from client: ") || has("data to client: ") {
        context::error_or(text, Event::Closed)
    } else if has("terminating connection due to") || has("unexpected EOF on client connection") {
        Said::new(Event::Closed)
    } else if has("the database system is ") {
        Said::new(Event::Unavailable)
    } else if is_fatal {
        let user = text.split('"').nth(1).filter(|_| has("user \"") || has("role \""));
        Said::new(Event::LoginFailed).about(user.unwrap_or_default())
    } else {
        return None;
    };
    Some(said.from(peers.of(message.pid).or_else(|| ends::first(text))))
}

/// `host=10.77.1.2 port=44264`; a local one is no connection of TCP.
fn peer(text: &str) -> Option<SocketAddress> {
    let field = |name: &str| text.split(' ').find_map(|word| word.strip_prefix(name));
    let host = field("host=").filter(|host| *host != "[local]")?;
    let port = field("port=").and_then(|port| port.parse().ok());
    Some(SocketAddress::of(host, port.map_or(Port::Any, Port::Number)))
}

fn itself(text: &str) -> Option<Said> {
    let has = |words: &str| text.contains(words);
    Some(if has("listening on IPv") {
        Said::new(Event::Listening).at(ends::first(text))
    } else if has("could not bind IPv") {
        context::error_or(text, Event::BindFailed).at(ends::first(text))
    } else if has("starting PostgreSQL") || has("ready to accept connections") {
        Said::new(Event::Started)
    } else if has("shutdown request") || has("database system is shut down") {
        Said::new(Event::Stopped)
    } else if has("was terminated by signal") {
        Said::new(Event::Exited)
    } else {
        return None;
    })
}

/// `connection to server at "10.77.2.2", port 5432 failed: FATAL:  password authentication failed for user "orders"`
fn client(message: &Message<'_>) -> Option<Said> {
    let text = message.text;
    let has = |words: &str| text.contains(words);
    if let Some(rest) = message.after("connection to server at ") {
        let why = rest.split_once(" failed: ").map_or(rest, |(_, why)| why);
        return Some(because(why).toward(ends::named(rest)));
    }
    if has("could not connect to server") {
        // The older wording puts host and port on the next two lines.
        let host = message.ahead.clone().take(2).find_map(|line| ends::named_after(line.text, "running on host "));
        let number = |text: &str| text.split_once("port ")?.1.trim_end_matches('?').parse().ok();
        let port = message.ahead.clone().take(2).find_map(|line| number(line.text));
        let remote = host.map(|host| SocketAddress { port: port.map_or(Port::Any, Port::Number), ..host });
        return Some(because(text).toward(remote.or_else(|| ends::first(text))));
    }
    // The driver of Java.
    if has("refused. Check that the hostname and port") {
        let (_, rest) = text.split_once("Connection to ")?;
        return context::error_named("ECONNREFUSED").map(|said| said.toward(ends::named(rest)));
    }
    if message.framed && (has("FATAL: password authentication") || has("FATAL: sorry, too many clients")) {
        return Some(because(text).toward(ends::first(text)));
    }
    let of_library =
        has("data from server") || has("data to server") || has("server closed the connection unexpectedly");
    let is_said =
        ["server closed the connection", "could not "].iter().any(|words| has(words) && message.is_said(words));
    (of_library && is_said).then(|| context::error_or(text, Event::Closed).toward(ends::first(text)))
}

fn because(why: &str) -> Said {
    let event = if why.contains("too many clients") || why.contains("connection slots") {
        Event::LimitReached
    } else if why.contains("FATAL:") {
        Event::LoginFailed
    } else if why.contains("timeout expired") {
        Event::TimedOut
    } else {
        Event::ConnectFailed
    };
    let user = why.split_once("user \"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
    context::error_or(why, event).about(user)
}
