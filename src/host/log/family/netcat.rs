//! Netcat in its kinds: OpenBSD's, the traditional one, Nmap's, BusyBox's.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context, ends, target};

pub const FAMILY: Family = Family {
    name: "netcat",
    needles: &[
        "nc: connect to ",
        "nc: can't connect to",
        "nc: getaddrinfo",
        "port [tcp/",
        "Ncat: ",
        ") open",
        ") : Connection ",
        ") : No route ",
        ") : Network is ",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    (!message.framed).then_some(())?;
    let text = message.text.trim();
    let said = openbsd(text).or_else(|| nmap(message, text)).or_else(|| traditional(text))?;
    let program = message.command.and_then(target::program).filter(|name| ["ncat", "netcat"].contains(name));
    Some(said.by(program.unwrap_or("nc")))
}

/// `nc: connect to 10.77.2.2 port 8081 (tcp) failed: Connection refused`, `.. timed out: Operation now in progress`,
/// `Connection to www.shop.lab (10.77.2.2) 80 port [tcp/http] succeeded!`
fn openbsd(text: &str) -> Option<Said> {
    if let Some(rest) = text.strip_prefix("Connection to ").filter(|_| text.ends_with("succeeded!")) {
        let named = || {
            let (host, rest) = rest.split_once(' ')?;
            let port = rest.split(' ').next()?.parse().ok()?;
            Some(crate::host::SocketAddress::of(host, crate::host::Port::Number(port)))
        };
        return Some(Said::new(Event::Connected).toward(ends::first(rest).or_else(named)));
    }
    if let Some(rest) = text.strip_prefix("nc: getaddrinfo for host ") {
        return Some(Said::new(Event::NameNotFound).toward(ends::named(rest)));
    }
    if let Some(rest) = text.strip_prefix("nc: can't connect to remote host ") {
        return Some(context::error_or(rest, Event::ConnectFailed).toward(ends::first(rest)));
    }
    let rest = text.strip_prefix("nc: connect to ")?;
    let event = if rest.contains(" timed out: ") { Event::TimedOut } else { Event::ConnectFailed };
    Some(context::error_or(rest, event).toward(ends::named(rest)))
}

/// `Ncat: Connected to 10.0.0.1:80.`, `Ncat: Connection refused.`, `Ncat: TIMEOUT.`
fn nmap(message: &Message<'_>, text: &str) -> Option<Said> {
    let rest = text.strip_prefix("Ncat: ")?;
    let target = message.command.and_then(target::of);
    if rest.starts_with("Connected to ") {
        return Some(Said::new(Event::Connected).toward(ends::first(rest).or(target)));
    }
    let event = if rest.starts_with("TIMEOUT") { Event::TimedOut } else { Event::ConnectFailed };
    let failed = context::error_or(rest, event);
    (failed.errno.is_some() || event == Event::TimedOut).then(|| failed.toward(target))
}

/// `web [10.77.2.2] 80 (http) open`, `(UNKNOWN) [10.77.2.2] 8081 (?) : Connection refused`, `10.0.0.1 (10.0.0.1:80) open`
fn traditional(text: &str) -> Option<Said> {
    let (_, rest) = text.split_once('[').or_else(|| text.split_once(" ("))?;
    let (address, rest) = rest.split_once(']').or_else(|| rest.split_once(')'))?;
    let address = ends::first(address)?;
    let port = rest.split_whitespace().next().and_then(|port| port.parse().ok());
    let port = port.map_or(address.port.clone(), crate::host::Port::Number);
    let remote = crate::host::SocketAddress { port, ..address };
    let open = text.ends_with(" open");
    let said = if open { Said::new(Event::Connected) } else { context::error_or(text, Event::ConnectFailed) };
    (open || said.errno.is_some()).then(|| said.toward(Some(remote)))
}
