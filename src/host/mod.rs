//! What the hosts said: the text of a dump becomes blocks of sockets, counters, settings, rules and log lines.
//!
//! Bytes are decoded ([`encoding`]), cut into [`Lines`], and offered to the [`FORMATS`] in their order: the first one that
//! recognises a block at the line at hand takes the lines that are its own. What no format claims is read as a time, a
//! prompt or a separator ([`stamp`]), which place the blocks that follow, or is counted as unknown. Detection is by
//! content alone, in one pass, and total: no bytes make it panic, loop or fail.
//!
//! A new format is one file with a `FORMAT` and one line in [`FORMATS`].

pub mod address;
mod answer;
mod arp;
pub mod cells;
pub mod conntrack;
mod conntrack_stats;
pub mod counter;
pub mod encoding;
mod ethtool;
pub mod firewall;
mod free;
mod ifconfig;
mod ip_addr;
mod ip_link;
mod ip_neigh;
mod ip_route;
mod ipconfig;
mod json;
mod limits_conf;
pub mod lines;
pub mod log;
pub mod lsof;
pub mod measure;
mod netsh;
pub mod netstat;
pub mod netstat_bsd;
mod netstat_s;
mod netstat_s_bsd;
mod netstat_s_solaris;
mod netstat_s_windows;
pub mod netstat_solaris;
pub mod netstat_windows;
mod nstat;
mod nstat_json;
pub mod no_evidence;
pub mod powershell;
pub mod proc_net_tcp;
mod proc_limits;
mod proc_net_snmp6;
mod proc_net_snmp;
mod proc_net_sockstat;
mod proc_status;
mod ps;
mod reg_query;
mod route;
mod route_print;
mod seen;
pub mod setting;
mod skim;
pub mod socket;
pub mod sockstat;
pub mod ss;
mod ss_summary;
pub mod stamp;
pub mod state_counts;
mod sysctl;
pub mod table;
pub mod tcpview;
pub mod text;
mod top;
mod ulimit;
mod uname;
mod uptime;
mod vmstat;

pub use address::{Host, Port, SocketAddress};
pub use conntrack::{Tracked, Tuple};
pub use counter::Counter;
pub use encoding::Encoding;
pub use firewall::FirewallRule;
pub use lines::{Line, Lines};
pub use log::{Direction, Errno, Event, LogLine, LogTime};
pub use measure::{Measure, Measures};
pub use setting::Setting;
pub use socket::{Family, Owner, Shutdown, Socket, SocketState, Timer, TimerKind};
pub use stamp::{Basis, Stamp};
pub use state_counts::StateCount;
pub use text::Text;

use crate::time::Timestamp;
use skim::Skim;
use stamp::Scene;

/// The registry: one format, one line, in the order of trial.
pub static FORMATS: &[&Format] = &[
    // Sockets.
    &ss::FORMAT,
    &netstat_bsd::QUEUES,
    &netstat_solaris::FORMAT,
    &netstat_bsd::FORMAT,
    &netstat::FORMAT,
    &netstat_windows::FORMAT,
    &powershell::TABLE,
    &powershell::CSV,
    &powershell::JSON,
    &powershell::LIST,
    &tcpview::TABLE,
    &tcpview::CSV,
    &tcpview::LIST,
    &sockstat::FORMAT,
    &lsof::FORMAT,
    &proc_net_tcp::FORMAT,
    &conntrack::FORMAT,
    &state_counts::FORMAT,
    // Counters.
    &netstat_s::FORMAT,
    &netstat_s_windows::FORMAT,
    &netstat_s_bsd::FORMAT,
    &netstat_s_solaris::FORMAT,
    &nstat::FORMAT,
    &nstat_json::FORMAT,
    &proc_net_snmp::FORMAT,
    &proc_net_snmp6::FORMAT,
    &proc_net_sockstat::FORMAT,
    &ss_summary::FORMAT,
    &conntrack_stats::FORMAT,
    &ip_link::FORMAT,
    &ethtool::FORMAT,
    // Settings and resources.
    &answer::FORMAT,
    &sysctl::FORMAT,
    &uname::FORMAT,
    &proc_limits::FORMAT,
    &proc_status::FORMAT,
    &ulimit::FORMAT,
    &limits_conf::FORMAT,
    &top::FORMAT,
    &ps::FORMAT,
    &uptime::FORMAT,
    &free::FORMAT,
    &vmstat::FORMAT,
    &ip_addr::FORMAT,
    &ifconfig::FORMAT,
    &ip_neigh::FORMAT,
    &ip_route::FORMAT,
    &route::FORMAT,
    &arp::FORMAT,
    &ipconfig::FORMAT,
    &route_print::FORMAT,
    &reg_query::FORMAT,
    &netsh::FORMAT,
    // Packet filters and their logs.
    &firewall::iptables_save::FORMAT,
    &firewall::iptables_list::FORMAT,
    &firewall::nft::FORMAT,
    &firewall::ufw::FORMAT,
    &firewall::firewall_cmd::FORMAT,
    &firewall::netsh_advfirewall::FORMAT,
    &firewall::pfirewall_log::FORMAT,
    &firewall::wfp_event::FORMAT,
    &firewall::aws_flow_log::FORMAT,
    &firewall::azure_flow_log::FORMAT,
    &firewall::gcp_flow_log::FORMAT,
    // Logs and transcripts: what stands in them may look like anything.
    &log::events::FORMAT,
    &log::journal::export::FORMAT,
    &log::journal::verbose::FORMAT,
    &log::dmesg_json::FORMAT,
    &log::pretty::FORMAT,
    &log::transcript::ping::FORMAT,
    &log::transcript::telnet::FORMAT,
    &log::transcript::test_net_connection::FORMAT,
    &log::FRAMED,
    &log::PLAIN,
];

/// How one kind of block is recognised and read.
pub struct Format {
    /// As `inputs.format` prints it: `ss`, `netstat-linux`, `nstat`.
    pub name: &'static str,
    /// Whether a block begins at the next line. It looks at few lines, and is asked at every line that nobody claimed.
    pub sniff: fn(&Lines<'_>) -> bool,
    /// Takes the lines of the block (at least one) and leaves the first that is not its own, such as the header of the
    /// next snapshot of the same kind.
    pub parse: fn(&mut Lines<'_>, &mut Found),
}

/// What one block says. Most blocks fill one of the lists; one that was recognised and fills none is a result too: no
/// sockets were there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    pub sockets: Vec<Socket>,
    pub tracked: Vec<Tracked>,
    pub state_counts: Vec<StateCount>,
    pub counters: Vec<Counter>,
    /// Beginnings of names of which the tool prints every counter that is not zero; empty for all names.
    pub zeros_hidden: Vec<&'static str>,
    pub settings: Vec<Setting>,
    /// Rules of packet filters, and what they wrote down of single flows.
    pub rules: Vec<FirewallRule>,
    /// Lines of logs and transcripts that say something.
    pub log_lines: Vec<LogLine>,
    /// Name of the block's format where it is more exact than the registry's: of a log, its frame.
    pub format: Option<&'static str>,
    /// Rows of other protocols and families, and lines of logs that say nothing here, that were passed over.
    pub other_rows: u64,
    pub odd: Odd,
}

impl Found {
    /// Makes room for as many sockets as there will be if the dump goes on as it began: `seen` of its bytes gave those
    /// that are here, `left` are to come. Growing by doubling would touch half as much memory again.
    pub fn expect(&mut self, seen: usize, left: usize) {
        let more = (self.sockets.len() as u128 * left as u128).checked_div(seen as u128);
        let more = more.and_then(|more| usize::try_from(more).ok());
        // Without the room, it grows as any list does.
        let _ = self.sockets.try_reserve(more.unwrap_or_default());
    }

    /// How much was read, in all lists.
    pub fn rows(&self) -> u64 {
        let sockets = self.sockets.len() + self.tracked.len() + self.state_counts.len();
        (sockets + self.counters.len() + self.settings.len() + self.rules.len() + self.log_lines.len()) as u64
    }
}

/// Lines inside a block that were not understood: all are counted, the first are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Odd {
    pub count: u64,
    /// Line number and what is odd about it.
    pub first: Vec<(u32, &'static str)>,
}

impl Odd {
    /// Kept of each block.
    pub const KEPT: usize = 8;

    pub fn add(&mut self, line: u32, why: &'static str) {
        self.count += 1;
        if self.first.len() < Self::KEPT {
            self.first.push((line, why));
        }
    }
}

/// One snapshot by one command.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub format: &'static str,
    /// Counted from 1.
    pub first_line: u32,
    pub lines: u32,
    /// When it was taken, as far as the text or the hints tell.
    pub time: Option<Stamp>,
    /// The host that a prompt, a `watch` header or the hints name.
    pub host: Option<Box<str>>,
    /// The command line at the prompt before.
    pub command: Option<Box<str>>,
    pub found: Found,
}

impl Block {
    /// When it was taken, as the dump, its name or its report says. The date of a file's last change is no such time: copying moves it.
    pub fn stamp(&self) -> Option<Stamp> {
        self.time.filter(|stamp| stamp.basis != Basis::FileDate)
    }
}

/// A dump file, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub encoding: Encoding,
    pub blocks: Vec<Block>,
    pub lines: u32,
    /// Lines that nothing explains.
    pub unknown_lines: u64,
    /// Numbers of the first of them.
    pub first_unknown: Vec<u32>,
}

/// What is known of a dump besides its bytes.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Its path as it was found: a name may hold the time.
    pub path: String,
    /// When the file was last changed.
    pub modified: Option<Timestamp>,
    /// The host it was taken on, by folder or by the user's word.
    pub host: Option<Box<str>>,
}

/// Reads a dump. A text in which no format recognises anything gives no blocks.
pub fn read(bytes: &[u8], hints: &Hints) -> Document {
    let (text, encoding) = encoding::decode(bytes);
    let mut document = Document { encoding, blocks: Vec::new(), lines: 0, unknown_lines: 0, first_unknown: Vec::new() };
    let mut lines = Lines::new(&text);
    let mut scene = Scene::new(hints);
    lines.command = answer::command_of_path(&hints.path);
    let (mut skim, mut scan) = (Skim::default(), log::Scan::new());
    loop {
        let mut after = lines.clone();
        let Some(line) = after.next() else { break };
        if skim.passes(line.text) && !scan.hits(&lines, &after) {
            document.unknown_lines += 1;
            lines = after;
            continue;
        }
        lines.time = scene.time();
        if let Some(format) = FORMATS.iter().find(|format| (format.sniff)(&lines)) {
            if format.name != log::PLAIN.name {
                skim.meant(line.text);
            }
            document.blocks.push(block(format, &mut lines, &scene));
            lines.command = None;
            continue;
        }
        lines.next();
        if scene.takes(line) {
            skim.meant(line.text);
            lines.command = scene.command();
        } else {
            skim.unknown(line.text);
            document.unknown_lines += 1;
            if document.first_unknown.len() < Odd::KEPT {
                document.first_unknown.push(line.number);
            }
        }
    }
    document.lines = lines.number() - 1;
    if document.blocks.is_empty() && stamp::dated_report(&hints.path).is_some() {
        document.blocks.extend(date(&scene, document.lines));
    }
    document
}

/// The date that a file of a report holds alone.
fn date(scene: &Scene<'_>, lines: u32) -> Option<Block> {
    let time = scene.time().filter(|stamp| stamp.basis == Basis::Line);
    let found = Found::default();
    time.map(|_| Block { format: "date", first_line: 1, lines, time, host: None, command: None, found })
}

fn block(format: &Format, lines: &mut Lines<'_>, scene: &Scene<'_>) -> Block {
    let first_line = lines.number();
    let command = lines.command.map(Into::into);
    let mut found = Found::default();
    (format.parse)(lines, &mut found);
    if lines.number() == first_line {
        // Whatever a parser does, reading goes on.
        lines.next();
        found.odd.add(first_line, "not understood");
    }
    Block {
        format: found.format.unwrap_or(format.name),
        first_line,
        lines: lines.number() - first_line,
        time: scene.time(),
        host: scene.host().map(Into::into),
        command,
        found,
    }
}
