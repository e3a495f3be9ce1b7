//! Addresses that the dumps show to listen: those that a listening socket names, and for one that listens on all of them every
//! address of its host.

use super::dump::Dumps;
use super::hosts;
use crate::host::{Block, Family, Host, SocketState};
use crate::wire::Address;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// Addresses looked at: hosts together rarely have more.
const MOST: usize = 65_536;

/// What the dumps say of who listens where.
#[derive(Clone, Debug, Default)]
pub(super) struct Listening {
    /// Addresses that listeners name. Every host has the loopback addresses: there it is that of one host, by its number.
    named: HashSet<(Option<u32>, Address)>,
    /// Ports on which a host listens on all of its addresses of one family, which is IPv6 or not.
    ports: HashSet<(u32, bool, u16)>,
    /// The host that has an address; `None` if several have it.
    owners: HashMap<IpAddr, Option<u32>>,
}

impl Listening {
    pub fn of(dumps: &Dumps) -> Self {
        let mut listening = Self::default();
        let mut hosts: BTreeMap<&str, Vec<&Block>> = BTreeMap::new();
        let blocks = dumps.0.iter().flat_map(|dump| &dump.document.blocks);
        for block in blocks {
            if let Some(host) = &block.host {
                hosts.entry(host).or_default().push(block);
            }
        }
        let mut number = 0;
        for blocks in hosts.values() {
            listening.note(number, blocks);
            number += 1;
        }
        for dump in &dumps.0 {
            let blocks: Vec<&Block> = dump.document.blocks.iter().filter(|block| block.host.is_none()).collect();
            listening.note(listening.known(&blocks).unwrap_or(number), &blocks);
            number += 1;
        }
        listening
    }

    pub fn has(&self, address: Address) -> bool {
        let ip = address.ip();
        let owner = self.owners.get(&ip).copied().flatten();
        let of_host = |host| {
            self.named.contains(&(Some(host), address)) || self.ports.contains(&(host, ip.is_ipv6(), address.port))
        };
        self.named.contains(&(None, address)) || owner.is_some_and(of_host)
    }

    /// The host whose addresses a dump without a name shows: more than half of them are its own.
    fn known(&self, blocks: &[&Block]) -> Option<u32> {
        let local: HashSet<IpAddr> = addresses(blocks).filter(|ip| !ip.is_loopback()).collect();
        let mut votes: BTreeMap<u32, usize> = BTreeMap::new();
        for owner in local.iter().filter_map(|ip| self.owners.get(ip).copied().flatten()) {
            *votes.entry(owner).or_default() += 1;
        }
        votes.into_iter().find(|(_, votes)| 2 * votes > local.len()).map(|(owner, _)| owner)
    }

    /// What the dumps of one host tell.
    fn note(&mut self, host: u32, blocks: &[&Block]) {
        for ip in addresses(blocks) {
            let has_room = self.owners.len() < MOST;
            match self.owners.get_mut(&ip) {
                // What two hosts have, such as the address of a bridge for containers, tells neither.
                Some(owner) => *owner = owner.filter(|owner| *owner == host),
                None if has_room => drop(self.owners.insert(ip, Some(host))),
                None => {}
            }
        }
        for block in blocks {
            self.note_listeners(host, block);
        }
    }

    fn note_listeners(&mut self, host: u32, block: &Block) {
        let listeners = || {
            let sockets = block.found.sockets.iter().filter(|socket| socket.state == Some(SocketState::Listen));
            sockets.filter_map(|socket| Some((socket, socket.local.port.number()?)))
        };
        let on_all = || listeners().filter(|(socket, _)| socket.local.host.is_any());
        let of_v4: HashSet<u16> =
            on_all().filter(|(socket, _)| socket.family == Family::V4).map(|(_, port)| port).collect();
        for (socket, port) in on_all() {
            let (v4, v6) = match socket.family {
                Family::V4 => (true, false),
                // Most formats do not tell whether it takes IPv4 too: it does unless told not to, and cannot beside one that does.
                Family::V6 => (!of_v4.contains(&port), true),
                Family::Dual => (true, true),
            };
            self.ports.extend(v4.then_some((host, false, port)));
            self.ports.extend(v6.then_some((host, true, port)));
        }
        for (socket, port) in listeners() {
            if let Host::Ip(ip) = &socket.local.host
                && !ip.is_unspecified()
            {
                self.named.insert((ip.is_loopback().then_some(host), Address::new(*ip, port)));
            }
        }
    }
}

/// A host's own addresses, as its sockets and interfaces show them.
fn addresses<'a>(blocks: &[&'a Block]) -> impl Iterator<Item = IpAddr> {
    let of_sockets = |block: &&'a Block| block.found.sockets.iter().filter_map(|socket| socket.local.host.ip());
    let sockets = blocks.iter().flat_map(of_sockets).filter(|ip| !ip.is_unspecified());
    sockets.chain(blocks.iter().flat_map(|block| hosts::interfaces(block)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Dump;
    use crate::host::{Hints, read};

    fn listening(texts: &[(Option<&str>, &str)]) -> Listening {
        let dump = |(host, text): &(Option<&str>, &str)| {
            let hints = Hints { host: host.map(Into::into), ..Hints::default() };
            let document = read(text.as_bytes(), &hints);
            Dump { path: "dump".to_owned(), bytes: 0, document, note: None, damage: None }
        };
        Listening::of(&Dumps(texts.iter().map(dump).collect()))
    }

    fn has(listening: &Listening, ip: &str, port: u16) -> bool {
        listening.has(Address::new(ip.parse().expect("an address"), port))
    }

    const ON_ALL: &str = "LISTEN 0 9 0.0.0.0:50000 0.0.0.0:*\n";

    #[test]
    fn a_listener_on_all_addresses_listens_on_those_of_its_host() {
        let web = listening(&[(None, &format!("{ON_ALL}ESTAB 0 0 10.0.0.2:22 10.0.0.1:40000\n"))]);
        assert!(has(&web, "10.0.0.2", 50000));
        assert!(!has(&web, "10.0.0.1", 50000), "of its peer nothing is said");
        assert!(!has(&web, "10.0.0.2", 50001), "another port");
        let interface =
            "2: eth0: <UP> mtu 1500 qdisc noqueue state UP qlen 1000\n    inet 10.0.0.7/24 scope global eth0\n";
        let two = [(Some("web"), ON_ALL), (Some("web"), interface), (Some("db"), "ESTAB 0 0 10.0.0.9:22 10.0.0.1:4\n")];
        let two = listening(&two);
        assert!(has(&two, "10.0.0.7", 50000), "of an interface of the same host");
        assert!(!has(&two, "10.0.0.9", 50000), "of another host");
    }

    #[test]
    fn snapshots_without_a_name_are_joined_by_their_addresses() {
        let before = "ESTAB 0 0 10.0.0.2:22 10.0.0.1:40000\n";
        let after = format!("{ON_ALL}ESTAB 0 0 10.0.0.2:22 10.0.0.1:40001\n");
        assert!(has(&listening(&[(None, before), (None, &after)]), "10.0.0.2", 50000));
        // Two hosts of containers have the address of the bridge, and only one of them listens.
        let bridge = "ESTAB 0 0 172.17.0.1:22 172.17.0.2:4\n";
        let one = format!("{ON_ALL}ESTAB 0 0 10.0.0.2:22 10.0.0.1:40000\n{bridge}");
        let other = format!("ESTAB 0 0 10.0.0.3:22 10.0.0.1:40000\n{bridge}");
        let both = listening(&[(None, &one), (None, &other)]);
        assert!(has(&both, "10.0.0.2", 50000) && !has(&both, "10.0.0.3", 50000) && !has(&both, "172.17.0.1", 50000));
    }

    #[test]
    fn families_and_named_addresses_are_kept_apart() {
        let text = "tcp6 0 0 :::50000 :::* LISTEN\ntcp6 0 0 :::50001 :::* LISTEN\ntcp 0 0 0.0.0.0:50001 0.0.0.0:* LISTEN\n\
            tcp 0 0 10.0.0.2:50002 0.0.0.0:* LISTEN\ntcp 0 0 127.0.0.1:50003 0.0.0.0:* LISTEN\ntcp6 0 0 2001:db8::2:22 2001:db8::1:4 ESTABLISHED\n";
        let web = listening(&[(Some("web"), text)]);
        assert!(has(&web, "10.0.0.2", 50000) && has(&web, "2001:db8::2", 50000), "IPv6 listeners take IPv4");
        assert!(has(&web, "10.0.0.2", 50001) && has(&web, "10.0.0.2", 50002) && has(&web, "127.0.0.1", 50003));
        assert!(!has(&web, "10.0.0.2", 50003) && !has(&web, "2001:db8::2", 50002));
        let other = "tcp 0 0 127.0.0.1:80 0.0.0.0:* LISTEN\n";
        let two = listening(&[(Some("web"), text), (Some("db"), other)]);
        assert!(!has(&two, "127.0.0.1", 50003), "the loopback address of which host?");
    }
}
