//! `netstat` of Solaris and illumos: a section a protocol and family, windows between the queues, and with `-u` user,
//! process and command before them. A socket with several owners has a row for each, as it is printed.

use super::cells::Cells;
use super::table::{self, Verdict};
use super::{Family, Format, Found, Line, Lines, Owner, Socket, SocketAddress, SocketState};

pub(super) const FORMAT: Format = Format { name: "netstat-solaris", sniff, parse };

fn sniff(lines: &Lines<'_>) -> bool {
    section(lines.text()).is_some() || is_header(lines.text())
}

fn is_header(text: &str) -> bool {
    text.contains("Local Address") && text.contains("Swind") && text.contains("Rwind")
}

/// `TCP: IPv4`, `UDP: IPv6`, `SCTP:`: whether its rows are TCP, and their family.
fn section(text: &str) -> Option<(bool, Family)> {
    let (protocol, family) = text.trim_end().split_once(':')?;
    let family = match family {
        " IPv4" => Family::V4,
        " IPv6" => Family::V6,
        "" if protocol == "SCTP" => Family::V4,
        _ => return None,
    };
    matches!(protocol, "TCP" | "UDP" | "SCTP").then_some((protocol == "TCP", family))
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    // Without a section's title the columns are TCP's.
    let mut section = Some((true, Family::V4));
    let mut has_owner = false;
    let mut is_first = true;
    table::read(lines, found, |line, found| {
        let verdict = take(line, found, &mut section, &mut has_owner, is_first);
        is_first &= verdict != Verdict::Taken;
        verdict
    });
    found.sockets.shrink_to_fit();
}

fn take(
    line: Line<'_>,
    found: &mut Found,
    at: &mut Option<(bool, Family)>,
    has_owner: &mut bool,
    is_first: bool,
) -> Verdict {
    let text = line.text;
    if let Some(next) = section(text) {
        // A section that came before begins another snapshot.
        let is_again = !is_first && *at == Some(next);
        *at = Some(next);
        return if is_again { Verdict::End } else { Verdict::Taken };
    }
    if text.contains("Local Address") {
        *has_owner = text.contains("Command");
        return Verdict::Taken;
    }
    if text.starts_with("Active UNIX domain sockets") {
        *at = None;
        return Verdict::Taken;
    }
    let is_rule = text.starts_with("-----");
    match *at {
        _ if is_rule => Verdict::Taken,
        Some((true, family)) => tcp(line, family, *has_owner, found),
        // Rows of UDP may have no remote address; a blank line or the next section ends them.
        Some((false, _)) | None
            if !text.trim().is_empty() && text.split_whitespace().count() >= 2 && !is_prompt(text) =>
        {
            found.other_rows += 1;
            Verdict::Taken
        }
        Some((false, _)) | None => Verdict::Strange,
    }
}

fn is_prompt(text: &str) -> bool {
    text.contains(['#', '$', '%']) && text.contains('@')
}

fn tcp(line: Line<'_>, family: Family, has_owner: bool, found: &mut Found) -> Verdict {
    let Some(socket) = row(line, family, has_owner) else { return Verdict::Strange };
    found.sockets.push(socket);
    Verdict::Taken
}

fn row(line: Line<'_>, family: Family, has_owner: bool) -> Option<Socket> {
    let mut cells = Cells::new(line.text);
    let (local, remote) = (SocketAddress::with_dot(cells.next()?)?, SocketAddress::with_dot(cells.next()?)?);
    let mut socket = Socket::new(line.number, local, remote);
    socket.family = family;
    if has_owner {
        socket.user = Some(cells.next()?.into());
        let pid = cells.number();
        let program = program(&mut cells)?;
        socket.owners = [Owner { pid, program: Some(program.into()), fd: None }].into();
    }
    let [send_window, send_q, receive_window, recv_q] =
        [cells.number()?, cells.number()?, cells.number()?, cells.number()?];
    (socket.recv_q, socket.send_q) = (Some(recv_q), Some(send_q));
    socket.measures = [("swind", send_window), ("rwind", receive_window)].into_iter().collect();
    socket.state = Some(SocketState::read(cells.next()?)?);
    Some(socket)
}

/// A command may hold blanks: it ends where four numbers and a state follow.
fn program<'a>(cells: &mut Cells<'a>) -> Option<&'a str> {
    let rest = cells.rest();
    loop {
        cells.next()?;
        let mut ahead = *cells;
        let is_end = (0..4).all(|_| ahead.number().is_some()) && ahead.next().and_then(SocketState::read).is_some();
        if is_end {
            let length = rest.len().checked_sub(cells.rest().len())?;
            return rest.get(..length).map(str::trim_end);
        }
    }
}
