//! Names without an address. The remote end is the name.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, ends, target};
use crate::host::{Host, SocketAddress};

pub const FAMILY: Family = Family {
    name: "names",
    needles: &[
        "ould not resolve",
        "ame or service not known",
        "ENOTFOUND",
        "EAI_AGAIN",
        "NXDOMAIN",
        "failure in name resolution",
        "no such host",
        "o such host is known",
        "UnknownHostException",
        "nodename nor servname",
        "unable to resolve host address",
        "on-existent domain",
    ],
    read,
};

/// What stands before the name.
const BEFORE: [&str; 10] = [
    "getaddrinfo ENOTFOUND ",
    "getaddrinfo EAI_AGAIN ",
    "UnknownHostException: ",
    "lookup ",
    "resolve hostname ",
    "resolve host: ",
    "resolve host address ",
    "can't find ",
    "host \"",
    "ailed to resolve '",
];

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    if let Some(name) = answered(text) {
        return Some(Said { remote: Some(name), ..Said::new(Event::NameNotFound) });
    }
    // `dig` prints the status of every answer; others that say so are prose.
    let of_dig = text.contains("status: NXDOMAIN");
    (!text.contains("NXDOMAIN") || of_dig || text.contains("can't find ")).then_some(())?;
    let is_source = ["raise ", "throw ", "File \"", "code: '"].iter().any(|word| text.trim_start().starts_with(word));
    (!is_source).then_some(())?;
    let target = message.command.and_then(target::of);
    // `HTTPConnectionPool(host='web', port=80): .. Failed to resolve 'web'` knows the port too.
    let target = target.or_else(|| super::python::pool(text));
    let named = BEFORE.iter().find_map(|words| ends::named_after(text, words)).filter(is_named);
    let remote = match (named, target) {
        // The command knows the port too.
        (Some(name), Some(target)) if target.host == name.host => Some(target),
        (Some(name), _) => Some(name),
        (None, target) => target,
    };
    let said = Said::new(Event::NameNotFound);
    let of_node = message.program.is_none() && text.contains("getaddrinfo E");
    let said = if of_node { said.by("node") } else { said };
    (remote.is_some() || message.framed || text.contains(": ")).then(|| said.toward(remote))
}

fn is_named(end: &SocketAddress) -> bool {
    matches!(end.host, Host::Name(_))
}

/// A name server's log: `config api.shop.lab is NXDOMAIN`, `reply api.shop.lab is NXDOMAIN`
fn answered(text: &str) -> Option<SocketAddress> {
    let name = text.strip_suffix(" is NXDOMAIN")?.rsplit(' ').next()?;
    ends::named(name)
}
