//! The state read off the wire is the state the kernel had: every socket of every stable dump.

use super::scene::{self, Dump, Scene, Socket};
use crate::support::analyse_bytes;
use std::collections::BTreeMap;
use synfin::case::Judged;
use synfin::tcp::{Confidence, Outcome, Side, State};
use synfin::wire::Address;

/// A socket beside what a capture showed of it until the dump began.
struct Pair<'a> {
    scene: &'a Scene,
    dump: &'a Dump,
    socket: &'a Socket,
    /// The capture is the socket's own host's.
    near: bool,
    inferred: &'static str,
    row: Judged,
}

/// A class of differences that are right (OUTCOMES 4): no observer can see what made them.
struct Exception {
    name: &'static str,
    applies: fn(&Pair) -> bool,
    count: usize,
}

const EXCEPTIONS: [Exception; 2] = [
    Exception {
        name: "the host's own filter drops what the socket sends before it reaches the tap",
        applies: sent_into_own_filter,
        count: 3,
    },
    Exception {
        name: "a full accept queue drops the third ACK after the tap, and only one repeat of the SYN-ACK shows it",
        applies: dropped_by_listener,
        count: 1,
    },
];

/// A rule of the host drops this socket's segments on their way out, and the kernel's state is one that takes a segment
/// of its own to be seen: an acknowledgement of the peer's FIN or its own FIN.
fn sent_into_own_filter(pair: &Pair) -> bool {
    let rule = format!(
        "iptables -I OUTPUT -p tcp --dport {} --sport {} -j DROP",
        pair.socket.remote.port, pair.socket.local.port
    );
    let in_force = pair
        .scene
        .commands()
        .any(|(time, host, command)| time < pair.dump.begun && host == pair.dump.host && command.contains(&rule));
    in_force && matches!(pair.socket.state.as_str(), "CLOSE_WAIT" | "CLOSING" | "LAST_ACK")
}

/// The listener dropped an ACK that passed the tap. So far this left one repeat of the SYN-ACK, answered again, and no
/// payload: the same packets as after a lost ACK or with TCP_DEFER_ACCEPT, and the row says that it is unsure.
fn dropped_by_listener(pair: &Pair) -> bool {
    let row = &pair.row;
    let unsure = row.outcome == Outcome::Open && row.judgement.confidence == Confidence::Ambiguous;
    let one_repeat = row.summary[Side::Server].synacks == 3 && row.summary[Side::Client].bytes == 0;
    let states = (pair.socket.state.as_str(), pair.inferred) == ("SYN_RECEIVED", "ESTABLISHED");
    pair.scene.name == "s02_accept_queue_overflow" && states && unsure && one_repeat
}

/// Why a connection that lives by its packets has no socket: what the kernel did without a packet (OUTCOMES 4).
const GONE: [(&str, usize); 4] = [
    ("a SYN cookie instead of a socket", 4038),
    ("a SYN given up silently", 50),
    ("given up after unanswered retransmissions", 3),
    ("an address translated on the way: not this host's connection", 14),
];

fn why_gone(scene: &Scene, state: Option<State>, outcome: Outcome) -> Option<&'static str> {
    let does = |what: &str| scene.commands().any(|(_, _, command)| command.contains(what));
    match (state?, outcome) {
        (State::SynReceived, Outcome::SynackUnanswered) if does("tcp_syncookies=1") => Some(GONE[0].0),
        (State::SynSent, Outcome::SynUnanswered) if does("tcp_syn_retries") => Some(GONE[1].0),
        (_, Outcome::PeerVanished) if scene.name == "s38_idle_timeout" => Some(GONE[2].0), // tcp_user_timeout 9 s
        _ => None,
    }
}

/// Whether a firewall's own list of tracked connections has this one as what an answer is expected of, and not as what came.
fn is_translated(scene: &Scene, dump: &Dump, row: &Judged) -> bool {
    let path = scene.folder.join(&dump.label).join(&dump.host).join("conntrack-L.txt");
    let tuple = |source: Address, destination: Address| {
        format!("src={} dst={} sport={} dport={} ", source.ip(), destination.ip(), source.port, destination.port)
    };
    let (there, back) = (tuple(row.client, row.server), tuple(row.server, row.client));
    let entries = std::fs::read_to_string(path).unwrap_or_default();
    entries.lines().any(|entry| entry.contains(&back) && !entry.contains(&there))
}

#[derive(Default)]
struct Compared<'a> {
    pairs: Vec<Pair<'a>>,
    /// Sockets of which no capture has a packet.
    not_captured: BTreeMap<String, usize>,
    /// Connections that live by their packets and of which the kernel lists nothing (any more).
    no_socket: BTreeMap<String, usize>,
}

fn name(state: Option<State>) -> &'static str {
    state.map_or("nothing", State::name)
}

/// The side of a connection that a socket is.
fn side_of(row: &Judged, socket: &Socket) -> Option<Side> {
    let ends = [(Side::Client, row.client, row.server), (Side::Server, row.server, row.client)];
    ends.into_iter().find(|(_, local, remote)| (*local, *remote) == (socket.local, socket.remote)).map(|end| end.0)
}

/// The newest connection between a socket's two addresses, and which side it is.
fn newest<'a>(rows: &'a [Judged], socket: &Socket) -> Option<(&'a Judged, Side)> {
    let matching = rows.iter().filter_map(|row| side_of(row, socket).map(|side| (row, side)));
    matching.max_by_key(|(row, _)| row.summary.first_frame)
}

/// What the captures of these hosts showed until the dump began; none where they captured nothing.
fn seen(scene: &Scene, near: bool, dump: &Dump) -> Option<Vec<Judged>> {
    let captures = scene.captures().into_iter().filter(|(host, _)| host.starts_with(&dump.host) == near);
    let rows = captures.map(|(_, path)| {
        let capture = std::fs::read(path).expect("a capture of the lab");
        analyse_bytes(&scene::prefix(&capture, dump.begun))
    });
    rows.reduce(|mut all, rows| {
        all.extend(rows);
        all
    })
}

fn compare<'a>(scene: &'a Scene, dump: &'a Dump, near: bool, compared: &mut Compared<'a>) {
    let rows = seen(scene, near, dump);
    let place = format!("{} {}", scene.name, dump.host);
    for socket in &dump.sockets {
        let Some((row, side)) = rows.as_deref().and_then(|rows| newest(rows, socket)) else {
            if near {
                let why = if rows.is_none() { "captured nothing" } else { "no packet passed its tap" };
                *compared.not_captured.entry(format!("{place}: {why}")).or_default() += 1;
            }
            continue;
        };
        let inferred = name(row.judgement.states[side as usize]);
        compared.pairs.push(Pair { scene, dump, socket, near, inferred, row: row.clone() });
    }
    for row in rows.iter().flatten().filter(|_| near) {
        count_without_socket(scene, dump, row, compared);
    }
}

/// Counts a connection whose own side should still have a socket, and has none in the dump.
fn count_without_socket(scene: &Scene, dump: &Dump, row: &Judged, compared: &mut Compared) {
    let own = scene.addresses(&dump.host);
    for (side, address) in [(Side::Client, row.client), (Side::Server, row.server)] {
        let state = row.judgement.states[side as usize];
        let listed = dump.sockets.iter().any(|socket| side_of(row, socket) == Some(side));
        let lives = !matches!(state, None | Some(State::Closed));
        if own.contains(&address.ip()) && lives && !listed {
            let (scene_name, outcome) = (&scene.name, row.outcome.name());
            let translated = is_translated(scene, dump, row).then_some(GONE[3].0);
            let key = translated.or_else(|| why_gone(scene, state, row.outcome)).map_or_else(
                || format!("{scene_name} {} {}: {} {outcome}", dump.label, dump.host, name(state)),
                str::to_owned,
            );
            *compared.no_socket.entry(key).or_default() += 1;
        }
    }
}

fn print_counts(what: &str, counts: &BTreeMap<String, usize>) {
    println!("{what}: {}", counts.values().sum::<usize>());
    counts.iter().for_each(|(key, count)| println!("{count:6}  {key}"));
}

/// Counts by kernel's state of the pairs that agree, and a line for each kind of those that do not.
fn print_agreement(what: &str, pairs: &[&Pair]) {
    let (same, other): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().partition(|pair| pair.socket.state == pair.inferred);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    same.iter().for_each(|pair| *counts.entry(&pair.socket.state).or_default() += 1);
    println!("{what}: {} sockets compared, {} agree: {counts:?}", pairs.len(), same.len());
    let mut kinds: BTreeMap<String, (usize, &Judged)> = BTreeMap::new();
    for pair in &other {
        let place = format!("{} {} {}", pair.scene.name, pair.dump.label, pair.dump.host);
        let kind = format!("{place}: kernel {} inferred {}", pair.socket.state, pair.inferred);
        kinds.entry(kind).or_insert((0, &pair.row)).0 += 1;
    }
    kinds.iter().for_each(|(kind, (count, row))| {
        let (client, server) = (row.client, row.server);
        let pattern = row.summary.pattern.print(row.summary.client_way);
        println!("{count:6}  {kind}, such as {} > {}: {} {pattern}", client.port, server.port, row.outcome.name());
    });
}

#[test]
fn every_state_read_off_the_wire_is_the_kernels() {
    let Some(scenes) = scene::all() else { return };
    let dumps: Vec<(&Scene, Vec<Dump>)> = scenes.iter().map(|scene| (scene, scene.dumps())).collect();
    let all = dumps.iter().flat_map(|(scene, dumps)| dumps.iter().map(move |dump| (*scene, dump)));
    let (stable, unstable): (Vec<_>, Vec<_>) = all.partition(|(_, dump)| dump.stable);
    let mut compared = Compared::default();
    for (scene, dump) in &stable {
        compare(scene, dump, true, &mut compared);
        compare(scene, dump, false, &mut compared);
    }
    println!("{} stable dumps, {} unstable left out", stable.len(), unstable.len());
    print_counts("sockets not captured", &compared.not_captured);
    print_counts("living connections without a socket", &compared.no_socket);
    let (near, far): (Vec<&Pair>, Vec<&Pair>) = compared.pairs.iter().partition(|pair| pair.near);
    print_agreement("own host's capture", &near);
    print_agreement("far end's capture (not required)", &far);

    let mut unexplained: Vec<&Pair> = near.into_iter().filter(|pair| pair.socket.state != pair.inferred).collect();
    for exception in EXCEPTIONS {
        let before = unexplained.len();
        unexplained.retain(|pair| !(exception.applies)(pair));
        println!("exception, {}: {}", exception.name, before - unexplained.len());
        assert_eq!(before - unexplained.len(), exception.count, "{}", exception.name);
    }
    print_agreement("unexplained", &unexplained);
    let gone: BTreeMap<String, usize> = GONE.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect();
    assert_eq!(compared.no_socket, gone);
    assert!(unexplained.is_empty(), "{} sockets are not in the inferred state", unexplained.len());
    assert!(stable.len() > 100 && compared.pairs.len() > 1500, "the lab has many dumps with many sockets");
}
