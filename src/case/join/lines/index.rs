//! The log lines that tell ends of a connection, found by these: what a connection is looked up in while the rows go by.

use super::super::index::full;
use super::candidate::Kind;
use crate::case::Judged;
use crate::case::dump::{Dumps, Place};
use crate::host::{Block, Direction, Event, LogLine, SocketState};
use crate::tcp::Summary;
use crate::wire::{Address, FlowKey};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Ports of one program that are tried.
const MOST_PORTS: usize = 16;

/// By what a line is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Flow(FlowKey),
    /// The end that opened the connection.
    Client(Address, Kind),
    /// The end that it was opened to.
    Server(Address, Kind),
    /// The client's address, and a port of the program that wrote the line.
    Listener(u128, u16, Kind),
}

/// A line that tells of a connection.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub place: Place,
    /// Numbers of its keys: several only where a program listens at several ports.
    pub keys: Box<[u32]>,
    /// It tells both ends.
    pub is_whole: bool,
    /// It tells both, or the client's with its port.
    pub is_own: bool,
}

/// All lines that tell ends of a connection.
#[derive(Debug, Default)]
pub struct LineIndex {
    pub(super) lines: Vec<Known>,
    numbers: HashMap<Key, u32>,
    /// What a summary is asked for, whichever end is the client's.
    ends: HashSet<Address>,
    callers: HashSet<(u128, u16)>,
}

/// Programs of each host, and the ports that they listen at there.
type Ports<'a> = HashMap<Option<&'a str>, BTreeSet<(&'a str, u16)>>;

impl LineIndex {
    /// `None` if no line tells of a connection: then there is nothing to join.
    pub fn new(dumps: &Dumps) -> Option<Self> {
        let mut index = Self::default();
        let mut ports = None;
        for place in dumps.places(|block| block.found.log_lines.len()) {
            let Some((_, block, line)) = dumps.log_line(place) else { continue };
            let keys = keys(dumps, block, line, &mut ports);
            if keys.is_empty() {
                continue;
            }
            let is_whole = matches!(keys.first(), Some(Key::Flow(_)));
            let is_own = is_whole || matches!(keys.first(), Some(Key::Client(..)));
            let keys = keys.into_iter().map(|key| index.number(key)).collect();
            index.lines.push(Known { place, keys, is_whole, is_own });
        }
        (!index.lines.is_empty()).then_some(index)
    }

    fn number(&mut self, key: Key) -> u32 {
        match key {
            Key::Client(end, _) | Key::Server(end, _) => {
                self.ends.insert(end);
            }
            Key::Listener(ip, port, _) => {
                self.callers.insert((ip, port));
            }
            Key::Flow(_) => {}
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(key).or_insert(next)
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.numbers.len()
    }

    /// Whether a line may tell of a connection.
    pub fn wants(&self, summary: &Summary) -> bool {
        let [a, b] = summary.ends.map(Address::from);
        self.ends.contains(&a)
            || self.ends.contains(&b)
            || self.numbers.contains_key(&Key::Flow(FlowKey::new(a, b).0))
            || self.callers.contains(&(a.ip, b.port))
            || self.callers.contains(&(b.ip, a.port))
    }

    /// Numbers of the keys of a connection that a line has.
    pub(super) fn keys_of(&self, row: &Judged) -> impl Iterator<Item = u32> {
        let (client, server) = (row.client, row.server);
        let of_kind = move |kind| {
            [Key::Client(client, kind), Key::Server(server, kind), Key::Listener(client.ip, server.port, kind)]
        };
        let flow = std::iter::once(Key::Flow(FlowKey::new(client, server).0));
        flow.chain(Kind::all(row).flat_map(of_kind)).filter_map(|key| self.numbers.get(&key).copied())
    }
}

/// What a line tells of its connection's ends. `ports` are read when they are needed first.
fn keys<'a>(dumps: &'a Dumps, block: &'a Block, line: &'a LogLine, ports: &mut Option<Ports<'a>>) -> Vec<Key> {
    let Some(kind) = Kind::of(line.event, line.direction) else { return Vec::new() };
    let [local, remote] = [&line.local, &line.remote].map(|end| end.as_deref().and_then(full));
    if let (Some(local), Some(remote)) = (local, remote) {
        return vec![Key::Flow(FlowKey::new(local, remote).0)];
    }
    match (line.direction, local, remote) {
        (Some(Direction::In), _, Some(client)) | (Some(Direction::Out), Some(client), _) => {
            vec![Key::Client(client, kind)]
        }
        (Some(Direction::In), Some(server), None) | (Some(Direction::Out), None, Some(server)) => {
            // An end of one's own that nobody else is told of is no connection.
            let told = line.direction == Some(Direction::Out) || line.remote.is_some();
            if told { vec![Key::Server(server, kind)] } else { Vec::new() }
        }
        (Some(Direction::In), None, None) => called(dumps, block, line, kind, ports),
        _ => Vec::new(),
    }
}

/// The client's address alone, where the port of the program is known.
fn called<'a>(
    dumps: &'a Dumps,
    block: &'a Block,
    line: &'a LogLine,
    kind: Kind,
    ports: &mut Option<Ports<'a>>,
) -> Vec<Key> {
    let ip = line.remote.as_deref().and_then(|end| end.host.ip()).filter(|ip| !ip.is_unspecified());
    let (Some(ip), Some(program)) = (ip, line.program.as_deref()) else { return Vec::new() };
    let ip = Address::new(ip, 0).ip;
    let own = line.local.as_deref().and_then(|end| end.port.number());
    let host = line.host.as_deref().or(block.host.as_deref());
    let ports: BTreeSet<u16> = match own {
        Some(port) => [port].into(),
        None => {
            let of_host = ports.get_or_insert_with(|| listening(dumps)).get(&host).into_iter().flatten();
            let same = |name: &str| name.starts_with(program) || program.starts_with(name);
            of_host.filter(|(name, _)| same(name)).map(|(_, port)| *port).collect()
        }
    };
    ports.into_iter().take(MOST_PORTS).map(|port| Key::Listener(ip, port, kind)).collect()
}

/// Where programs listen: by the sockets of the dumps, and by what they wrote themselves.
fn listening(dumps: &Dumps) -> Ports<'_> {
    let mut ports: Ports<'_> = HashMap::new();
    for block in dumps.0.iter().flat_map(|dump| &dump.document.blocks) {
        let sockets = block.found.sockets.iter().filter(|socket| socket.state == Some(SocketState::Listen));
        let sockets =
            sockets.filter_map(|socket| Some((block.host.as_deref(), socket.program()?, socket.local.port.number()?)));
        let lines = block.found.log_lines.iter().filter(|line| line.event == Event::Listening);
        let lines = lines.filter_map(|line| {
            let host = line.host.as_deref().or(block.host.as_deref());
            Some((host, line.program.as_deref()?, line.local.as_deref()?.port.number()?))
        });
        for (host, program, port) in sockets.chain(lines) {
            ports.entry(host).or_default().insert((program, port));
        }
    }
    ports
}
