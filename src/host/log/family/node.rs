//! Node.js: the call, the error's symbol and the end in one line; more may stand in the object printed below.

use super::{Family, Message, Peers, Said};
use crate::host::log::{Event, ends, errno, plain, target};
use crate::host::{Lines, Port, SocketAddress};

pub const FAMILY: Family = Family {
    name: "node",
    needles: &["connect E", "read ECONN", "write E", "listen E", "other side closed", "socket hang up"],
    read,
};

fn read(message: &Message<'_>, _: &mut Peers) -> Option<Said> {
    let text = message.text;
    let marked = text.contains("Error: ");
    let target = message.command.and_then(target::of);
    let said = if text.contains("other side closed") || text.contains("socket hang up") {
        (marked || message.framed).then(|| Said::new(Event::Closed))?
    } else {
        let (errno, at, end) = errno::find(text).filter(|(errno, at, end)| text.get(*at..*end) == Some(errno.name))?;
        let call = text.get(..at)?.trim_end().rsplit(' ').next()?;
        if call == "listen" {
            let local = text.rsplit(' ').next().and_then(SocketAddress::with_colon);
            return Some(Said::error(errno).at(local).by("node"));
        }
        (["connect", "read", "write"].contains(&call) && (marked || message.framed)).then_some(())?;
        let mut ends = ends::all(text.get(end..)?).into_iter().map(|end| end.address);
        let (remote, local) = (ends.next(), ends.next());
        Said { remote, ..Said::error(errno).at(local) }
    };
    let [local, remote] = below(message.ahead);
    let said = Said { local: said.local.or(local), remote: said.remote.or(remote).or(target), ..said };
    let said = if message.program.is_some() { said } else { said.by("node") };
    let remote = said.remote.clone();
    Some(said.toward(remote))
}

/// More lines of one object are not read.
const MOST: usize = 32;

/// `localAddress: '10.77.1.2',` and the like in the object's braces.
fn below(ahead: &Lines<'_>) -> [Option<SocketAddress>; 2] {
    let mut parts: [Option<&str>; 4] = [None; 4];
    for line in
        ahead.clone().take(MOST).take_while(|line| plain::is_detail(line.text) && !line.text.contains("Error: "))
    {
        let Some((name, value)) = line.text.trim().split_once(": ") else { continue };
        let names = [["localAddress", ""], ["localPort", ""], ["remoteAddress", "address"], ["remotePort", "port"]];
        if let Some(place) = names.iter().position(|names| names.contains(&name)) {
            parts[place] = Some(value.trim_matches(['\'', ',', '"']));
        }
    }
    let end = |address: Option<&str>, port: Option<&str>| {
        let port = port.and_then(|port| port.parse().ok()).map_or(Port::Any, Port::Number);
        Some(SocketAddress::of(address?, port))
    };
    [end(parts[0], parts[1]), end(parts[2], parts[3])]
}
