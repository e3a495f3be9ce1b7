//! Java: exceptions of sockets, in stack traces and in logs.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Direction, Event, context, ends, errno, target};

pub const FAMILY: Family = Family {
    name: "java",
    needles: &[
        "ConnectException",
        "NoRouteToHostException",
        "SocketException",
        "SocketTimeoutException",
        "ConnectTimeoutException",
        "BindException",
        "NoHttpResponseException",
        "PortUnreachableException",
        "ClosedChannelException",
        "IOException: ",
    ],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let has = |words: &str| text.contains(words);
    // `Exception = null` of a setting is no exception that was thrown.
    (!text.trim_start().starts_with("at ") && !text.contains("Exception =")).then_some(())?;
    let otherwise = if has("TimeoutException") {
        Event::TimedOut
    } else if has("NoHttpResponseException") || has("ClosedChannelException") || has("SocketException: Socket closed") {
        Event::Closed
    } else if has("ConnectException") || has("NoRouteToHostException") {
        Event::ConnectFailed
    } else if has("BindException") {
        Event::BindFailed
    } else {
        // Of other exceptions only the error counts.
        errno::find(text).map(|(errno, ..)| errno.event)?
    };
    let said = context::error_or(text, otherwise);
    // .NET has exceptions of the same name.
    let is_java = message.program.is_none() && !has("System.Net.");
    let said = if is_java { said.by("java") } else { said };
    let listens = matches!(said.event, Event::AddressInUse | Event::BindFailed);
    if listens || said.event == Event::TooManyFiles {
        let local = ends::first(text).filter(|_| listens);
        return Some(said.at(local));
    }
    if has("ClientAbortException") {
        return Some(said.from(ends::first(text)));
    }
    // `Connect to web:8080 [web/10.0.0.1] failed` names the port in front of the address.
    let named = ["onnect to ", "onnection to "].iter().find_map(|words| ends::named_after(text, words));
    let remote = ends::first(text).map(|end| match named.clone() {
        Some(named) if end.port.number().is_none() => crate::host::SocketAddress { port: named.port, ..end },
        _ => end,
    });
    let remote =
        remote.or(named.filter(|named| named.port.number().is_some())).or_else(|| message.command.and_then(target::of));
    Some(Said { direction: Some(Direction::Out), remote, ..said })
}
