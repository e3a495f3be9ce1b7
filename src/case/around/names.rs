//! Names of addresses, as DNS answers told them.

use crate::time::Timestamp;
use hashbrown::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses with names.
const MOST_ADDRESSES: usize = 65_536;
/// Names of one address, the latest ones: many sites share the address of a large host.
const MOST_NAMES: usize = 16;

/// A name that somebody was told to find at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: Arc<str>,
    asker: IpAddr,
    time: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct Names {
    by_address: HashMap<IpAddr, Vec<Known>>,
    /// Answers about addresses beyond the bound.
    pub beyond: u64,
}

impl Names {
    /// Takes one address of an answer to `asker`.
    pub fn learn(&mut self, name: &Arc<str>, address: IpAddr, asker: IpAddr, time: Timestamp) {
        if self.by_address.len() >= MOST_ADDRESSES && !self.by_address.contains_key(&address) {
            self.beyond += 1;
            return;
        }
        // Most addresses have one name.
        let known = self.by_address.entry(address).or_insert_with(|| Vec::with_capacity(1));
        if let Some(again) = known.iter_mut().find(|known| known.name == *name && known.asker == asker) {
            again.time = time;
            return;
        }
        if known.len() >= MOST_NAMES {
            known.remove(0);
        }
        known.push(Known { name: Arc::clone(name), asker, time });
    }

    /// By which name `client` most likely called `address` at `time`: the last that it was told before, else the last that
    /// anybody was told, else the first told later.
    pub fn of(&self, address: IpAddr, client: IpAddr, time: Timestamp) -> Option<&Arc<str>> {
        let known = self.by_address.get(&address)?;
        let rank = |known: &&Known| {
            let before = known.time <= time;
            let distance = if before { known.time.0 } else { known.time.0.saturating_neg() };
            (before && known.asker == client, before, distance)
        };
        known.iter().max_by_key(rank).map(|known| &known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_s_own_last_answer_counts_most() {
        let [address, client, other] = [[192, 0, 2, 1], [10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut names = Names::default();
        let at = |second| Timestamp::from_parts(second, 0);
        names.learn(&"old.example".into(), address, client, at(1));
        names.learn(&"mine.example".into(), address, client, at(5));
        names.learn(&"theirs.example".into(), address, other, at(7));
        names.learn(&"later.example".into(), address, client, at(20));
        let name = |who, second| names.of(address, who, at(second)).map(|name| &**name);
        assert_eq!(name(client, 10), Some("mine.example"));
        assert_eq!(name(client, 3), Some("old.example"));
        assert_eq!(name([10, 0, 0, 3].into(), 10), Some("theirs.example"));
        assert_eq!(name(client, 0), Some("old.example"), "what was told a moment later");
        assert_eq!(names.of(client, client, at(10)), None);
    }
}
