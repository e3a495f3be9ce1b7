//! Any other line that names an error of a socket.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Direction, Event, ends, errno, target};

pub const FAMILY: Family = Family { name: "generic", needles: errno::NEEDLES, read };

/// Words that tell who opened the connection.
const OUTGOING: [&str; 16] = [
    "connect to",
    "connecting to",
    "connection to",
    "connect:",
    "connect()",
    "connect failed",
    "upstream",
    "backend",
    "to server",
    "from server",
    "connect ",
    "dial",
    "requests.exceptions",
    "urllib3",
    "httprequestexception",
    "for sync",
];
const INCOMING: [&str; 7] =
    ["client", "accept", "from client", "connection from", "peer ", "incoming", "received from"];

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let (errno, at, end) = errno::find(text)?;
    if !message.framed && !is_told(message, at, end) {
        return None;
    }
    let said = Said::error(errno);
    let target = message.command.and_then(target::of);
    match errno.event {
        Event::TooManyFiles | Event::NoBuffers => return Some(said),
        Event::AddressInUse | Event::CannotAssign if !text.to_lowercase().contains("connect") => {
            return Some(said.at(ends::first(text)));
        }
        _ => {}
    }
    // Apache names its client before the server behind it.
    if let Some((_, server)) = text.split_once(" from remote server ") {
        return Some(said.toward(ends::named(server)));
    }
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // Only who connects is refused.
    let is_ours = errno.event == Event::Refused && message.framed;
    let direction = if target.is_some() || is_ours || text.contains("://") || has(&OUTGOING) {
        Some(Direction::Out)
    } else {
        has(&INCOMING).then_some(Direction::In)
    };
    let remote = ends::first(text).or_else(|| {
        let words = ["connect to host ", "connect to ", "connecting to ", "connection to "];
        let named = words.iter().find_map(|words| ends::named_after(text, words));
        // `.. actively refused it. (localhost:5051)`
        let inner = || ends::named(text.strip_suffix(')')?.rsplit_once('(')?.1);
        named.or_else(inner).filter(|end| end.port.number().is_some())
    });
    Some(Said { direction, remote: remote.or(target), ..said })
}

/// System calls that Go's errors name before the error's words, which it writes small.
const CALLS: [&str; 4] = ["connect: ", "accept: ", "read: ", "write: "];

/// Without a frame, only a line that ends with the error after a colon or in brackets is a program's word, not prose: the
/// error as the C library writes it (`Connection refused`, `ECONNREFUSED`), or after what failed, or at a prompt.
fn is_told(message: &Message<'_>, at: usize, end: usize) -> bool {
    let text = message.text;
    let (Some(before), Some(after)) = (text.get(..at), text.get(end..)) else { return false };
    let before = before.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
    let said = text.get(before.len()..).unwrap_or_default();
    let of_system =
        said.starts_with(|letter: char| letter.is_uppercase()) || CALLS.iter().any(|call| before.ends_with(call));
    let starts =
        before.ends_with(": ") || before.ends_with('(') || before.ends_with("] ") || before.ends_with("failed, ");
    let ends = after.trim_start_matches(" by peer").trim_end_matches(['.', ')', '>', '\'', '"', ' ']).is_empty();
    let short = text.len() < 300 && !text.trim_start().starts_with(['#', '*', '|', '`']);
    starts && ends && (message.command.is_some() || short && of_system)
}
