//! Our own dumps, shown as they are understood.

use std::fmt::Write;
use synfin::host::{Block, Counter, FirewallRule, Hints, Setting, Socket, Tracked, Tuple, read};
use synfin::time::Zone;

/// A block's head: lines, format, and where and when it was taken.
fn head(block: &Block) -> String {
    let time = block.time.map(|stamp| format!(" at {} by {}", stamp.time.date_and_time(Zone::UTC), stamp.basis.name()));
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

fn track(tracked: &Tracked) -> String {
    let tuple = |tuple: &Tuple| format!("{} -> {}", tuple.source, tuple.destination);
    let Tracked { line, left_s, original, .. } = tracked;
    let state = tracked.state.unwrap_or("-");
    let left = left_s.map_or("-".to_owned(), |left| format!("{left} s"));
    let reply = tracked.reply.as_ref().map_or("-".to_owned(), tuple);
    let marks =
        [(tracked.unreplied, " unreplied"), (tracked.assured, " assured"), (tracked.is_translated(), " translated")];
    let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
    format!("{line:>4} {state} {left} {}, answer {reply}{marks}\n", tuple(original))
}

fn counter(counter: &Counter) -> String {
    let scope = counter.scope.as_deref().map_or(String::new(), |scope| format!("{scope} "));
    let text = counter.text.as_deref().map_or(String::new(), |text| format!("   <- {text}"));
    format!("{:>4} {scope}{} = {}{text}\n", counter.line, counter.name, counter.value)
}

fn setting(setting: &Setting) -> String {
    let scope = setting.scope.as_deref().map_or(String::new(), |scope| format!("[{scope}] "));
    format!("{:>4} {scope}{} = {}\n", setting.line, setting.name, setting.value)
}

fn rule(rule: &FirewallRule) -> String {
    let FirewallRule { kind, table, chain, number, action, target, line, .. } = rule;
    let time = rule.time.map_or(String::new(), |time| format!(" at {}", time.date_and_time(Zone::UTC)));
    let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let counts = [rule.packets, rule.bytes].map(count).join("/");
    let (kind, action) = (kind.name(), action.name());
    format!("{line:>4} {kind} {table} {chain} {number} {action} ({target}) {counts}{time} {}\n", conditions(rule))
}

/// Only what is asked for.
fn conditions(rule: &FirewallRule) -> String {
    let wants = &rule.matches;
    let mut out = format!("{:?}", wants.protocol);
    let list = |name: &str, list: Vec<String>, inverted: bool| {
        let not = if inverted { "not " } else { "" };
        (!list.is_empty()).then(|| format!(", {name} {not}{}", list.join(" or ")))
    };
    let networks = [("from", &wants.source), ("to", &wants.destination)].map(|(name, any)| {
        list(name, any.list.iter().map(|net| format!("{}/{}", net.address, net.bits)).collect(), any.inverted)
    });
    let ports = [("from port", &wants.source_port), ("to port", &wants.destination_port)].map(|(name, any)| {
        list(name, any.list.iter().map(|ports| format!("{}-{}", ports.first, ports.last)).collect(), any.inverted)
    });
    out += &networks.into_iter().chain(ports).flatten().collect::<String>();
    let interfaces = [("in by", &wants.input), ("out by", &wants.output)];
    out += &interfaces
        .iter()
        .filter_map(|(name, own)| Some(format!(", {name} {}", (*own).as_deref()?)))
        .collect::<String>();
    if let Some(state) = wants.state {
        out += &format!(", {state:?}");
    }
    if let Some(flags) = wants.flags {
        out += &format!(", flags {:#04x} of {:#04x}", flags.set, flags.mask);
    }
    out + if wants.more { ", and more" } else { "" }
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
            block.found.tracked.iter().for_each(|tracked| out += &track(tracked));
            let counts = block.found.state_counts.iter();
            counts.for_each(|of| out += &format!("{:>4} {:<11} {:>6}\n", of.line, of.state.name(), of.count));
            block.found.counters.iter().for_each(|item| out += &counter(item));
            block.found.settings.iter().for_each(|item| out += &setting(item));
            block.found.rules.iter().for_each(|item| out += &rule(item));
            block.found.odd.first.iter().for_each(|(line, why)| out += &format!("{line:>4} odd: {why}\n"));
        }
        out +=
            &format!("{} of {} lines unknown {:?}\n", document.unknown_lines, document.lines, document.first_unknown);
        insta::assert_snapshot!(out);
    });
}
