//! `Test-NetConnection HOST -Port N` of PowerShell: a list of properties, and warnings before it.

use crate::host::log::context::Said;
use crate::host::log::{Event, read};
use crate::host::{Format, Found, Lines, Port, SocketAddress};

pub const FORMAT: Format = Format { name: "test-netconnection", sniff, parse };

const WARNING: &str = "WARNING: TCP connect to ";

fn sniff(lines: &Lines<'_>) -> bool {
    let text = lines.text();
    let is_list = property(text).is_some_and(|(name, _)| name == "ComputerName");
    text.starts_with(WARNING) || is_list && lines.clone().take(16).any(|line| line.text.starts_with("TcpTestSucceeded"))
}

/// `RemotePort       : 443`
fn property(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim_end();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"() ".contains(&byte));
    is_name.then(|| (name, value.trim()))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let mut values: [Option<&str>; 4] = [None; 4];
    const NAMES: [&str; 4] = ["ComputerName", "RemoteAddress", "RemotePort", "SourceAddress"];
    while let Some(line) = lines.peek() {
        let text = line.text;
        if text.starts_with("WARNING: ") || text.trim().is_empty() {
            lines.next();
            continue;
        }
        let Some((name, value)) = property(text) else { return };
        lines.next();
        if let Some(place) = NAMES.iter().position(|known| *known == name) {
            values[place] = Some(value).filter(|value| !value.is_empty());
        }
        if name == "TcpTestSucceeded" {
            let [computer, remote, port, source] = values;
            let end = |host: Option<&str>, port: Port| host.map(|host| SocketAddress::of(host, port));
            let port = port.and_then(|port| port.parse().ok()).map_or(Port::Any, Port::Number);
            let event = if value == "True" { Event::Connected } else { Event::ConnectFailed };
            let said = Said::new(event).by("Test-NetConnection").toward(end(remote.or(computer), port));
            let said = said.at(end(source, Port::Any));
            read::keep(read::row(line.number, said, None, None, text), found);
            return;
        }
    }
}
