//! nginx: its servers behind it, its clients, its listeners, its processes.

use super::{Family, Message, Peers, Said};
use crate::host::SocketAddress;
use crate::host::log::{Event, context, ends};

pub const FAMILY: Family = Family {
    name: "nginx",
    needles: &[
        ", client: ",
        ", upstream: ",
        "closed keepalive connection",
        "(SIGTERM) received",
        "(SIGQUIT) received",
        "start worker processes",
        "exited with code",
        "exited on signal",
        "still could not bind()",
        "bind() to ",
        "worker_connections are not enough",
        "worker_connections exceed",
        "host not found in upstream",
        "accept4() failed",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    message.is_of(&["nginx"]).then_some(())?;
    let text = message.text;
    let (what, parties) = text.split_once(", client: ").unwrap_or((text, ""));
    if text.starts_with("bind() to ") {
        let local = text.split(' ').nth(2).and_then(SocketAddress::with_colon);
        return Some(context::error_or(text, Event::BindFailed).at(local));
    }
    if let Some(said) = itself(text) {
        return Some(said);
    }
    if let Some(name) = unresolved(what) {
        return Some(Said::new(Event::NameNotFound).toward(ends::named(name)));
    }
    if let Some(errno) = context::error_or(what, Event::Closed).errno.filter(|of| of.event == Event::TooManyFiles) {
        return Some(Said::error(errno));
    }
    if let Some((_, upstream)) = parties.split_once("upstream: \"") {
        let event = if what.contains("no live upstreams") {
            return Some(Said::new(Event::Unavailable).about(upstream.split('"').next().unwrap_or_default()));
        } else if what.contains("timed out") {
            Event::TimedOut
        } else if what.contains("closed") {
            Event::Closed
        } else if what.contains("failed") {
            Event::ConnectFailed
        } else {
            return context::error_or(what, Event::ProtocolError).errno.map(Said::error);
        };
        return Some(context::error_or(what, event).toward(server(upstream)));
    }
    let client = || ends::first(parties).or_else(|| ends::after(text, "client "));
    if text.ends_with("closed keepalive connection") || what.contains("prematurely closed connection") {
        return Some(Said::new(Event::Closed).from(client()));
    }
    let error = context::error_or(what, Event::Closed);
    error.errno?;
    Some(if parties.is_empty() { error } else { error.from(client()) })
}

/// `host not found in upstream "auth.internal" in ..`, `auth.internal could not be resolved (3: Host not found)`
fn unresolved(what: &str) -> Option<&str> {
    match what.split_once("host not found in upstream \"") {
        Some((_, rest)) => rest.split('"').next(),
        None => what.split_once(" could not be resolved (").map(|(name, _)| name),
    }
}

/// What it says of its own processes.
fn itself(text: &str) -> Option<Said> {
    let event = if text == "start worker processes" {
        Event::Started
    } else if text.contains("(SIGTERM) received") || text.contains("(SIGQUIT) received") {
        Event::Stopped
    } else if text.contains(" process ") && (text.contains("exited with code") || text.contains("exited on signal")) {
        Event::Exited
    } else if text.starts_with("still could not bind()") {
        Event::BindFailed
    } else if text.contains("worker_connections are not enough") || text.contains("worker_connections exceed ") {
        Event::LimitReached
    } else {
        return None;
    };
    Some(Said::new(event))
}

/// `http://10.77.2.2:8081/refused", ..`, `fastcgi://127.0.0.1:9000", ..`
fn server(upstream: &str) -> Option<SocketAddress> {
    ends::url(upstream.split('"').next()?)
}
