//! Redis: its log, and what it answers to clients.

use super::{Family, Message, Peers, Said};
use crate::host::SocketAddress;
use crate::host::log::{Event, context, ends};

pub const FAMILY: Family = Family {
    name: "redis",
    needles: &[
        "Redis is starting",
        "Ready to accept connections",
        "Running mode=",
        "Received SIGTERM",
        "Redis is now ready to exit",
        "max number of clients reached",
        "Error accepting a client",
        "Error registering fd event",
        "TCP listening socket ",
        "NOAUTH ",
        "WRONGPASS ",
        "ERR invalid password",
        "invalid username-password pair",
        "AUTH failed",
        "Connection with replica",
        "Error condition on socket",
        "Timeout connecting to the MASTER",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let has = |words: &str| text.contains(words);
    if message.is_of(&["redis", "redis-server"]) {
        return server(text);
    }
    let event = if has("NOAUTH ") || has("WRONGPASS ") || has("ERR invalid password") || has("username-password pair") {
        Event::LoginFailed
    } else if has("max number of clients reached") {
        Event::LimitReached
    } else {
        return None;
    };
    Some(Said::new(event).toward(ends::first(text)))
}

fn server(text: &str) -> Option<Said> {
    let has = |words: &str| text.contains(words);
    if has("Running mode=") {
        let port = text.split_once("port=")?.1.trim_end_matches('.').parse().ok()?;
        return Some(Said::new(Event::Listening).at(Some(ends::any_with(port))));
    }
    if let Some(rest) = text.split_once("Connection with replica ").map(|(_, rest)| rest) {
        return rest.contains(" lost").then(|| Said::new(Event::Closed).from(ends::first(rest)));
    }
    if has("Timeout connecting to the MASTER") {
        return Some(Said::new(Event::TimedOut).toward(None));
    }
    if has("for SYNC") {
        return Some(context::error_or(text, Event::ConnectFailed).toward(None));
    }
    let event = if has("Redis is starting") || has("Ready to accept connections") {
        Event::Started
    } else if has("Received SIGTERM") {
        Event::Stopped
    } else if has("Redis is now ready to exit") {
        Event::Exited
    } else if has("max number of clients reached") {
        Event::LimitReached
    } else if has("TCP listening socket ") {
        let end = text.split_once("listening socket ").and_then(|(_, rest)| rest.split(' ').next());
        let local = end.and_then(|end| SocketAddress::with_colon(end.trim_end_matches(':')));
        return Some(context::error_or(text, Event::BindFailed).at(local));
    } else {
        let error = context::error_or(text, Event::Closed);
        return error.errno.map(|_| error);
    };
    Some(Said::new(event))
}
