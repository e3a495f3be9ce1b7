//! Our own dumps, shown as they are understood.

use std::fmt::Write;
use synfin::host::{Block, Hints, Socket, read};

/// A block's head: lines, format, and where and when it was taken.
fn head(block: &Block) -> String {
    let time = block.time.map(|stamp| format!(" at {} by {}", stamp.time.date_and_time(), stamp.basis.name()));
    let host = block.host.as_deref().map(|host| format!(" on {host}"));
    let command = block.command.as_deref().map(|command| format!(" by `{command}`"));
    let others = block.found.other_rows;
    let others = (others > 0).then(|| format!(", {others} rows of other protocols"));
    let parts = [time, host, command, others].map(Option::unwrap_or_default).concat();
    format!("{} from line {}, {} lines{parts}\n", block.format, block.first_line, block.lines)
}

fn line(socket: &Socket) -> String {
    let state = socket.state.map_or("-", |state| state.name());
    let queue = |queue: Option<u32>| queue.map_or("-".to_owned(), |queue| queue.to_string());
    let mut out = format!(
        "{:>4} {:<5} {state:<11} {:>6} {:>6} {} {}",
        socket.line,
        socket.family.protocol(),
        queue(socket.recv_q),
        queue(socket.send_q),
        socket.local,
        socket.remote
    );
    if let Some(timer) = socket.timer {
        let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
        let [left, retransmits, probes] = [timer.left_ms, timer.retransmits, timer.probes].map(number);
        let _ = write!(out, " timer {} {left} ms/{retransmits}/{probes}", timer.kind.name());
    }
    for owner in &socket.owners {
        let _ = write!(out, " {owner:?}");
    }
    let user = socket.user.as_deref().map(|user| format!(" user {user}"));
    let inode = socket.inode.map(|inode| format!(" inode {inode}"));
    let shutdown = socket.shutdown.map(|shutdown| format!(" shutdown {}", shutdown.name()));
    let service = socket.service.as_deref().map(|service| format!(" service {service}"));
    out += &[user, inode, shutdown, service].map(Option::unwrap_or_default).concat();
    if !socket.measures.is_empty() {
        let _ = write!(out, " {:?}", socket.measures);
    }
    out.replace("Owner { ", "{").replace("Some(", "(").replace(" }", "}") + "\n"
}

#[test]
fn our_dumps_are_understood() {
    insta::glob!("../../../testdata/host", "*/*", |path| {
        let bytes = std::fs::read(path).expect("a dump");
        let document = read(&bytes, &Hints::default());
        let mut out = String::new();
        for block in &document.blocks {
            out += &head(block);
            block.found.sockets.iter().for_each(|socket| out += &line(socket));
            block.found.odd.first.iter().for_each(|(line, why)| out += &format!("{line:>4} odd: {why}\n"));
        }
        out +=
            &format!("{} of {} lines unknown {:?}\n", document.unknown_lines, document.lines, document.first_unknown);
        insta::assert_snapshot!(out);
    });
}
