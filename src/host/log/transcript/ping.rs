//! `ping`: from its first line to its statistics, of Linux, BSD, BusyBox and Windows.

use crate::host::log::context::Said;
use crate::host::log::{Event, ends, read};
use crate::host::{Format, Found, Line, Lines, Port, SocketAddress};

pub const FORMAT: Format = Format { name: "ping", sniff, parse };

/// Lines of one run that are gone through at most between its first line and the statistics.
const MOST: usize = 100_000;

fn sniff(lines: &Lines<'_>) -> bool {
    target(lines.text()).is_some() || statistics(lines.text()).is_some()
}

/// How a run begins, in the words of some languages.
const BEGINS: [&str; 6] = [
    "PING ",
    "Pinging ",
    "Ping wird ausgeführt für ",
    "Envoi d’une requête 'Ping' ",
    "Envoi d'une requête 'Ping' ",
    "Haciendo ping a ",
];

/// How Windows begins the line above its counts.
const STATISTICS: [&str; 4] =
    ["Ping statistics for ", "Ping-Statistik für ", "Statistiques Ping pour ", "Estadísticas de ping para "];

/// `PING web (10.0.0.1) 56(84) bytes of data.`, `PING6(56=40+8+8 bytes) a --> b`, `Pinging web [10.0.0.1] with 32 bytes of data:`
fn target(text: &str) -> Option<SocketAddress> {
    if let Some(rest) = text.strip_prefix("PING6(") {
        return ends::first(rest.split_once("--> ")?.1);
    }
    let rest = BEGINS.iter().find_map(|begin| text.strip_prefix(begin))?;
    let is_run = ["bytes", "Bytes", "octets"].iter().any(|unit| rest.contains(unit));
    is_run.then(|| ends::first(rest).or_else(|| ends::named(rest)))?.map(|end| SocketAddress { port: Port::Any, ..end })
}

/// `--- 10.0.0.1 ping statistics ---`, `Ping statistics for 10.0.0.1:`
fn statistics(text: &str) -> Option<SocketAddress> {
    // Translated in as many ways, the word stands in all of them.
    let of_unix = text.strip_prefix("--- ").and_then(|rest| rest.strip_suffix(" ---"));
    let of_unix = of_unix.filter(|rest| rest.to_lowercase().contains("ping")).and_then(|rest| rest.split(' ').next());
    let of_windows = || STATISTICS.iter().find_map(|begin| text.strip_prefix(begin))?.strip_suffix(':');
    ends::named(of_unix.or_else(of_windows)?.trim())
}

fn parse(lines: &mut Lines<'_>, found: &mut Found) {
    let (mut remote, mut unreached) = (None, 0);
    for _ in 0..MOST {
        let Some(line) = lines.peek() else { return };
        let starts = target(line.text).or_else(|| statistics(line.text));
        if remote.is_some() && target(line.text).is_some() {
            return;
        }
        if let Some(end) = starts {
            remote = Some(remote.unwrap_or(end));
        } else if let Some(said) = counted(line.text, unreached).or_else(|| unreachable(line)) {
            lines.next();
            let ends = said.event != Event::Unreachable;
            unreached += u64::from(!ends);
            let said = said.by("ping").toward(remote.clone());
            read::keep(read::row(line.number, said, None, None, line.text), found);
            if ends {
                rest(lines);
                return;
            }
            continue;
        } else if !is_reply(line.text) {
            return;
        }
        lines.next();
    }
}

/// `3 packets transmitted, 3 received, 0% packet loss`, `    Packets: Sent = 4, Received = 0, Lost = 4 (100% loss),`
/// In any language two counts stand before a share; Windows counts as received what says that nobody was reached.
fn counted(text: &str, unreached: u64) -> Option<Said> {
    let numbers = || text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let of_unix = text.starts_with(|letter: char| letter.is_ascii_digit())
        && text.contains('%')
        && text.matches(", ").count() > 1;
    let of_windows = text.starts_with(' ') && text.matches(" = ").count() == 3 && !text.contains("ms");
    let received: u64 = (of_unix || of_windows).then(|| numbers().nth(1)?.parse().ok())??;
    let received = if of_windows { received.saturating_sub(unreached) } else { received };
    Some(Said::new(if received > 0 { Event::Answered } else { Event::Unanswered }))
}

/// `From 10.77.1.1 icmp_seq=1 Destination Host Unreachable`, `Reply from 10.0.0.1: Destination host unreachable.`
fn unreachable(line: Line<'_>) -> Option<Said> {
    let text = line.text;
    let words = [
        "nreachable",
        "Time to live exceeded",
        "TTL expired",
        "rohibited",
        "nicht erreichbar",
        "injoignable",
        "inaccesible",
    ];
    let says = words.iter().any(|word| text.contains(word));
    let begins = ["From ", "Von ", "Reply from ", "Antwort von ", "Réponse de ", "Respuesta desde "];
    (says && begins.iter().any(|begin| text.starts_with(begin))).then(|| Said::new(Event::Unreachable))
}

fn is_reply(text: &str) -> bool {
    let text = text.trim();
    let starts = [
        "From ",
        "Reply from ",
        "Request timed out",
        "Antwort von ",
        "Zeitüberschreitung",
        "Réponse de ",
        "Délai d",
        "Respuesta desde ",
        "Tiempo de espera",
        "Von ",
        "ping: ",
        "no answer yet",
        "General failure",
    ];
    text.is_empty()
        || text.contains(" bytes from ")
        || text.contains(" Bytes von ")
        || text.contains("icmp_seq=")
        || text.contains("time=")
        || starts.iter().any(|start| text.starts_with(start))
}

/// Round-trip times after the count.
fn rest(lines: &mut Lines<'_>) {
    let is_time = |text: &str| {
        text.starts_with("rtt min")
            || text.starts_with("round-trip min")
            || text.trim_start().starts_with("Approximate round trip")
            || text.trim_start().starts_with("Ca. Zeitangaben")
            || text.starts_with("    (")
            || text.trim_start().starts_with("Minimum = ")
    };
    while lines.take_if(|line| is_time(line.text).then_some(())).is_some() {}
}
