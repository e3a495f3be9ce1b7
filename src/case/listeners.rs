//! Sockets that listen, each with its accept queue, and with what sets the limit of that queue.
//!
//! The limit is what `listen()` was called with, but at most the system's bound at that moment (Linux: `backlog` and
//! `net.core.somaxconn`, net/socket.c `__sys_listen`). A dump shows only the result; the bound comes from the settings of
//! the same host or is the default of its kernel, and what the program asks for when nobody configures it from
//! [`defaults`].

mod defaults;
mod kernel;
mod operands;

pub use kernel::Kernel;

use super::dump::{Dumps, Place};
use crate::host::{Block, Family, Host, Socket, SocketState};
use operands::Operands;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
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
    pub somaxconn: Option<Place>,
    /// Of the setting that bounds the incomplete connections of old kernels too.
    pub max_syn_backlog: Option<Place>,
    pub kernel: Option<Kernel>,
}

/// What set the limit of an accept queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitFrom {
    /// The program asked for so many: somebody configured it.
    Backlog,
    /// The system's bound: the program may have asked for more.
    Somaxconn,
    /// The limit is what the system's bound is by default in kernels of that version; no dump shows whether it was changed.
    SomaxconnDefault,
    /// What the program asks for unless somebody configures it.
    ProgramDefault,
}

impl LimitFrom {
    pub const ALL: [Self; 4] = [Self::Backlog, Self::Somaxconn, Self::SomaxconnDefault, Self::ProgramDefault];

    /// As the column `limit_from` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backlog => "backlog",
            Self::Somaxconn => "somaxconn",
            Self::SomaxconnDefault => "somaxconn-default",
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

/// All listeners of the dumps, in the order of files and lines.
pub fn listeners(dumps: &Dumps) -> Vec<Listener> {
    let operands = Operands::of(dumps);
    let places = dumps.places(|block| block.found.sockets.len()).filter(|place| {
        let socket = dumps.socket(*place).map(|(_, _, socket)| socket);
        socket.is_some_and(|socket| socket.state == Some(SocketState::Listen))
    });
    let mut half_open = HalfOpen::default();
    let mut listeners = Vec::new();
    for place in places {
        let Some((_, block, socket)) = dumps.socket(place) else { continue };
        let somaxconn = operands.somaxconn(block);
        let kernel = operands.kernel(block);
        let bound = Bound { told: somaxconn.and_then(|place| number(dumps, place)), kernel };
        listeners.push(Listener {
            place,
            incomplete: socket.measures.get("incomplete_queue").or_else(|| half_open.of(place, block, socket)),
            limit_from: limit(block, socket).and_then(|limit| limit_from(limit, bound, socket)),
            somaxconn,
            max_syn_backlog: operands.max_syn_backlog(block),
            kernel,
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

/// The system's bound of every limit.
#[derive(Clone, Copy)]
struct Bound {
    /// As a dump of the host tells it.
    told: Option<u32>,
    kernel: Option<Kernel>,
}

fn limit_from(limit: u32, bound: Bound, socket: &Socket) -> Option<LimitFrom> {
    if defaults::of(socket).contains(&limit) && bound.told.is_none_or(|bound| bound >= limit) {
        return Some(LimitFrom::ProgramDefault);
    }
    let Some(told) = bound.told else {
        let unless_changed = bound.kernel.map(Kernel::somaxconn);
        return unless_changed.filter(|bound| *bound == limit).map(|_| LimitFrom::SomaxconnDefault);
    };
    match told.cmp(&limit) {
        std::cmp::Ordering::Equal => Some(LimitFrom::Somaxconn),
        std::cmp::Ordering::Greater => Some(LimitFrom::Backlog),
        // The bound was another one when the program began to listen.
        std::cmp::Ordering::Less => None,
    }
}

/// The value of a setting that is a number.
fn number(dumps: &Dumps, place: Place) -> Option<u32> {
    dumps.setting(place).and_then(|(_, _, setting)| setting.value.parse().ok())
}

impl Listener {
    /// How many connections whose handshake is not complete the kernel keeps before it drops further ones, or answers them with
    /// cookies.
    pub fn incomplete_holds(&self, dumps: &Dumps, queue: Queue) -> Option<u32> {
        let max_syn_backlog = self.max_syn_backlog.and_then(|place| number(dumps, place));
        self.kernel?.incomplete_holds(queue.limit, max_syn_backlog)
    }
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
    use crate::case::Dump;
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
    fn the_version_of_the_kernel_tells_the_bound_that_nobody_changed_and_the_formula() {
        let seen = |kernel: &str, limit: u32, more: &str| {
            let row = format!("LISTEN 0 {limit} 0.0.0.0:80 0.0.0.0:* users:((\"my app\",pid=1,fd=3))\n");
            let kernel = format!("Linux web {kernel} #1 SMP Tue Nov 14 13:30:08 UTC 2023 x86_64 GNU/Linux\n{more}");
            let dumps = dumps(&[&row, &kernel]);
            let listener = listeners(&dumps)[0];
            let (_, block, socket) = dumps.socket(listener.place).expect("a listener");
            let queue = Queue::of(block, socket).expect("a queue");
            (listener.limit_from.map(LimitFrom::name), listener.incomplete_holds(&dumps, queue))
        };
        assert_eq!(seen("5.4.0-91-generic", 4096, ""), (Some("somaxconn-default"), Some(4096)));
        assert_eq!(seen("5.3.18", 4096, ""), (None, Some(4096)), "its bound is 128");
        assert_eq!(seen("6.18.0", 128, ""), (None, Some(129)));
        assert_eq!(
            seen("3.10.0-1160.el7.x86_64", 128, ""),
            (Some("somaxconn-default"), None),
            "one operand is missing"
        );
        let backlog = "net.ipv4.tcp_max_syn_backlog = 512\n";
        assert_eq!(seen("3.10.0-1160.el7.x86_64", 128, backlog), (Some("somaxconn-default"), Some(256)));
        let told = "net.core.somaxconn = 128\n";
        assert_eq!(seen("5.15.0", 128, told), (Some("somaxconn"), Some(128)));
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
