//! Oracle: the listener's log, and the errors that clients get.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, context};
use crate::host::{Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "oracle",
    needles: &[
        "ORA-12",
        "ORA-00020",
        "ORA-03",
        "ORA-01017",
        "TNS-12",
        "TNS-005",
        "Fatal NI connect error ",
        "Network Adapter could not establish",
        " * establish * ",
    ],
    read,
};

/// What a number means.
const CODES: [(&str, Event); 22] = [
    ("12541", Event::Refused),
    ("12170", Event::TimedOut),
    ("12535", Event::TimedOut),
    ("12609", Event::TimedOut),
    ("12543", Event::Unreachable),
    ("12560", Event::ConnectFailed),
    ("12545", Event::NameNotFound),
    ("12514", Event::Unavailable),
    ("12505", Event::Unavailable),
    ("12516", Event::LimitReached),
    ("12518", Event::LimitReached),
    ("12519", Event::LimitReached),
    ("12520", Event::LimitReached),
    ("00020", Event::LimitReached),
    ("12537", Event::Closed),
    ("12547", Event::Closed),
    ("03113", Event::Closed),
    ("03135", Event::Closed),
    ("01017", Event::LoginFailed),
    ("00505", Event::TimedOut),
    ("00511", Event::Refused),
    ("12564", Event::Refused),
];

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    listener(message.text).or_else(|| fatal(message)).or_else(|| client(message))
}

/// `(CONNECT_DATA=..) * (ADDRESS=(PROTOCOL=tcp)(HOST=10.0.0.1)(PORT=51234)) * establish * ORCL * 12514`: 0 is success.
fn listener(text: &str) -> Option<Said> {
    let (head, rest) = text.split_once(" * establish * ")?;
    let client = address(head.rsplit_once("(ADDRESS=")?.1);
    let (service, code) = rest.split_once(" * ").unwrap_or(("", rest));
    let code = format!("{:0>5}", code.trim());
    let event = if code == "00000" { Event::Accepted } else { of_code(&code).unwrap_or(Event::ConnectFailed) };
    Some(Said::new(event).by("tnslsnr").about(service).from(client))
}

/// `(PROTOCOL=tcp)(HOST=10.0.0.1)(PORT=51234)`
fn address(text: &str) -> Option<SocketAddress> {
    let field = |name: &str| text.split_once(name).and_then(|(_, rest)| rest.split(')').next());
    let port = field("(PORT=").and_then(|port| port.parse().ok()).map_or(Port::Any, Port::Number);
    Some(SocketAddress::of(field("(HOST=")?, port))
}

/// Lines of one complaint.
const MOST: usize = 40;

/// `Fatal NI connect error 12170.` of a server's alert log, with the client's address some lines below.
fn fatal(message: &Message<'_>) -> Option<Said> {
    let code = message.text.strip_prefix("Fatal NI connect error ")?.get(..5)?;
    let below = message.ahead.clone().take(MOST).take_while(|line| !line.text.starts_with("Fatal NI connect error "));
    let client = below.into_iter().find_map(|line| address(line.text.split_once("Client address: (ADDRESS=")?.1));
    let said = Said::new(of_code(code).unwrap_or(Event::ConnectFailed)).by("oracle");
    Some(if client.is_some() { said.from(client) } else { said.toward(None) })
}

fn client(message: &Message<'_>) -> Option<Said> {
    let text = message.text;
    if text.contains("Network Adapter could not establish the connection") {
        return Some(context::error_or(text, Event::ConnectFailed).toward(None));
    }
    let code = ["ORA-", "TNS-"].iter().find_map(|prefix| {
        let rest = text.split_once(prefix)?.1;
        rest.get(..5).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
    });
    // A sentence names errors without their words.
    (message.framed || text.contains(&format!("{}: ", code?))).then_some(())?;
    let said = Said::new(of_code(code?)?);
    let error = context::error_or(text, said.event);
    let remote = text.split_once("(ADDRESS=").and_then(|(_, rest)| address(rest));
    let said = Said { errno: error.errno, ..said };
    // How many processes a server may have is its own matter.
    Some(if code? == "00020" { said } else { said.toward(remote) })
}

fn of_code(code: &str) -> Option<Event> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, event)| *event)
}
