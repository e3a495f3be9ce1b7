//! Which host each dump is of, where its text does not say so: an incident's folder has one sub-folder a host.
//!
//! A name that begins with `host=` says it outright. Otherwise the addresses tell at which depth the folders are hosts: an
//! address is that of one host, and the two ends of a flow are two. Folders that stand for something else (`before` and
//! `after`, `ss` and `netstat`) show one address in several of them, or both ends in one.

use super::dump::Dump;
use crate::host::{Block, Socket};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

/// Addresses looked at: one host rarely has more.
const MOST: usize = 65_536;

/// What a name begins with that tells the host.
const PREFIX: &str = "host=";

/// Gives a host to the blocks that have none. With each dump comes its path below the folder that was named.
pub fn name(dumps: &mut [Dump], below: &[String]) {
    let folders: Vec<Vec<String>> = below.iter().map(|path| folders(path)).collect();
    let deepest = folders.iter().map(Vec::len).max().unwrap_or_default();
    let levels = (0..deepest).filter_map(|level| Some((level, groups(dumps, &folders, level)?)));
    // The more folders, the more likely each is one host; of these the outermost.
    let best = levels.max_by_key(|(level, groups)| (groups.len(), std::cmp::Reverse(*level)));
    let (level, names) = best.unwrap_or_default();
    for ((dump, below), folders) in dumps.iter_mut().zip(below).zip(&folders) {
        let said = prefixed(below);
        let name = said.or_else(|| folders.get(level).and_then(|folder| names.get(folder)).cloned());
        let Some(name) = name else { continue };
        for block in dump.document.blocks.iter_mut().filter(|block| block.host.is_none()) {
            block.host = Some(name.as_str().into());
        }
    }
}

/// Folders of a path below what was named, outermost first; an archive is one too.
fn folders(below: &str) -> Vec<String> {
    let mut parts: Vec<String> = below.split(['/', '\\', ':']).map(str::to_owned).collect();
    parts.pop();
    parts.retain(|part| !part.is_empty() && part != ".");
    parts
}

/// `host=web1/ss.txt`, `host=web1_ss.txt`, `host=web1.example.com ss.txt`
fn prefixed(below: &str) -> Option<String> {
    let mut parts: Vec<&str> = below.split(['/', '\\', ':']).collect();
    let file = parts.pop()?;
    let folder = parts.iter().rev().find_map(|part| part.strip_prefix(PREFIX));
    let of_file = || {
        let rest = file.strip_prefix(PREFIX)?;
        let named = rest.split_once(['_', ',', ' ']).map(|(name, _)| name);
        Some(named.unwrap_or_else(|| rest.rsplit_once('.').map_or(rest, |(stem, _)| stem)))
    };
    folder.or_else(of_file).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Addresses of the interfaces that a block lists.
pub(super) fn interfaces(block: &Block) -> impl Iterator<Item = IpAddr> {
    // `ipconfig` names them in the language of the system, always with the name of the protocol.
    let is_windows = block.format == "ipconfig";
    let names = move |name: &str| name == "address" || is_windows && (name.contains("IPv4") || name.contains("IPv6"));
    let told = block.found.settings.iter().filter(move |setting| names(&setting.name));
    told.filter_map(|setting| setting.value.split(['/', '%', '(']).next()?.parse().ok())
}

/// What one folder's dumps tell of their host.
#[derive(Default)]
struct Group {
    addresses: HashSet<IpAddr>,
    /// Ends of flows, the local one first.
    flows: HashSet<(IpAddr, IpAddr)>,
    /// Names that texts give.
    names: BTreeSet<String>,
}

/// The host of each folder at a depth; `None` if folders there are no hosts.
fn groups(dumps: &[Dump], folders: &[Vec<String>], level: usize) -> Option<BTreeMap<String, String>> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for (dump, folders) in dumps.iter().zip(folders) {
        if let Some(folder) = folders.get(level) {
            groups.entry(folder).or_default().add(dump);
        }
    }
    let mut owners: HashMap<IpAddr, &str> = HashMap::new();
    for (&folder, group) in &groups {
        let both_ends = group.flows.iter().any(|(local, remote)| group.flows.contains(&(*remote, *local)));
        let shared = group.addresses.iter().any(|&address| *owners.entry(address).or_insert(folder) != folder);
        if group.addresses.is_empty() || both_ends || shared || group.names.len() > 1 {
            return None;
        }
    }
    let named = |(folder, group): (&str, Group)| {
        // What a text calls the host is better than what somebody called the folder.
        let name = group.names.into_iter().next().unwrap_or_else(|| folder.to_owned());
        (folder.to_owned(), name)
    };
    Some(groups.into_iter().map(named).collect())
}

impl Group {
    fn add(&mut self, dump: &Dump) {
        for block in &dump.document.blocks {
            self.names.extend(block.host.as_deref().map(str::to_owned));
            for socket in &block.found.sockets {
                self.note(socket);
            }
        }
    }

    fn note(&mut self, socket: &Socket) {
        let plain = |ip: IpAddr| !ip.is_unspecified() && !ip.is_loopback();
        let Some(local) = socket.local.host.ip().filter(|&ip| plain(ip)) else { return };
        if self.addresses.len() < MOST {
            self.addresses.insert(local);
        }
        let remote = socket.remote.host.ip().filter(|&ip| plain(ip) && ip != local);
        if let Some(remote) = remote.filter(|_| self.flows.len() < MOST) {
            self.flows.insert((local, remote));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Hints, read};

    /// Hosts of dumps with one socket each: path and its local and remote address.
    fn hosts(dumps: &[(&str, &str)]) -> Vec<String> {
        let one = |(path, text): &(&str, &str)| {
            let text = text.split('|').map(|line| format!("{line}\n")).collect::<String>();
            let document = read(text.as_bytes(), &Hints::default());
            Dump { path: (*path).to_owned(), bytes: 0, document, note: None, damage: None }
        };
        let below: Vec<String> = dumps.iter().map(|(path, _)| (*path).to_owned()).collect();
        let mut dumps: Vec<Dump> = dumps.iter().map(one).collect();
        name(&mut dumps, &below);
        let host = |dump: &Dump| {
            dump.document.blocks.first().and_then(|block| block.host.as_deref()).unwrap_or("-").to_owned()
        };
        dumps.iter().map(host).collect()
    }

    const A: &str = "ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80";
    const B: &str = "ESTAB 0 0 10.0.0.2:80 10.0.0.1:40000";
    const C: &str = "ESTAB 0 0 10.0.0.3:80 10.0.0.9:40000";

    #[test]
    fn a_sub_folder_is_a_host_at_whatever_depth() {
        assert_eq!(hosts(&[("web/before/ss", A), ("web/after/ss", A), ("db/before/ss", B)]), ["web", "web", "db"]);
        assert_eq!(hosts(&[("before/web/ss", A), ("after/web/ss", A), ("before/db/ss", B)]), ["web", "web", "db"]);
        assert_eq!(hosts(&[("dumps/web/ss", A), ("dumps/app/ss", C)]), ["web", "app"]);
        assert_eq!(hosts(&[("sos-web/sos_commands/networking/ss", A)]), ["sos-web"]);
    }

    #[test]
    fn folders_that_are_no_hosts_name_none() {
        assert_eq!(hosts(&[("before/ss", A), ("after/ss", A)]), ["-", "-"], "one address in both");
        assert_eq!(hosts(&[("dumps/a", A), ("dumps/b", B)]), ["-", "-"], "both ends of a flow in one");
        assert_eq!(hosts(&[("a", A), ("b", B)]), ["-", "-"], "no folder");
        let silent = "ESTAB 0 0 127.0.0.1:1 127.0.0.1:2";
        assert_eq!(hosts(&[("before/ss", A), ("after/ss", silent)]), ["-", "-"], "one of them tells nothing");
    }

    #[test]
    fn interfaces_tell_addresses_in_any_language() {
        let told = |text: &str| {
            let document = read(text.as_bytes(), &Hints::default());
            let addresses = document.blocks.iter().flat_map(interfaces).map(|ip| ip.to_string());
            addresses.collect::<Vec<_>>()
        };
        let linux = "2: eth0: <UP> mtu 1500 qdisc noqueue state UP qlen 1000\n    inet 10.0.0.7/24 scope global eth0\n    inet6 fe80::1/64 scope link\n";
        assert_eq!(told(linux), ["10.0.0.7", "fe80::1"]);
        let windows = "Ethernet-Adapter Ethernet 2:\n\n   DHCP aktiviert. . . . . . . . . . : Nein\n   Verbindungslokale IPv6-Adresse  . : fe80::2%12(Bevorzugt)\n   IPv4-Adresse  . . . . . . . . . . : 192.168.1.10(Bevorzugt)\n   DNS-Server  . . . . . . . . . . . : 192.168.1.53\n";
        assert_eq!(told(windows), ["fe80::2", "192.168.1.10"]);
    }

    #[test]
    fn a_name_in_a_path_or_text_says_it_outright() {
        assert_eq!(hosts(&[("host=web/x/ss", A), ("host=db.example.com_ss.txt", B)]), ["web", "db.example.com"]);
        let told = format!("[root@web42 ~]# ss -tan|{A}");
        assert_eq!(hosts(&[("cli/log", &told), ("cli/ss", A), ("srv/ss", B)]), ["web42", "web42", "srv"]);
    }
}
