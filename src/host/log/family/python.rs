//! Python: errors with their number, and the words of its HTTP and Redis clients.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, ends, errno, target};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "python",
    needles: &[
        "[Errno ",
        "[WinError ",
        "RemoteDisconnected",
        "urlopen error",
        " connecting to ",
        "ConnectionPool(host=",
        "TimeoutError: timed out",
        "imeoutError(",
        "socket.timeout",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    // A traceback shows the source line that raised; the error itself follows.
    let is_source = ["raise ", "return ", "File \"", "except "].iter().any(|word| text.trim_start().starts_with(word));
    (!is_source).then_some(())?;
    let said = number(text).and_then(errno::of_number).map(Said::error).or_else(|| words(text))?;
    if matches!(said.event, Event::AddressInUse | Event::TooManyFiles) {
        let local = ends::first(text);
        return Some(said.at(local));
    }
    let remote = ends::first(text).filter(|end| end.port.number().is_some());
    let remote = remote.or_else(|| pool(text)).or_else(|| ends::named_after(text, " connecting to "));
    Some(said.toward(remote.or_else(|| message.command.and_then(target::of))))
}

/// `[Errno 111]`, `[WinError 10061]`, `Error 111 connecting to`
fn number(text: &str) -> Option<u32> {
    let after = |words: &str, end: &str| text.split_once(words)?.1.split_once(end)?.0.parse().ok();
    after("[Errno ", "]").or_else(|| after("[WinError ", "]")).or_else(|| after("Error ", " connecting to "))
}

fn words(text: &str) -> Option<Said> {
    let has = |words: &str| text.contains(words);
    if has("RemoteDisconnected") && has("closed connection without response") {
        return Some(Said::new(Event::Closed));
    }
    let timed_out = has("urlopen error timed out")
        || has("TimeoutError: timed out")
        || has("socket.timeout: timed out")
        || has("ConnectTimeoutError(<")
        || has("ReadTimeoutError(\"")
        || has("ConnectionPool(host=") && has("ead timed out");
    timed_out.then(|| Said::new(Event::TimedOut))
}

/// `HTTPConnectionPool(host='web', port=80): Max retries exceeded`
pub(super) fn pool(text: &str) -> Option<SocketAddress> {
    let (host, rest) = text.split_once("ConnectionPool(host='")?.1.split_once('\'')?;
    let port = rest.split_once("port=")?.1.split(')').next()?.parse().ok()?;
    Some(SocketAddress::of(host, Port::Number(port)))
}
