//! Sockets that listen, each with its accept queue, and with what sets the limit of that queue.
//!
//! The limit is what `listen()` was called with, but at most the system's bound at that moment (Linux: `backlog` and
//! `net.core.somaxconn`, net/socket.c `__sys_listen`). A dump shows only the result; the bound comes from the settings of
//! the same host, and what the program asks for when nobody configures it from [`DEFAULTS`].

use super::dump::{Dump, Dumps, Place};
use crate::host::{Block, Family, Host, Setting, Socket, SocketState};
use crate::time::Timestamp;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// A listening socket of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Of its socket.
    pub place: Place,
    /// Connections whose handshake is not complete; absent where the snapshot could not show them.
    pub incomplete: Option<u64>,
    pub limit_from: Option<LimitFrom>,
    /// Of the setting that bounds the limit.
    pub bound: Option<Place>,
}

/// What set the limit of an accept queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitFrom {
    /// The program asked for so many: somebody configured it.
    Backlog,
    /// The system's bound: the program may have asked for more.
    Somaxconn,
    /// What the program asks for unless somebody configures it.
    ProgramDefault,
}

impl LimitFrom {
    pub const ALL: [Self; 3] = [Self::Backlog, Self::Somaxconn, Self::ProgramDefault];

    /// As the column `limit_from` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backlog => "backlog",
            Self::Somaxconn => "somaxconn",
            Self::ProgramDefault => "program-default",
        }
    }
}

/// The queue of connections that wait to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub length: u32,
    pub limit: u32,
    /// How many the kernel lets in before it drops: more than the limit says.
    pub holds: u32,
}

impl Queue {
    /// Of a listener; `None` where the format does not tell both numbers.
    pub fn of(block: &Block, socket: &Socket) -> Option<Self> {
        let (length, limit) = (socket.recv_q?, limit(block, socket)?);
        let holds = match block.format {
            // FreeBSD and macOS, uipc_socket.c: full is `qlen > 3 * qlimit / 2`.
            "netstat-bsd-L" => (limit / 2).saturating_mul(3).saturating_add(limit % 2).saturating_add(1),
            // Linux, include/net/sock.h sk_acceptq_is_full(): full is `backlog > max`.
            _ => limit.saturating_add(1),
        };
        Some(Self { length, limit, holds })
    }

    /// Connections beyond the limit; negative as long as there is room.
    fn over(self) -> i64 {
        i64::from(self.length) - i64::from(self.limit)
    }

    /// What comes now is dropped.
    pub fn is_full(self) -> bool {
        self.length >= self.holds
    }
}

/// `ss` shows the limit as Send-Q; it is 0 where `ss` had to read /proc, which does not tell it, or where it is 0.
fn limit(block: &Block, socket: &Socket) -> Option<u32> {
    let told = match block.format {
        "netstat-bsd-L" => true,
        "ss" => socket.send_q != Some(0) || socket.recv_q.is_some_and(|length| length > 0),
        _ => false,
    };
    socket.send_q.filter(|_| told)
}

/// Names of the settings that bound every limit: Linux, FreeBSD and macOS.
const BOUNDS: [&str; 3] = ["net.core.somaxconn", "kern.ipc.soacceptqueue", "kern.ipc.somaxconn"];

/// What programs call `listen()` with unless they are configured otherwise, as their sources and manuals say.
const DEFAULTS: [(&str, &[u32]); 18] = [
    ("apache2", &[511]),       // ListenBackLog
    ("dotnet", &[512]),        // Kestrel, SocketTransportOptions.Backlog
    ("gunicorn", &[2048]),     // backlog
    ("httpd", &[511]),         // ListenBackLog
    ("java", &[50, 100]),      // java.net.ServerSocket; Tomcat's acceptCount
    ("mariadbd", &[80]),       // back_log: 50 + max_connections / 5
    ("memcached", &[1024]),    // -b
    ("mysqld", &[80, 151]),    // back_log: 50 + max_connections / 5; since 8.0.19 max_connections
    ("nginx", &[511]),         // NGX_LISTEN_BACKLOG
    ("node", &[511]),          // server.listen
    ("php-fpm", &[511]),       // listen.backlog
    ("postgres", &[200]),      // 2 * max_connections, up to version 17
    ("python", &[5, 100]),     // socketserver.TCPServer.request_queue_size; asyncio's create_server
    ("redis-server", &[511]),  // tcp-backlog
    ("sshd", &[128]),          // SSH_LISTEN_BACKLOG
    ("uvicorn", &[2048]),      // --backlog
    ("uwsgi", &[100]),         // --listen
    ("valkey-server", &[511]), // tcp-backlog
];

/// All listeners of the dumps, in the order of files and lines.
pub fn listeners(dumps: &Dumps) -> Vec<Listener> {
    let bounds = Bounds::of(dumps);
    let places = dumps.places(|block| block.found.sockets.len()).filter(|place| {
        let socket = dumps.socket(*place).map(|(_, _, socket)| socket);
        socket.is_some_and(|socket| socket.state == Some(SocketState::Listen))
    });
    let mut half_open = HalfOpen::default();
    let mut listeners = Vec::new();
    for place in places {
        let Some((_, block, socket)) = dumps.socket(place) else { continue };
        let bound = bounds.at(block);
        let limit = limit(block, socket);
        listeners.push(Listener {
            place,
            incomplete: socket.measures.get("incomplete_queue").or_else(|| half_open.of(place, block, socket)),
            limit_from: limit.and_then(|limit| limit_from(limit, bound.map(|bound| bound.value), socket)),
            bound: bound.map(|bound| bound.place),
        });
    }
    listeners
}

/// A listener whose queue was full in some snapshot.
#[derive(Clone, Debug)]
pub struct Full<'a> {
    pub path: &'a str,
    pub block: &'a Block,
    /// As the snapshot shows it in which it was fullest.
    pub socket: &'a Socket,
    pub queue: Queue,
    pub limit_from: Option<LimitFrom>,
    /// Snapshots in which it was full, of those that show its queue.
    pub times: u64,
    pub snapshots: u64,
}

/// The listeners whose queue was full at least once, those with most above their limit first.
pub fn full(dumps: &Dumps) -> Vec<Full<'_>> {
    let mut all: BTreeMap<(Option<&str>, String), Full<'_>> = BTreeMap::new();
    for listener in listeners(dumps) {
        let Some((dump, block, socket)) = dumps.socket(listener.place) else { continue };
        let Some(queue) = Queue::of(block, socket) else { continue };
        let seen = Full {
            path: &dump.path,
            block,
            socket,
            queue,
            limit_from: listener.limit_from,
            times: queue.is_full().into(),
            snapshots: 1,
        };
        match all.entry((block.host.as_deref(), socket.local.to_string())) {
            Entry::Vacant(entry) => drop(entry.insert(seen)),
            Entry::Occupied(mut entry) => entry.get_mut().add(seen),
        }
    }
    let mut full: Vec<_> = all.into_values().filter(|listener| listener.times > 0).collect();
    full.sort_by_key(|listener| std::cmp::Reverse(listener.queue.over()));
    full
}

impl Full<'_> {
    /// Another snapshot of the same listener.
    fn add(&mut self, other: Self) {
        let (times, snapshots) = (self.times + other.times, self.snapshots + other.snapshots);
        if other.queue.over() > self.queue.over() {
            *self = other;
        }
        (self.times, self.snapshots) = (times, snapshots);
    }
}

fn limit_from(limit: u32, bound: Option<u32>, socket: &Socket) -> Option<LimitFrom> {
    if default_of(socket).contains(&limit) && bound.is_none_or(|bound| bound >= limit) {
        return Some(LimitFrom::ProgramDefault);
    }
    match bound?.cmp(&limit) {
        std::cmp::Ordering::Equal => Some(LimitFrom::Somaxconn),
        std::cmp::Ordering::Greater => Some(LimitFrom::Backlog),
        // The bound was another one when the program began to listen.
        std::cmp::Ordering::Less => None,
    }
}

/// `nginx: worker` and `python3.11` are known by what they begin with.
fn default_of(socket: &Socket) -> &'static [u32] {
    let program = socket.program().unwrap_or_default();
    let end = program.find([':', ' ', '(']).unwrap_or(program.len());
    let name = program.get(..end).unwrap_or_default().trim_end_matches(|letter: char| ".0123456789".contains(letter));
    DEFAULTS.iter().find(|(program, _)| *program == name).map_or(&[], |(_, backlogs)| *backlogs)
}

/// The bound of one host at one time.
#[derive(Clone, Copy)]
struct Bound {
    time: Option<Timestamp>,
    place: Place,
    value: u32,
}

/// By host: its bounds in the order of their times. Where the dumps name one host only, those without a host are its own.
struct Bounds<'a> {
    hosts: BTreeMap<Option<&'a str>, Vec<Bound>>,
    several: bool,
}

impl<'a> Bounds<'a> {
    fn of(dumps: &'a Dumps) -> Self {
        let blocks = dumps.0.iter().flat_map(|dump| &dump.document.blocks);
        let named: BTreeSet<&str> = blocks.filter_map(|block| block.host.as_deref()).collect();
        let several = named.len() > 1;
        let mut hosts: BTreeMap<Option<&str>, Vec<Bound>> = BTreeMap::new();
        for place in dumps.places(|block| block.found.settings.len()) {
            let Some((_, block, setting)) = dumps.setting(place) else { continue };
            if let Some(value) = bound(setting) {
                let time = block.stamp().map(|stamp| stamp.time);
                hosts.entry(block.host.as_deref().filter(|_| several)).or_default().push(Bound { time, place, value });
            }
        }
        hosts.values_mut().for_each(|bounds| bounds.sort_by_key(|bound| bound.time));
        Self { hosts, several }
    }

    /// The last one that was taken before the block, or else the first.
    fn at(&self, block: &Block) -> Option<Bound> {
        let bounds = self.hosts.get(&block.host.as_deref().filter(|_| self.several))?;
        let time = block.stamp().map(|stamp| stamp.time);
        let before = bounds.partition_point(|bound| bound.time <= time);
        bounds.get(before.saturating_sub(1)).copied()
    }
}

fn bound(setting: &Setting) -> Option<u32> {
    BOUNDS.contains(&&*setting.name).then(|| setting.value.parse().ok())?
}

/// The setting that bounds a listener's limit, and the dump that shows it.
pub fn bound_of<'a>(dumps: &'a Dumps, listener: &Listener) -> Option<(&'a Dump, &'a Setting)> {
    let (dump, _, setting) = dumps.setting(listener.bound?)?;
    Some((dump, setting))
}

/// Half-open sockets of one block, by what they belong to.
#[derive(Default)]
struct HalfOpen {
    /// Dump and block that have been counted.
    counted: Option<(u32, u32)>,
    /// Whether the block shows anything but listeners.
    shown: bool,
    by_port: HashMap<(bool, u16), u64>,
    by_address: HashMap<(IpAddr, u16), u64>,
}

impl HalfOpen {
    fn of(&mut self, place: Place, block: &Block, socket: &Socket) -> Option<u64> {
        if self.counted != Some((place.dump, place.block)) {
            *self = Self::count(block);
            self.counted = Some((place.dump, place.block));
        }
        let port = socket.local.port.number().filter(|_| self.shown)?;
        let of_port = |is_v6| self.by_port.get(&(is_v6, port)).copied().unwrap_or_default();
        Some(match (&socket.local.host, socket.family) {
            (Host::Ip(ip), _) if !ip.is_unspecified() => self.by_address.get(&(*ip, port)).copied().unwrap_or_default(),
            (_, Family::Dual) => of_port(true).saturating_add(of_port(false)),
            (_, family) => of_port(family == Family::V6),
        })
    }

    fn count(block: &Block) -> Self {
        let mut half_open = Self::default();
        for socket in &block.found.sockets {
            half_open.shown |= socket.state != Some(SocketState::Listen);
            let port = socket.local.port.number().filter(|_| socket.state == Some(SocketState::SynRecv));
            let Some(port) = port else { continue };
            *half_open.by_port.entry((socket.family == Family::V6, port)).or_default() += 1;
            if let Some(ip) = socket.local.host.ip() {
                *half_open.by_address.entry((ip, port)).or_default() += 1;
            }
        }
        half_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    fn dumps(texts: &[&str]) -> Dumps {
        let dump = |text: &&str| Dump {
            path: "dump".to_owned(),
            bytes: 0,
            document: read(text.as_bytes(), &Hints::default()),
            note: None,
            damage: None,
        };
        Dumps(texts.iter().map(dump).collect())
    }

    fn from(program: &str, limit: u32, bound: Option<u32>) -> Option<&'static str> {
        let row = format!("LISTEN 0 {limit} 0.0.0.0:80 0.0.0.0:* users:((\"{program}\",pid=1,fd=3))\n");
        let setting = bound.map_or_else(String::new, |bound| format!("net.core.somaxconn = {bound}\n"));
        listeners(&dumps(&[&row, &setting]))[0].limit_from.map(LimitFrom::name)
    }

    #[test]
    fn a_limit_comes_from_the_program_or_from_the_system() {
        assert_eq!(from("nginx", 511, Some(4096)), Some("program-default"));
        assert_eq!(from("nginx", 511, None), Some("program-default"));
        assert_eq!(from("nginx", 128, Some(128)), Some("somaxconn"));
        assert_eq!(from("nginx", 1024, Some(4096)), Some("backlog"));
        assert_eq!(from("python3.11", 5, Some(4096)), Some("program-default"));
        assert_eq!(from("my app", 4096, Some(4096)), Some("somaxconn"));
        assert_eq!(from("my app", 4096, None), None);
        // Lowered since the program began to listen.
        assert_eq!(from("my app", 4096, Some(128)), None);
    }

    #[test]
    fn a_queue_is_full_when_it_holds_one_more_than_its_limit() {
        let full = |text: &str| {
            let dumps = dumps(&[text]);
            let (_, block, socket) = dumps.socket(listeners(&dumps)[0].place).expect("a listener");
            Queue::of(block, socket).map(|queue| (queue.holds, queue.is_full()))
        };
        assert_eq!(full("LISTEN 4 4 0.0.0.0:80 0.0.0.0:*\n"), Some((5, false)));
        assert_eq!(full("LISTEN 5 4 0.0.0.0:80 0.0.0.0:*\n"), Some((5, true)));
        assert_eq!(full("LISTEN 1 0 0.0.0.0:80 0.0.0.0:*\n"), Some((1, true)));
        assert_eq!(full("LISTEN 0 0 0.0.0.0:80 0.0.0.0:*\n"), None);
        let bsd = |length: u32| {
            format!(
                "Current listen queue sizes (qlen/incqlen/maxqlen)\nProto Listen Local Address\ntcp4 {length}/0/128 *.80\n"
            )
        };
        assert_eq!((full(&bsd(192)), full(&bsd(193))), (Some((193, false)), Some((193, true))));
    }

    #[test]
    fn half_open_connections_belong_to_the_listener_of_their_address() {
        let text = "LISTEN 0 9 0.0.0.0:80 0.0.0.0:*\nLISTEN 0 9 192.0.2.1:81 0.0.0.0:*\nLISTEN 0 9 [::]:80 [::]:*\n\
            SYN-RECV 0 0 192.0.2.1:80 198.51.100.7:4000\nSYN-RECV 0 0 192.0.2.2:81 198.51.100.7:4001\n\
            SYN-RECV 0 0 [2001:db8::1]:80 [2001:db8::2]:4002\nSYN-RECV 0 0 192.0.2.9:80 198.51.100.7:4003\n";
        let of = |text: &str| listeners(&dumps(&[text])).iter().map(|one| one.incomplete).collect::<Vec<_>>();
        assert_eq!(of(text), [Some(2), Some(0), Some(1)]);
        assert_eq!(of("LISTEN 0 9 0.0.0.0:80 0.0.0.0:*\n"), [None]);
    }
}
