//! Which addresses listen, as handshakes and dumps show, and what each service's connections came to.

use super::dump::Dumps;
use super::listening::Listening;
use crate::tcp::summary::RoleBasis;
use crate::tcp::{Facts, Side, Summary, Verdict};
use crate::wire::Address;
use hashbrown::{HashMap, HashSet};

/// Ports below this need privilege to listen on, and are not given to outgoing connections.
const PRIVILEGED: u16 = 1024;
/// Linux gives outgoing connections ports from here on (`ip_local_port_range`), Windows and IANA from 49152.
const EPHEMERAL: u16 = 32768;

/// Addresses known to listen: some SYN-ACK came from there, or a dump shows a listening socket.
#[derive(Clone, Debug, Default)]
pub struct Services {
    listening: HashSet<Address>,
    told: Listening,
}

/// Counts of one service: a server address and port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    pub attempts: u64,
    pub failed: u64,
    pub reset: u64,
    pub unfinished: u64,
}

impl Services {
    /// What the dumps tell.
    pub fn of(dumps: &Dumps) -> Self {
        Self { told: Listening::of(dumps), ..Self::default() }
    }

    /// Notes addresses that answered a SYN, before any row is judged.
    pub fn note(&mut self, listening: HashSet<Address>) {
        self.listening.extend(listening);
    }

    pub fn listens(&self, address: Address) -> bool {
        self.listening.contains(&address) || self.told.has(address)
    }
}

/// OUTCOMES 1.3: tells client from server, turning the provisional sides round where they prove wrong.
pub(super) fn settle_roles(summary: &mut Summary, services: &Services) {
    if summary.has(Facts::SYN) {
        summary.role_basis = RoleBasis::Syn;
    } else if summary.has(Facts::SYNACK) {
        summary.role_basis = RoleBasis::Synack;
    } else {
        let [sender, receiver] = summary.ends.map(Address::from);
        let (basis, sender_serves) = guess(sender, receiver, services);
        summary.role_basis = basis;
        if sender_serves == (summary.side_of(summary.first_way) == Side::Client) {
            summary.swap_sides();
        }
    }
}

/// On what grounds, and whether the first speaker is the server.
fn guess(sender: Address, receiver: Address, services: &Services) -> (RoleBasis, bool) {
    let by = |test: &dyn Fn(Address) -> bool| (test(sender) != test(receiver)).then(|| test(sender));
    if let Some(sender_serves) = by(&|address| services.listens(address)) {
        return (RoleBasis::Listener, sender_serves);
    }
    let below = |bound: u16| by(&move |address: Address| address.port < bound);
    match below(PRIVILEGED).or_else(|| below(EPHEMERAL)) {
        Some(sender_serves) => (RoleBasis::Port, sender_serves),
        None => (RoleBasis::First, false),
    }
}

impl Service {
    /// Counts a connection.
    fn add(&mut self, verdict: Verdict) {
        self.attempts += 1;
        match verdict {
            Verdict::Failed => self.failed += 1,
            Verdict::Reset => self.reset += 1,
            Verdict::Unfinished => self.unfinished += 1,
            Verdict::Ok | Verdict::Noise => {}
        }
    }
}

/// Counts by service, with a bound: what came after it is counted as one.
#[derive(Clone, Debug, Default)]
pub struct ServiceCounts {
    counts: HashMap<Address, Service>,
    /// Connections of services beyond the bound.
    pub beyond: u64,
}

/// Services counted one by one. A scan of many hosts makes one each: past this many, no table would show them.
const MOST_SERVICES: usize = 65_536;

/// Counts of some rows, by services in the order of these rows. One may come several times.
#[derive(Clone, Debug, Default)]
pub(super) struct ServicesMet(Vec<(Address, Service)>);

impl ServicesMet {
    pub fn add(&mut self, server: Address, verdict: Verdict) {
        // Most connections are of a service met just before.
        let known = self.0.iter_mut().rev().take(4).find(|(address, _)| *address == server);
        match known {
            Some((_, service)) => service.add(verdict),
            None => {
                let mut service = Service::default();
                service.add(verdict);
                self.0.push((server, service));
            }
        }
    }
}

impl ServiceCounts {
    /// Adds the counts of the rows that follow: which services are beyond the bound depends on their order.
    pub(super) fn append(&mut self, met: ServicesMet) {
        for (server, more) in met.0 {
            if self.counts.len() >= MOST_SERVICES && !self.counts.contains_key(&server) {
                self.beyond += more.attempts;
                continue;
            }
            let service = self.counts.entry(server).or_default();
            service.attempts += more.attempts;
            service.failed += more.failed;
            service.reset += more.reset;
            service.unfinished += more.unfinished;
        }
    }

    /// The worst first: by failed, then reset, then unfinished, then address.
    pub fn worst(&self, most: usize) -> Vec<(Address, Service)> {
        let mut all: Vec<_> = self.counts.iter().map(|(&address, &service)| (address, service)).collect();
        all.retain(|(_, service)| service.failed + service.reset + service.unfinished > 0);
        all.sort_by_key(|&(address, s)| (std::cmp::Reverse((s.failed, s.reset, s.unfinished)), address));
        all.truncate(most);
        all
    }

    pub fn len(&self) -> usize {
        self.counts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
