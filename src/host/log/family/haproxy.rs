//! HAProxy: sessions that ended badly, and servers that went away.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends};

pub const FAMILY: Family = Family {
    name: "haproxy",
    needles: &[
        "#/-1/#",
        "#/-1/-",
        " SD-- ",
        " SH-- ",
        " SL-- ",
        " sD-- ",
        " sH-- ",
        " cD-- ",
        " cR-- ",
        " cH-- ",
        " CD-- ",
        " CH-- ",
        " CR-- ",
        " CC-- ",
        " SD #/",
        " sD #/",
        " cD #/",
        " CD #/",
        " CC #/",
        " is DOWN, reason: ",
        "has no server available!",
        " stopped (cumulated conns: ",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    if let Some((server, why)) = text.split_once(" is DOWN, reason: ") {
        let name = server.rsplit(' ').next()?;
        let event = if why.contains("timeout") { Event::TimedOut } else { Event::ConnectFailed };
        return Some(context::error_or(why, event).by("haproxy").about(name).toward(None));
    }
    let begins = ["backend ", "proxy ", "Backend ", "Proxy "].iter().any(|begin| text.starts_with(begin));
    if let Some(name) = text.strip_suffix(" has no server available!").filter(|_| message.framed || begins) {
        let name = name.rsplit(' ').next()?.trim_matches('\'');
        return Some(Said::new(Event::Unavailable).by("haproxy").about(name));
    }
    if let Some((name, _)) = text.split_once(" stopped (cumulated conns: ") {
        return Some(Said::new(Event::Stopped).by("haproxy").about(name.rsplit(' ').next()?));
    }
    session(text)
}

/// `10.77.1.2:42284 [20/Nov/2026:20:11:17.039] frontend backend/server 0/0/-1 0 SC ..`: the flags say who ended it and
/// when. The ends are the client's: of the server only the name is told.
fn session(text: &str) -> Option<Said> {
    let (client, rest) = text.split_once(" [")?;
    let (_, rest) = rest.split_once("] ")?;
    let client = ends::first(client)?;
    let mut words = rest.split(' ').skip(1);
    let (server, timers) = (words.next()?, words.next()?);
    // Of TCP come the bytes and the flags; of HTTP the status, the bytes, two cookies and the flags.
    let flags = words.nth(if timers.matches('/').count() == 2 { 1 } else { 4 })?;
    let mut flags = flags.chars();
    let event = match (flags.next()?, flags.next()?) {
        ('S', 'C') => Event::ConnectFailed,
        ('s' | 'c', 'Q') | ('P' | 'R' | 'L', _) => Event::LimitReached,
        ('s' | 'c', _) => Event::TimedOut,
        ('S' | 'C' | 'K' | 'D' | 'U', _) => Event::Closed,
        _ => return None,
    };
    Some(Said::new(event).by("haproxy").about(server).from(Some(client)))
}
